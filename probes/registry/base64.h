/* SPDX-License-Identifier: MIT */
#pragma once

/* Base64 (RFC 4648), padded or not. */

#include <stddef.h>

#include "config/base/arena.h"

/* NULL when it is not base64 (or memory is short). A NUL follows the bytes. */
char *base64_decode(const char *text, size_t length, struct arena *arena, size_t *ret_length);
char *base64_encode(const char *bytes, size_t length, struct arena *arena);
