/*
 * The key and what it is good for: a token without a scope tells whether the key is good, one with
 * the scope of each image whether it is good for that. With a key first by POST, like containerd.
 * The key goes to the registry's own host and to those of token_hosts, over TLS unless plain_http
 * is set; elsewhere the realm is asked without it.
 */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "probes/registry/ping.h"
#include "probes/registry/token.h"
#include "probes/registry_run.h"
#include "probes/transport/http_fields.h"

#define MAX_REDIRECTS 9 /* containerd, as Go, makes ten requests */

static struct auth_evidence *evidence_of(struct registry_run *registry)
{
    return &registry->evidence->auth;
}

static void finish(struct registry_run *registry, enum auth_outcome outcome, const char *reason)
{
    struct auth_evidence *evidence = evidence_of(registry);

    evidence->outcome = outcome;
    evidence->reason = registry_keep(registry, reason);
    evidence->duration = clock_monotonic() - registry->auth.started;
    registry->auth.pending = false;
    fetch_free(registry->auth.fetch);
    registry->auth.fetch = NULL;
    if (outcome == AUTH_SKIPPED || outcome == AUTH_NOT_REQUIRED || outcome == AUTH_ACCEPTED ||
        outcome == AUTH_GRANTED_LESS_THAN_ASKED)
        stage_images_start(registry);
    else
        stage_images_skip(registry, auth_outcome_name(outcome));
}

/* From a callback: the run may end with it. */
static void finish_and_go_on(struct registry_run *registry, enum auth_outcome outcome,
                             const char *reason)
{
    finish(registry, outcome, reason);
    run_progressed(registry->run);
}

/* ---- requests ---- */

static void answered(enum fetch_outcome outcome, const struct http_response *response,
                     void *context);

/* Asks the realm; with the key if it may go there. False: memory. */
static bool ask_realm(struct registry_run *registry)
{
    struct auth_run *auth = &registry->auth;
    struct auth_evidence *evidence = evidence_of(registry);
    bool with_key = evidence->has_key && evidence->host_listed;
    bool post = with_key && auth->by_post;
    bool own = registry_is(registry, &auth->realm);
    struct http_request request = {
        .method = post ? "POST" : "GET", .accept = "application/json", .secret = true};
    struct fetch_place place = {.host = auth->realm.host,
                                .port = auth->realm.port,
                                .plain_http = !auth->realm.tls,
                                .host_is_address = auth->realm.host_is_address,
                                .address = auth->realm.address,
                                .known = own ? &registry->address : NULL};

    request.path = post ? auth->realm.path : auth_request_path(registry);
    request.form = post ? auth_request_form(registry) : NULL;
    request.extra_headers = with_key && !post ? auth_basic_header(registry) : NULL;
    if (!request.path || (post && !request.form) || (with_key && !post && !request.extra_headers))
        return false;
    evidence->key_sent |= with_key;
    fetch_free(auth->fetch);
    auth->fetch = fetch_start(registry->run, &place, &request, registry->secrets,
                              own ? &registry->own : &evidence->remote, answered, registry);
    return auth->fetch != NULL;
}

static void ask_or_fail(struct registry_run *registry)
{
    if (!ask_realm(registry))
        finish_and_go_on(registry, AUTH_LOCAL, "the request for a token could not be made");
}

/* ---- answers ---- */

static bool all_refused(const struct registry_run *registry)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        if (!registry->images[i].scope_refused)
            return false;
    return true;
}

static void finish_scopes(struct registry_run *registry)
{
    struct auth_evidence *evidence = evidence_of(registry);
    const struct auth_run *auth = &registry->auth;

    if (auth->any_refused && !evidence->key_sent && all_refused(registry))
        finish_and_go_on(registry, AUTH_NO_CREDENTIALS, NULL);
    else
        finish_and_go_on(registry,
                         auth->any_refused || auth->any_less ? AUTH_GRANTED_LESS_THAN_ASKED
                                                             : AUTH_ACCEPTED,
                         NULL);
}

