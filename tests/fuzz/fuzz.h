/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shared by the fuzz targets. A target is one LLVMFuzzerTestOneInput() over one parser: it feeds
 * the bytes and requires the promises about the result, whatever the bytes were.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/base/arena.h"
#include "probes/transport/http_exchange.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process as a crash does when `holds` is false, in every kind of build. */
static inline void fuzz_require(bool holds)
{
    if (!holds)
        abort();
}

/* NULL, or one line of printable ASCII, so a peer's text may be shown. */
void fuzz_require_printable(const char *text);
void fuzz_require_all_printable(const char *const *texts, size_t count);

/* One `tcr-probe check` whose last word is a target, and nothing that a shell takes for more. */
void fuzz_require_check_command(const char *command, struct arena *arena);

/* The bytes up to the first NUL, or all of them, as a string; memory_release() frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The path of a file that holds the bytes; good until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* The answer to a GET when the peer sends the bytes in pieces of `piece` and closes. */
const struct http_response *fuzz_http_get(const uint8_t *data, size_t size, size_t piece,
                                          struct arena *arena);
