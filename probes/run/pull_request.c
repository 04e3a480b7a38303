/* SPDX-License-Identifier: MIT */
/*
 * States: asked (a fetch is in progress), and done. A redirect and a retry lead back to asked. The
 * fetch's callback moves the request; the deadline ends it from outside.
 */

#include "probes/run/pull_request.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "config/go_url.h"
#include "probes/registry/base64.h"
#include "probes/registry/challenge.h"
#include "probes/registry/ping.h"
#include "probes/run/secrets.h"
#include "probes/transport/http_fields.h"

#define MAX_BROKEN      1 /* retries after 5xx: newer containerd asks once more */
#define MAX_KEY_ANSWERS 2 /* 401 before the key and 401 to it: then the key is sent once more */
#define MAX_CUT         3 /* requests for the rest of a body that bring nothing, as containerd's */

struct pull_request {
    struct probe_run *run;
    struct pull_request_options options;
    struct arena *arena;
    pull_request_done_fn *done;
    void *context;
    struct pull_trail trail;
    const char *user; /* header line of the user information in the URL; NULL: it has none */
    unsigned answers; /* as containerd counts them */
    bool late;        /* a 408 was among them */
    bool refused;     /* ... a 401 to an authorization */
    unsigned broken;
    bool differs;        /* newer Go authorizes a request in another way than Go 1.19 */
    bool as_newer;       /* the way in use */
    bool passed;         /* the first way succeeded */
    unsigned ways;       /* that were tried */
    bool withheld;       /* in any of them */
    unsigned cut;        /* bodies that brought nothing new */
    struct text partial; /* of a body that was cut off */
    struct fetch *fetch;
};

struct url pull_target_url(const struct probe_run *run, const char *path)
{
    const struct target *target = run->target;

    return (struct url){.tls = !target->plain_http,
                        .host = target->host,
                        .port = target->port,
                        .host_is_address = target->host_is_address,
                        .address = target->address,
                        .path = path};
}

const char *pull_ping_path(const struct probe_run *run, struct arena *arena)
{
    const char *root = run->puller->api_root;

    return root ? arena_format(arena, "%s/", root) : REGISTRY_PING_PATH;
}

