/* SPDX-License-Identifier: MIT */
#include "config/base/address.h"

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

/* A parsed address is written so that it parses to the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    char written[ENDPOINT_TEXT_SIZE];
    struct address address, address_again;
    struct endpoint endpoint, endpoint_again;
    struct range range, range_again;

    if (address_parse(text, &address))
        fuzz_require(address_parse(address_format(&address, written), &address_again) &&
                     address_equal(&address, &address_again));
    if (endpoint_parse(text, 53, &endpoint))
        fuzz_require(endpoint.port && endpoint_equal(&endpoint, &endpoint) &&
                     endpoint_parse(endpoint_format(&endpoint, written), 0, &endpoint_again) &&
                     endpoint_equal(&endpoint, &endpoint_again));
    if (range_parse(text, &range))
        fuzz_require(range_parse(range_format(&range, written), &range_again) &&
                     range_again.prefix == range.prefix && range_contains(&range, &range.base));
    memory_release(text);
    return 0;
}
