#include "probes/registry/credentials.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new_secret(0);
    struct credentials found = {0};
    const char *error = NULL;

    switch (credentials_parse((const char *)data, size, "registry.example", 443, false, arena,
                              &found, &error)) {
    case CREDENTIALS_FOUND:
        fuzz_require(found.username && found.secret && *found.secret);
        break;
    case CREDENTIALS_NONE:
        break;
    case CREDENTIALS_UNUSABLE:
        fuzz_require(error != NULL);
        fuzz_require_printable(error);
        break;
    }
    arena_free(arena);
    return 0;
}