static bool same_place(const struct url *a, const struct url *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool pull_same_origin(const struct url *a, const struct url *b)
{
    return a->tls == b->tls && same_place(a, b);
}

const char *pull_keep_text(struct probe_run *run, const char *text)
{
    struct text escaped = TEXT_WITH_LIMIT((size_t)EVIDENCE_MAX_TEXT * 4);

    if (!text)
        return NULL;
    text_append_peer(&escaped, text, strlen(text), EVIDENCE_MAX_TEXT);
    const char *kept = arena_copy_text(run->evidence->arena, text_string(&escaped));
    text_free(&escaped);
    return kept;
}

const char *pull_keep_url(struct probe_run *run, struct arena *secrets, const char *url)
{
    return pull_keep_text(run, url ? url_shown_location(url, secrets) : NULL);
}

/* ---- authorization ---- */

/* Go's rule for headers with secrets: the same host or a subdomain of it. */
static bool is_below(const struct url *url, const struct url *domain)
{
    size_t length = strlen(url->host);
    size_t suffix = strlen(domain->host);

    if (strcmp(url->host, domain->host) == 0)
        return true;
    return length > suffix && !url->host_is_address && url->host[length - suffix - 1] == '.' &&
           strcmp(url->host + length - suffix, domain->host) == 0;
}

/* False where the authorization would leave the place that asked for it, or TLS. */
static bool may_go(const struct pull_authorization *authorization, const struct url *to)
{
    if (authorization->is_anonymous)
        return true;
    if (!to->tls && authorization->asked_by.tls)
        return false;
    return authorization->is_key ? pull_same_origin(to, &authorization->asked_by)
                                 : is_below(to, &authorization->asked_by);
}

static bool has_default_port(const struct url *url)
{
    return url->port == (url->tls ? 443 : 80);
}

/* containerd tells hosts apart by what their URLs say, which has no scheme and mostly no port. */
static const struct pull_authorization *find_authorization(const struct pull_request *request,
                                                           const struct url *to)
{
    const struct pull_authorization *list = request->options.authorizations;

    for (size_t i = 0; i < request->options.authorization_count; i++)
        if (same_place(&list[i].asked_by, to) ||
            (strcmp(list[i].asked_by.host, to->host) == 0 && has_default_port(to) &&
             has_default_port(&list[i].asked_by)))
            return &list[i];
    return NULL;
}

/* Go carries the first request's header along: Go 1.19 to the same port of a host at or below the
 * one that redirects, newer Go to hosts at or below the first one, until a redirect leads away. */
static bool is_carried(const struct pull_trail *trail, bool as_newer)
{
    return as_newer ? !trail->left_first
                    : trail->at.port == trail->from.port && is_below(&trail->at, &trail->from);
}

/* Besides, containerd answers each host's own challenge, except at a token service. */
static const struct pull_authorization *authorization_for(const struct pull_request *request,
                                                          bool as_newer)
{
    const struct pull_trail *trail = &request->trail;
    const struct pull_authorization *own = find_authorization(request, &trail->at);

    if (!trail->redirects || (own && !request->options.asks_once))
        return own;
    return is_carried(trail, as_newer) ? find_authorization(request, &request->options.at) : NULL;
}

bool pull_read_user(struct probe_run *run, struct arena *arena, const char *written,
                    const char **line)
{
    struct go_url url;

    if (!go_url_parse(written, strlen(written), &url))
        return false;
    if (!url.place.at)
        return true;
    *line = NULL;
    if (!url.user.at)
        return true;
    char *name = arena_copy_bytes(arena, url.user.at, url.user.length);
    char *secret = name ? strchr(name, ':') : NULL;
    if (secret)
        *secret++ = '\0';
    if (!name || !url_unescape(name) || (secret && !url_unescape(secret)))
        return false;
    const struct credentials key = {.username = name, .secret = secret ? secret : ""};
    run_add_key(run, &key);
    *line = pull_basic_line(&key, arena);
    return *line != NULL;
}

const char *pull_basic_line(const struct credentials *key, struct arena *arena)
{
    const char *pair = arena_format(arena, "%s:%s", key->username, key->secret);
    const char *encoded = pair ? base64_encode(pair, strlen(pair), arena) : NULL;

    return encoded ? arena_format(arena, "Authorization: Basic %s\r\n", encoded) : NULL;
}

/* Headers that the puller's files give the target itself. They may be a key, and so are kept back
 * where anybody may be at the other end. */
static const char *own_headers(const struct probe_run *run, const struct url *to)
{
    const struct target *target = run->target;
    const struct url own = pull_target_url(run, "/");
    bool verified = !target->plain_http && !target->insecure_skip_verify;

    return run->puller->headers && pull_same_origin(&own, to) &&
                   (verified || target->send_key_unverified)
               ? run->puller->headers
               : "";
}

/* Go's client names the URL that redirected, except where that would leave TLS. */
static const char *referer_line(const struct pull_trail *trail, struct arena *arena)
{
    if (!trail->redirects || (trail->from.tls && !trail->at.tls))
        return "";
    const char *url = pull_whole_url(&trail->from, trail->from.path, arena);
    return url ? arena_format(arena, "Referer: %s\r\n", url) : NULL;
}

static const char *headers_for(struct pull_request *request, const struct url *to)
{
    const struct pull_authorization *authorization = authorization_for(request, request->as_newer);
    const char *rest =
        request->partial.length
            ? arena_format(request->arena, "Range: bytes=%zu-\r\n", request->partial.length)
            : "";
    const char *given = own_headers(request->run, to);
    const char *referer = referer_line(&request->trail, request->arena);

    request->differs |= authorization != authorization_for(request, !request->as_newer);
    if (authorization && !may_go(authorization, to)) {
        request->withheld = true;
        authorization = NULL;
    }
    request->trail.authorized = authorization != NULL;
    request->trail.ways_differ |=
        authorization && request->trail.redirects && !is_carried(&request->trail, true);
    const char *line = authorization ? authorization->line : request->user ? request->user : "";
    return rest && referer ? arena_format(request->arena, "%s%s%s%s", line, given, rest, referer)
                           : NULL;
}

/* ---- one fetch ---- */

static void pull_answered(enum fetch_outcome outcome, const struct http_response *response,
                          void *context);

static struct remote_host_evidence *remote_at(struct pull_request *request, const struct url *at)
{
    struct remote_host_evidence *remote = request->options.elsewhere;

    if (remote->host && remote->port == at->port && remote->plain_http == !at->tls &&
        strcmp(remote->host, at->host) == 0)
        return remote;
    *remote = (struct remote_host_evidence){
        .host = pull_keep_text(request->run, at->host), .port = at->port, .plain_http = !at->tls};
    return remote;
}

static bool send_request(struct pull_request *request)
{
    const struct url *at = &request->trail.at;
    const struct url target = pull_target_url(request->run, "/");
    bool own = same_place(at, &target);
    struct fetch_place place = {.host = at->host,
                                .port = at->port,
                                .plain_http = !at->tls,
                                .host_is_address = at->host_is_address,
                                .address = at->address,
                                .known = own ? request->options.known : NULL};
    struct http_request wanted = {.method = request->options.method,
                                  .path = at->path,
                                  .accept = request->options.accept,
                                  .extra_headers = headers_for(request, at),
                                  .body = request->options.form,
                                  .max_body = request->options.max_body,
                                  .is_enough = request->options.is_enough,
                                  .head_is_enough = request->options.head_is_enough};

    fetch_free(request->fetch);
    request->fetch = NULL;
    if (!wanted.extra_headers || !wanted.path)
        return false;
    request->fetch =
        fetch_start(request->run, &place, &wanted, request->arena,
                    own ? request->options.own : remote_at(request, at), pull_answered, request);
    return request->fetch != NULL;
}

/* ---- redirects ---- */

const char *pull_whole_url(const struct url *at, const char *written, struct arena *arena)
{
    const char *scheme = at->tls ? "https" : "http";
    const char *location = written ? url_clean_location(written, arena) : NULL;

    if (!location)
        return NULL;
    if (url_has_scheme(location))
        return location;
    if (strncmp(location, "//", 2) == 0)
        return arena_format(arena, "%s:%s", scheme, location);
    const char *host = http_host_header(at->host, at->port, at->tls ? 443 : 80, arena);
    const char *path = url_resolve_path(at->path, location, arena);
    return host && path ? arena_format(arena, "%s://%s%s", scheme, host, path) : NULL;
}

/* The trail's `trouble` is set if it cannot be followed. */
static void follow_redirect(struct pull_request *request, const struct http_response *response)
{
    struct pull_trail *trail = &request->trail;
    const char *location = http_response_header(response, "location", 0);
    const char *whole = pull_whole_url(&trail->at, location, request->arena);
    struct url next = {0};

    trail->redirect_status = response->status;
    trail->location = whole;
    if (!whole || url_parse(whole, request->arena, &next) ||
        !pull_read_user(request->run, request->arena, location, &request->user)) {
        trail->trouble = "it redirects to no URL that can be used";
        return;
    }
    if (++trail->redirects > PULL_MAX_REDIRECTS) {
        trail->trouble = "it redirects without end";
        return;
    }
    run_add_query(request->run, &next);
    trail->from = trail->at;
    trail->at = next;
    trail->left_first |= !is_below(&next, &request->options.at);
}

static bool is_followed(const struct pull_request *request, const struct http_response *response)
{
    const char *location = http_response_header(response, "location", 0);

    return !request->options.keeps_redirect && !request->options.form &&
           http_is_redirect(response->status) && location && *location;
}

/* ---- answers ---- */

/* containerd uses the token that it has again, unless the registry says a second time why not. It
 * uses a key again too; here once only, because a refused key may lock its account. */
static bool is_refused_for_now(struct pull_request *request, const struct http_response *response)
{
    struct challenge challenge;

    if (response->status != 401 || !request->trail.authorized ||
        !find_authorization(request, &request->trail.at))
        return false;
    challenge_read(response, request->arena, &challenge);
    return (challenge.kind == CHALLENGE_BASIC && request->answers <= MAX_KEY_ANSWERS) ||
           (challenge.kind == CHALLENGE_BEARER && (!challenge.error || request->answers == 1));
}

/* A retry begins where the request began, as containerd's does. */
static bool is_retried(struct pull_request *request, const struct http_response *response)
{
    unsigned status = response->status;

    request->answers++;
    if (request->options.asks_once)
        return false;
    bool refused = is_refused_for_now(request, response);
    request->late |= status == 408;
    request->refused |= refused;
    if (refused || status == 408 || status == 429)
        return request->answers < PULL_MAX_ANSWERS;
    if (status == 500 || (status >= 502 && status <= 504))
        return request->broken++ < MAX_BROKEN;
    return false;
}

static void begin(struct pull_request *request)
{
    request->user = request->options.user;
    request->trail = (struct pull_trail){.at = request->options.at,
                                         .was_broken = request->broken > 0,
                                         .was_late = request->late,
                                         .was_refused = request->refused,
                                         .was_resumed = request->partial.length > 0};
}

/* The bytes that the request has so far with those of this answer, which may begin anew. */
static size_t add_partial(struct pull_request *request, const struct http_response *response)
{
    size_t known = response->status == 206 ? 0 : request->partial.length;

    if (response->body_length <= known)
        return 0;
    text_append_bytes(&request->partial, response->body + known, response->body_length - known);
    return response->body_length - known;
}

/* True if the answer was cut off where containerd asks for the rest (httpreadseeker.go). */
static bool is_resumed(struct pull_request *request, const struct http_response *response)
{
    if (request->options.size <= 0 || request->options.size > HTTP_MAX_BODY || !response ||
        !response->was_cut || response->was_zipped ||
        (response->status != 200 && response->status != 206))
        return false;
    return add_partial(request, response) || request->cut++ < MAX_CUT;
}

static void ask_again(struct pull_request *request)
{
    begin(request);
    if (!send_request(request))
        request->done(FETCH_LOCAL, NULL, request->context);
}

/* Go 1.19 and newer Go may authorize a request in two ways. Both are tried, and then the first one
 * again if only that succeeds. */
static void end_request(struct pull_request *request, enum fetch_outcome outcome,
                        const struct http_response *response)
{
    bool passes = outcome == FETCH_ANSWERED && response->status <= 299;
    unsigned ways = ++request->ways;

    if (request->differs && (ways == 1 || (ways == 2 && request->passed && !passes))) {
        request->passed = passes;
        request->as_newer = !request->as_newer;
        text_free(&request->partial);
        request->partial = TEXT_WITH_LIMIT(HTTP_MAX_BODY);
        ask_again(request);
        return;
    }
    request->trail.answers = request->answers;
    request->trail.withheld = request->withheld;
    request->trail.ways_differ =
        passes && (request->trail.ways_differ ||
                   (request->differs && (ways == 3 || !request->passed || request->withheld)));
    request->done(outcome, response, request->context);
}

static void tell_answer(struct pull_request *request, const struct http_response *response)
{
    struct http_response whole = *response;

    if (request->trail.was_resumed && response->status <= 206) {
        (void)add_partial(request, response);
        whole.status = 200;
        whole.outcome = HTTP_ANSWERED;
        whole.was_zipped = true; /* no header tells the length of the whole */
        whole.body = text_string(&request->partial);
        whole.body_length = request->partial.length;
    }
    end_request(request, text_truncated(&request->partial) ? FETCH_LOCAL : FETCH_ANSWERED, &whole);
}

static void ask_for_rest(struct pull_request *request, const struct http_response *response)
{
    begin(request);
    request->trail.was_resumed = true;
    if (request->partial.length >= (uint64_t)request->options.size)
        tell_answer(request, response);
    else if (!send_request(request))
        request->done(FETCH_LOCAL, NULL, request->context);
}

static void pull_answered(enum fetch_outcome outcome, const struct http_response *response,
                          void *context)
{
    struct pull_request *request = context;

    request->run->odd_headers |= response && response->odd_headers;
    if (outcome == FETCH_ANSWERED && fetch_elapsed(request->fetch) > request->run->slowest_answer)
        request->run->slowest_answer = fetch_elapsed(request->fetch);
    if (outcome == FETCH_CLOSED && is_resumed(request, response)) {
        ask_for_rest(request, response);
        return;
    }
    if (outcome != FETCH_ANSWERED || !response) {
        end_request(request, outcome, response);
        return;
    }
    if (is_followed(request, response)) {
        follow_redirect(request, response);
        if (request->trail.trouble)
            end_request(request, FETCH_MALFORMED, response);
        else if (!send_request(request))
            request->done(FETCH_LOCAL, NULL, request->context);
        return;
    }
    if (is_retried(request, response)) {
        ask_again(request);
        return;
    }
    tell_answer(request, response);
}

struct pull_request *pull_request_start(struct probe_run *run,
                                        const struct pull_request_options *options,
                                        struct arena *arena, pull_request_done_fn *done,
                                        void *context)
{
    struct pull_request *request = memory_allocate(sizeof(*request));

    if (!request)
        return NULL;
    request->run = run;
    request->options = *options;
    request->arena = arena;
    request->done = done;
    request->context = context;
    request->partial = TEXT_WITH_LIMIT(HTTP_MAX_BODY);
    request->answers = options->answers;
    begin(request);
    if (send_request(request))
        return request;
    pull_request_free(request);
    return NULL;
}

bool pull_was_withheld(const struct pull_request *request, unsigned status)
{
    return request->trail.withheld && !request->trail.ways_differ &&
           (status == 401 || status == 403 || status == 404 || status <= 299);
}

const struct pull_trail *pull_request_trail(const struct pull_request *request)
{
    return &request->trail;
}

void pull_request_free(struct pull_request *request)
{
    if (!request)
        return;
    fetch_free(request->fetch);
    text_free(&request->partial);
    memory_release(request);
}

enum fetch_outcome pull_request_end(struct pull_request *request, bool expired)
{
    return request->fetch ? fetch_end(request->fetch, expired) : FETCH_LOCAL;
}

usec_t pull_request_elapsed(const struct pull_request *request)
{
    return request->fetch ? fetch_elapsed(request->fetch) : 0;
}
