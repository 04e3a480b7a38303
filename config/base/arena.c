/* SPDX-License-Identifier: MIT */
#include "config/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/base/memory.h"

/* bytes; small, so that a run's evidence wastes little, but large enough to need few chunks */
#define CHUNK_SIZE ((size_t)512)
#define ALIGNMENT  _Alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

struct arena {
    struct chunk *chunks; /* new pieces come from the first one */
    size_t held;
    size_t limit;
    bool failed;
};

struct arena *arena_new(size_t limit)
{
    struct arena *arena = memory_allocate(sizeof(*arena));

    if (arena)
        arena->limit = limit;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->chunks; chunk;) {
        struct chunk *next = chunk->next;
        memory_release(chunk);
        chunk = next;
    }
    memory_release(arena);
}

static struct chunk *add_chunk(struct arena *arena, size_t size)
{
    if (arena->limit && (size > arena->limit || arena->held > arena->limit - size))
        return NULL;
    struct chunk *chunk = memory_allocate(sizeof(*chunk) + size);
    if (!chunk)
        return NULL;
    chunk->size = size;
    arena->held += size;
    /* A large piece gets a chunk of its own, behind the first one, so that the rest of that is
     * used. */
    if (size > CHUNK_SIZE && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    return chunk;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    size_t rounded = size ? (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT : ALIGNMENT;
    struct chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < rounded)
        chunk = add_chunk(arena, rounded > CHUNK_SIZE ? rounded : CHUNK_SIZE);
    if (!chunk) {
        arena->failed = true;
        return NULL;
    }
    void *piece = (char *)chunk->bytes + chunk->used;
    chunk->used += rounded;
    return piece;
}

char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length)
{
    char *copy = arena_allocate(arena, length + 1);

    if (copy && length)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    return text ? arena_copy_bytes(arena, text, strlen(text)) : NULL;
}

char *arena_format_list(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : arena_allocate(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = arena_format_list(arena, format, arguments);
    va_end(arguments);
    return text;
}

bool arena_failed(const struct arena *arena)
{
    return arena->failed;
}

bool arena_owns(const struct arena *arena, const void *piece)
{
    uintptr_t at = (uintptr_t)piece;

    for (const struct chunk *chunk = arena->chunks; chunk; chunk = chunk->next)
        if (at >= (uintptr_t)chunk->bytes && at < (uintptr_t)chunk->bytes + chunk->used)
            return true;
    return false;
}

size_t arena_size(const struct arena *arena)
{
    return arena->held;
}
