#pragma once

/*
 * Pasted text as one form: what terminals, logs and YAML did to it is undone, so that a phrase can
 * be found wherever a line was wrapped.
 */

#include <stddef.h>

/*
 * Writes the folded text and a NUL to `folded` (length + 1 bytes) and returns its length. Escapes
 * (\" \\ \n \u0026 ...) and terminal colours are undone, typographic quotes are plain. A line end
 * with the whitespace around it becomes one '\n', other whitespace and control characters one ' '.
 */
size_t pull_error_fold(const char *bytes, size_t length, char *folded);

/*
 * How many characters of folded text at `at` are `phrase`; 0: it is not there. A space of the
 * phrase is a space or a line end; any other place may be wrapped. A small letter stands for both
 * cases.
 */
size_t phrase_match(const char *at, const char *phrase);

/* The next character that is not a wrapped line's end. */
const char *unwrapped(const char *at);
