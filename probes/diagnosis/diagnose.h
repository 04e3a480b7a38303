#pragma once

/*
 * The judge: a pure function of what was measured and what was asked for. No clock, no I/O, no
 * globals, so every rule is a row of a unit test and a saved report can be diagnosed again.
 */

#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/evidence.h"

#define DIAGNOSIS_MAX_FINDINGS 24
#define FINDING_MAX_LINES      24 /* of evidence, remedy steps, pull errors each */

struct finding {
    enum cause cause;
    enum severity severity;
    enum confidence confidence;
    const char *summary; /* one sentence with the measured values in it */
    size_t evidence_count;
    const char *evidence[FINDING_MAX_LINES];
    size_t remedy_count;
    const char *remedy[FINDING_MAX_LINES]; /* steps in order, without numbers */
    size_t pull_error_count;
    const char *pull_errors[FINDING_MAX_LINES]; /* what users see for it */
};

/* Ordered: the first finding is the primary cause. There is always at least one. */
struct diagnosis {
    struct arena *arena;  /* owns every text */
    enum severity status; /* of the first finding */
    size_t count;
    struct finding findings[DIAGNOSIS_MAX_FINDINGS];
};

/* Never fails on odd evidence. NULL only when memory is short: no text is ever cut for that. Free
 * with diagnosis_free(). */
struct diagnosis *diagnose(const struct evidence *evidence, const struct target *target);
/* What only a history of runs can tell: `failed` of the last `runs` failed, `last` being the newest
 * cause of those. Adds the finding `intermittent` (warn) and orders the findings anew. False when
 * memory is short; the diagnosis is then as it was. */
bool diagnosis_add_intermittent(struct diagnosis *diagnosis, const struct evidence *evidence,
                                const struct target *target, unsigned failed, unsigned runs,
                                enum cause last);

void diagnosis_free(struct diagnosis *diagnosis); /* NULL is allowed */
