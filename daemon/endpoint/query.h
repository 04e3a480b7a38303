/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads the query of a request target, which is application/x-www-form-urlencoded. */

#include <stdbool.h>
#include <stddef.h>

/* True if the query has `key`, with or without a value. */
bool query_has(const char *query, const char *key);

/* The first value of `key`, decoded into `buffer`; NULL if it is not there, is too long, or has a
 * NUL. */
const char *query_value(const char *query, const char *key, char *buffer, size_t size);
