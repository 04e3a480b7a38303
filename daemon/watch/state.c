/* SPDX-License-Identifier: MIT */
#include "daemon/watch/state.h"

#define MOST_MSEC ((1U << 22) - 1) /* fits duration_msec */

_Static_assert(CAUSE_COUNT <= 128 && SEVERITY_UNKNOWN < 8, "struct state_result has too few bits");
_Static_assert(STATE_MAX_THRESHOLD <= STATE_MAX_RUNS && STATE_FLIP_WINDOW <= STATE_MAX_RUNS,
               "a decision needs more runs than are kept");

struct state_result state_result_of(int64_t at, usec_t duration, enum severity status,
                                    enum cause cause)
{
    usec_t msec = duration / USEC_PER_MSEC;
    uint32_t kept = msec < MOST_MSEC ? (uint32_t)msec : MOST_MSEC;

    return (struct state_result){.at = at > 0 ? (uint32_t)at : 0,
                                 .duration_msec = kept & MOST_MSEC,
                                 .status = (uint32_t)status & 7,
                                 .cause = (uint32_t)cause & 127};
}

static size_t kept_count(uint64_t count, size_t most)
{
    return count < most ? (size_t)count : most;
}

size_t state_run_count(const struct state *state)
{
    return kept_count(state->run_count, STATE_MAX_RUNS);
}

const struct state_result *state_run(const struct state *state, size_t index)
{
    uint64_t first = state->run_count - state_run_count(state);

    return &state->runs[(first + index) % STATE_MAX_RUNS];
}

size_t state_change_count(const struct state *state)
{
    return kept_count(state->change_count, STATE_MAX_CHANGES);
}

const struct state_result *state_change(const struct state *state, size_t index)
{
    uint64_t first = state->change_count - state_change_count(state);

    return &state->changed[(first + index) % STATE_MAX_CHANGES];
}

/* The run that is `back` runs old (0: the last one), or NULL. */
static const struct state_result *recent_run(const struct state *state, size_t back)
{
    size_t count = state_run_count(state);

    return back < count ? state_run(state, count - 1 - back) : NULL;
}

enum severity state_last_status(const struct state *state)
{
    const struct state_result *run = recent_run(state, 0);

    return run ? (enum severity)run->status : SEVERITY_UNKNOWN;
}

static bool is_unknown(const struct state_result *run)
{
    return run->status == SEVERITY_UNKNOWN;
}

static bool is_failure(const struct state_result *run)
{
    return run->status == SEVERITY_FAIL;
}

static int rank_of(const struct state_result *run)
{
    return severity_rank((enum severity)run->status);
}

/* ---- decisions ---- */

/* 1 if the run is worse than the state, -1 if better, 0 if it has the same status. */
static int compare_with_state(const struct state *state, const struct state_result *run)
{
    int difference = rank_of(run) - severity_rank(state->status);

    return (difference > 0) - (difference < 0);
}

/* Looks at the last `count` runs that are not unknown. If all are on `side` of the state, returns
 * the one nearest to it, and the latest of equals. Otherwise returns NULL. */
static const struct state_result *agreed_on_side(const struct state *state, unsigned count,
                                                 int side)
{
    const struct state_result *nearest = NULL;
    const struct state_result *run;

    for (size_t back = 0; count && (run = recent_run(state, back)); back++) {
        if (is_unknown(run))
            continue;
        if (compare_with_state(state, run) != side)
            return NULL;
        if (!nearest || side * rank_of(run) < side * rank_of(nearest))
            nearest = run;
        count--;
    }
    return count ? NULL : nearest;
}

/* The last run, if the last `count` runs have the status of the state and agree on another cause.
 */
static const struct state_result *agreed_on_cause(const struct state *state, unsigned count)
{
    const struct state_result *first = recent_run(state, 0);

    for (size_t back = 0; back < count; back++) {
        const struct state_result *run = recent_run(state, back);
        if (!run || run->status != (unsigned)state->status || run->cause != first->cause ||
            run->cause == (unsigned)state->cause)
            return NULL;
    }
    return first;
}

static const struct state_result *agreed_on_unknown(const struct state *state, unsigned count)
{
    if (state->status == SEVERITY_UNKNOWN)
        return NULL;
    for (size_t back = 0; back < count; back++) {
        const struct state_result *run = recent_run(state, back);
        if (!run || !is_unknown(run))
            return NULL;
    }
    return recent_run(state, 0);
}

static const struct state_result *result_to_believe(const struct state *state,
                                                    const struct state_thresholds *thresholds)
{
    const struct state_result *last = recent_run(state, 0);
    const struct state_result *found = NULL;

    if (!state->known)
        return last;
    if (is_unknown(last))
        found = agreed_on_unknown(state, thresholds->failure);
    else if (compare_with_state(state, last) > 0)
        found = agreed_on_side(state, thresholds->failure, 1);
    else if (compare_with_state(state, last) < 0)
        found = agreed_on_side(state, thresholds->success, -1);
    return found ? found : agreed_on_cause(state, thresholds->failure);
}

static void believe(struct state *state, const struct state_result *result, int64_t now)
{
    struct state_result *change = &state->changed[state->change_count++ % STATE_MAX_CHANGES];

    *change = *result;
    change->at = (uint32_t)now;
    state->changes += state->known;
    state->known = true;
    state->status = (enum severity)result->status;
    state->cause = (enum cause)result->cause;
    state->since = now;
}

/* ---- flapping ---- */

bool state_flips(const struct state *state, enum severity status, struct state_flips *ret)
{
    bool failing = status == SEVERITY_FAIL;
    const struct state_result *run;

    *ret = (struct state_flips){.runs = status != SEVERITY_UNKNOWN, .failed = failing};
    for (size_t back = 0; ret->runs < STATE_FLIP_WINDOW && (run = recent_run(state, back));
         back++) {
        if (is_unknown(run))
            continue;
        if (is_failure(run) && ret->failed == (status == SEVERITY_FAIL))
            ret->last_failure = (enum cause)run->cause;
        ret->failed += is_failure(run);
        ret->flips += ret->runs && is_failure(run) != failing;
        failing = is_failure(run);
        ret->runs++;
    }
    return ret->flips > (state->flapping ? STATE_FLIPS_STOP : STATE_FLIPS_START - 1);
}

/* ---- observing ---- */

bool state_observe(struct state *state, const struct state_result *result,
                   const struct state_thresholds *thresholds, struct state_result *ret_previous)
{
    struct state_flips flips;

    *ret_previous = state_result_of(state->since, 0, state->status, state->cause);
    state->flapping = state_flips(state, (enum severity)result->status, &flips);
    state->runs[state->run_count++ % STATE_MAX_RUNS] = *result;
    const struct state_result *found = result_to_believe(state, thresholds);
    bool changed = found && !(state->known && found->status == (unsigned)state->status &&
                              found->cause == (unsigned)state->cause);
    if (changed)
        believe(state, found, result->at);
    bool agrees =
        result->status == (unsigned)state->status && result->cause == (unsigned)state->cause;
    state->undecided = agrees ? 0 : state->undecided + 1;
    return changed;
}

usec_t state_interval(const struct state *state, const struct state_thresholds *thresholds,
                      usec_t interval)
{
    unsigned most =
        thresholds->failure > thresholds->success ? thresholds->failure : thresholds->success;

    /* Stop after as many runs as a decision can need, since some results never agree. */
    return state->undecided && state->undecided < most ? interval / 4 : interval;
}
