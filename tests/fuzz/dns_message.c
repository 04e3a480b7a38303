/* SPDX-License-Identifier: MIT */
#include "probes/transport/dns_message.h"
#include "tests/fuzz/fuzz.h"

static void read_answer(const uint8_t *data, size_t size, enum record_type type)
{
    struct arena *arena = arena_new(0);
    struct dns_evidence answer = {.name = "acme-prod.tencentcloudcr.com", .type = type};

    dns_message_read(data, size, arena, &answer);
    fuzz_require(answer.cname_count <= EVIDENCE_MAX_CNAMES);
    fuzz_require(answer.address_count <= EVIDENCE_MAX_ADDRESSES);
    fuzz_require((answer.outcome == DNS_NOERROR) == (answer.address_count > 0));
    for (size_t i = 0; i < answer.cname_count; i++)
        fuzz_require_printable(answer.cnames[i]);
    for (size_t i = 0; i < answer.address_count; i++)
        fuzz_require(answer.addresses[i].ttl <= INT32_MAX);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_answer(data, size, RECORD_A);
    read_answer(data, size, RECORD_AAAA);
    return 0;
}
