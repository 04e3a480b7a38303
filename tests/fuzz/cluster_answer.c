/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/cluster_status.h"

#include "daemon/kubernetes/event_document.h"
#include "tests/fuzz/fuzz.h"

/* The first byte chooses a status, the rest is the API server's document. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned codes[] = {200, 201, 302, 400, 401, 403, 404, 409, 410, 422, 429, 500};
    struct arena *arena = arena_new(0);
    struct cluster_status status;
    int64_t last = 0;

    if (!size)
        return arena_free(arena), 0;
    const struct http_response response = {.outcome = HTTP_ANSWERED,
                                           .status = codes[data[0] % 12],
                                           .body = (const char *)data + 1,
                                           .body_length = size - 1};
    cluster_status_read(&response, arena, &status);
    fuzz_require((status.outcome == CLUSTER_OK) == (status.document != NULL));
    fuzz_require(status.outcome != CLUSTER_OK || json_is_object(status.document));
    if (status.reason)
        fuzz_require_printable(status.reason);
    if (status.detail)
        fuzz_require_printable(status.detail);
    unsigned count = event_series_read(status.document, &last);
    fuzz_require(count >= 1 && count <= EVENT_MAX_SERIES);
    json_decref(status.document);
    arena_free(arena);
    return 0;
}
