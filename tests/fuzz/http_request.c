/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/http_request.h"

#include <string.h>

#include "config/base/memory.h"
#include "daemon/endpoint/query.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const allowed[] = {"probe.example"};
    size_t length = http_request_head_length((const char *)data, size);
    struct http_request_head head;
    char *bytes = memory_allocate(length + 1); /* parsed in place */

    fuzz_require(length <= size);
    memcpy(bytes, data, length);
    if (length && http_request_parse(bytes, length, &head) == 0) {
        fuzz_require(head.method && head.path[0] == '/');
        fuzz_require_printable(head.path);
        fuzz_require_printable(head.query);
        fuzz_require(head.content_length <= HTTP_REQUEST_MAX_BODY);
        query_value(head.query, "target", (char[64]){""}, 64);
        http_request_host_allowed(head.host, "node-1", allowed, 1);
    }
    memory_release(bytes);
    return 0;
}
