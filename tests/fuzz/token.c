/* SPDX-License-Identifier: MIT */
#include "probes/registry/token.h"

#include <string.h>

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

/* The bytes as a token service's answer, and as the claims of a token. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    const char *token = NULL;
    const char *error = NULL;
    char *text = fuzz_text(data, size);
    struct token_grants grants;

    if (token_parse((const char *)data, size, size % 2 == 1, arena, &token, &error) == TOKEN_OK)
        fuzz_require(*token && strcspn(token, " \r\n\t") == strlen(token));
    else
        fuzz_require(error != NULL);
    token_read_grants(text, "team/app", arena, arena, &grants);
    for (size_t i = 0; i < grants.count; i++)
        fuzz_require_printable(grants.list[i]);
    fuzz_require(grants.pull != GRANT_PULL || grants.count > 0);
    memory_release(text);
    arena_free(arena);
    return 0;
}
