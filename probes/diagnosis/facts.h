/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Everything the rules ask of the evidence, computed once. A fact is true or not, and where one
 * address or one answer made it true, that is remembered for the text of the finding.
 */

#include <stdbool.h>

#include "config/settings.h"
#include "probes/diagnosis/fact.h"
#include "probes/evidence/evidence.h"

struct facts {
    const struct evidence *evidence;
    const struct target *target; /* `seen` */
    unsigned view;               /* that decides */
    bool is[FACT_COUNT];
    const struct path_evidence *path[FACT_COUNT]; /* the first that made it so, or NULL */
    const struct dns_evidence *dns[FACT_COUNT];
    const struct image_evidence *image[FACT_COUNT]; /* of the facts above /v2/: the first, */
    unsigned images[FACT_COUNT];                    /* and how many of them, all in that phase */
    enum phase phase[FACT_COUNT];                   /* PHASE_AUTH and up, else 0 */
    const struct mirror_evidence *mirror[FACT_COUNT];
    const struct mirror_evidence *failed_mirrors[EVIDENCE_MAX_MIRRORS]; /* in their order */
    size_t failed_mirror_count;
    struct target seen; /* the target as the node's files have it */
};

void facts_collect(struct facts *facts, const struct evidence *evidence,
                   const struct target *target);

/* Names of Tencent Container Registry, Enterprise and Personal edition. */
bool facts_is_tencent(const struct target *target);

/* An answer of another resolver than that of `decides` that differs from its answers in class; the
 * one that leads to a working path first. NULL: there is none. */
const struct dns_evidence *facts_other_answer(const struct facts *facts,
                                              const struct dns_evidence *decides);

/* How long Go's resolver waits for questions like this one that are never answered. The host's
 * resolv.conf is not known, so its nameservers are taken to have the defaults. */
usec_t facts_lookup_wait(const struct evidence *evidence, const struct dns_evidence *asked);

bool facts_is_loopback(const struct address *address);

/* True if requests to it wait, since it drops them or does not answer the handshake. */
bool facts_mirror_is_silent(const struct mirror_evidence *mirror);

void facts_collect_dns(struct facts *facts);
void facts_collect_connections(struct facts *facts);
void facts_collect_handshakes(struct facts *facts);
void facts_collect_registry(struct facts *facts);
void facts_collect_mirrors(struct facts *facts);

static inline void facts_set_path(struct facts *facts, enum fact fact,
                                  const struct path_evidence *path)
{
    facts->is[fact] = true;
    if (!facts->path[fact])
        facts->path[fact] = path;
}
