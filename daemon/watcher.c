/*
 * A target's first run starts at once. Its second is due between half an interval and one and a
 * half later, by a hash of its name, so that many targets spread over all of it; then one an
 * interval, jittered by up to a tenth, on a grid that a slow run does not shift.
 */

#include "daemon/watcher.h"

#include <string.h>

#include "config/base/memory.h"
#include "daemon/log.h"
#include "daemon/watcher_parts.h"

#define BURST 32 /* runs at the same time that leave enough behind to be worth it */

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

usec_t watch_grid(usec_t begun, usec_t interval, const char *name)
{
    return begun + interval / 2 + hash(name, 0) % interval;
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

/* The next turn of the grid. Turns that went by while a run was slow are left out, not caught up.
 */
static void schedule(struct watch *watch)
{
    const struct target *target = watch->target;
    usec_t now = clock_monotonic();

    while (watch_due(watch->grid, target->interval, watch->cycles, target->name) <= now)
        watch->cycles++;
    watch->next = watch_due(watch->grid, target->interval, watch->cycles, target->name);
    watch->extra = false;
    struct timeval wait = to_timeval(watch->next - now);
    event_add(watch->due, &wait);
}

/* A run beside the grid, unless the grid has one before. */
static void schedule_extra(struct watch *watch, usec_t wait)
{
    usec_t next = clock_monotonic() + wait;
    struct timeval timer = to_timeval(wait);

    if (next >= watch->next)
        return;
    watch->next = next;
    watch->extra = true;
    event_add(watch->due, &timer);
}

/* While it is not decided what to believe, the next run comes sooner. */
static void hurry(struct watch *watch)
{
    const struct settings *settings = watch->watcher->settings;
    const struct state_thresholds thresholds = {settings->failure_threshold,
                                                settings->success_threshold};
    usec_t interval = state_interval(&watch->state, &thresholds, watch->target->interval);

    if (interval < watch->target->interval)
        schedule_extra(watch, interval);
}

/* ---- runs ---- */

/* All first runs come at once, and each takes 30 times the memory of what is kept of it. */
static void give_back_memory(struct watcher *watcher)
{
    if (watcher->in_flight || watcher->most_in_flight < BURST)
        return;
    watcher->most_in_flight = 0;
    memory_trim();
}

static void done(struct evidence *evidence, void *context)
{
    struct watch *watch = context;
    struct diagnosis *diagnosis = diagnose(evidence, watch->run_target);
    struct settings *settings = watch->run_settings;

    watch->run = NULL;
    watch->run_settings = NULL;
    watch->watcher->in_flight--;
    if (!event_pending(watch->due, EV_TIMEOUT, NULL))
        schedule(watch); /* memory was too short for it when the run began */
    if (diagnosis) {
        watch_observe(watch, evidence, diagnosis, settings, watch->run_target);
        hurry(watch);
    } else {
        evidence_free(evidence);
        settings_release(settings);
        watch_log_no_memory(watch);
    }
    watcher_start_waiting(watch->watcher);
    give_back_memory(watch->watcher);
}

void watch_set_waiting(struct watch *watch, bool waiting)
{
    watch->watcher->waiting += waiting;
    watch->watcher->waiting -= watch->waiting;
    watch->waiting = waiting;
}

static void start(struct watch *watch)
{
    struct watcher *watcher = watch->watcher;

    watch_set_waiting(watch, watcher->in_flight >= watcher->settings->max_in_flight);
    if (watch->waiting)
        return;
    watch->run = probe_start(watcher->environment, watch->target, done, watch);
    if (watch->last.evidence && !watch->renewed)
        probe_set_standing(watch->run, watch_evidence(watch)->registry);
    if (watch->run) {
        watch->run_settings = settings_hold(watcher->settings);
        watch->run_target = watch->target;
        if (++watcher->in_flight > watcher->most_in_flight)
            watcher->most_in_flight = watcher->in_flight;
    } else {
        watch_log_no_memory(watch);
    }
}

void watcher_start_waiting(struct watcher *watcher)
{
    size_t first = watcher->first_waiting;

    for (size_t i = 0; i < watcher->count && watcher->waiting; i++) {
        if (watcher->in_flight >= watcher->settings->max_in_flight)
            return;
        size_t at = (first + i) % watcher->count;
        if (!watcher->watches[at]->waiting)
            continue;
        start(watcher->watches[at]);
        watcher->first_waiting = at + 1;
    }
}

static void due(int fd, short what, void *context)
{
    struct watch *watch = context;

    (void)fd;
    (void)what;
    usec_t now = clock_monotonic();
    watch->watcher->lag = now > watch->next ? now - watch->next : 0;
    watch->cycles += !watch->extra;
    schedule(watch);
    if (watch->run || watch->waiting) {
        watch->watcher->late_runs++;
        return;
    }
    start(watch);
    watch->watcher->late_runs += watch->waiting;
}

enum probe_now watcher_probe_now(struct watch *watch)
{
    if (watch->run)
        return PROBE_NOW_RUNNING;
    if (!watch->waiting)
        start(watch);
    return watch->run ? PROBE_NOW_STARTED : PROBE_NOW_WAITING;
}

bool watcher_ready(const struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++)
        if (!watcher->watches[i]->runs)
            return false;
    return true;
}

