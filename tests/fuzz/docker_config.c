/* SPDX-License-Identifier: MIT */
#include "probes/registry/credentials.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The bytes as one file, and as a second one after a good one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char good[] = "{\"auths\":{\"registry.example\":{\"auth\":\"dTpw\"}}}";
    struct arena *arena = arena_new(0);
    struct keyring keyring = {0};

    const char *error = keyring_parse(&keyring, (const char *)data, size, arena);
    fuzz_require(!error || !keyring.count);
    fuzz_require_printable(error);
    fuzz_require(!keyring_parse(&keyring, good, strlen(good), arena));
    size_t before = keyring.count;
    error = keyring_parse(&keyring, (const char *)data, size, arena);
    fuzz_require(!error || keyring.count == before);
    struct keys found = keyring_find(&keyring, "registry.example/team/app", arena);
    fuzz_require(found.count >= 1 && found.count <= keyring.count);
    for (size_t i = 0; i < found.count; i++)
        fuzz_require(found.list[i].username && found.list[i].entry);
    for (size_t i = 1; i < keyring.count; i++)
        fuzz_require(strcmp(keyring.entries[i - 1].place, keyring.entries[i].place) >= 0);
    fuzz_require(keyring_find_host(&keyring, "registry.example", arena).count >= 1);
    arena_free(arena);
    return 0;
}
