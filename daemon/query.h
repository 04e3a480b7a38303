#pragma once

/* The query of a request target: application/x-www-form-urlencoded. */

#include <stdbool.h>
#include <stddef.h>

/* Whether `key` stands in it, with or without a value. */
bool query_has(const char *query, const char *key);

/* The first value of `key`, decoded into `buffer`; NULL when it is not there, is too long, or holds
 * a NUL. */
const char *query_value(const char *query, const char *key, char *buffer, size_t size);
