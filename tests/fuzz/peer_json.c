/* SPDX-License-Identifier: MIT */
#include "probes/registry/peer_json.h"

#include "config/base/memory.h"
#include "tests/fuzz/fuzz.h"

static unsigned allocations_left; /* until one fails; 0: none will */

static int count_down(void)
{
    return allocations_left && --allocations_left == 0;
}

/* The first byte says which allocation fails; the rest is the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t head = size ? 1 : 0;
    json_t *document = NULL;

    allocations_left = size ? data[0] : 0;
    memory_set_fault(count_down);
    peer_json_parse((const char *)data + head, size - head, &document);
    memory_set_fault(NULL);
    char *written = document ? json_dumps(document, 0) : NULL;
    json_t *again = written ? json_loads(written, 0, NULL) : NULL;
    fuzz_require(!document || json_equal(document, again));
    peer_json_release(written);
    json_decref(document);
    json_decref(again);
    return 0;
}
