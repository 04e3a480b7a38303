#pragma once

/* One target as the daemon knows it: what was measured last, what is believed, when it is due. */

#include <event2/event.h>

#include "config/settings.h"
#include "daemon/log.h"
#include "daemon/state.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/evidence.h"
#include "probes/probe.h"

struct watcher;

/* One run and what it was made under: evidence borrows texts of its settings. What it means is
 * worked out again when somebody looks: every target has such a result, and few are looked at. */
struct watch_result {
    struct settings *settings; /* held; NULL before the first run ended */
    const struct target *target;
    struct kept_bytes *evidence; /* see watch_evidence() */
    struct state_flips flips;    /* what the history added; no runs: nothing */
};

struct watch {
    struct watcher *watcher;
    const struct target *target; /* of the watcher's settings; its name, host and port stay */
    struct event *due;
    usec_t grid;     /* cycle 0 is due at grid, then one every interval */
    uint64_t cycles; /* of the grid gone by */
    usec_t next;     /* when the timer fires */
    bool extra;      /* it then fires beside the grid */
    bool renewed;    /* its settings have changed since the last result that is kept */
    bool keep;       /* while new settings are taken over: it stays */
    bool waiting;    /* due, but max_in_flight runs are under way */

    struct probe_run *run;
    struct settings *run_settings; /* held while the run is under way */
    const struct target *run_target;

    struct watch_result last;
    struct state state;   /* believed */
    int64_t last_success; /* wall seconds of the last run that was ok or warn; 0 never */
    uint64_t runs;
    uint64_t failures[PHASE_COUNT];
    uint64_t seen_causes; /* bit by cause: believed as the primary one since start */
    struct log_limit changes_logged;
    usec_t asked_at; /* monotonic: the last run that POST /probe asked for; 0 never */
};

/* Takes over a run's evidence, its diagnosis and the held settings: counts, decides what is
 * believed, logs a change, and keeps them as the last result. */
void watch_observe(struct watch *watch, struct evidence *evidence, struct diagnosis *diagnosis,
                   struct settings *settings, const struct target *target);

/* The evidence of the last run and what it means, or NULL before it (the latter also when memory is
 * short). Each is valid until its next call for another watch, or the next run of this one; where
 * memory is short, the latter until its next call for any. */
const struct evidence *watch_evidence(const struct watch *watch);
const struct diagnosis *watch_diagnosis(const struct watch *watch);

/* Of that the finding of the believed cause, else the first; NULL for NULL. */
const struct finding *watch_believed_finding(const struct watch *watch,
                                             const struct diagnosis *diagnosis);

void watch_result_release(struct watch_result *result);

/* A line that says that memory was short; many in a row are counted, not written. */
void watch_log_no_memory(struct watch *watch);

/* What is believed: unknown before the first run. */
enum severity watch_status(const struct watch *watch);
