/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "tests/fuzz/fuzz.h"

/* However the bytes are cut into pieces, the answer is the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    const struct http_response *whole = fuzz_http_get(data, size, SIZE_MAX, arena);
    const struct http_response *bytewise = fuzz_http_get(data, size, 1, arena);

    fuzz_require(whole->outcome == bytewise->outcome && whole->status == bytewise->status);
    fuzz_require(whole->header_count == bytewise->header_count);
    fuzz_require(whole->header_count <= HTTP_MAX_HEADERS && whole->body_length <= HTTP_MAX_BODY);
    fuzz_require(whole->body_length == bytewise->body_length);
    fuzz_require(whole->odd_headers == bytewise->odd_headers);
    fuzz_require(memcmp(whole->body, bytewise->body, whole->body_length) == 0);
    fuzz_require(whole->outcome != HTTP_ANSWERED || (whole->status > 199 && whole->status < 1000));
    for (size_t i = 0; i < whole->header_count; i++)
        fuzz_require(strcmp(whole->headers[i].value, bytewise->headers[i].value) == 0);
    arena_free(arena);
    return 0;
}
