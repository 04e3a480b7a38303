/* SPDX-License-Identifier: MIT */
#pragma once

/* The thing that a finding is about, and the values that its words take from the evidence. */

#include "probes/diagnosis/facts.h"
#include "probes/diagnosis/words.h"

/* `path`, `dns`, `other`, `image` and `mirror` may be NULL. */
struct subject {
    const struct facts *facts;
    enum severity severity;           /* of the finding */
    const struct path_evidence *path; /* the address that fails, or is used */
    const struct dns_evidence *dns;   /* the answer that pulls use, or that fails */
    const struct dns_evidence *other; /* one that differs from it */
    const struct image_evidence *image;
    const struct mirror_evidence *mirror; /* that fails, or serves */
    unsigned images;                      /* images with the same failure; `image` is the first */
    enum phase phase; /* PHASE_AUTH and up: the request above /v2/ that failed; else 0 */
    struct arena *arena;
};

/* The speaker whose words are about `subject`, which must outlive it (placeholders.c). */
struct speaker subject_speaker(const struct subject *subject);

/* The host that `phase` of the subject was about, if it is not the registry; else NULL. */
const struct remote_host_evidence *subject_remote(const struct subject *subject);

/* HTTP status of the request that failed; 0: it got none. */
unsigned subject_status(const struct subject *subject);

/* Seconds that the answer asks to wait; 0: it does not say. */
uint32_t subject_retry_after(const struct subject *subject);

/* True if a fact holds for this finding. `context` is the subject, as a speaker passes it. */
bool subject_is(enum fact fact, const void *context);

/* URL of another host that answered the request for the manifest; NULL: the registry did. */
const char *subject_location(const struct subject *subject);

/* Returns a word for a placeholder that has no value, such as "the address"; NULL if there is no
 * such placeholder. */
const char *subject_word(const char *name);
