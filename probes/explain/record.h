/* SPDX-License-Identifier: MIT */
#pragma once

/* The heads of lines that begin a new record of a log or a new line of a terminal session. */

#include <stdbool.h>

/* True if a record begins at `at`, the first byte of a line of folded text. */
bool record_begins(const char *at);
