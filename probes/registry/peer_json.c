#include "probes/registry/peer_json.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/base/memory.h"

/* One thread parses at a time; without a parse there is no limit. */
static size_t budget = SIZE_MAX;
static bool exceeded;

void *peer_json_allocate(size_t size)
{
    if (size > budget) {
        exceeded = true;
        return NULL;
    }
    if (budget != SIZE_MAX)
        budget -= size;
    return memory_allocate_unset(size);
}

void peer_json_release(void *block)
{
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    memory_release(block);
}

enum peer_json_result peer_json_parse(const char *bytes, size_t length, json_t **ret)
{
    uint64_t failures = memory_failures();
    json_error_t error;

    *ret = NULL;
    if (length > PEER_JSON_MAX_TEXT)
        return PEER_JSON_TOO_LARGE;
    budget = PEER_JSON_MAX_MEMORY;
    exceeded = false;
    json_t *document = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);
    budget = SIZE_MAX;
    if (document && !exceeded) {
        *ret = document;
        return PEER_JSON_OK;
    }
    json_decref(document);
    if (exceeded)
        return PEER_JSON_TOO_LARGE;
    return memory_failures() == failures ? PEER_JSON_MALFORMED : PEER_JSON_LOCAL;
}

const char *peer_json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
