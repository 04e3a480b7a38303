/* SPDX-License-Identifier: MIT */
/* The state that is believed after which runs: each story is a row of letters, one a run. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/watch/state.h"

#define INTERVAL  (30 * USEC_PER_SEC)
#define STEP      30 /* seconds between two runs */
#define MAX_STORY 64

/* o ok_public, p ok_private, w warn, f and g two causes of fail, u unknown. */
static struct state_result result_of(char letter, int64_t at)
{
    static const struct {
        char letter;
        enum severity status;
        enum cause cause;
    } letters[] = {
        {'o', SEVERITY_OK, CAUSE_OK_PUBLIC},
        {'p', SEVERITY_OK, CAUSE_OK_PRIVATE},
        {'w', SEVERITY_WARN, CAUSE_SOME_RESOLVERS_UNREACHABLE},
        {'f', SEVERITY_FAIL, CAUSE_NAT_MISSING},
        {'g', SEVERITY_FAIL, CAUSE_DNS_TIMEOUT},
        {'u', SEVERITY_UNKNOWN, CAUSE_LOCAL_ERROR},
    };
    size_t i = 0;

    while (letters[i].letter != letter)
        i++;
    return state_result_of(at, 0, letters[i].status, letters[i].cause);
}

static char letter_of(const struct state *state)
{
    for (const char *letter = "opwfgu"; *letter; letter++) {
        struct state_result result = result_of(*letter, 0);
        if (result.status == (uint8_t)state->status && result.cause == (uint8_t)state->cause)
            return *letter;
    }
    return '?';
}

/* Plays the story; `believed` gets the state after each run. */
static void live(struct state *state, const struct state_thresholds *thresholds, const char *story,
                 char believed[MAX_STORY])
{
    size_t length = strlen(story);

    for (size_t i = 0; i < length; i++) {
        struct state_result result = result_of(story[i], 1000 + (int64_t)i * STEP);
        struct state_result previous;
        char before = letter_of(state);
        bool known = state->known;
        bool changed = state_observe(state, &result, thresholds, &previous);
        believed[i] = letter_of(state);
        assert_int_equal(changed, !known || believed[i] != before);
        if (changed)
            assert_int_equal(state->since, result.at);
    }
    believed[length] = '\0';
}

