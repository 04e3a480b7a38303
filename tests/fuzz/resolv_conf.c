#include "probes/transport/resolv_conf.h"

#include <errno.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolv_conf conf;
    size_t count = resolv_conf_read(fuzz_file(data, size), &conf);

    fuzz_require(count == conf.nameserver_count && count <= SETTINGS_MAX_RESOLVERS);
    fuzz_require(count == 0 || errno == 0);
    fuzz_require(conf.search_count <= RESOLV_CONF_MAX_SEARCH);
    for (size_t i = 0; i < count; i++)
        fuzz_require(conf.nameservers[i].port == 53);
    for (size_t i = 0; i < conf.search_count; i++)
        fuzz_require(conf.search[i][0] != '\0' && strpbrk(conf.search[i], " \t\r\n") == NULL);
    return 0;
}
