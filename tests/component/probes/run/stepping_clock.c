/* SPDX-License-Identifier: MIT */
#include "stepping_clock.h"

#include <stddef.h>

#include "config/base/clock.h"

struct stepping_clock stepping_clock;

static int64_t stepped(void)
{
    struct stepping_clock *clock = &stepping_clock;

    clock->readings++;
    return clock_system.wall() + (clock->at && clock->readings >= clock->at ? clock->step : 0);
}

void stepping_clock_start(void)
{
    static struct clock_source source;

    source = (struct clock_source){clock_system.monotonic, stepped, NULL};
    stepping_clock = (struct stepping_clock){0};
    clock_replace(&source);
}

void stepping_clock_stop(void)
{
    clock_replace(NULL);
}
