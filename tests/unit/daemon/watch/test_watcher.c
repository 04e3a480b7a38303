/* SPDX-License-Identifier: MIT */
/* The schedule: evenly spread, jittered by at most a tenth, never drifting. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/watch/watcher.h"

#define INTERVAL (30 * USEC_PER_SEC)

static void due_stays_on_the_grid(void **state)
{
    usec_t grid = 7 * USEC_PER_SEC;

    (void)state;
    for (uint64_t cycle = 0; cycle < 10000; cycle++) {
        usec_t due = watch_due(grid, INTERVAL, cycle, "acme-prod");
        assert_in_range(due, grid + cycle * INTERVAL, grid + cycle * INTERVAL + INTERVAL / 10);
    }
}

static void jitter_differs_by_cycle_and_name(void **state)
{
    usec_t first = watch_due(0, INTERVAL, 0, "acme-prod");

    (void)state;
    assert_int_not_equal(first, watch_due(0, INTERVAL, 0, "acme-test"));
    assert_int_not_equal(first + INTERVAL, watch_due(0, INTERVAL, 1, "acme-prod"));
    assert_int_equal(first, watch_due(0, INTERVAL, 0, "acme-prod"));
}

/* With 10,000 names, each tenth of a range has between nine and eleven tenths of its share. */
static void require_even(usec_t (*place)(const char *name), usec_t range)
{
    unsigned shares[10] = {0};
    char name[32];

    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "registry-%u.example", i);
        usec_t at = place(name);
        assert_in_range(at, 0, range - 1);
        shares[at * 10 / range]++;
    }
    for (size_t i = 0; i < 10; i++)
        assert_in_range(shares[i], 900, 1100);
}

static usec_t jitter(const char *name)
{
    return watch_due(0, INTERVAL, 0, name);
}

static usec_t phase(const char *name)
{
    usec_t begun = 7 * USEC_PER_SEC;
    usec_t grid = watch_grid(begun, INTERVAL, name);

    assert_in_range(grid, begun + INTERVAL / 2, begun + INTERVAL * 3 / 2);
    return grid % INTERVAL;
}

static void targets_are_spread_evenly(void **state)
{
    (void)state;
    require_even(jitter, INTERVAL / 10 + 1);
    require_even(phase, INTERVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_stays_on_the_grid),
        cmocka_unit_test(jitter_differs_by_cycle_and_name),
        cmocka_unit_test(targets_are_spread_evenly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