/* An image whose repository had its answer already shares it. */
static bool share_answer(struct registry_run *registry, size_t index)
{
    struct image_run *image = &registry->images[index];

    for (size_t i = 0; i < index; i++) {
        const struct image_run *other = &registry->images[i];
        if (strcmp(other->repository, image->repository) != 0)
            continue;
        image->authorization = other->authorization;
        image->scope_refused = other->scope_refused;
        image->evidence->grant = other->evidence->grant;
        return true;
    }
    return false;
}

static void go_on(struct registry_run *registry)
{
    struct auth_run *auth = &registry->auth;

    auth->image += auth->checks_key ? 0 : 1;
    auth->checks_key = false;
    while (auth->image < registry->evidence->image_count && share_answer(registry, auth->image))
        auth->image++;
    if (auth->image < registry->evidence->image_count)
        ask_or_fail(registry);
    else
        finish_scopes(registry);
}

static void keep_grants(struct registry_run *registry, struct image_run *image, const char *token)
{
    struct auth_evidence *evidence = evidence_of(registry);
    struct token_grants grants;

    token_read_grants(token, image->repository, registry->secrets, registry->run->evidence->arena,
                      &grants);
    image->evidence->grant = grants.pull;
    registry->auth.any_less |= grants.pull == GRANT_LESS;
    for (size_t i = 0; i < grants.count && evidence->granted_count < EVIDENCE_MAX_GRANTS; i++)
        evidence->granted[evidence->granted_count++] = grants.list[i];
}

static void take_token(struct registry_run *registry, const struct http_response *response,
                       bool posted)
{
    struct auth_run *auth = &registry->auth;
    const char *token = NULL;
    const char *error = NULL;
    enum token_result result = response->body_too_large
                                   ? TOKEN_TOO_LARGE
                                   : token_parse(response->body, response->body_length, posted,
                                                 registry->secrets, &token, &error);

    switch (result) {
    case TOKEN_OK:
        break;
    case TOKEN_MALFORMED:
        finish_and_go_on(registry, AUTH_MALFORMED, error);
        return;
    case TOKEN_TOO_LARGE:
        finish_and_go_on(registry, AUTH_TOO_LARGE, "the answer is too large");
        return;
    case TOKEN_LOCAL:
        finish_and_go_on(registry, AUTH_LOCAL, "out of memory");
        return;
    }
    if (!auth->checks_key && auth->image < registry->evidence->image_count) {
        struct image_run *image = &registry->images[auth->image];
        image->authorization = registry_authorization(registry, "Bearer", token);
        keep_grants(registry, image, token);
    }
    go_on(registry);
}

static bool is_success(const struct http_response *response)
{
    return response->status >= 200 && response->status < 300;
}

/* Where containerd tries again by GET. */
static bool post_not_taken(const struct auth_run *auth, unsigned status)
{
    return status == 400 || status == 401 || status == 404 ||
           (status == 405 && *auth->key.username != '\0');
}

static void take_refusal(struct registry_run *registry)
{
    struct auth_run *auth = &registry->auth;

    if (auth->checks_key) {
        finish_and_go_on(registry, AUTH_REJECTED, NULL);
        return;
    }
    auth->any_refused = true;
    if (auth->image < registry->evidence->image_count)
        registry->images[auth->image].scope_refused = true;
    go_on(registry);
}

/* "host" allows any port of it, "host:port" that one. */
static bool is_listed(const struct target *target, const struct url *realm)
{
    char with_port[URL_MAX_LENGTH + 8];

    if (strcmp(realm->host, target->host) == 0)
        return true;
    snprintf(with_port, sizeof(with_port), strchr(realm->host, ':') ? "[%s]:%u" : "%s:%u",
             realm->host, (unsigned)realm->port);
    for (size_t i = 0; i < target->token_host_count; i++)
        if (strcasecmp(target->token_hosts[i], realm->host) == 0 ||
            strcasecmp(target->token_hosts[i], with_port) == 0)
            return true;
    return false;
}

