/* SPDX-License-Identifier: MIT */
#include "daemon/commands/diagnose_answer.h"

#include <string.h>

#include "config/base/memory.h"

static const struct {
    const char *name;
    const char *sentence;
} agreements[AGREEMENT_COUNT] = {
    [AGREEMENT_NOTHING_FAILED] = {"nothing_failed", "No failed pull is known, and a pull works."},
    [AGREEMENT_SAME_CAUSE] = {"same_cause", "The pull and this check agree."},
    [AGREEMENT_NARROWED] = {"narrowed", "They agree: the pull's error can have several causes, and "
                                        "the check tells which one it is."},
    [AGREEMENT_DIFFERENT] = {"different", "They differ: the check found another fault than the "
                                          "pull. Fix the check's first, because it is newer; if it "
                                          "is not the pod's, check from the pod."},
    [AGREEMENT_CHECK_PASSES] = {"check_passes",
                                "They differ: from here the image can be pulled. Either the fault "
                                "is gone and the kubelet has not tried again (it waits up to 5 "
                                "minutes), or the pod's network differs: check from the pod."},
    [AGREEMENT_PULL_PASSES] = {"pull_passes", "No failed pull is known, but the next one would "
                                              "fail if the pod's network is like this one."},
    [AGREEMENT_KEY_UNKNOWN] = {"key_unknown", "The network works from here. The pull failed on its "
                                              "key or image, which was not checked without keys."},
    [AGREEMENT_UNRECOGNISED] = {"unrecognised", "The pull's error does not tell a cause, so only "
                                                "the check tells."},
    [AGREEMENT_UNDECIDED] = {"undecided", "The check could not decide, so the pull's error is all "
                                          "that is known."},
    [AGREEMENT_NOT_CHECKED] = {"not_checked", "The image was not checked."},
};

const char *agreement_name(enum agreement agreement)
{
    return agreements[agreement].name;
}

const char *agreement_sentence(enum agreement agreement)
{
    return agreements[agreement].sentence;
}

/* ---- comparing ---- */

/* Causes that a check without the pod's keys cannot tell from a missing key. */
static bool depends_on_key(enum cause cause)
{
    static const enum cause causes[] = {CAUSE_CREDENTIALS_MISSING,   CAUSE_CREDENTIALS_REJECTED,
                                        CAUSE_INSUFFICIENT_SCOPE,    CAUSE_IMAGE_NOT_FOUND,
                                        CAUSE_TOKEN_HOST_NOT_LISTED, CAUSE_TOKEN_REJECTED};

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
        if (causes[i] == cause)
            return true;
    return false;
}

static bool is_alternative(const struct pull_error *pull, enum cause cause)
{
    for (size_t i = 0; i < pull->alternative_count; i++)
        if (pull->alternatives[i] == cause)
            return true;
    return false;
}

static enum agreement compare_failures(const struct pull_error *pull, const struct diagnosis *check)
{
    enum agreement agreement = AGREEMENT_DIFFERENT;

    for (size_t i = 0; i < check->count; i++) {
        if (check->findings[i].severity != SEVERITY_FAIL)
            continue;
        if (check->findings[i].cause == pull->cause)
            return AGREEMENT_SAME_CAUSE;
        if (is_alternative(pull, check->findings[i].cause))
            agreement = AGREEMENT_NARROWED;
    }
    return agreement;
}

enum agreement agreement_of(const struct pull_error *pull, const struct diagnosis *check,
                            bool network_only)
{
    if (!check)
        return AGREEMENT_NOT_CHECKED;
    bool fails = check->status == SEVERITY_FAIL;
    if (check->status == SEVERITY_UNKNOWN)
        return AGREEMENT_UNDECIDED;
    if (!pull)
        return fails ? AGREEMENT_PULL_PASSES : AGREEMENT_NOTHING_FAILED;
    if (!pull->recognised)
        return fails ? AGREEMENT_UNRECOGNISED
                     : (network_only ? AGREEMENT_KEY_UNKNOWN : AGREEMENT_CHECK_PASSES);
    if (fails)
        return compare_failures(pull, check);
    return network_only && pull->stage >= PULL_STAGE_AUTH && pull->stage <= PULL_STAGE_BLOB
               ? AGREEMENT_KEY_UNKNOWN
               : AGREEMENT_CHECK_PASSES;
}

/* ---- judging ---- */

/* A copy of the evidence with one image of the registry's, or without the registry's answers (index
 * SIZE_MAX). NULL when memory is short. */
static struct evidence *evidence_part(const struct evidence *evidence, size_t image,
                                      struct registry_evidence *registry)
{
    struct evidence *part = memory_allocate(sizeof(*part));

    if (!part)
        return NULL;
    memcpy(part, evidence, sizeof(*part));
    part->registry = NULL;
    if (evidence->registry && image < evidence->registry->image_count) {
        *registry = *evidence->registry;
        registry->image_count = 1;
        registry->images = &evidence->registry->images[image];
        part->registry = registry;
    }
    return part;
}

/* Judges the network alone: a key that the check does not have is no finding. */
static struct diagnosis *judge_network(const struct target *target, const struct evidence *part)
{
    struct target bare = *target;

