/* SPDX-License-Identifier: MIT */
#pragma once

/* One target in the daemon: its last run, its believed state, and when its next run is due. */

#include <event2/event.h>

#include "config/settings.h"
#include "daemon/system/log.h"
#include "daemon/watch/figures.h"
#include "daemon/watch/state.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/evidence/evidence.h"
#include "probes/probe.h"

struct watcher;

/* The last run and its settings, which are held because the evidence borrows their texts. The
 * diagnosis is not kept: watch_diagnosis() makes it again, since few targets are looked at. */
struct watch_result {
    struct settings *settings; /* held; NULL before the first run ended */
    const struct target *target;
    struct kept_bytes *evidence; /* packed; see watch_evidence() */
    struct state_flips flips;    /* of the intermittent finding; no runs: there is none */
};

struct watch {
    struct watcher *watcher;
    const struct target *target; /* of the watcher's settings; name, host and port never change */
    struct event *due;
    usec_t grid;     /* monotonic: cycle 0 is due then, and one more every interval */
    uint64_t cycles; /* that have passed */
    usec_t next;     /* monotonic: when the timer fires */
    bool extra;      /* the timer's run is not one of the grid */
    bool renewed;    /* the settings have changed since the last kept result */
    bool keep;       /* during a reload: the target is in the new settings too */
    bool waiting;    /* due, but max_in_flight runs are in progress */

    struct probe *run;
    struct settings *run_settings; /* held during the run */
    const struct target *run_target;

    struct watch_result last;
    struct run_figures figures; /* of the last run */
    struct state state;
    int64_t last_success; /* seconds since 1970: the last run that was ok or warn; 0: none */
    uint64_t runs;
    uint64_t failures[PHASE_COUNT];
    /* A bit per cause that was the believed one since the start. */
    uint64_t seen_causes[(CAUSE_COUNT + 63) / 64];
    struct log_limit changes_logged;
    usec_t asked_at; /* monotonic: the last POST /probe that started a run; 0: none */
};

/* Takes over the evidence, the diagnosis and the held settings of a run: counts them, updates the
 * state, logs a change, and keeps the evidence as the last result. */
void watch_observe(struct watch *watch, struct evidence *evidence, struct diagnosis *diagnosis,
                   struct settings *settings, const struct target *target);

/* Unpacks the evidence of the last run, or makes its diagnosis. NULL before the first run; a
 * diagnosis is also NULL if memory is short. Both are valid until the same function is called for
 * another watch, and until the next run of this one. A diagnosis made when memory was short is
 * valid only until the next call of watch_diagnosis(). */
const struct evidence *watch_evidence(const struct watch *watch);
const struct diagnosis *watch_diagnosis(const struct watch *watch);

/* The finding of the believed cause if the diagnosis has it, else the first; NULL for NULL. */
const struct finding *watch_believed_finding(const struct watch *watch,
                                             const struct diagnosis *diagnosis);

/* Writes the believed state as Events of this pod, if the settings want that. `diagnosis` is of the
 * last run. */
void watch_tell_events(struct watch *watch, const struct diagnosis *diagnosis);

void watch_result_release(struct watch_result *result);

/* Logs that memory is short. Lines beyond a limit are counted instead of written. */
void watch_log_no_memory(struct watch *watch);

/* The believed status; unknown before the first run. */
enum severity watch_status(const struct watch *watch);

/* When its next run is due, in seconds since 1970. */
int64_t watch_next_run(const struct watch *watch);
