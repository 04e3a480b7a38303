/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/catalogue.h"

#include <ctype.h>
#include <string.h>

#include "probes/diagnosis/words.h"

/* In the order of the catalogue, each table up to where the next one begins. */
static const struct {
    enum cause first;
    const struct cause_words *words;
} tables[] = {
    {(enum cause)0, words_names},
    {WORDS_CONNECTIONS_FIRST, words_connections},
    {WORDS_HANDSHAKES_FIRST, words_handshakes},
    {WORDS_REGISTRY_FIRST, words_registry},
    {WORDS_REST_FIRST, words_rest},
};

const struct cause_words *cause_words(enum cause cause)
{
    size_t table = sizeof(tables) / sizeof(tables[0]);

    if ((size_t)cause >= CAUSE_COUNT)
        cause = CAUSE_LOCAL_ERROR;
    while (cause < tables[--table].first)
        continue;
    return &tables[table].words[cause - tables[table].first];
}

const char *cause_docs(enum cause cause)
{
    return cause_words(cause)->docs;
}

const char *cause_link(enum cause cause, const char *docs_url, struct arena *arena)
{
    if (!docs_url)
        return cause_docs(cause);
    bool open = isalnum((unsigned char)docs_url[strlen(docs_url) - 1]);
    return arena_format(arena, "%s%s%s", docs_url, open ? "#" : "", cause_name(cause));
}

const char *cause_name(enum cause cause)
{
    return (size_t)cause < CAUSE_COUNT ? cause_docs(cause) + sizeof(CAUSE_DOCS) - 1 : "invalid";
}

bool cause_from_name(const char *name, enum cause *ret)
{
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        if (strcmp(cause_name((enum cause)i), name) == 0) {
            *ret = (enum cause)i;
            return true;
        }
    }
    return false;
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {
        [SEVERITY_OK] = "ok",
        [SEVERITY_WARN] = "warn",
        [SEVERITY_FAIL] = "fail",
        [SEVERITY_UNKNOWN] = "unknown",
    };
    return (size_t)severity < sizeof(names) / sizeof(names[0]) ? names[severity] : "invalid";
}

const char *confidence_name(enum confidence confidence)
{
    static const char *const names[] = {
        [CONFIDENCE_POSSIBLE] = "possible",
        [CONFIDENCE_LIKELY] = "likely",
        [CONFIDENCE_CERTAIN] = "certain",
    };
    return (size_t)confidence < sizeof(names) / sizeof(names[0]) ? names[confidence] : "invalid";
}

int severity_rank(enum severity severity)
{
    switch (severity) {
    case SEVERITY_OK:
        return 0;
    case SEVERITY_WARN:
        return 1;
    case SEVERITY_UNKNOWN:
        return 2;
    case SEVERITY_FAIL:
        return 3;
    }
    return 2;
}
