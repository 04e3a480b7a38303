#include "probes/registry/challenge.h"

#include <string.h>
#include <strings.h>

#include "config/base/text.h"

/* Where the reading of one header stands. */
struct reading {
    const char *at;
    struct arena *arena;
    bool broken;
};

static bool is_token_byte(char byte)
{
    return byte > ' ' && byte < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", byte);
}

static void skip(struct reading *reading, const char *bytes)
{
    reading->at += strspn(reading->at, bytes);
}

/* "" where there is no token. */
static const char *read_token(struct reading *reading)
{
    const char *start = reading->at;

    while (is_token_byte(*reading->at))
        reading->at++;
    return arena_copy_bytes(reading->arena, start, (size_t)(reading->at - start));
}

static const char *read_quoted(struct reading *reading)
{
    struct text text = TEXT_WITH_LIMIT(CHALLENGE_MAX_VALUE);

    for (reading->at++; *reading->at && *reading->at != '"'; reading->at++) {
        if (*reading->at == '\\' && reading->at[1])
            reading->at++;
        text_append_bytes(&text, reading->at, 1);
    }
    reading->broken |= *reading->at != '"' || text_truncated(&text);
    reading->at += *reading->at == '"';
    const char *value = arena_copy_text(reading->arena, text_string(&text));
    text_free(&text);
    return value;
}

/* A value, or the rest of a token68 ("=", "=="), which no parameter of ours has. */
static const char *read_value(struct reading *reading)
{
    skip(reading, " \t=");
    if (*reading->at == '"')
        return read_quoted(reading);
    const char *start = reading->at;
    reading->at += strcspn(start, ", \t");
    return arena_copy_bytes(reading->arena, start, (size_t)(reading->at - start));
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

    if (preference[other->kind] > preference[best->kind])
        *best = *other;
}

/* One challenge: a scheme, and parameters up to the next scheme. Returns its scheme. */
static void read_challenge(struct reading *reading, struct challenge *ret, const char **scheme)
{
    const char *name = *scheme;

    *scheme = NULL;
    while (*reading->at && !reading->broken) {
        skip(reading, " \t,");
        const char *token = *reading->at ? read_token(reading) : NULL;
        if (!token)
            break;
        skip(reading, " \t");
        if (*reading->at == '=') {
            set_parameter(ret, token, read_value(reading));
        } else if (*token) {
            *scheme = token; /* of the next one */
            break;
        } else {
            reading->broken = true;
        }
    }
    settle_kind(ret, name);
}

void challenge_parse(const char *header, struct arena *arena, struct challenge *ret)
{
    struct reading reading = {.at = header, .arena = arena};

    *ret = (struct challenge){0};
    skip(&reading, " \t,");
    if (!*reading.at) {
        ret->kind = CHALLENGE_EMPTY;
        return;
    }
    const char *scheme = read_token(&reading);
    while (scheme && !reading.broken) {
        struct challenge one = {0};
        read_challenge(&reading, &one, &scheme);
        if (reading.broken)
            one = (struct challenge){0};
        keep_better(ret, &one);
    }
    if (ret->kind == CHALLENGE_NONE)
        ret->kind = CHALLENGE_UNPARSABLE;
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
