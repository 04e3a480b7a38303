/* SPDX-License-Identifier: MIT */
#include "probes/transport/proxy.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

/* The bytes as a proxy's URL, as a NO_PROXY entry, and as both variables. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    const char *text = arena_copy_bytes(arena, data, size);
    const struct network_settings network = {.proxy = "auto"};
    const struct proxy_variables variables = {
        .https = *text ? text : NULL, .https_source = "HTTPS_PROXY", .no_proxy = text};
    struct proxy_url url;
    struct proxy_choice choice;

    (void)proxy_entry_matches(text, "acme-prod.tencentcloudcr.com", 443);
    (void)proxy_entry_matches(text, "10.0.3.7", 443);
    if (!proxy_url_parse(text, arena, &url)) {
        fuzz_require(url.port != 0 && *url.host);
        fuzz_require(!strchr(url.shown, '@'));
    }
    if (!proxy_choose(&network, &variables, "10.0.3.7", 443, true, arena, &choice))
        fuzz_require(!choice.used || *choice.url.host || choice.url.host_is_address);
    fuzz_require(!proxy_choose(&network, &variables, "localhost", 443, true, arena, &choice) &&
                 !choice.used);
    arena_free(arena);
    return 0;
}
