/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate.h"

#include <openssl/err.h>

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    X509 *certificate = d2i_X509(NULL, &data, (long)size);
    struct arena *arena = arena_new(0);
    struct certificate_evidence evidence;

    if (certificate) {
        certificate_describe(certificate, arena, &evidence);
        fuzz_require_printable(evidence.subject);
        fuzz_require_printable(evidence.issuer);
        fuzz_require(evidence.name_count <= EVIDENCE_MAX_NAMES);
        for (size_t i = 0; i < evidence.name_count; i++)
            fuzz_require_printable(evidence.names[i]);
    }
    X509_free(certificate);
    arena_free(arena);
    ERR_clear_error();
    return 0;
}
