#pragma once

/*
 * Byte strings that are kept for long, in blocks of one size: thousands of them, each renewed now
 * and then, lie side by side and leave no holes among what comes and goes in between. Aligned
 * groups of eight zero bytes take no room.
 */

#include <stddef.h>

struct kept_bytes;

/* A copy of `length` bytes; NULL when memory is short. */
struct kept_bytes *kept_bytes_new(const void *bytes, size_t length);

size_t kept_bytes_length(const struct kept_bytes *kept);

/* Writes all of them to `ret`. */
void kept_bytes_read(const struct kept_bytes *kept, void *ret);

/* NULL is allowed. What blocks took goes back to the heap with the last of them; until then it is
 * used for those that follow. */
void kept_bytes_free(struct kept_bytes *kept);