/* The realm is at `url`; the key may go there if it is safe in every way. */
static void aim_at(struct registry_run *registry, const struct url *url, const char *written)
{
    struct auth_evidence *evidence = evidence_of(registry);
    struct auth_run *auth = &registry->auth;
    const struct target *target = registry->run->target;

    auth->realm = *url;
    evidence->realm = registry_keep_url(registry, written);
    evidence->remote = (struct remote_host_evidence){0};
    evidence->host_listed =
        !auth->redirects && is_listed(target, url) && (url->tls || target->plain_http);
    if (registry_is(registry, url))
        return;
    evidence->remote.host = registry_keep(registry, url->host);
    evidence->remote.port = url->port;
    evidence->remote.plain_http = !url->tls;
}

/* Clients take the key along as far as the domain stays the same; here it never follows, and what
 * was not sent cannot have been refused. What the realm was asked for is asked for again. */
static void follow(struct registry_run *registry, const struct http_response *response)
{
    struct auth_run *auth = &registry->auth;
    const char *location = http_response_header(response, "location", 0);
    const char *absolute =
        registry_location_url(registry, &auth->realm, auth->realm.path, location);
    struct url url = {0};
    const char *bare =
        absolute ? arena_copy_bytes(registry->secrets, absolute, strcspn(absolute, "?#")) : NULL;

    if (!bare || url_parse(bare, registry->secrets, &url)) {
        finish_and_go_on(registry, AUTH_FAILED, "it redirects to no URL that can be used");
        return;
    }
    if (++auth->redirects > MAX_REDIRECTS) {
        finish_and_go_on(registry, AUTH_FAILED, "it redirects without end");
        return;
    }
    aim_at(registry, &url, bare);
    evidence_of(registry)->key_sent = false;
    evidence_of(registry)->key_status = 0;
    auth->checks_key = false;
    ask_or_fail(registry);
}

static void take_status(struct registry_run *registry, const struct http_response *response)
{
    struct auth_run *auth = &registry->auth;
    struct auth_evidence *evidence = evidence_of(registry);
    bool posted = auth->by_post && evidence->has_key && evidence->host_listed;

    if (http_is_redirect(response->status)) {
        follow(registry, response);
        return;
    }
    if (posted && post_not_taken(auth, response->status)) {
        auth->by_post = false;
        ask_or_fail(registry);
        return;
    }
    if (auth->checks_key)
        evidence->key_status = response->status;
    else if (!auth->any_refused || !is_success(response)) /* a refusal stands over later tokens */
        evidence->scope_status = response->status;
    if (is_success(response))
        take_token(registry, response, posted);
    else if (response->status == 401 || response->status == 403)
        take_refusal(registry);
    else if (response->status == 429) {
        evidence->retry_after = http_retry_after(response);
        finish_and_go_on(registry, AUTH_RATE_LIMITED, NULL);
    } else
        finish_and_go_on(registry, AUTH_FAILED, NULL);
}

static void answered(enum fetch_outcome outcome, const struct http_response *response,
                     void *context)
{
    struct registry_run *registry = context;

    switch (outcome) {
    case FETCH_ANSWERED:
        take_status(registry, response);
        return;
    case FETCH_UNREACHABLE:
        finish_and_go_on(registry, AUTH_REALM_UNREACHABLE, NULL);
        return;
    case FETCH_STALLED:
        finish_and_go_on(registry, AUTH_STALLED, NULL);
        return;
    case FETCH_MALFORMED:
    case FETCH_CLOSED:
        finish_and_go_on(registry, AUTH_MALFORMED, response->detail);
        return;
    case FETCH_LOCAL:
        finish_and_go_on(registry, AUTH_LOCAL, "the request for a token could not be sent");
        return;
    }
}

/* ---- Basic: the registry itself judges the key ---- */

static void basic_answered(enum fetch_outcome outcome, const struct http_response *response,
                           void *context)
{
    struct registry_run *registry = context;
    struct auth_evidence *evidence = evidence_of(registry);

    if (outcome != FETCH_ANSWERED) {
        finish_and_go_on(registry, outcome == FETCH_LOCAL ? AUTH_LOCAL : AUTH_FAILED,
                         response ? response->detail : "no connection");
        return;
    }
    evidence->key_status = response->status;
    if (response->status == 200)
        finish_and_go_on(registry, AUTH_ACCEPTED, NULL);
    else if (response->status == 401 || response->status == 403)
        finish_and_go_on(registry, AUTH_REJECTED, NULL);
    else
        finish_and_go_on(registry, AUTH_FAILED, NULL);
}

