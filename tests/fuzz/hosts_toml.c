/* SPDX-License-Identifier: MIT */
#include "probes/node/hosts_toml.h"

#include "probes/node/toml.h"
#include "tests/fuzz/fuzz.h"

static void require_hosts(const struct node_hosts *hosts)
{
    fuzz_require(hosts->count <= NODE_MAX_HOSTS);
    for (size_t i = 0; i < hosts->count; i++) {
        const struct node_host *host = &hosts->list[i];
        fuzz_require(host->ca_count <= NODE_MAX_FILES);
        fuzz_require(host->wrong || host->is_default || (host->url.host && *host->url.host));
        fuzz_require(!host->certificate == !host->key);
    }
}

/* The bytes as hosts.toml, and as the registry section of config.toml. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(0);
    char *text = arena_copy_bytes(arena, data, size);
    struct node_hosts hosts;
    struct toml *root = NULL;

    const char *error = hosts_toml_read(text, size, "/certs.d/hub.test", arena, &hosts);
    fuzz_require_printable(error);
    fuzz_require(!error == (hosts.count > 0));
    require_hosts(&hosts);
    if (!toml_parse(text, size, arena, &root)) {
        (void)hosts_from_mirrors(root, "hub.test", arena, &hosts);
        require_hosts(&hosts);
    }
    fuzz_require(!arena_failed(arena));
    arena_free(arena);
    return 0;
}
