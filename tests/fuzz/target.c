/* SPDX-License-Identifier: MIT */
#include "config/target.h"

#include <string.h>

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena *arena = arena_new(0);
    struct target target = {0};

    if (target_parse(text, arena, &target) == NULL) {
        fuzz_require(target.port > 0 && *target.host && strlen(target.host) <= 253);
        fuzz_require_printable(target.host);
        fuzz_require(strpbrk(target.host, " /?#@[]%\\ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL);
        fuzz_require(target.host_is_address || strchr(target.host, ':') == NULL);
        fuzz_require(target.image_count <= 1);
        for (size_t i = 0; i < target.image_count; i++)
            fuzz_require(image_check(target.images[i]) == NULL);
        fuzz_require(!target.instance || strstr(target.host, target.instance) == target.host);
    }
    arena_free(arena);
    memory_release(text);
    return 0;
}
