/* SPDX-License-Identifier: MIT */
#include "probes/registry/ping.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct api_evidence api = {0};

    registry_read_ping(fuzz_http_get(data, size, SIZE_MAX, arena), NULL, arena, arena, &api);
    fuzz_require(api.outcome != API_SKIPPED && api.outcome != API_LOCAL);
    fuzz_require_printable(api.content_type);
    fuzz_require_printable(api.server);
    fuzz_require_printable(api.registry_version);
    fuzz_require_printable(api.location);
    fuzz_require_printable(api.client_address);
    fuzz_require_printable(api.detail);
    arena_free(arena);
    return 0;
}
