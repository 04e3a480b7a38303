/* SPDX-License-Identifier: MIT */
#include "probes/registry/go_types.h"

#include <string.h>

#include "config/base/memory.h"
#include "probes/registry/peer_json.h"
#include "tests/fuzz/fuzz.h"

static const struct go_member inner[] = {{"n", GO_NUMBER, NULL}, {"t", GO_TEXT, NULL}, {0}};
static const struct go_member members[] = {
    {"text", GO_TEXT, NULL},     {"number", GO_NUMBER, NULL},
    {"bool", GO_BOOL, NULL},     {"time", GO_TIME, NULL},
    {"map", GO_TEXT_MAP, NULL},  {"texts", GO_TEXTS, NULL},
    {"one", GO_STRUCT, inner},   {"objects", GO_OBJECT_MAP, NULL},
    {"list", GO_STRUCTS, inner}, {0},
};

/* A misfit names a member of the table, and a document without the member fits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    json_t *document = NULL;

    fuzz_require(!go_is_time(text) || strlen(text) >= strlen("2006-01-02T1:04:05Z"));
    if (peer_json_parse((const char *)data, size, &document) == PEER_JSON_OK) {
        const char *misfit = go_misfit(document, members);
        fuzz_require(!misfit || *misfit || !json_is_object(document));
        fuzz_require(!misfit || !*misfit || peer_json_member(document, misfit));
        json_object_clear(document);
        fuzz_require(!json_is_object(document) || !go_misfit(document, members));
    }
    json_decref(document);
    memory_release(text);
    return 0;
}
