/* SPDX-License-Identifier: MIT */
#include "probes/registry/token.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/registry/base64.h"
#include "probes/registry/go_types.h"
#include "probes/registry/peer_json.h"

#define MAX_TOKEN   49152 /* bytes; most servers limit all headers of a request to less */
#define MAX_MEMBERS 4096  /* that are looked at */
#define GRANT_TEXT  256

/* As Go's client, which takes blanks and bytes beyond ASCII. */
static bool fits_a_header(const char *token)
{
    for (const char *at = token; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            return false;
    return *token;
}

/* containerd refuses an answer whose members have another type (remotes/docker/auth/fetch.go). */
static const char *wrong_member(const json_t *document, bool posted)
{
    static const struct go_member of_get[] = {
        {"token", GO_TEXT, NULL},         {"access_token", GO_TEXT, NULL},
        {"refresh_token", GO_TEXT, NULL}, {"expires_in", GO_NUMBER, NULL},
        {"issued_at", GO_TIME, NULL},     {0},
    };
    static const struct go_member of_post[] = {
        {"access_token", GO_TEXT, NULL}, {"refresh_token", GO_TEXT, NULL},
        {"expires_in", GO_NUMBER, NULL}, {"issued_at", GO_TIME, NULL},
        {"scope", GO_TEXT, NULL},        {0},
    };
    static const struct {
        const char *name;
        const char *sentence;
    } known[] = {{"expires_in", "expires_in is not a whole number"},
                 {"issued_at", "issued_at is not a time"},
                 {"scope", "scope is not a text"},
                 {"", "the answer is not a JSON object"}};
    const char *member = go_misfit(document, posted ? of_post : of_get);

    for (size_t i = 0; member && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(member, known[i].name) == 0)
            return known[i].sentence;
    return member ? "a token that is not a text" : NULL;
}

bool token_answer_is_enough(const char *body, size_t length)
{
    json_t *document = NULL;
    bool is_whole = peer_json_parse_first(body, length, &document) == PEER_JSON_OK;

    json_decref(document);
    return is_whole;
}

bool token_answer_ends_well(const char *body, size_t length)
{
    json_t *document = NULL;
    bool ends = peer_json_parse(body, length, &document) == PEER_JSON_OK;

    json_decref(document);
    return ends;
}

struct token_members {
    const char *token;
    const char *access_token;
    const char *wrong;
};

/* As Go: of several members of a name the last one counts, null changes nothing, and each must have
 * its type. */
static struct token_members read_members(const char *body, size_t length, bool posted,
                                         struct arena *secrets)
{
    const char *at = peer_json_first_member(body, length);
    struct token_members members = {0};
    json_t *single;

    for (size_t count = 0; count < MAX_MEMBERS; count++) {
        const char *text = at;
        if (!peer_json_next_member(&at, body + length, secrets, &single))
            break;
        const char *token = peer_json_text(single, "token");
        const char *access_token = peer_json_text(single, "access_token");
        if (!members.wrong)
            members.wrong = single ? wrong_member(single, posted) : "out of memory";
        if (!members.wrong && peer_json_text(single, "issued_at") &&
            memchr(text, '\\', (size_t)(at - text))) /* Go reads a time before its escapes */
            members.wrong = "issued_at is not a time";
        if (token)
            members.token = arena_copy_text(secrets, token);
        if (access_token)
            members.access_token = arena_copy_text(secrets, access_token);
        json_decref(single);
    }
    return members;
}

bool token_answer_has_two(const char *body, size_t length, struct arena *secrets)
{
    struct token_members members = read_members(body, length, false, secrets);

    return members.token && *members.token && members.access_token && *members.access_token &&
           strcmp(members.token, members.access_token) != 0;
}

static enum token_result take_members(const struct token_members *members, bool posted,
                                      const char **ret_token, const char **ret_error)
{
    const char *token = members->access_token;

    if ((!token || !*token) && !posted)
        token = members->token;
    if (members->wrong) {
        *ret_error = members->wrong;
    } else if (!token || !*token) {
        *ret_error = posted ? "the answer to POST has no access_token"
                            : "the answer has neither token nor access_token";
    } else if (!fits_a_header(token)) {
        *ret_error = "the token is not one that fits into a header";
    } else if (strlen(token) > MAX_TOKEN) {
        return TOKEN_TOO_LARGE;
    } else {
        *ret_token = token;
        return TOKEN_OK;
    }
    return TOKEN_MALFORMED;
}

enum token_result token_parse(const char *body, size_t length, bool posted, struct arena *secrets,
                              const char **ret_token, const char **ret_error)
{
    json_t *document;
    uint64_t failures = memory_failures();

    switch (peer_json_parse_first(body, length, &document)) {
    case PEER_JSON_OK:
        break;
    case PEER_JSON_MALFORMED:
        *ret_error = "the answer is not JSON";
        return TOKEN_MALFORMED;
    case PEER_JSON_TOO_LARGE:
        *ret_error = "the answer is too large";
        return TOKEN_TOO_LARGE;
    case PEER_JSON_LOCAL:
        *ret_error = "out of memory";
        return TOKEN_LOCAL;
    }
    struct token_members members = read_members(body, length, posted, secrets);
    if (!json_is_object(document))
        members.wrong = wrong_member(document, posted);
    json_decref(document);
    enum token_result result = take_members(&members, posted, ret_token, ret_error);
    return memory_failures() == failures ? result : TOKEN_LOCAL;
}

/* ---- the token itself ---- */

/* Returns the claims of a JWT, or NULL, because some services issue opaque tokens. */
static json_t *claims_of(const char *token, struct arena *secrets)
{
    const char *start = strchr(token, '.');
    const char *end = start ? strchr(start + 1, '.') : NULL;
    json_t *claims = NULL;
    size_t length = 0;

    if (!end)
        return NULL;
    const char *payload = base64_decode(start + 1, (size_t)(end - start - 1), secrets, &length);
    if (!payload || peer_json_parse(payload, length, &claims) != PEER_JSON_OK)
        return NULL;
    return claims;
}

static bool is(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

static bool grants_pull(const json_t *entry, const char *repository)
{
    const json_t *actions = json_object_get(entry, "actions");

    if (!is(json_object_get(entry, "type"), "repository") ||
        !is(json_object_get(entry, "name"), repository))
        return false;
    for (size_t i = 0; i < json_array_size(actions); i++)
        if (is(json_array_get(actions, i), "pull") || is(json_array_get(actions, i), "*"))
            return true;
    return false;
}

static void append_peer(struct text *text, const char *value)
{
    text_append_peer(text, value ? value : "", value ? strlen(value) : 0, GRANT_TEXT);
}

static const char *describe(const json_t *entry, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(GRANT_TEXT * 4);
    const json_t *actions = json_object_get(entry, "actions");

    append_peer(&text, peer_json_text(entry, "type"));
    text_append(&text, ":");
    append_peer(&text, peer_json_text(entry, "name"));
    for (size_t i = 0; i < json_array_size(actions) && !text_truncated(&text); i++) {
        text_append(&text, i ? "," : ":");
        append_peer(&text, json_string_value(json_array_get(actions, i)));
    }
    if (!json_array_size(actions))
        text_append(&text, ":nothing");
    const char *kept = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return kept;
}

void token_read_grants(const char *token, const char *repository, struct arena *secrets,
                       struct arena *arena, struct token_grants *ret)
{
    json_t *claims = claims_of(token, secrets);
    const json_t *access = json_object_get(claims, "access");

    *ret = (struct token_grants){.pull = GRANT_UNKNOWN};
    if (json_is_array(access) || json_is_null(access))
        ret->pull = GRANT_LESS;
    for (size_t i = 0; i < json_array_size(access); i++) {
        const json_t *entry = json_array_get(access, i);
        if (grants_pull(entry, repository))
            ret->pull = GRANT_PULL;
        const char *text = ret->count < TOKEN_MAX_GRANTS ? describe(entry, arena) : NULL;
        if (text)
            ret->list[ret->count++] = text;
    }
    json_decref(claims);
}
