/* SPDX-License-Identifier: MIT */
#include "config/base/clock.h"

#include <time.h>

static usec_t system_monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (usec_t)now.tv_sec * USEC_PER_SEC + (usec_t)now.tv_nsec / 1000;
}

static int64_t system_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * (int64_t)USEC_PER_SEC + now.tv_nsec / 1000;
}

static usec_t system_asleep(void)
{
    struct timespec boot;
    usec_t awake = system_monotonic();

    if (clock_gettime(CLOCK_BOOTTIME, &boot))
        return 0;
    usec_t since = (usec_t)boot.tv_sec * USEC_PER_SEC + (usec_t)boot.tv_nsec / 1000;
    return since > awake ? since - awake : 0;
}

const struct clock_source clock_system = {system_monotonic, system_wall, system_asleep};
static const struct clock_source *source = &clock_system;

usec_t clock_monotonic(void)
{
    return source->monotonic();
}

int64_t clock_wall(void)
{
    return source->wall();
}

usec_t clock_asleep(void)
{
    return source->asleep ? source->asleep() : system_asleep();
}

struct timeval clock_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

void clock_replace(const struct clock_source *replacement)
{
    source = replacement ? replacement : &clock_system;
}
