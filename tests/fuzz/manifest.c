#include "probes/registry/manifest.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The bytes as a manifest, and as the body of an error. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct manifest manifest;
    const char *error = NULL;

    switch (manifest_parse((const char *)data, size, arena, &manifest, &error)) {
    case MANIFEST_IS_INDEX:
    case MANIFEST_IS_IMAGE:
        fuzz_require(manifest.size >= -1);
        fuzz_require(!manifest.digest ||
                     strcspn(manifest.digest, "/?#% ") == strlen(manifest.digest));
        break;
    case MANIFEST_IS_NEITHER:
    case MANIFEST_IS_TOO_LARGE:
    case MANIFEST_NO_MEMORY:
        fuzz_require(error != NULL);
        break;
    }
    fuzz_require_printable(manifest_error((const char *)data, size, arena));
    arena_free(arena);
    return 0;
}
