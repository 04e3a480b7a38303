#pragma once

/* Turns a cause and the facts behind it into the words of a finding. */

#include "config/base/text.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/diagnosis/facts.h"

/* What one finding is about; `path`, `dns` and `image` may be NULL. */
struct subject {
    const struct facts *facts;
    const struct path_evidence *path;
    const struct dns_evidence *dns;
    const struct image_evidence *image;
    unsigned images;  /* that the same befell, `image` being the first */
    enum phase phase; /* PHASE_AUTH and up: what failed above /v2/; else 0 */
    struct arena *arena;
};

/* Appends `template`; `put` writes what stands for each {placeholder}. */
typedef void (*template_put)(struct text *out, const char *name, const void *context);
void template_write(struct text *out, const char *template, template_put put, const void *context);

/* `template` with {placeholders} replaced by measured values; text of the arena, NULL when memory
 * is short. An unknown placeholder stays as written. */
const char *template_fill(const char *template, const struct subject *subject);

/* {placeholders} of what is above /v2/ (probes/diagnosis/template_registry.c). False: not one. */
bool template_put_registry(struct text *out, const struct subject *subject, const char *name);

/* The host that `phase` of the subject was about, if it is another one than the registry. */
const struct remote_host_evidence *subject_remote(const struct subject *subject);

/* Evidence lines of auth, manifests and blobs (probes/diagnosis/lines_registry.c). */
void finding_add_registry(struct finding *finding, const struct subject *subject);
void finding_add_path(struct finding *finding, const char *label, const struct path_evidence *path,
                      struct arena *arena);

/* A line that applies only when `when` is true and `unless` is not (FACT_NONE: always). */
struct step {
    enum fact when;
    enum fact unless;
    const char *text;
};

/* Lists of steps, each ended by a NULL text, in the order they are to be followed; the list of
 * lists ends with NULL. */
const struct step *const *remedy_of(enum cause cause);

/* The templates of a cause: what is wrong, and the n-th pull error it leads to (NULL: no more). */
const char *cause_summary(enum cause cause);
const char *cause_pull_error(enum cause cause, size_t n);

/* Fills the summary, evidence, remedy and pull errors of `finding`, whose cause is set. */
void finding_fill(struct finding *finding, const struct subject *subject);

void finding_add_evidence(struct finding *finding, const struct subject *subject);
