/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <string.h>

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    struct arena *arena = arena_new(0);
    struct url url = {0};

    if (url_parse(text, arena, &url) == NULL) {
        fuzz_require(url.port > 0 && *url.host && url.path[0] == '/');
        fuzz_require_printable(url.host);
        fuzz_require_printable(url.path);
        fuzz_require(!strpbrk(url.host, " /?#@[]%\\ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
        fuzz_require(!strpbrk(url.path, " #"));
    }
    const char *path = url_resolve_path("/a/b?c", text, arena);
    const char *dots = strstr(path, "/../");
    fuzz_require(*path == '/' && (!dots || dots >= path + strcspn(path, "?#")));
    arena_free(arena);
    memory_release(text);
    return 0;
}
