/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A bump allocator for data that is freed together: one run's evidence, one diagnosis, one settings
 * object. Single pieces are never freed. If a piece fails, the function returns NULL and
 * arena_failed() stays true, so that a caller can check once at the end.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Makes an arena of at most `limit` bytes (0: no limit). NULL when memory is short. */
struct arena *arena_new(size_t limit);

/* Frees the arena and everything in it; NULL is allowed. */
void arena_free(struct arena *arena);

/* Returns zeroed memory, aligned for any type; NULL when memory is short or the limit is reached.
 */
void *arena_allocate(struct arena *arena, size_t size);

/* Copy into the arena. A NULL text gives NULL. */
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length); /* adds a NUL */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_format_list(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* True if any piece failed since the arena was made. */
bool arena_failed(const struct arena *arena);

/* True if `piece` was allocated from the arena. */
bool arena_owns(const struct arena *arena, const void *piece);

/* Returns the bytes that the arena holds. */
size_t arena_size(const struct arena *arena);
