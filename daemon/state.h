#pragma once

/*
 * What is believed of one target, beside what its last run said: pure functions of (state, result,
 * now), so that a year of runs is a test of milliseconds. No clock, no I/O.
 *
 * A first result is believed at once. Later, worse is believed when the last `failure_threshold`
 * runs were all worse (the mildest of them), better when the last `success_threshold` runs were all
 * better (the worst of them), and another cause of the same status when the last
 * `failure_threshold` runs agree on it. A run with status unknown says nothing of the registry: it
 * counts on neither side, and is believed only when `failure_threshold` of them come in a row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"
#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"

#define STATE_MAX_RUNS      48 /* kept of a target; the thresholds look no further back */
#define STATE_MAX_CHANGES   32 /* kept apart from runs, so that many runs do not push them out */
#define STATE_MAX_THRESHOLD SETTINGS_MAX_THRESHOLD
#define STATE_FLIP_WINDOW   20 /* runs, unknown ones left out, in which flips are counted */
#define STATE_FLIPS_START   5  /* this many make a target flapping */
#define STATE_FLIPS_STOP    2  /* this many or fewer end it */

/* Small, since every target keeps many. */
struct state_result {
    uint32_t at; /* seconds since 1970, when the run ended or the change was believed */
    uint32_t duration_msec : 22; /* 70 minutes at most */
    uint32_t status : 3;         /* enum severity */
    uint32_t cause : 7;          /* enum cause */
};

struct state_thresholds {
    unsigned failure; /* 1 to STATE_MAX_THRESHOLD */
    unsigned success;
};

struct state {
    bool known; /* a first result came; before it status is unknown */
    enum severity status;
    enum cause cause;
    int64_t since;      /* seconds since 1970 */
    uint64_t changes;   /* after the first */
    unsigned undecided; /* runs in a row that differ from what is believed */
    bool flapping;      /* runs go to and fro between working and failing */
    uint64_t run_count; /* since the start; the ring below has the last STATE_MAX_RUNS */
    struct state_result runs[STATE_MAX_RUNS];
    uint64_t change_count;
    struct state_result changed[STATE_MAX_CHANGES];
};

struct state_result state_result_of(int64_t at, usec_t duration, enum severity status,
                                    enum cause cause);

/* Remembers a run and decides again. True when what is believed has changed; `ret_previous` is then
 * what was believed before. */
bool state_observe(struct state *state, const struct state_result *result,
                   const struct state_thresholds *thresholds, struct state_result *ret_previous);

/* Whether runs have been flipping lately, counting one with `status` as if it came next; of those
 * looked at, how many failed, and with which cause last. */
struct state_flips {
    unsigned runs;
    unsigned failed;
    unsigned flips;
    enum cause last_failure;
};
bool state_flips(const struct state *state, enum severity status, struct state_flips *ret);

/* How long after a run the next one should come: `interval`, or a quarter of it while it is
 * undecided whether to believe what the last runs said. */
usec_t state_interval(const struct state *state, const struct state_thresholds *thresholds,
                      usec_t interval);

/* What the last run said; unknown before it. */
enum severity state_last_status(const struct state *state);

/* The last runs and changes, oldest first: `index` below the count. */
size_t state_run_count(const struct state *state);
const struct state_result *state_run(const struct state *state, size_t index);
size_t state_change_count(const struct state *state);
const struct state_result *state_change(const struct state *state, size_t index);
