/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The judge: a pure function of the evidence and the settings. It uses no clock, no I/O and no
 * globals, so that every rule is a row of a unit test and a saved report can be diagnosed again.
 */

#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/evidence/evidence.h"

#define DIAGNOSIS_MAX_FINDINGS 24
#define FINDING_MAX_LINES      24 /* of evidence, remedy steps, pull errors each */

struct finding {
    enum cause cause;
    enum severity severity;
    enum confidence confidence;
    bool above;          /* it concerns a request above /v2/: token, manifest, layer */
    const char *summary; /* one sentence with the measured values in it */
    const char *docs;    /* cause_link() */
    size_t evidence_count;
    const char *evidence[FINDING_MAX_LINES];
    size_t remedy_count;
    /* Steps in order, without numbers; one that ends in a colon titles those after it. */
    const char *remedy[FINDING_MAX_LINES];
    size_t pull_error_count;
    const char *pull_errors[FINDING_MAX_LINES]; /* the errors that pulls print */
};

/* The first step that is not a title; NULL: there is none. */
const char *finding_first_step(const struct finding *finding);

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
/* Adds the finding `intermittent` (warn), which only a history of runs can tell: `failed` of the
 * last `runs` failed, most recently with the cause `last`. Orders the findings again. False if
 * memory is short; the diagnosis is then unchanged. */
bool diagnosis_add_intermittent(struct diagnosis *diagnosis, const struct evidence *evidence,
                                const struct target *target, unsigned failed, unsigned runs,
                                enum cause last);

void diagnosis_free(struct diagnosis *diagnosis); /* NULL is allowed */
