#pragma once

#include "config/settings.h"

/* Where a docker config is read: no core dump, no /proc/PID/mem, no debugger of the same user
 * (PR_SET_DUMPABLE(2const)). NULL is allowed. */
void secrecy_keep(const struct settings *settings);