    bare.image_count = 0;
    return diagnose(part, &bare);
}

static struct diagnosis *judge_image(const struct target *target, const struct evidence *evidence,
                                     size_t image, bool keyless, bool *ret_network_only)
{
    struct registry_evidence registry;
    struct target one = *target;
    struct evidence *part = evidence_part(evidence, image, &registry);

    one.image_count = 1;
    one.images[0] = target->images[image];
    struct diagnosis *diagnosis = part ? diagnose(part, &one) : NULL;
    *ret_network_only = diagnosis && keyless && depends_on_key(diagnosis->findings[0].cause);
    if (*ret_network_only) {
        diagnosis_free(diagnosis);
        part->registry = NULL;
        diagnosis = judge_network(&one, part);
    }
    memory_release(part);
    return diagnosis;
}

static bool judge_container(struct container_answer *answer, const struct planned_image *planned,
                            const struct settings *settings, const struct evidence *const *evidence,
                            bool keyless)
{
    struct diagnosis *diagnosis = NULL;

    if (!planned->why_not) {
        diagnosis = judge_image(&settings->targets[planned->target], evidence[planned->target],
                                planned->image, keyless, &answer->network_only);
        if (!diagnosis)
            return false;
        answer->checked = true;
        answer->status = diagnosis->status;
        answer->cause = diagnosis->findings[0].cause;
        answer->confidence = diagnosis->findings[0].confidence;
    }
    answer->agreement = agreement_of(answer->pull, diagnosis, answer->network_only);
    diagnosis_free(diagnosis);
    return true;
}

/* The report of one target. Without keys, a target whose images cannot be judged is reported as its
 * network alone, with a target of no images, so that a replay gives the same. */
static bool judge_target(struct pod_answer *answer, struct settings *settings, size_t index,
                         const struct evidence *evidence, bool keyless)
{
    const struct target *target = &settings->targets[index];
    struct target_report *report = &answer->reports[index];

    *report = (struct target_report){target, evidence, diagnose(evidence, target)};
    if (!report->diagnosis || !keyless || !depends_on_key(report->diagnosis->findings[0].cause))
        return report->diagnosis;
    struct target *bare = arena_allocate(settings->arena, sizeof(*bare));
    struct evidence *part = evidence_part(evidence, SIZE_MAX, NULL);
    answer->parts[index] = part;
    diagnosis_free((struct diagnosis *)(uintptr_t)report->diagnosis);
    report->diagnosis = NULL;
    if (!bare || !part)
        return false;
    *bare = *target;
    bare->image_count = 0;
    *report = (struct target_report){bare, part, diagnose(part, bare)};
    return report->diagnosis;
}

/* ---- the whole ---- */

static enum severity worse(enum severity a, enum severity b)
{
    return severity_rank(a) > severity_rank(b) ? a : b;
}

/* The severity of an image that was not checked: its pull's error is all that is known. */
static enum severity unchecked(const struct container_answer *answer,
                               const struct pod_container *container)
{
    if (!container->waiting)
        return container->started ? SEVERITY_OK : SEVERITY_UNKNOWN;
    return answer->pull && answer->pull->recognised ? SEVERITY_FAIL : SEVERITY_UNKNOWN;
}

void pod_answer_settle(struct pod_answer *answer, const struct pod_case *known)
{
    enum severity status = report_worst(answer->reports, answer->report_count);

    for (size_t i = 0; i < known->pod.container_count; i++)
        if (!answer->containers[i].checked)
            status = worse(status, unchecked(&answer->containers[i], &known->pod.containers[i]));
    for (size_t i = 0; i < known->secret_count; i++)
        if (known->secrets[i].state == SECRET_INVALID)
            status = worse(status, SEVERITY_FAIL);
    bool partly = known->right_count || known->trouble || !known->pod.container_count;
    answer->status = partly ? SEVERITY_UNKNOWN : status;
}

struct pod_answer *pod_answer_new(const struct pod_case *known, const struct check_plan *plan,
                                  struct settings *settings, const struct evidence *const *evidence)
{
    struct pod_answer *answer = memory_allocate(sizeof(*answer));
    bool whole = answer != NULL;

    for (; whole && answer->report_count < settings->target_count; answer->report_count++)
        whole = judge_target(answer, settings, answer->report_count, evidence[answer->report_count],
                             plan->keyless);
    for (size_t i = 0; whole && i < known->pod.container_count; i++) {
        answer->containers[i].pull = pod_case_pull(known, i);
        whole = judge_container(&answer->containers[i], &plan->images[i], settings, evidence,
                                plan->keyless);
    }
    if (whole) {
        pod_answer_settle(answer, known);
        return answer;
    }
    pod_answer_free(answer);
    return NULL;
}

void pod_answer_free(struct pod_answer *answer)
{
    if (!answer)
        return;
    for (size_t i = 0; i < POD_MAX_CONTAINERS; i++) {
        diagnosis_free((struct diagnosis *)(uintptr_t)answer->reports[i].diagnosis);
        memory_release(answer->parts[i]);
    }
    memory_release(answer);
}
