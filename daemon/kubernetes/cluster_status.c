/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/cluster_status.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/registry/peer_json.h"

#define MAX_REASON      64
#define MAX_MESSAGE     400
#define MAX_RETRY_AFTER (3600UL) /* seconds */

const char *cluster_outcome_name(enum cluster_outcome outcome)
{
    static const char *const names[] = {
        [CLUSTER_OK] = "ok",
        [CLUSTER_UNAUTHORIZED] = "unauthorized",
        [CLUSTER_FORBIDDEN] = "forbidden",
        [CLUSTER_NOT_FOUND] = "not_found",
        [CLUSTER_EXISTS] = "exists",
        [CLUSTER_CONFLICT] = "conflict",
        [CLUSTER_EXPIRED] = "expired",
        [CLUSTER_INVALID] = "invalid",
        [CLUSTER_RATE_LIMITED] = "rate_limited",
        [CLUSTER_SERVER_ERROR] = "server_error",
        [CLUSTER_UNREACHABLE] = "unreachable",
        [CLUSTER_UNTRUSTED] = "untrusted",
        [CLUSTER_NOT_AN_API] = "not_an_api",
        [CLUSTER_TOO_LARGE] = "too_large",
        [CLUSTER_NO_ACCOUNT] = "no_account",
        [CLUSTER_LOCAL] = "local",
    };

    return (size_t)outcome < CLUSTER_OUTCOME_COUNT ? names[outcome] : "invalid";
}

static enum cluster_outcome outcome_of_status(unsigned status)
{
    switch (status) {
    case 401:
        return CLUSTER_UNAUTHORIZED;
    case 403:
        return CLUSTER_FORBIDDEN;
    case 404:
        return CLUSTER_NOT_FOUND;
    case 409:
        return CLUSTER_CONFLICT;
    case 410:
        return CLUSTER_EXPIRED;
    case 429:
        return CLUSTER_RATE_LIMITED;
    default:
        break;
    }
    if (status >= 200 && status < 300)
        return CLUSTER_OK;
    if (status >= 500)
        return CLUSTER_SERVER_ERROR;
    return status >= 400 ? CLUSTER_INVALID : CLUSTER_NOT_AN_API;
}

/* API servers give seconds, never a date. */
static usec_t read_retry_after(const struct http_response *response)
{
    const char *value = http_response_header(response, "retry-after", 0);
    char *end = NULL;
    unsigned long seconds = value && isdigit((unsigned char)*value) ? strtoul(value, &end, 10) : 0;

    if (!end || *end)
        return 0;
    return (seconds < MAX_RETRY_AFTER ? seconds : MAX_RETRY_AFTER) * USEC_PER_SEC;
}

static const char *escape_status(struct arena *arena, const char *peer, size_t max)
{
    struct text text = TEXT_WITH_LIMIT(4 * max + 4);
    const char *copy = NULL;

    if (peer && *peer)
        text_append_peer(&text, peer, strlen(peer), max);
    if (text.length)
        copy = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return copy;
}

static const char *status_member(const json_t *document, const char *key)
{
    return json_string_value(json_object_get(document, key));
}

static void read_failure(const json_t *document, struct arena *arena, struct cluster_status *ret)
{
    const char *reason = status_member(document, "reason");

    if (ret->outcome == CLUSTER_CONFLICT && reason && strcmp(reason, "AlreadyExists") == 0)
        ret->outcome = CLUSTER_EXISTS;
    ret->reason = escape_status(arena, reason, MAX_REASON);
    ret->detail = escape_status(arena, status_member(document, "message"), MAX_MESSAGE);
}

static void read_status_document(const struct http_response *response, struct arena *arena,
                                 struct cluster_status *ret)
{
    bool good = ret->outcome == CLUSTER_OK;
    json_t *document = NULL;
    enum peer_json_result result = PEER_JSON_TOO_LARGE;

    if (!response->body_too_large)
        result = peer_json_parse_within(response->body, response->body_length, CLUSTER_MAX_DOCUMENT,
                                        CLUSTER_MAX_MEMORY, &document);
    if (result == PEER_JSON_LOCAL) {
        ret->outcome = CLUSTER_LOCAL;
        ret->detail = "memory is short";
    } else if (good && result == PEER_JSON_TOO_LARGE) {
        ret->outcome = CLUSTER_TOO_LARGE;
        ret->detail = "the answer is too large";
    } else if (good && !json_is_object(document)) {
        ret->outcome = CLUSTER_NOT_AN_API;
        ret->detail = "the answer is not a JSON object";
    } else if (!good) {
        read_failure(document, arena, ret);
    } else {
        ret->document = json_incref(document);
    }
    json_decref(document);
}

void cluster_status_read(const struct http_response *response, struct arena *arena,
                         struct cluster_status *ret)
{
    *ret = (struct cluster_status){.status = response->status};
    switch (response->outcome) {
    case HTTP_ANSWERED:
        ret->outcome = outcome_of_status(response->status);
        ret->retry_after = read_retry_after(response);
        if (ret->outcome == CLUSTER_NOT_AN_API)
            ret->detail = "the answer is a redirect, which is not followed";
        else
            read_status_document(response, arena, ret);
        break;
    case HTTP_MALFORMED:
        ret->outcome = CLUSTER_NOT_AN_API;
        ret->detail = response->detail;
        break;
    case HTTP_CLOSED:
        ret->outcome = CLUSTER_UNREACHABLE;
        ret->detail = response->detail;
        break;
    case HTTP_LOCAL:
        ret->outcome = CLUSTER_LOCAL;
        ret->detail = response->detail;
        break;
    }
}
