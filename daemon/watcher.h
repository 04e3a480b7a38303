#pragma once

/*
 * When to probe and what to remember: every target has its own place in the interval, its runs
 * never overlap, and at most max_in_flight runs are under way. Everything on the monotonic clock.
 */

#include <event2/event.h>

#include "config/settings.h"
#include "daemon/watch.h"

#define WATCH_BUCKET_COUNT 14

/* Upper bounds of the phase durations' histogram, in seconds; the last bucket is +Inf. */
extern const double watch_buckets[WATCH_BUCKET_COUNT];

struct phase_histogram {
    uint64_t counts[WATCH_BUCKET_COUNT + 1];
    uint64_t total;
    double sum;
};

struct watcher {
    struct event_base *base;
    struct probe_environment *environment;
    struct settings *settings; /* held */
    unsigned in_flight;
    unsigned most_in_flight; /* since memory was given back */
    size_t count;
    struct watch **watches; /* in the order of the settings */
    size_t waiting;         /* for a free place among the runs */
    size_t first_waiting;   /* where the search for one starts: fair among many */
    uint64_t late_runs;     /* had to wait for a free place, or their predecessor was not done */
    struct phase_histogram histograms[PHASE_COUNT];
    struct log_limit shortages_logged; /* of memory */
    usec_t lag;        /* how late the timer of the last due run fired: how late the loop turns */
    int64_t loaded_at; /* wall seconds: the settings in force */
    const char *reload_error; /* why the last reload kept the settings before it, borrowed; NULL: it
                               * did not */
    void (*changed)(void *context); /* after a change of what is believed; NULL: nobody cares */
    void *changed_context;
    struct evidence_room room; /* of watch_evidence() */
    uint64_t generation;       /* counts the changes of the list of targets */
    struct diagnosis *meaning; /* of the last result that somebody looked at: watch_diagnosis() */
    const struct watch *looked_at;
    uint64_t looked_at_run;
};

/* Starts the first run of every target. NULL when memory is short. Holds `settings`. */
struct watcher *watcher_new(struct event_base *base, struct settings *settings);
void watcher_free(struct watcher *watcher); /* cancels what is under way; NULL is allowed */

struct watcher_changes {
    size_t added;
    size_t changed; /* among those that stay */
    size_t removed;
};

/* New settings, held. A target of the same name, host and port stays, with its state and history;
 * changed and new ones run at once. 0, or -1 when memory is short and nothing has changed. */
int watcher_reload(struct watcher *watcher, struct settings *settings,
                   struct watcher_changes *ret_changes);

enum probe_now { PROBE_NOW_STARTED, PROBE_NOW_WAITING, PROBE_NOW_RUNNING };

/* A run of one target now, beside its schedule; WAITING for a free place, or already RUNNING. */
enum probe_now watcher_probe_now(struct watch *watch);

/* Whether every target has had its first run. */
bool watcher_ready(const struct watcher *watcher);

/* NULL when no target has that name. */
struct watch *watcher_find(const struct watcher *watcher, const char *name);

/* Where the grid of a target whose first run has begun then starts: its second run. Pure. */
usec_t watch_grid(usec_t begun, usec_t interval, const char *name);

/* When the grid puts cycle `cycle` of a target: `interval` apart, each moved by at most a tenth of
 * it, the same for the same name. Pure. */
usec_t watch_due(usec_t grid, usec_t interval, uint64_t cycle, const char *name);
