/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate_message.h"

#include "tests/fuzz/fuzz.h"

/* The first bit tells the version of TLS. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *newer;
    const char *why = certificate_message_refusal(data + 1, size - 1, data[0] & 1, &newer);
    fuzz_require(!why || *why);
    return 0;
}
