/* SPDX-License-Identifier: MIT */
/* check --replay FILE: diagnoses a saved report again, by the rules of this version. No network. */

#include <stdio.h>

#include "config/base/memory.h"
#include "daemon/commands/commands.h"
#include "daemon/report/replay.h"

#define ERROR_SIZE 512

int command_replay(const struct invocation *invocation)
{
    char error[ERROR_SIZE] = "";
    struct replay *replay = NULL;

    if (replay_read(invocation->replay_file, &replay, error, sizeof(error))) {
        fprintf(stderr, "tcr-probe: %s\n", error);
        return COMMAND_STATUS_UNKNOWN;
    }
    size_t count = replay_count(replay);
    struct judged *judged = memory_allocate(count * sizeof(*judged));
    for (size_t i = 0; judged && i < count; i++)
        judged[i] = (struct judged){replay_target(replay, i), replay_evidence(replay, i)};
    int status = command_report(invocation, judged, count);
    memory_release(judged);
    replay_free(replay);
    return status;
}
