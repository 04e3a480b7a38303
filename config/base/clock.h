#pragma once

/*
 * The one place that reads a clock, so that a test can replace it.
 *
 * Durations and deadlines are monotonic microseconds (`usec_t`). Wall time is used for nothing but
 * publishing and for comparing with certificates and with a peer's Date.
 */

#include <stdint.h>

typedef uint64_t usec_t;

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL

struct clock_source {
    usec_t (*monotonic)(void); /* microseconds since an arbitrary point; never goes back */
    int64_t (*wall)(void);     /* microseconds since 1970-01-01 UTC */
};

extern const struct clock_source clock_system; /* what is read unless it is replaced */

usec_t clock_monotonic(void);
int64_t clock_wall(void);

/* Replaces both clocks; NULL restores the system's. `replacement` is borrowed until replaced. For
 * tests.
 */
void clock_replace(const struct clock_source *replacement);
