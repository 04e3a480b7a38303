/* SPDX-License-Identifier: MIT */
/* check: runs every target once, prints a report, and exits with the worst status. */

#include <stdio.h>

#include "config/base/memory.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/measure.h"

static int report_all(const struct invocation *invocation, const struct settings *settings,
                      const struct measurement *measurement)
{
    size_t count = settings->target_count;
    struct judged *judged = memory_allocate((count + 1) * sizeof(*judged));
    int status = COMMAND_STATUS_UNKNOWN;
    size_t known = 0;

    for (size_t i = 0; judged && i < count; i++) {
        const struct evidence *evidence;
        if (measurement_get(measurement, i, &evidence))
            judged[known++] = (struct judged){&settings->targets[i], evidence};
    }
    if (known < count)
        fprintf(stderr, "tcr-probe: interrupted before %zu of %zu targets were probed\n",
                count - known, count);
    if (known || !count)
        status = command_report(invocation, judged, known);
    memory_release(judged);
    return known < count && status != COMMAND_STATUS_FAIL ? COMMAND_STATUS_UNKNOWN : status;
}

int command_check(const struct invocation *invocation, struct settings *settings)
{
    if (invocation->replay_file)
        return command_replay(invocation);

    struct measurement *measurement = measure(invocation, settings);
    int status =
        measurement ? report_all(invocation, settings, measurement) : COMMAND_STATUS_UNKNOWN;

    measurement_free(measurement);
    return status;
}
