#include "stepping_clock.h"

#include <time.h>

#include "config/base/clock.h"

struct stepping_clock stepping_clock;

static usec_t steady(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static int64_t stepped(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    stepping_clock.readings++;
    return (int64_t)now.tv_sec * (int64_t)USEC_PER_SEC + now.tv_nsec / 1000 +
           (stepping_clock.at && stepping_clock.readings >= stepping_clock.at ? stepping_clock.step
                                                                              : 0);
}

void stepping_clock_start(void)
{
    static const struct clock_source source = {steady, stepped};

    stepping_clock = (struct stepping_clock){0};
    clock_replace(&source);
}

void stepping_clock_stop(void)
{
    clock_replace(NULL);
}
