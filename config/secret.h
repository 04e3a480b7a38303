/* SPDX-License-Identifier: MIT */
#pragma once

/* Recognises keys that were given by mistake in a setting that is printed. */

#include <stdbool.h>

#include "config/base/arena.h"

/*
 * True if `value` looks like a key, or like the content of a file that holds one: JSON, PEM,
 * several lines, a token, a word that looks random, Base64 of JSON, of USER:PASSWORD or of a longer
 * text, "NAME=..." if NAME is that of a key, or a URL with user information or with a token in its
 * path or query. Such a value is refused and not shown.
 */
bool may_be_secret(const char *value);

/* True also for a word that passwords resemble more often than names do. Such a value may be right,
 * so it is refused only for another reason, and then it is not shown. */
bool may_be_password(const char *value);

/* True for a long word that changes between letters and digits, or between small letters and
 * capitals, as often as tokens do. */
bool is_random_word(const char *word, size_t length);

/* Bytes of NAME if a value that was refused may be NAME:PASSWORD, so that no more of it is shown; 0
 * for any other value. */
size_t length_before_password(const char *value);

/* A check for struct schema_key. Returns NULL if `value` can be the path of a file, else one
 * sentence that does not repeat it. A relative path without "./" must exist, because a password
 * looks like one. */
const char *check_path(const char *value, struct arena *arena);
