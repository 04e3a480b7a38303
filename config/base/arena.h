#pragma once

/*
 * A bump allocator for data that lives and dies together: one run's evidence, one diagnosis, one
 * settings object. Pieces are never freed singly. A failed piece gives NULL and leaves
 * arena_failed() true, so that a caller may check once at the end.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* At most `limit` bytes in all (0: no limit). NULL when memory is short. */
struct arena *arena_new(size_t limit);

/* As arena_new(), for what nobody may find in memory later: freeing wipes every piece first. */
struct arena *arena_new_secret(size_t limit);

/* Frees the arena and everything in it; NULL is allowed. */
void arena_free(struct arena *arena);

/* Zeroed, aligned for any type; NULL when memory or the limit is exhausted. */
void *arena_allocate(struct arena *arena, size_t size);

/* Copies into the arena; NULL gives NULL. */
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length); /* adds a NUL */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_format_list(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Whether any piece could not be had since the arena was made. */
bool arena_failed(const struct arena *arena);

/* Bytes held from the allocator. */
size_t arena_size(const struct arena *arena);
