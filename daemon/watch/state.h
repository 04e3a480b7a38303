/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The state of one target: the result that is believed, which may differ from the last run's. The
 * functions are pure, without clock and I/O, so that a test runs through a year in milliseconds.
 *
 * The first result is believed at once. After that:
 * - The state gets worse when the last `failure_threshold` runs were all worse. It then takes the
 *   mildest result of those runs.
 * - It gets better when the last `success_threshold` runs were all better. It then takes the worst
 *   result of those runs.
 * - Its cause changes when the last `failure_threshold` runs have its status and agree on another
 *   cause.
 * - Runs with status unknown tell nothing about the registry, so they are left out above. The state
 *   becomes unknown only after `failure_threshold` of them in a row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"
#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"

#define STATE_MAX_RUNS      48 /* kept per target; enough for the largest threshold */
#define STATE_MAX_CHANGES   32 /* kept apart from the runs, so that runs do not push them out */
#define STATE_MAX_THRESHOLD SETTINGS_MAX_THRESHOLD
#define STATE_FLIP_WINDOW   20 /* runs in which flips are counted, without unknown ones */
#define STATE_FLIPS_START   5  /* flips that make a target flapping */
#define STATE_FLIPS_STOP    2  /* flips or fewer that end it */

/* Packed, because every target keeps many. */
struct state_result {
    uint32_t at;                 /* seconds since 1970: when the run ended or the state changed */
    uint32_t duration_msec : 22; /* at most 70 minutes */
    uint32_t status : 3;         /* enum severity */
    uint32_t cause : 7;          /* enum cause */
};

struct state_thresholds {
    unsigned failure; /* 1 to STATE_MAX_THRESHOLD */
    unsigned success;
};

struct state {
    bool known; /* false before the first result; the other fields are then unset */
    enum severity status;
    enum cause cause;
    int64_t since;      /* seconds since 1970 */
    uint64_t changes;   /* without the first result */
    unsigned undecided; /* runs in a row that differ from the state */
    bool flapping;      /* runs alternate between working and failing */
    uint64_t run_count; /* since the start; the ring below keeps the last STATE_MAX_RUNS */
    struct state_result runs[STATE_MAX_RUNS];
    uint64_t change_count;
    struct state_result changed[STATE_MAX_CHANGES];
};

struct state_result state_result_of(int64_t at, usec_t duration, enum severity status,
                                    enum cause cause);

/* Adds a run and decides again. Returns true if the state changed; `ret_previous` is then the state
 * before. */
bool state_observe(struct state *state, const struct state_result *result,
                   const struct state_thresholds *thresholds, struct state_result *ret_previous);

/* True if recent runs flip between working and failing, counting one more run with `status`. *ret
 * tells how many runs were looked at, how many failed, and the cause of the last failure. */
struct state_flips {
    unsigned runs;
    unsigned failed;
    unsigned flips;
    enum cause last_failure;
};
bool state_flips(const struct state *state, enum severity status, struct state_flips *ret);

/* The wait from one run to the next: `interval`, or a quarter of it while the last runs differ from
 * the state and a decision is still possible. */
usec_t state_interval(const struct state *state, const struct state_thresholds *thresholds,
                      usec_t interval);

/* The status of the last run; unknown before the first. */
enum severity state_last_status(const struct state *state);

/* The kept runs and changes, oldest first; `index` is below the count. */
size_t state_run_count(const struct state *state);
const struct state_result *state_run(const struct state *state, size_t index);
size_t state_change_count(const struct state *state);
const struct state_result *state_change(const struct state *state, size_t index);