struct watch *watcher_find(const struct watcher *watcher, const char *name)
{
    for (size_t i = 0; i < watcher->count; i++)
        if (strcmp(watcher->watches[i]->target->name, name) == 0)
            return watcher->watches[i];
    return NULL;
}

void watch_cancel(struct watch *watch)
{
    if (!watch->run)
        return;
    probe_cancel(watch->run);
    settings_release(watch->run_settings);
    watch->run = NULL;
    watch->run_settings = NULL;
    watch->watcher->in_flight--;
}

void watch_free(struct watch *watch)
{
    watch_cancel(watch);
    if (watch->due)
        event_free(watch->due);
    watch_set_waiting(watch, false);
    if (watch->watcher->looked_at == watch)
        watch->watcher->looked_at = NULL;
    watch_result_release(&watch->last);
    memory_release(watch);
}

struct watch *watch_new(struct watcher *watcher, const struct target *target)
{
    struct watch *watch = memory_allocate(sizeof(*watch));

    if (!watch)
        return NULL;
    watch->watcher = watcher;
    watch->target = target;
    watch->due = event_new(watcher->base, -1, 0, due, watch);
    if (!watch->due) {
        watch_free(watch);
        return NULL;
    }
    return watch;
}

/* A run now, and the grid from now on. */
void watch_begin(struct watch *watch)
{
    watch->grid = watch_grid(clock_monotonic(), watch->target->interval, watch->target->name);
    watch->cycles = 0;
    schedule(watch);
    start(watch);
}

/* The list that the settings ask for, every element NULL; or NULL. */
struct watch **watch_list_new(const struct settings *settings)
{
    return memory_allocate((settings->target_count + 1) * sizeof(struct watch *));
}

struct watcher *watcher_new(struct event_base *base, struct settings *settings)
{
    struct watcher *watcher = memory_allocate(sizeof(*watcher));

    if (!watcher)
        return NULL;
    watcher->base = base;
    watcher->settings = settings_hold(settings);
    watcher->loaded_at = clock_wall() / (int64_t)USEC_PER_SEC;
    watcher->environment = probe_environment_new(base, PROBE_WATCH);
    watcher->watches = watch_list_new(settings);
    if (!watcher->environment || !watcher->watches) {
        watcher_free(watcher);
        return NULL;
    }
    for (size_t i = 0; i < settings->target_count; i++) {
        watcher->watches[i] = watch_new(watcher, &settings->targets[i]);
        if (!watcher->watches[i]) {
            watcher_free(watcher);
            return NULL;
        }
        watcher->count++;
    }
    for (size_t i = 0; i < watcher->count; i++)
        watch_begin(watcher->watches[i]);
    return watcher;
}

void watcher_free(struct watcher *watcher)
{
    if (!watcher)
        return;
    for (size_t i = 0; watcher->watches && i < watcher->count; i++)
        watch_free(watcher->watches[i]);
    memory_release(watcher->watches);
    probe_environment_free(watcher->environment);
    settings_release(watcher->settings);
    diagnosis_free(watcher->meaning);
    evidence_room_free(&watcher->room);
    memory_release(watcher);
}