static void stories(void **unused)
{
    static const struct {
        struct state_thresholds thresholds;
        const char *runs;
        const char *believed;
    } rows[] = {
        {{2, 1}, "f", "f"},       /* the first result is believed at once */
        {{2, 1}, "offo", "oofo"}, /* worse after two, better after one */
        {{2, 1}, "ofo", "ooo"},   /* one failure is not believed */
        {{1, 1}, "ofo", "ofo"},
        {{3, 2}, "offfoo", "oooffo"},
        {{2, 1}, "oww", "oow"}, /* a warning is worse than ok too */
        {{2, 1}, "ofw", "oow"}, /* the mildest of the two */
        {{2, 1}, "owf", "oow"},
        {{2, 1}, "owff", "oowf"},
        {{2, 2}, "ffow", "fffw"}, /* the worst of two better ones */
        {{2, 1}, "ffgg", "fffg"}, /* another cause, agreed on twice */
        {{2, 1}, "ffgfg", "fffff"},
        {{2, 1}, "oopp", "ooop"},
        {{2, 1}, "ogf", "oof"}, /* two failures, whatever their causes: the latest */
        {{2, 1}, "ouu", "oou"}, /* unknown is believed after two in a row */
        {{2, 1}, "ouo", "ooo"},
        {{2, 1}, "ouf", "ooo"}, /* and flips nothing to failed */
        {{2, 1}, "oufuo", "ooooo"},
        {{2, 1}, "ofuf", "ooof"}, /* nor does it stand between two failures */
        {{2, 1}, "ffuo", "fffo"},
        {{2, 1}, "uf", "uu"}, /* after unknown, failing needs its two runs */
        {{2, 1}, "uff", "uuf"},
        {{2, 1}, "uo", "uo"},
        {{2, 1}, "ffuu", "fffu"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct state state = {0};
        char believed[MAX_STORY];
        char expected[MAX_STORY];
        live(&state, &rows[i].thresholds, rows[i].runs, believed);
        snprintf(expected, sizeof(expected), "%.*s", (int)strlen(rows[i].runs), rows[i].believed);
        if (strcmp(believed, expected) != 0)
            fail_msg("%s gives %s, not %s", rows[i].runs, believed, expected);
    }
}

static void undecided_runs_come_sooner(void **unused)
{
    const struct state_thresholds thresholds = {3, 1};
    struct state state = {0};
    char believed[MAX_STORY];

    (void)unused;
    live(&state, &thresholds, "oo", believed);
    assert_int_equal(state_interval(&state, &thresholds, INTERVAL), INTERVAL);
    live(&state, &thresholds, "f", believed);
    assert_int_equal(state_interval(&state, &thresholds, INTERVAL), INTERVAL / 4);
    live(&state, &thresholds, "ff", believed);
    assert_int_equal(letter_of(&state), 'f');
    assert_int_equal(state_interval(&state, &thresholds, INTERVAL), INTERVAL);
    live(&state, &thresholds, "gugu", believed); /* never agreed on: not sped up for ever */
    assert_int_equal(state_interval(&state, &thresholds, INTERVAL), INTERVAL);
}

static void flips_make_it_intermittent(void **unused)
{
    const struct state_thresholds thresholds = {2, 1};
    struct state state = {0};
    struct state_flips flips;
    char believed[MAX_STORY];

    (void)unused;
    live(&state, &thresholds, "ooofffoooogggooo", believed); /* two outages are two outages */
    assert_false(state.flapping);
    assert_false(state_flips(&state, SEVERITY_OK, &flips));
    assert_int_equal(flips.flips, 4);
    live(&state, &thresholds, "fogo", believed);
    assert_true(state.flapping);
    assert_true(state_flips(&state, SEVERITY_OK, &flips));
    assert_int_equal(flips.runs, STATE_FLIP_WINDOW);
    assert_int_equal(flips.failed, 8);
    assert_int_equal(flips.last_failure, CAUSE_DNS_TIMEOUT);
    live(&state, &thresholds, "uuuuuuuuuuuuuuuuuuuuuuuu", believed); /* says nothing */
    assert_true(state.flapping);
    live(&state, &thresholds, "oooooooooooooooo", believed);
    assert_true(state.flapping); /* three flips are still within the window */
    live(&state, &thresholds, "o", believed);
    assert_false(state.flapping);
}

static void rings_keep_the_newest(void **unused)
{
    const struct state_thresholds thresholds = {1, 1};
    struct state state = {0};
    struct state_result previous;

    (void)unused;
    for (int64_t i = 0; i < 1000; i++) {
        struct state_result result = result_of(i % 2 ? 'f' : 'o', i);
        state_observe(&state, &result, &thresholds, &previous);
        if (i)
            assert_int_equal(previous.at, i - 1);
    }
    assert_int_equal(state_run_count(&state), STATE_MAX_RUNS);
    assert_int_equal(state_run(&state, 0)->at, 1000 - STATE_MAX_RUNS);
    assert_int_equal(state_run(&state, STATE_MAX_RUNS - 1)->at, 999);
    assert_int_equal(state_change_count(&state), STATE_MAX_CHANGES);
    assert_int_equal(state_change(&state, STATE_MAX_CHANGES - 1)->at, 999);
    assert_int_equal(state.changes, 999);
    for (int64_t i = 1000; i < 1200; i++) { /* steady again: changes stay, runs move on */
        struct state_result result = result_of('f', i);
        state_observe(&state, &result, &thresholds, &previous);
    }
    assert_int_equal(state_change(&state, STATE_MAX_CHANGES - 1)->at, 999);
    assert_int_equal(state_run(&state, STATE_MAX_RUNS - 1)->at, 1199);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories),
        cmocka_unit_test(undecided_runs_come_sooner),
        cmocka_unit_test(flips_make_it_intermittent),
        cmocka_unit_test(rings_keep_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
