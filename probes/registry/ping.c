/* SPDX-License-Identifier: MIT */
#include "probes/registry/ping.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "config/base/address.h"
#include "config/base/text.h"
#include "config/url.h"
#include "probes/evidence/evidence.h"
#include "probes/registry/challenge.h"
#include "probes/transport/http_fields.h"

#define HTTPS_PORT 443

const char *registry_host_header(const struct target *target, struct arena *arena)
{
    return http_host_header(target->host, target->port, HTTPS_PORT, arena);
}

static const char *keep(struct arena *arena, const char *value, size_t length)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT * 4);

    if (!value)
        return NULL;
    text_append_peer(&text, value, length, EVIDENCE_MAX_TEXT);
    const char *kept = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return kept;
}

static const char *copy_header(const struct http_response *response, struct arena *arena,
                               const char *name)
{
    const char *value = http_response_header(response, name, 0);

    return value ? keep(arena, value, strlen(value)) : NULL;
}

static const char *keep_location(const struct http_response *response, struct arena *scratch,
                                 struct arena *arena)
{
    const char *value = http_response_header(response, "location", 0);
    const char *shown = value ? url_shown_location(value, scratch) : NULL;

    return shown ? keep(arena, shown, strlen(shown)) : NULL;
}

static enum challenge_kind read_challenge(const struct http_response *response, struct arena *arena)
{
    struct challenge challenge;

    challenge_read(response, arena, &challenge);
    return challenge.kind;
}

static bool looks_like_registry(const struct http_response *response)
{
    const char *content_type = http_response_header(response, "content-type", 0);

    return http_response_header(response, "docker-distribution-api-version", 0) ||
           http_response_header(response, "www-authenticate", 0) ||
           (content_type && strncasecmp(content_type, "application/json", 16) == 0);
}

bool registry_head_is_enough(const struct http_response *head)
{
    return (head->status == 200 || head->status == 401) && looks_like_registry(head);
}

static enum api_outcome outcome_of(const struct http_response *response)
{
    switch (response->outcome) {
    case HTTP_MALFORMED:
        return API_MALFORMED;
    case HTTP_CLOSED:
        return API_CLOSED;
    case HTTP_LOCAL:
        return API_LOCAL;
    case HTTP_ANSWERED:
        break;
    }
    if (response->status == 403)
        return API_FORBIDDEN;
    if (response->status == 429)
        return API_RATE_LIMITED;
    if (response->status >= 500 && response->status <= 599)
        return API_SERVER_ERROR;
    return registry_head_is_enough(response) ? API_REGISTRY : API_NOT_A_REGISTRY;
}

/* The moment of the exchange that is nearest to the peer's Date: the peer wrote it at some time in
 * between, and its answer may have waited here because this process stood still. */
static int64_t local_time_of(const struct http_response *response, int64_t peer_time)
{
    int64_t now = clock_wall() / (int64_t)USEC_PER_SEC;
    int64_t first = response->asked_at < now ? response->asked_at : now; /* unless it was set */
    int64_t last = response->asked_at > now ? response->asked_at : now;

    return peer_time < first ? first : peer_time > last ? last : peer_time;
}

void registry_read_partial(const struct http_response *response, struct arena *scratch,
                           struct arena *arena, struct api_evidence *ret)
{
    ret->status = response->status;
    ret->duration = response->duration;
    ret->challenge = read_challenge(response, scratch);
    ret->content_type = copy_header(response, arena, "content-type");
    ret->server = copy_header(response, arena, "server");
    ret->registry_version = copy_header(response, arena, "docker-distribution-api-version");
    ret->location = keep_location(response, scratch, arena);
    ret->retry_after = http_retry_after(response);
    ret->peer_time = http_date(http_response_header(response, "date", 0));
    ret->local_time = ret->peer_time ? local_time_of(response, ret->peer_time) : 0;
    ret->detail = response->detail ? keep(arena, response->detail, strlen(response->detail)) : NULL;
}

void registry_read_ping(const struct http_response *response, const struct address *peer,
                        struct arena *scratch, struct arena *arena, struct api_evidence *ret)
{
    registry_read_partial(response, scratch, arena, ret);
    ret->outcome = outcome_of(response);
    if (ret->outcome == API_FORBIDDEN)
        ret->client_address = http_body_address(response, peer, arena);
    if (!ret->detail && ret->outcome != API_REGISTRY && response->body_length)
        ret->detail = keep(arena, response->body, response->body_length);
}
