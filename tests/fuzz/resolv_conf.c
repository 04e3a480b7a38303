/* SPDX-License-Identifier: MIT */
#include "probes/transport/resolv_conf.h"

#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolv_conf conf;
    size_t count = resolv_conf_read(fuzz_file(data, size), &conf);

    fuzz_require(count == conf.nameserver_count && count <= RESOLV_CONF_MAX_NAMESERVERS);
    fuzz_require(count == 0 || errno == 0);
    fuzz_require(conf.search_count <= RESOLV_CONF_MAX_SEARCH);
    for (size_t i = 0; i < count; i++)
        fuzz_require(conf.nameservers[i].port == 53);
    for (size_t i = 0; i < conf.search_count; i++)
        fuzz_require(conf.search[i][0] != '\0' && strpbrk(conf.search[i], " \t\r\n") == NULL);
    struct resolv_names names;
    struct arena *arena = arena_new(0);
    resolv_conf_names(&conf, "acme-prod.tencentcloudcr.com", arena, &names);
    fuzz_require(names.count == conf.search_count + 1 || names.count <= RESOLV_CONF_MAX_NAMES);
    fuzz_require(strcmp(names.names[names.absolute], "acme-prod.tencentcloudcr.com") == 0);
    arena_free(arena);
    return 0;
}
