/* SPDX-License-Identifier: MIT */
#include "probes/transport/go_certificate.h"

#include <stdlib.h>

#include "probes/transport/go_names.h"
#include "probes/transport/go_pem.h"
#include "tests/fuzz/fuzz.h"

/* A certificate whose constraints are on its own names, or a text with PEM blocks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    unsigned char *bytes = malloc(size + 1);
    struct go_certificate read;
    unsigned left = 1000;
    size_t length;
    const char *why = go_certificate_read(data, size, &read);

    fuzz_require(!why || *why);
    if (!why && read.has_names && read.limits_names)
        (void)go_names_are_permitted(&read.names, &read.permitted, &read.excluded, &left);
    while (bytes && go_pem_next(&at, (const char *)data + size, bytes, &length))
        fuzz_require(length <= size);
    free(bytes);
    return 0;
}
