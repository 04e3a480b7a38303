/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/command.h"

/* Appends the help of one command: usage, options, exit statuses and examples. For `help`, appends
 * the list of commands. Lines have at most 80 columns. */
void help_print(enum command command, struct text *text);
