#pragma once

/*
 * When to probe and what to remember: every target has its own place in the interval, its runs
 * never overlap, and at most max_in_flight runs are under way. Everything on the monotonic clock.
 */

#include <event2/event.h>

#include "config/settings.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/evidence.h"
#include "probes/probe.h"

#define WATCH_BUCKET_COUNT 14

/* Upper bounds of the phase durations' histogram, in seconds; the last bucket is +Inf. */
extern const double watch_buckets[WATCH_BUCKET_COUNT];

struct phase_histogram {
    uint64_t counts[WATCH_BUCKET_COUNT + 1];
    uint64_t total;
    double sum;
};

/* One target: what is known of it and when it is next due. */
struct watch {
    struct watcher *watcher;
    const struct target *target;
    struct event *due;
    usec_t grid;     /* the run after the first is due at grid, then every interval */
    usec_t next;     /* when the timer fires */
    uint64_t cycles; /* of the grid gone by */
    bool waiting;    /* due, but max_in_flight runs are under way */
    struct probe_run *run;

    struct evidence *evidence;   /* of the last run; NULL before it */
    struct diagnosis *diagnosis; /* the same */
    int64_t since;               /* wall seconds: the cause has been this since then */
    int64_t last_success;        /* wall seconds of the last run that was ok or warn; 0 never */
    uint64_t runs;
    uint64_t failures[PHASE_COUNT];
    uint64_t changes;
    uint64_t seen_causes; /* bit by cause: had as the primary one since start */
};

struct watcher {
    struct event_base *base;
    struct probe_environment *environment;
    const struct settings *settings;
    unsigned in_flight;
    size_t count;
    struct watch *watches;
    size_t first_waiting; /* where the search for a waiting one starts: fair among many */
    uint64_t late_runs;   /* had to wait for a free place, or their predecessor was not done */
    struct phase_histogram histograms[PHASE_COUNT];
    struct event *pulse; /* measures how late the loop turns */
    usec_t pulse_due;
    usec_t lag;
};

/* Starts the first run of every target. NULL when memory is short. `settings` is borrowed. */
struct watcher *watcher_new(struct event_base *base, const struct settings *settings);
void watcher_free(struct watcher *watcher); /* cancels what is under way; NULL is allowed */

/* Whether every target has had its first run. */
bool watcher_ready(const struct watcher *watcher);

/* When the grid puts cycle `cycle` of a target: `interval` apart, each moved by at most a tenth of
 * it, the same for the same name. Pure. */
usec_t watch_due(usec_t grid, usec_t interval, uint64_t cycle, const char *name);
