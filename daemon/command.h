#pragma once

/* The commands of the program. Each returns the exit status: the monitoring-plugin convention. */

#include "config/invocation.h"
#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"

enum {
    COMMAND_STATUS_OK = 0,
    COMMAND_STATUS_WARN = 1,
    COMMAND_STATUS_FAIL = 2,
    COMMAND_STATUS_UNKNOWN = 3, /* also usage errors */
};

int command_status(enum severity severity);

int command_main(int argc, char **argv);
int command_check(const struct invocation *invocation, const struct settings *settings);
