/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The only place that reads a clock, so that a test can replace it.
 *
 * Durations and deadlines are monotonic microseconds (`usec_t`). Wall time serves only to publish
 * times and to compare them with certificates and with a peer's Date.
 */

#include <stdint.h>
#include <sys/time.h>

typedef uint64_t usec_t;

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL

struct clock_source {
    usec_t (*monotonic)(void); /* microseconds since an arbitrary point; never goes back */
    int64_t (*wall)(void);     /* microseconds since 1970-01-01 UTC */
    usec_t (*asleep)(void);    /* as clock_asleep(); NULL: the system's */
};

extern const struct clock_source clock_system; /* the default */

usec_t clock_monotonic(void);
int64_t clock_wall(void);

/* Microseconds that the machine has slept since it started, during which the monotonic clock stops.
 * It is the difference of two clocks, so a later figure may be a microsecond less. */
usec_t clock_asleep(void);

/* Converts a duration for libevent's timers. */
struct timeval clock_timeval(usec_t duration);

/* For tests. Replaces the clocks; NULL restores the system's. `replacement` is borrowed until
 * then. */
void clock_replace(const struct clock_source *replacement);
