/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/settings.h"

/* If a docker config is read: no core dump, no /proc/PID/mem, no debugger of the same user
 * (PR_SET_DUMPABLE(2const)). NULL is allowed. */
void secrecy_keep(const struct settings *settings);

/* The same without a condition, before keys are read from elsewhere. */
void secrecy_begin(void);
