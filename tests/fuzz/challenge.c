/* SPDX-License-Identifier: MIT */
#include "probes/registry/challenge.h"

#include <string.h>

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    char *header = fuzz_text(data, size);
    struct challenge challenge;

    challenge_parse(header, arena, &challenge);
    fuzz_require(challenge.kind != CHALLENGE_NONE);
    fuzz_require(challenge.kind != CHALLENGE_BEARER || *challenge.realm);
    fuzz_require(!challenge.realm || strlen(challenge.realm) <= strlen(header));
    fuzz_require(!challenge.scope || strlen(challenge.scope) <= strlen(header));
    memory_release(header);
    arena_free(arena);
    return 0;
}
