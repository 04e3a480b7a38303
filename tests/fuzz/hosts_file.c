/* SPDX-License-Identifier: MIT */
#include "probes/transport/hosts_file.h"

#include <sys/socket.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address found[HOSTS_FILE_MAX_ADDRESSES];
    size_t count = hosts_file_find(NULL, fuzz_file(data, size), "hub.test", found);

    fuzz_require(count <= HOSTS_FILE_MAX_ADDRESSES);
    for (size_t i = 0; i < count; i++) {
        fuzz_require(found[i].family == AF_INET || found[i].family == AF_INET6);
        for (size_t k = 0; k < i; k++)
            fuzz_require(!address_equal(&found[i], &found[k]));
    }
    return 0;
}
