/* SPDX-License-Identifier: MIT */
#include "probes/registry/manifest.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void require_descriptor(const struct descriptor *descriptor)
{
    fuzz_require(descriptor->size >= INT64_MIN);
    fuzz_require(digest_is_valid(descriptor->digest));
    fuzz_require(strcspn(descriptor->digest, "/?#% ") == strlen(descriptor->digest));
}

static void read_as(const uint8_t *data, size_t size, enum media_kind kind, struct arena *arena)
{
    struct platform platform;
    struct manifest manifest;
    const char *error = NULL;
    bool other;

    fuzz_require(platform_parse("linux/arm64/v8", &platform));
    switch (manifest_parse((const char *)data, size, kind, &platform, arena, &manifest, &error)) {
    case MANIFEST_IS_INDEX:
        fuzz_require(manifest.child.digest || error);
        if (manifest.child.digest)
            require_descriptor(&manifest.child);
        break;
    case MANIFEST_IS_IMAGE:
        require_descriptor(&manifest.config);
        for (size_t i = 0; i < manifest.layer_count; i++)
            require_descriptor(&manifest.layers[i]);
        image_config_error((const char *)data, size, &manifest, &platform, true, arena, &other);
        break;
    case MANIFEST_IS_UNSUPPORTED:
    case MANIFEST_IS_NEITHER:
    case MANIFEST_IS_TOO_LARGE:
    case MANIFEST_NO_MEMORY:
        fuzz_require(error != NULL);
        break;
    }
}

/* The bytes as a manifest, as an index, as a platform, and as the body of an error. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    struct platform platform;
    char *text = arena_copy_bytes(arena, data, size);

    read_as(data, size, MEDIA_MANIFEST, arena);
    read_as(data, size, MEDIA_INDEX, arena);
    (void)platform_parse(text, &platform);
    (void)media_kind_of(media_type_of(text, arena));
    fuzz_require(!digest_is_valid(text) || !digest_fits(text, "", 0) || size > 64);
    fuzz_require_printable(manifest_error((const char *)data, size, arena));
    arena_free(arena);
    return 0;
}
