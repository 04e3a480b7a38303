/* SPDX-License-Identifier: MIT */
#include "probes/registry/credentials.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The bytes as one file, and as a second one after a good one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char good[] = "{\"auths\":{\"registry.example\":{\"auth\":\"dTpw\"}}}";
    struct arena *arena = arena_new(0);
    struct credentials found[KEYRING_MAX_KEYS];
    struct keyring keyring = {0};

    const char *error = keyring_parse(&keyring, (const char *)data, size, arena);
    fuzz_require(!error || !keyring.count);
    fuzz_require_printable(error);
    fuzz_require(!keyring_parse(&keyring, good, strlen(good), arena));
    size_t before = keyring.count;
    error = keyring_parse(&keyring, (const char *)data, size, arena);
    fuzz_require(!error || keyring.count == before);
    size_t count = keyring_find(&keyring, "registry.example/team/app", found);
    fuzz_require(count >= 1 && count <= KEYRING_MAX_KEYS);
    for (size_t i = 0; i < count; i++)
        fuzz_require(found[i].username && found[i].secret && found[i].entry);
    for (size_t i = 1; i < keyring.count; i++)
        fuzz_require(strcmp(keyring.entries[i - 1].place, keyring.entries[i].place) >= 0);
    fuzz_require(keyring_find_host(&keyring, "registry.example", found) >= 1);
    arena_free(arena);
    return 0;
}
