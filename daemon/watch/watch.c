/* SPDX-License-Identifier: MIT */
#include "daemon/watch/watch.h"

#include <stdio.h>

#include "config/base/memory.h"
#include "daemon/watch/watcher.h"

#define MAX_CHANGES_LOGGED   20 /* per target and CHANGES_WINDOW; more are counted */
#define CHANGES_WINDOW       (10 * 60 * USEC_PER_SEC)
#define MAX_SHORTAGES_LOGGED 5 /* of memory, per SHORTAGES_WINDOW, for all targets together */
#define SHORTAGES_WINDOW     (60 * USEC_PER_SEC)
#define ENOUGH_EVIDENCE      200 /* bytes in a log line; no further evidence line is added then */

enum severity watch_status(const struct watch *watch)
{
    return watch->state.known ? watch->state.status : SEVERITY_UNKNOWN;
}

int64_t watch_next_run(const struct watch *watch)
{
    int64_t left = (int64_t)watch->next - (int64_t)clock_monotonic();

    return (clock_wall() + (left > 0 ? left : 0)) / (int64_t)USEC_PER_SEC;
}

void watch_result_release(struct watch_result *result)
{
    kept_bytes_free(result->evidence);
    settings_release(result->settings);
    *result = (struct watch_result){0};
}

void watch_log_no_memory(struct watch *watch)
{
    char left_out[16] = "";
    unsigned count;

    if (!log_limit_allows(&watch->watcher->shortages_logged, MAX_SHORTAGES_LOGGED, SHORTAGES_WINDOW,
                          &count))
        return;
    if (count)
        snprintf(left_out, sizeof(left_out), "%u", count);
    LOG(LOG_LEVEL_ERROR, "out of memory", {"target", watch->target->name},
        {"lines_left_out", count ? left_out : NULL});
}

/* ---- counting ---- */

static void count_run(struct watch *watch, const struct evidence *evidence)
{
    struct run_figures *figures = &watch->figures;
    bool registry_cached = evidence->registry && evidence->registry->standing;

    *figures = run_figures_of(evidence);
    watch->runs++;
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (i >= PHASE_AUTH && registry_cached)
            continue; /* counted when it was measured */
        if (figures->states[i] != PHASE_STATE_SKIPPED)
            phase_histogram_add(&watch->watcher->histograms[i], figures->durations[i]);
        if (figures->states[i] == PHASE_STATE_FAILED)
            watch->failures[i]++;
    }
}

/* ---- the log line of a change ---- */

static enum log_level level_of_severity(enum severity severity)
{
    return severity == SEVERITY_OK     ? LOG_LEVEL_INFO
           : severity == SEVERITY_WARN ? LOG_LEVEL_WARN
                                       : LOG_LEVEL_ERROR;
}

/* The finding of the cause if there is one, else the first. */
static const struct finding *finding_of(const struct diagnosis *diagnosis, enum cause cause)
{
    for (size_t i = 0; i < diagnosis->count; i++)
        if (diagnosis->findings[i].cause == cause)
            return &diagnosis->findings[i];
    return &diagnosis->findings[0];
}

static void put_evidence_lines(struct text *text, const struct finding *finding)
{
    for (size_t i = 0; i < finding->evidence_count && text->length < ENOUGH_EVIDENCE; i++)
        text_append_format(text, "%s%s", i ? "; " : "", finding->evidence[i]);
}

/* `previous` is NULL for the first result. The sentence is the last run's; if the state now
 * believes an earlier run, the cause is that run's. */
static void log_change(struct watch *watch, const struct diagnosis *diagnosis,
                       const struct state_result *previous)
{
    const struct state *state = &watch->state;
    const struct finding *first = finding_of(diagnosis, state->cause);
    bool troubled = first->severity != SEVERITY_OK;
    char room[LOG_MAX_VALUE + 2] =
        ""; /* one byte more than the log prints, so that it marks the cut */
    struct text evidence = TEXT_IN(room);
    char lasted[32] = "";
    char left_out[16] = "";
    unsigned count;

    if (!log_limit_allows(&watch->changes_logged, MAX_CHANGES_LOGGED, CHANGES_WINDOW, &count))
        return;
    if (count)
        snprintf(left_out, sizeof(left_out), "%u", count);
    if (previous) /* 0 if the clock was set back */
        snprintf(lasted, sizeof(lasted), "%llds",
                 (long long)(state->since > previous->at ? state->since - previous->at : 0));
    if (troubled)
        put_evidence_lines(&evidence, first);
    LOG(level_of_severity(state->status), "state changed", {"target", watch->target->name},
        {"status", severity_name(state->status)}, {"cause", cause_name(state->cause)},
        {"previous", previous ? cause_name((enum cause)previous->cause) : NULL},
        {"previous_status", previous ? severity_name((enum severity)previous->status) : NULL},
        {"previous_lasted", previous ? lasted : NULL}, {"what", first->summary},
        {"evidence", evidence.length ? text_string(&evidence) : NULL},
        {"remedy", troubled ? finding_first_step(first) : NULL},
        {"docs", troubled ? first->docs : NULL}, {"changes_left_out", count ? left_out : NULL});
}

