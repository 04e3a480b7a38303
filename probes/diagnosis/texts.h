#pragma once

/* Turns a cause and the facts behind it into the words of a finding. */

#include "probes/diagnosis/diagnose.h"
#include "probes/diagnosis/facts.h"

/* What one finding is about; `path` and `dns` may be NULL. */
struct subject {
    const struct facts *facts;
    const struct path_evidence *path;
    const struct dns_evidence *dns;
    struct arena *arena;
};

/* `template` with {placeholders} replaced by measured values; text of the arena, NULL when memory
 * is short. An unknown placeholder stays as written. */
const char *template_fill(const char *template, const struct subject *subject);

/* A line that applies only when `when` is true and `unless` is not (FACT_NONE: always). */
struct step {
    enum fact when;
    enum fact unless;
    const char *text;
};

/* Lists of steps, each ended by a NULL text, in the order they are to be followed; the list of
 * lists ends with NULL. */
const struct step *const *remedy_of(enum cause cause);

/* Fills the summary, evidence, remedy and pull errors of `finding`, whose cause is set. */
void finding_fill(struct finding *finding, const struct subject *subject);

void finding_add_evidence(struct finding *finding, const struct subject *subject);
