/* SPDX-License-Identifier: MIT */
/* Preloaded into a program, so that allocation number FAIL_AT (from 1) fails, also if the C library
 * or another library makes it. The number of allocations is written to FAIL_COUNT at the end. */

#include <dlfcn.h>
#include <errno.h>
#include <openssl/opensslv.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

extern void *original_malloc(size_t size) __asm__("__libc_malloc");
extern void *original_calloc(size_t count, size_t size) __asm__("__libc_calloc");
extern void *original_realloc(void *block, size_t size) __asm__("__libc_realloc");

static unsigned long count;
static unsigned long failing;
static unsigned in_once; /* calls of pthread_once() that have not returned */

__attribute__((constructor)) static void read_order(void)
{
    const char *order = getenv("FAIL_AT");

    count = 0;
    failing = order ? strtoul(order, NULL, 10) : 0;
}

__attribute__((destructor)) static void tell_count(void)
{
    const char *path = getenv("FAIL_COUNT");
    unsigned long counted = count;
    FILE *file = path ? fopen(path, "we") : NULL;

    if (!file)
        return;
    fprintf(file, "%lu", counted);
    fclose(file);
}

/* libseccomp 2.5 crashes or hangs if one of its own allocations fails, so these do not fail:
 * this is no test of libseccomp. Nor do those that OpenSSL 3.5 makes in pthread_once(): to note the
 * error it calls pthread_once() for the same thing, and waits for itself. */
static bool fails(const void *caller)
{
    Dl_info info;

    if (++count != failing)
        return false;
    errno = ENOMEM;
    if (OPENSSL_VERSION_NUMBER >= 0x30200000L && in_once)
        return false;
    return !dladdr(caller, &info) || !strstr(info.dli_fname, "libseccomp");
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): glibc's are reserved names */

EXPORT int pthread_once(pthread_once_t *control, void (*routine)(void))
{
    static int (*original)(pthread_once_t *, void (*)(void));

    if (!original)
        *(void **)&original = dlsym(RTLD_NEXT, "pthread_once");
    in_once++;
    int status = original(control, routine);
    in_once--;
    return status;
}

EXPORT void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : original_malloc(size);
}

EXPORT void *calloc(size_t number, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : original_calloc(number, size);
}

EXPORT void *realloc(void *block, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : original_realloc(block, size);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
