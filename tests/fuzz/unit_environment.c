/* SPDX-License-Identifier: MIT */
#include "probes/node/unit_environment.h"

#include "tests/fuzz/fuzz.h"

/* The bytes as a unit, whose EnvironmentFile= may name any path below a folder without files. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct unit_environment environment = {0};

    unit_environment_apply("/nonexistent", "a.conf", arena_copy_bytes(arena, data, size), arena,
                           &environment);
    for (unsigned i = 0; i < UNIT_VARIABLE_COUNT; i++)
        fuzz_require(!environment.values[i].value == !environment.values[i].file);
    fuzz_require(!arena_failed(arena));
    arena_free(arena);
    return 0;
}
