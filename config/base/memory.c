/* SPDX-License-Identifier: MIT */
#include "config/base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static uint64_t failures;
static int (*fault)(void);

static void *checked(void *block)
{
    if (!block)
        failures++;
    return block;
}

static int must_fail(void)
{
    return fault && fault();
}

void *memory_allocate(size_t size)
{
    return checked(must_fail() ? NULL : calloc(1, size ? size : 1));
}

void *memory_allocate_unset(size_t size)
{
    return checked(must_fail() ? NULL : malloc(size ? size : 1));
}

/* Bytes that the block has room for, so also those that a caller wrote beyond its request. */
static void wipe(void *block, size_t from)
{
    size_t size = malloc_usable_size(block);

    if (from < size)
        explicit_bzero((char *)block + from, size - from);
}

/* realloc() would leave the content behind where it was. */
static void *move(void *block, size_t size)
{
    size_t old = block ? malloc_usable_size(block) : 0;
    void *moved = malloc(size);

    if (!moved)
        return NULL;
    if (old)
        memcpy(moved, block, old < size ? old : size);
    memory_release(block);
    return moved;
}

void *memory_resize(void *block, size_t size)
{
    size = size ? size : 1;
    if (must_fail())
        return checked(NULL);
    if (!block || malloc_usable_size(block) < size)
        return checked(move(block, size));
    wipe(block, size);
    return block;
}

void memory_release(void *block)
{
    if (block)
        wipe(block, 0);
    free(block);
}

char *memory_copy_text(const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memory_allocate(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void memory_trim(void)
{
    malloc_trim(0);
}

uint64_t memory_failures(void)
{
    return failures;
}

void memory_set_fault(int (*should_fail)(void))
{
    fault = should_fail;
}
