/*
 * A target's first run starts at once. Its second is due somewhere in the second half of the first
 * interval, by a hash of its name, so that many targets spread; then one a interval, jittered by up
 * to a tenth, on a grid that a slow run does not shift.
 */

#include "daemon/watcher.h"

#include <stdio.h>

#include "config/base/memory.h"
#include "daemon/log.h"

#define PULSE_INTERVAL USEC_PER_SEC

_Static_assert(CAUSE_COUNT <= 64, "seen_causes has a bit for every cause");

const double watch_buckets[WATCH_BUCKET_COUNT] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                  0.5,   0.75, 1,     2.5,  5,     7.5, 10};

/* FNV-1a: spreads names and cycles evenly, which is all that is asked of it. */
static uint64_t hash(const char *name, uint64_t seed)
{
    uint64_t value = 1469598103934665603ULL ^ seed;

    for (; *name; name++)
        value = (value ^ (unsigned char)*name) * 1099511628211ULL;
    value ^= value >> 33;
    return (value * 1099511628211ULL) >> 16;
}

usec_t watch_due(usec_t grid, usec_t interval, uint64_t cycle, const char *name)
{
    return grid + cycle * interval + hash(name, cycle + 1) % (interval / 10 + 1);
}

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

static void schedule(struct watch *watch)
{
    usec_t now = clock_monotonic();
    usec_t interval = watch->target->interval;

    /* Turns that went by while a run was slow are left out, not caught up. */
    do {
        watch->next = watch_due(watch->grid, interval, watch->cycles, watch->target->name);
        watch->cycles++;
    } while (watch->next <= now);
    struct timeval wait = to_timeval(watch->next - now);
    event_add(watch->due, &wait);
}

/* ---- results ---- */

static void observe(struct phase_histogram *histogram, usec_t duration)
{
    double seconds = (double)duration / (double)USEC_PER_SEC;
    size_t bucket = 0;

    while (bucket < WATCH_BUCKET_COUNT && seconds > watch_buckets[bucket])
        bucket++;
    histogram->counts[bucket]++;
    histogram->total++;
    histogram->sum += seconds;
}

static void count_phases(struct watch *watch, const struct evidence *evidence)
{
    for (int i = 0; i < PHASE_COUNT; i++) {
        enum phase phase = (enum phase)i;
        enum phase_state state = evidence_phase_state(evidence, phase);
        if (state != PHASE_STATE_SKIPPED)
            observe(&watch->watcher->histograms[phase], evidence_phase_duration(evidence, phase));
        if (state == PHASE_STATE_FAILED)
            watch->failures[phase]++;
    }
}

static enum log_level level_of(enum severity severity)
{
    return severity == SEVERITY_OK     ? LOG_LEVEL_INFO
           : severity == SEVERITY_WARN ? LOG_LEVEL_WARN
                                       : LOG_LEVEL_ERROR;
}

static void log_change(const struct watch *watch, const struct diagnosis *now)
{
    const struct finding *first = &now->findings[0];
    char lasted[32] = "";

    if (watch->diagnosis)
        snprintf(lasted, sizeof(lasted), "%llds",
                 (long long)(watch->evidence->measured_at - watch->since));
    LOG(level_of(now->status), "state changed", {"target", watch->target->name},
        {"status", severity_name(now->status)}, {"cause", cause_name(first->cause)},
        {"previous", watch->diagnosis ? cause_name(watch->diagnosis->findings[0].cause) : NULL},
        {"previous_lasted", watch->diagnosis ? lasted : NULL}, {"what", first->summary},
        {"remedy", first->severity != SEVERITY_OK && first->remedy_count ? first->remedy[0] : NULL},
        {"docs", first->severity != SEVERITY_OK ? cause_docs(first->cause) : NULL});
}

static void remember(struct watch *watch, struct evidence *evidence, struct diagnosis *diagnosis)
{
    enum cause cause = diagnosis->findings[0].cause;
    bool changed = !watch->diagnosis || watch->diagnosis->findings[0].cause != cause ||
                   watch->diagnosis->status != diagnosis->status;

    watch->runs++;
    watch->seen_causes |= 1ULL << cause;
    count_phases(watch, evidence);
    if (diagnosis->status == SEVERITY_OK || diagnosis->status == SEVERITY_WARN)
        watch->last_success = evidence->measured_at;
    if (changed) {
        log_change(watch, diagnosis);
        watch->changes += watch->diagnosis != NULL;
        watch->since = evidence->measured_at;
    }
    diagnosis_free(watch->diagnosis);
    evidence_free(watch->evidence);
    watch->evidence = evidence;
    watch->diagnosis = diagnosis;
    LOG(LOG_LEVEL_DEBUG, "run done", {"target", watch->target->name}, {"cause", cause_name(cause)});
}