void watch_tell_events(struct watch *watch, const struct diagnosis *diagnosis)
{
    struct watcher *watcher = watch->watcher;

    if (!watcher->settings->kubernetes_events || !diagnosis || !watch->state.known)
        return;
    if (!watcher->events)
        watcher->events = pod_events_new(watcher->base);
    pod_events_tell(watcher->events, watch->target->name, watch->state.status, watch->state.cause,
                    finding_of(diagnosis, watch->state.cause));
}

/* ---- the last result ---- */

const struct evidence *watch_evidence(const struct watch *watch)
{
    return watch->last.evidence ? evidence_unpack(watch->last.evidence, &watch->watcher->room)
                                : NULL;
}

const struct diagnosis *watch_diagnosis(const struct watch *watch)
{
    struct watcher *watcher = watch->watcher;
    const struct state_flips *flips = &watch->last.flips;

    if (watcher->looked_at == watch && watcher->looked_at_run == watch->runs)
        return watcher->meaning;
    const struct evidence *evidence = watch_evidence(watch);
    if (!evidence)
        return NULL;
    uint64_t failures = memory_failures();
    diagnosis_free(watcher->meaning);
    watcher->meaning = diagnose(evidence, watch->last.target);
    if (watcher->meaning && flips->runs)
        diagnosis_add_intermittent(watcher->meaning, evidence, watch->last.target, flips->failed,
                                   flips->runs, flips->last_failure);
    /* Make it again at the next look if memory was short, since parts may be missing. */
    watcher->looked_at = memory_failures() == failures ? watch : NULL;
    watcher->looked_at_run = watch->runs;
    return watcher->meaning;
}

const struct finding *watch_believed_finding(const struct watch *watch,
                                             const struct diagnosis *diagnosis)
{
    return diagnosis ? finding_of(diagnosis, watch->state.cause) : NULL;
}

/* Adds the intermittent finding if the history has flips; *ret tells which. */
static void add_intermittent(struct watch *watch, const struct evidence *evidence,
                             struct diagnosis *diagnosis, const struct target *target,
                             struct state_flips *ret)
{
    struct state_flips flips;

    *ret = (struct state_flips){0};
    if (diagnosis->status == SEVERITY_UNKNOWN ||
        !state_flips(&watch->state, diagnosis->status, &flips))
        return;
    *ret = flips;
    if (!diagnosis_add_intermittent(diagnosis, evidence, target, flips.failed, flips.runs,
                                    flips.last_failure))
        watch_log_no_memory(watch);
}

/* Keeps the evidence of a run. If memory is short, the previous one stays. */
static void keep_result(struct watch *watch, struct evidence *evidence,
                        const struct state_flips *flips, struct settings *settings,
                        const struct target *target)
{
    struct watch_result result = {settings, target, evidence_pack(evidence, &watch->watcher->room),
                                  *flips};

    evidence_free(evidence);
    if (result.evidence) {
        watch_result_release(&watch->last);
        watch->last = result;
        watch->renewed = false;
        return;
    }
    watch_result_release(&result);
    watch_log_no_memory(watch);
}

void watch_observe(struct watch *watch, struct evidence *evidence, struct diagnosis *diagnosis,
                   struct settings *settings, const struct target *target)
{
    const struct settings *current = watch->watcher->settings;
    const struct state_thresholds thresholds = {current->failure_threshold,
                                                current->success_threshold};
    bool known = watch->state.known;
    struct state_result previous;
    struct state_flips flips;

    add_intermittent(watch, evidence, diagnosis, target, &flips);
    const struct state_result observed = state_result_of(
        evidence->measured_at, evidence->duration, diagnosis->status, diagnosis->findings[0].cause);
    count_run(watch, evidence);
    if (diagnosis->status == SEVERITY_OK || diagnosis->status == SEVERITY_WARN)
        watch->last_success = observed.at;
    keep_result(watch, evidence, &flips, settings, target);
    if (state_observe(&watch->state, &observed, &thresholds, &previous)) {
        log_change(watch, diagnosis, known ? &previous : NULL);
        watch_tell_events(watch, diagnosis);
        if (watch->watcher->changed)
            watch->watcher->changed(watch->watcher->changed_context);
    }
    watch->seen_causes[watch->state.cause / 64] |= 1ULL << watch->state.cause % 64;
    LOG(LOG_LEVEL_DEBUG, "run done", {"target", watch->target->name},
        {"status", severity_name((enum severity)observed.status)},
        {"cause", cause_name((enum cause)observed.cause)});
    diagnosis_free(diagnosis);
}
