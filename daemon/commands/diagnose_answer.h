/* SPDX-License-Identifier: MIT */
#pragma once

/* Compares the errors of a pod's pulls with the check of the same images. Pure: no I/O. */

#include "daemon/commands/diagnose_plan.h"
#include "daemon/report/report.h"

/* How the pull's error and the check of one image fit together. */
enum agreement {
    AGREEMENT_NOTHING_FAILED,
    AGREEMENT_SAME_CAUSE,
    AGREEMENT_NARROWED,     /* the check found one of the causes that look like the pull's error */
    AGREEMENT_DIFFERENT,    /* both failed, in different places */
    AGREEMENT_CHECK_PASSES, /* the pull failed, and the check did not */
    AGREEMENT_PULL_PASSES,  /* the check fails, and no failed pull is known */
    AGREEMENT_KEY_UNKNOWN,  /* the pull failed on its key, which the check did not have */
    AGREEMENT_UNRECOGNISED, /* the pull failed with an error that is not recognised */
    AGREEMENT_UNDECIDED,    /* the check could not tell */
    AGREEMENT_NOT_CHECKED,
};
enum { AGREEMENT_COUNT = AGREEMENT_NOT_CHECKED + 1 };
const char *agreement_name(enum agreement agreement); /* "same_cause", ... */

/* One sentence for people. */
const char *agreement_sentence(enum agreement agreement);

struct container_answer {
    const struct pull_error *pull; /* NULL: no failure is known */
    bool checked;
    bool network_only; /* the check had no key, and one is needed: keys and image are not judged */
    enum severity status; /* of the check of this image */
    enum cause cause;     /* its primary one */
    enum confidence confidence;
    enum agreement agreement;
};

struct pod_answer {
    enum severity status; /* that the exit status tells */
    size_t report_count;  /* one for each target */
    struct target_report reports[POD_MAX_CONTAINERS];
    struct container_answer containers[POD_MAX_CONTAINERS];
    struct evidence *parts[POD_MAX_CONTAINERS]; /* evidence without the registry's answers */
};

/* Judges the evidence of each target of `settings`; `evidence` has one for each. NULL when memory
 * is short. Everything given must outlive the answer. */
struct pod_answer *pod_answer_new(const struct pod_case *known, const struct check_plan *plan,
                                  struct settings *settings,
                                  const struct evidence *const *evidence);

/* Sets the status again, after `known` has changed. */
void pod_answer_settle(struct pod_answer *answer, const struct pod_case *known);
void pod_answer_free(struct pod_answer *answer); /* NULL is allowed */

/* How a failed pull and a diagnosis of the same image fit together. `pull` and `check` may be NULL.
 */
enum agreement agreement_of(const struct pull_error *pull, const struct diagnosis *check,
                            bool network_only);
