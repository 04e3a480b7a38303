/* SPDX-License-Identifier: MIT */
#pragma once

/* The heads of lines that begin a new record of a log or a new line of a terminal session. */

#include <stdbool.h>
#include <stddef.h>

/* True if a record begins at `at`, the first byte of a line of folded text. */
bool record_begins(const char *at);

/* The length of the time, and of the program, that a log writes in front of the message of the line
 * at `at`; the last byte of the head is the only space between them. 0: there is none. */
size_t record_head(const char *at);

/* The length of what a chat, a page or a program puts in front of each line that it repeats, such
 * as "> " and "app-1 | ". `end` is that of the text. */
size_t record_frame(const char *at, const char *end);
