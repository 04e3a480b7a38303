#include "config/base/clock.h"

#include <stddef.h>
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

const struct clock_source clock_system = {system_monotonic, system_wall};
static const struct clock_source *source = &clock_system;

usec_t clock_monotonic(void)
{
    return source->monotonic();
}

int64_t clock_wall(void)
{
    return source->wall();
}

void clock_replace(const struct clock_source *replacement)
{
    source = replacement ? replacement : &clock_system;
}
