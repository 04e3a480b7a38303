/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The scheduler of the daemon. Every target has its own place in the interval, runs of one target
 * never overlap, and at most max_in_flight runs are in progress. All times are monotonic
 * microseconds unless a comment says otherwise.
 */

#include <event2/event.h>

#include "config/settings.h"
#include "daemon/watch/pod_events.h"
#include "daemon/watch/watch.h"

struct watcher {
    struct event_base *base;
    struct probe_environment *environment;
    struct settings *settings; /* held */
    unsigned in_flight;
    unsigned most_in_flight; /* since memory was last given back to the system */
    size_t count;
    struct watch **watches; /* in the order of the settings */
    size_t waiting;         /* watches that wait because max_in_flight runs are in progress */
    size_t first_waiting;   /* the search for them starts here, so that each has its turn */
    uint64_t late_runs;     /* had to wait for a place or for the end of the run before */
    struct phase_histogram histograms[PHASE_COUNT];
    struct log_limit shortages_logged; /* of memory */
    usec_t lag;                        /* how late the last timer of a run fired */
    int64_t loaded_at;                 /* seconds since 1970: when the settings were loaded */
    const char *reload_error;          /* of the last reload, borrowed; NULL if it succeeded */
    void (*changed)(void *context);    /* called when a state changes; may be NULL */
    void *changed_context;
    struct pod_events *events;   /* NULL until kubernetes_events has something to tell */
    struct evidence_buffer room; /* for watch_evidence() */
    uint64_t generation;         /* of the list of targets: counts its changes */
    struct diagnosis *meaning;   /* cached by watch_diagnosis(), of the run below */
    const struct watch *looked_at;
    uint64_t looked_at_run;
};

/* Starts the first run of every target. Holds `settings`. NULL if memory is short. */
struct watcher *watcher_new(struct event_base *base, struct settings *settings);
void watcher_free(struct watcher *watcher); /* cancels all runs; NULL is allowed */

struct watcher_changes {
    size_t added;
    size_t changed; /* kept with other settings */
    size_t removed;
};

/* Takes new settings over and holds them. A target of the same name, host and port keeps its state
 * and history; changed and new targets run at once. Returns 0, or -1 with nothing changed if memory
 * is short. */
int watcher_reload(struct watcher *watcher, struct settings *settings,
                   struct watcher_changes *ret_changes);

enum probe_now { PROBE_NOW_STARTED, PROBE_NOW_WAITING, PROBE_NOW_RUNNING };

/* Starts a run of one target now, outside its schedule. WAITING: it starts when a place is free;
 * RUNNING: a run was in progress already. */
enum probe_now watcher_probe_now(struct watch *watch);

/* True when every target has had its first run. */
bool watcher_ready(const struct watcher *watcher);

/* Finds a target by its name, or else by a TARGET of the command line (an instance name, a host, or
 * host:port) that fits exactly one. NULL if there is none. */
struct watch *watcher_find(const struct watcher *watcher, const char *name);

/* Pure. Returns the time of the second run of a target whose first run began at `begun`; its later
 * runs keep that rhythm. */
usec_t watch_grid(usec_t begun, usec_t interval, const char *name);

/* Pure: when cycle `cycle` of the grid is due. Cycles are `interval` apart, and each is delayed by
 * up to a tenth of it, always the same for the same name. */
usec_t watch_due(usec_t grid, usec_t interval, uint64_t cycle, const char *name);
