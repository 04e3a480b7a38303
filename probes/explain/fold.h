/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Pasted text in one form: the changes of terminals, logs and YAML are undone, so that a phrase is
 * found wherever a line was wrapped.
 */

#include <stdbool.h>
#include <stddef.h>

#define FOLD_BLANK_LINE '\f' /* replaces one or more blank lines; no phrase continues across it */

/*
 * Writes the folded text and a NUL to `folded` (length + 1 bytes) and returns its length. Escapes
 * (\" \\ \n \u0026 ...) and terminal colours are undone, typographic quotes are plain. A line end
 * with the whitespace around it becomes one '\n', a blank line FOLD_BLANK_LINE, other whitespace
 * and control characters one ' '. What repeats a text line by line, such as "> ", is left out.
 * A NUL stands behind `bytes`.
 */
size_t pull_error_fold(const char *bytes, size_t length, char *folded);

/*
 * Returns the length of `phrase` in the folded text at `at`, or 0 if it is not there. A space of
 * the phrase matches a space or a line end; the text may be wrapped anywhere else. A small letter
 * matches both cases.
 */
size_t phrase_match(const char *at, const char *phrase);

/* True if the text ends within `phrase`, which begins at `at`. */
bool phrase_is_cut(const char *at, const char *phrase);

/* The next character that is not a wrapped line's end. */
const char *unwrapped(const char *at);