/* ---- runs ---- */

static void start_waiting(struct watcher *watcher);

static void done(struct evidence *evidence, void *context)
{
    struct watch *watch = context;
    struct diagnosis *diagnosis = diagnose(evidence, watch->target);

    watch->run = NULL;
    watch->watcher->in_flight--;
    if (diagnosis) {
        remember(watch, evidence, diagnosis);
    } else {
        evidence_free(evidence);
        LOG(LOG_LEVEL_ERROR, "out of memory", {"target", watch->target->name});
    }
    start_waiting(watch->watcher);
}

static void start(struct watch *watch)
{
    struct watcher *watcher = watch->watcher;

    watch->waiting = watcher->in_flight >= watcher->settings->max_in_flight;
    if (watch->waiting)
        return;
    watch->run = probe_start(watcher->environment, watch->target, done, watch);
    if (watch->run)
        watcher->in_flight++;
    else
        LOG(LOG_LEVEL_ERROR, "out of memory: the run is left out", {"target", watch->target->name});
}

static void start_waiting(struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++) {
        if (watcher->in_flight >= watcher->settings->max_in_flight)
            return;
        struct watch *watch = &watcher->watches[(watcher->first_waiting + i) % watcher->count];
        if (!watch->waiting)
            continue;
        start(watch);
        watcher->first_waiting = (size_t)(watch - watcher->watches) + 1;
    }
}

static void due(int fd, short what, void *context)
{
    struct watch *watch = context;

    (void)fd;
    (void)what;
    schedule(watch);
    if (watch->run || watch->waiting) {
        watch->watcher->late_runs++;
        return;
    }
    start(watch);
    watch->watcher->late_runs += watch->waiting;
}

/* ---- how late the loop turns ---- */

static void pulse(int fd, short what, void *context)
{
    struct watcher *watcher = context;
    struct timeval wait = to_timeval(PULSE_INTERVAL);
    usec_t now = clock_monotonic();

    (void)fd;
    (void)what;
    watcher->lag = now > watcher->pulse_due ? now - watcher->pulse_due : 0;
    watcher->pulse_due = now + PULSE_INTERVAL;
    event_add(watcher->pulse, &wait);
}

bool watcher_ready(const struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++)
        if (!watcher->watches[i].runs)
            return false;
    return true;
}

static int start_watch(struct watcher *watcher, struct watch *watch, const struct target *target)
{
    usec_t interval = target->interval;

    watch->watcher = watcher;
    watch->target = target;
    watch->due = event_new(watcher->base, -1, 0, due, watch);
    if (!watch->due)
        return -1;
    watch->grid = clock_monotonic() + interval / 2 + hash(target->name, 0) % (interval / 2 + 1);
    schedule(watch);
    start(watch);
    return 0;
}

struct watcher *watcher_new(struct event_base *base, const struct settings *settings)
{
    struct watcher *watcher = memory_allocate(sizeof(*watcher));

    if (!watcher)
        return NULL;
    watcher->base = base;
    watcher->settings = settings;
    watcher->environment = probe_environment_new(base, PROBE_WATCH);
    watcher->watches = memory_allocate(settings->target_count * sizeof(*watcher->watches));
    watcher->pulse = event_new(base, -1, 0, pulse, watcher);
    if (!watcher->environment || !watcher->watches || !watcher->pulse) {
        watcher_free(watcher);
        return NULL;
    }
    watcher->pulse_due = clock_monotonic();
    pulse(-1, 0, watcher);
    for (size_t i = 0; i < settings->target_count; i++) {
        watcher->count++;
        if (start_watch(watcher, &watcher->watches[i], &settings->targets[i])) {
            watcher_free(watcher);
            return NULL;
        }
    }
    return watcher;
}

void watcher_free(struct watcher *watcher)
{
    if (!watcher)
        return;
    for (size_t i = 0; i < watcher->count; i++) {
        struct watch *watch = &watcher->watches[i];
        probe_cancel(watch->run);
        if (watch->due)
            event_free(watch->due);
        diagnosis_free(watch->diagnosis);
        evidence_free(watch->evidence);
    }
    if (watcher->pulse)
        event_free(watcher->pulse);
    memory_release(watcher->watches);
    probe_environment_free(watcher->environment);
    memory_release(watcher);
}