static void start_basic(struct registry_run *registry)
{
    struct fetch_place place = registry_place(registry);
    struct http_request request = {.method = "GET", .path = REGISTRY_PING_PATH, .secret = true};

    evidence_of(registry)->host_listed = true;
    if (!evidence_of(registry)->has_key) {
        finish(registry, AUTH_SKIPPED, "no key; the answer for the manifest decides");
        return;
    }
    evidence_of(registry)->key_sent = true;
    request.extra_headers = auth_basic_header(registry);
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        registry->images[i].authorization = request.extra_headers;
    if (request.extra_headers)
        registry->auth.fetch = fetch_start(registry->run, &place, &request, registry->secrets,
                                           &registry->own, basic_answered, registry);
    if (!registry->auth.fetch)
        finish(registry, AUTH_LOCAL, "out of memory");
}

/* ---- Bearer ---- */

static void start_bearer(struct registry_run *registry)
{
    struct auth_run *auth = &registry->auth;
    struct auth_evidence *evidence = evidence_of(registry);
    struct url url = {0};
    const char *wrong = url_parse(registry->challenge.realm, registry->secrets, &url);

    evidence->realm = registry_keep_url(registry, registry->challenge.realm);
    evidence->service = registry_keep(registry, registry->challenge.service);
    if (wrong) {
        finish(registry, AUTH_MALFORMED, "the realm is not a URL that can be used");
        return;
    }
    auth->redirects = 0;
    aim_at(registry, &url, registry->challenge.realm);
    auth->by_post = true;
    auth->checks_key = evidence->has_key && evidence->host_listed;
    if (!ask_realm(registry))
        finish(registry, AUTH_LOCAL, "out of memory");
}

static bool read_key(struct registry_run *registry)
{
    const struct target *target = registry->run->target;
    const char *error = NULL;

    if (!target->docker_config)
        return true;
    switch (credentials_read(target->docker_config, target->host, target->port, target->plain_http,
                             registry->secrets, &registry->auth.key, &error)) {
    case CREDENTIALS_FOUND:
        evidence_of(registry)->has_key = true;
        return true;
    case CREDENTIALS_NONE:
        return true;
    case CREDENTIALS_UNUSABLE:
        finish(registry, AUTH_LOCAL, error);
        return false;
    }
    return false;
}

void stage_auth_start(struct registry_run *registry)
{
    registry->auth.started = clock_monotonic();
    registry->auth.pending = true;
    if (!read_key(registry))
        return;
    if (!registry->evidence->image_count && !evidence_of(registry)->has_key) {
        finish(registry, AUTH_SKIPPED, "no image to ask for and no key for this registry");
        return;
    }
    switch (registry->challenge.kind) {
    case CHALLENGE_BEARER:
        start_bearer(registry);
        return;
    case CHALLENGE_BASIC:
        start_basic(registry);
        return;
    case CHALLENGE_NONE:
        if (registry->ping_status == 200) {
            finish(registry, AUTH_NOT_REQUIRED, NULL);
            return;
        }
        break;
    case CHALLENGE_EMPTY:
    case CHALLENGE_UNPARSABLE:
        break;
    }
    finish(registry, AUTH_MALFORMED, "the challenge at /v2/ names no way to authorize");
}

void stage_auth_end(struct registry_run *registry, bool expired)
{
    struct auth_run *auth = &registry->auth;
    enum auth_outcome outcome = AUTH_CANCELLED;

    if (!auth->pending)
        return;
    enum fetch_outcome reached = auth->fetch ? fetch_end(auth->fetch, expired) : FETCH_LOCAL;
    if (expired && registry_was_fair(registry, auth->fetch))
        outcome = reached == FETCH_STALLED || !evidence_of(registry)->remote.host
                      ? AUTH_STALLED
                      : AUTH_REALM_UNREACHABLE;
    evidence_of(registry)->outcome = outcome;
    evidence_of(registry)->duration = clock_monotonic() - auth->started;
    auth->pending = false;
    stage_images_skip(registry, auth_outcome_name(outcome));
}
