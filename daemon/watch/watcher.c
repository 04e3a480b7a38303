/* SPDX-License-Identifier: MIT */
/*
 * The first run of a target starts at once. A hash of its name puts the second run between half an
 * interval and one and a half intervals later, so that many targets spread evenly. Then one run
 * follows per interval, delayed by up to a tenth of it, on a grid that a slow run does not shift.
 */

#include "daemon/watch/watcher.h"

#include <string.h>

#include "config/base/arena.h"
#include "config/base/memory.h"
#include "config/target.h"
#include "daemon/system/log.h"
#include "daemon/watch/watcher_parts.h"

#define MAX_SPELLING ((size_t)16 * 1024) /* bytes for reading a TARGET */
#define BURST        32 /* simultaneous runs after which giving memory back is worth its time */

/* FNV-1a: spreads names and cycles evenly. */
static uint64_t hash_name(const char *name, uint64_t seed)
{
    uint64_t value = 1469598103934665603ULL ^ seed;

    for (; *name; name++)
        value = (value ^ (unsigned char)*name) * 1099511628211ULL;
    value ^= value >> 33;
    return (value * 1099511628211ULL) >> 16;
}

usec_t watch_grid(usec_t begun, usec_t interval, const char *name)
{
    return begun + interval / 2 + hash_name(name, 0) % interval;
}

usec_t watch_due(usec_t grid, usec_t interval, uint64_t cycle, const char *name)
{
    return grid + cycle * interval + hash_name(name, cycle + 1) % (interval / 10 + 1);
}

/* Schedules the next cycle. Cycles that passed during a slow run are skipped. */
static void schedule_cycle(struct watch *watch)
{
    const struct target *target = watch->target;
    usec_t now = clock_monotonic();

    while (watch_due(watch->grid, target->interval, watch->cycles, target->name) <= now)
        watch->cycles++;
    watch->next = watch_due(watch->grid, target->interval, watch->cycles, target->name);
    watch->extra = false;
    struct timeval wait = clock_timeval(watch->next - now);
    event_add(watch->due, &wait);
}

/* Schedules a run outside the grid, unless the grid has an earlier one. */
static void schedule_extra(struct watch *watch, usec_t wait)
{
    usec_t next = clock_monotonic() + wait;
    struct timeval timer = clock_timeval(wait);

    if (next >= watch->next)
        return;
    watch->next = next;
    watch->extra = true;
    event_add(watch->due, &timer);
}

/* Brings the next run forward while the state is undecided. */
static void schedule_sooner(struct watch *watch)
{
    const struct settings *settings = watch->watcher->settings;
    const struct state_thresholds thresholds = {settings->failure_threshold,
                                                settings->success_threshold};
    usec_t interval = state_interval(&watch->state, &thresholds, watch->target->interval);

    if (interval < watch->target->interval)
        schedule_extra(watch, interval);
}

/* ---- runs ---- */

/* All first runs start at once, and each needs 30 times the memory of its kept result. */
static void give_back_memory(struct watcher *watcher)
{
    if (watcher->in_flight || watcher->most_in_flight < BURST)
        return;
    watcher->most_in_flight = 0;
    memory_trim();
}

static void run_done(struct evidence *evidence, void *context)
{
    struct watch *watch = context;
    struct diagnosis *diagnosis = diagnose(evidence, watch->run_target);
    struct settings *settings = watch->run_settings;

    watch->run = NULL;
    watch->run_settings = NULL;
    watch->watcher->in_flight--;
    if (!event_pending(watch->due, EV_TIMEOUT, NULL))
        schedule_cycle(watch); /* event_add() failed when the run began, because memory was short */
    if (diagnosis) {
        watch_observe(watch, evidence, diagnosis, settings, watch->run_target);
        schedule_sooner(watch);
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

static void start_run(struct watch *watch)
{
    struct watcher *watcher = watch->watcher;

    watch_set_waiting(watch, watcher->in_flight >= watcher->settings->max_in_flight);
    if (watch->waiting)
        return;
    const struct evidence *earlier =
        watch->last.evidence && !watch->renewed ? watch_evidence(watch) : NULL;
    watch->run = probe_start(watcher->environment, watch->target, earlier, run_done, watch);
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
        start_run(watcher->watches[at]);
        watcher->first_waiting = at + 1;
    }
}

static void run_due(int fd, short what, void *context)
{
    struct watch *watch = context;

    (void)fd;
    (void)what;
    usec_t now = clock_monotonic();
    watch->watcher->lag = now > watch->next ? now - watch->next : 0;
    watch->cycles += !watch->extra;
    schedule_cycle(watch);
    if (watch->run || watch->waiting) {
        watch->watcher->late_runs++;
        return;
    }
    start_run(watch);
    watch->watcher->late_runs += watch->waiting;
}

enum probe_now watcher_probe_now(struct watch *watch)
{
    if (watch->run)
        return PROBE_NOW_RUNNING;
    if (!watch->waiting)
        start_run(watch);
    return watch->run ? PROBE_NOW_STARTED : PROBE_NOW_WAITING;
}

bool watcher_ready(const struct watcher *watcher)
{
    for (size_t i = 0; i < watcher->count; i++)
        if (!watcher->watches[i]->runs)
            return false;
    return true;
}

/* The only target at the host and port, or NULL. */
static struct watch *find_at(const struct watcher *watcher, const char *host, uint16_t port)
{
    struct watch *found = NULL;

    for (size_t i = 0; i < watcher->count; i++) {
        const struct target *target = watcher->watches[i]->target;
        if (target->port != port || strcmp(target->host, host) != 0)
            continue;
        if (found)
            return NULL;
        found = watcher->watches[i];
    }
    return found;
}

struct watch *watcher_find(const struct watcher *watcher, const char *name)
{
    for (size_t i = 0; i < watcher->count; i++)
        if (strcmp(watcher->watches[i]->target->name, name) == 0)
            return watcher->watches[i];
    struct arena *arena = arena_new(MAX_SPELLING);
    struct target spelled = {0};
    struct watch *found = arena && !target_parse(name, arena, &spelled)
                              ? find_at(watcher, spelled.host, spelled.port)
                              : NULL;
    arena_free(arena);
    return found;
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
    pod_events_forget(watch->watcher->events, watch->target->name);
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
    watch->due = event_new(watcher->base, -1, 0, run_due, watch);
    if (!watch->due) {
        watch_free(watch);
        return NULL;
    }
    return watch;
}

void watch_begin(struct watch *watch)
{
    watch->grid = watch_grid(clock_monotonic(), watch->target->interval, watch->target->name);
    watch->cycles = 0;
    schedule_cycle(watch);
    start_run(watch);
}

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
    pod_events_free(watcher->events);
    probe_environment_free(watcher->environment);
    settings_release(watcher->settings);
    diagnosis_free(watcher->meaning);
    evidence_buffer_free(&watcher->room);
    memory_release(watcher);
}
