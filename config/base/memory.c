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

void *memory_resize(void *block, size_t size)
{
    return checked(must_fail() ? NULL : realloc(block, size ? size : 1));
}

void memory_release(void *block)
{
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
