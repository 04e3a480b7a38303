/* SPDX-License-Identifier: MIT */
#include "probes/registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "config/base/text.h"

static bool is_token_byte(char byte)
{
    return byte > ' ' && byte < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", byte);
}

static const char *skip_challenge_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Returns "" if no token begins here. */
static const char *read_token(const char **at, struct arena *arena)
{
    const char *start = *at;

    while (is_token_byte(**at))
        (*at)++;
    return arena_copy_bytes(arena, start, (size_t)(*at - start));
}

/* A text without its end is empty, and nothing is left to read. */
static const char *read_quoted_value(const char **at, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(CHALLENGE_MAX_VALUE);
    const char *end = *at + 1;

    for (; *end && *end != '"'; end++) {
        if (*end == '\\' && end[1])
            end++;
        text_append_bytes(&text, end, 1);
    }
    bool whole = *end == '"' && !text_truncated(&text);
    *at = whole ? end + 1 : end + strlen(end);
    const char *value = arena_copy_text(arena, whole ? text_string(&text) : "");
    text_free(&text);
    return value;
}

static void set_parameter(struct challenge *challenge, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"realm", &challenge->realm},
                 {"service", &challenge->service},
                 {"scope", &challenge->scope},
                 {"error", &challenge->error}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(name, known[i].name) == 0)
            *known[i].value = value;
}

static void settle_kind(struct challenge *challenge, const char *scheme)
{
    challenge->kind = CHALLENGE_UNPARSABLE;
    if (strcasecmp(scheme, "Bearer") == 0 && challenge->realm && *challenge->realm)
        challenge->kind = CHALLENGE_BEARER;
    else if (strcasecmp(scheme, "Basic") == 0)
        challenge->kind = CHALLENGE_BASIC;
}

static void keep_better(struct challenge *best, const struct challenge *other)
{
    static const unsigned char preference[] = {
        [CHALLENGE_NONE] = 0,  [CHALLENGE_UNPARSABLE] = 1, [CHALLENGE_EMPTY] = 2,
        [CHALLENGE_BASIC] = 3, [CHALLENGE_BEARER] = 4,
    };

    if (preference[other->kind] <= preference[best->kind])
        return;
    bool basic_first = best->kind == CHALLENGE_BASIC;
    *best = *other;
    best->basic_first = basic_first;
}

/* Reads the first challenge of a line as containerd and skopeo do (remotes/docker/auth/parse.go):
 * the first thing that is no parameter ends it, which is no error. */
void challenge_parse(const char *header, struct arena *arena, struct challenge *ret)
{
    const char *at = skip_challenge_blanks(header);

    *ret = (struct challenge){0};
    if (!*at) {
        ret->kind = CHALLENGE_EMPTY;
        return;
    }
    const char *scheme = read_token(&at, arena);
    do {
        at = skip_challenge_blanks(at + (*at == ','));
        const char *name = read_token(&at, arena);
        if (!name || !*name || *at != '=')
            break;
        at++;
        set_parameter(ret, name,
                      *at == '"' ? read_quoted_value(&at, arena) : read_token(&at, arena));
        at = skip_challenge_blanks(at);
    } while (*at == ',');
    settle_kind(ret, scheme ? scheme : "");
}

void challenge_read(const struct http_response *response, struct arena *arena,
                    struct challenge *ret)
{
    const char *header;

    *ret = (struct challenge){0};
    for (size_t n = 0; (header = http_response_header(response, "www-authenticate", n)); n++) {
        struct challenge one;
        challenge_parse(header, arena, &one);
        keep_better(ret, &one);
    }
}
