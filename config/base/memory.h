/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The only allocator. Our own code calls it, and probes/libraries.c hands it to OpenSSL, c-ares,
 * libevent and jansson, so that a test can fail the n-th allocation of a whole run.
 *
 * Nothing here aborts: every function that allocates returns NULL when memory is short, and the
 * failure is counted, because a run in which an allocation failed must not blame the registry.
 *
 * Released memory is wiped, because it may hold a secret or a peer's words that repeat one. So no
 * library and no caller has to know which of its texts do.
 */

#include <stddef.h>
#include <stdint.h>

/* Zeroed memory, or NULL. A size of 0 gives a unique pointer. Release with memory_release(). */
void *memory_allocate(size_t size);

/* The same with whatever was there before, for libraries that expect no more of malloc(). */
void *memory_allocate_unset(size_t size);

/* Resizes like realloc(); the new part is not zeroed. NULL on failure, and `block` stays valid. */
void *memory_resize(void *block, size_t size);

/* NULL is allowed. */
void memory_release(void *block);

/* A copy of `text` (NULL gives NULL without counting as a failure). */
char *memory_copy_text(const char *text);

/* Returns free memory to the system, for use after a burst. Takes milliseconds. */
void memory_trim(void);

/* How many allocations, ours and the libraries', have failed since the process started. */
uint64_t memory_failures(void);

/*
 * Asked before every allocation; returning nonzero makes it fail. NULL removes it. For tests.
 */
void memory_set_fault(int (*should_fail)(void));
