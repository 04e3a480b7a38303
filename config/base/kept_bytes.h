/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Byte strings that are kept for a long time, in blocks of one size. Thousands of them are renewed
 * now and then, and blocks of one size leave no holes in the heap. Aligned groups of eight zero
 * bytes take no room.
 */

#include <stddef.h>

struct kept_bytes;

/* Copies `length` bytes. NULL when memory is short. */
struct kept_bytes *kept_bytes_new(const void *bytes, size_t length);

/* Writes all bytes to `ret`. */
void kept_bytes_read(const struct kept_bytes *kept, void *ret);

/* NULL is allowed. The memory of freed blocks is reused; it goes back to the heap with the last
 * one. */
void kept_bytes_free(struct kept_bytes *kept);
