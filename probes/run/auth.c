/* SPDX-License-Identifier: MIT */
/*
 * A token for one image and one key, as containerd gets one: by POST with a key, by GET where the
 * token service does not take that or there is no key. A refusal is followed by a request without
 * scope, because that tells whether the key is bad or only its rights are.
 *
 * States: post, get, key (GET without scope), basic (no token service: the registry itself judges
 * the key, only without an image), none. The callbacks of requests move it; registry.c starts it
 * for one image after the other and takes its outcome. The key goes to the registry's own host and
 * to those of token_hosts, over TLS unless plain_http is set; any other realm is asked without it.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/base/address.h"
#include "probes/registry/token.h"
#include "probes/run/registry_request.h"
#include "probes/run/secrets.h"
#include "probes/transport/http_fields.h"

#define MAX_SCOPES 16

static struct auth_evidence *auth_evidence_of(struct auth_run *auth)
{
    return &auth->registry->evidence->auth;
}

static void finish_auth(struct auth_run *auth, enum auth_outcome outcome, const char *reason)
{
    struct auth_evidence *evidence = auth_evidence_of(auth);

    if (reason)
        evidence->reason = registry_keep(auth->registry, reason);
    evidence->duration = clock_monotonic() - auth->registry->auth.started;
    auth->outcome = outcome;
    auth->step = AUTH_STEP_NONE;
    pull_request_free(auth->request);
    auth->request = NULL;
    if (auth->image)
        auth->image->evidence->auth = outcome;
    run_progressed(auth->registry->run);
}

/* ---- requests ---- */

static void realm_answered(enum fetch_outcome outcome, const struct http_response *response,
                           void *context);

static void ask_realm(struct auth_run *auth, enum auth_step step)
{
    struct registry_run *registry = auth->registry;
    bool posted = step == AUTH_STEP_POST || (step == AUTH_STEP_KEY && auth->step == AUTH_STEP_POST);
    bool hop = posted && auth->is_hop;
    bool post = posted && !(hop && auth->hop_is_get);
    struct pull_request_options options = {
        .at = hop ? auth->hop : auth->realm,
        .user = auth->user,
        .method = post ? "POST" : "GET",
        .accept = "application/json",
        .form = post ? auth_request_form(auth, step == AUTH_STEP_POST) : NULL,
        .asks_once = true, /* as containerd */
        .is_enough = token_answer_is_enough,
        .authorizations = &auth->basic,
        .authorization_count = auth->with_key && !posted,
        .known = &registry->address,
        .own = &registry->own,
        .elsewhere = &registry->evidence->auth.remote,
    };

    auth->step = step;
    if (!posted)
        options.at.path = auth_request_path(auth, step == AUTH_STEP_GET);
    auth_evidence_of(auth)->key_sent |= auth->with_key;
    pull_request_free(auth->request);
    auth->request =
        options.at.path && (!post || options.form)
            ? pull_request_start(registry->run, &options, registry->secrets, realm_answered, auth)
            : NULL;
    if (!auth->request)
        finish_auth(auth, AUTH_LOCAL, "the request for a token could not be made");
}

/* ---- answers ---- */

static void add_authorization(struct image_run *image, const struct pull_authorization *one)
{
    if (one->line && image->authorization_count < IMAGE_MAX_AUTHORIZATIONS)
        image->authorizations[image->authorization_count++] = *one;
}

static void keep_grants(struct auth_run *auth, const char *token)
{
    struct auth_evidence *evidence = auth_evidence_of(auth);
    struct registry_run *registry = auth->registry;
    struct token_grants grants;

    token_read_grants(token, auth->image->repository, registry->secrets,
                      registry->run->evidence->arena, &grants);
    auth->image->evidence->grant = grants.pull;
    for (size_t i = 0; i < grants.count && evidence->granted_count < EVIDENCE_MAX_GRANTS; i++)
        evidence->granted[evidence->granted_count++] = grants.list[i];
}

/* Notes where podman and skopeo, which ask by GET as well, read the answer differently. */
static void note_token_answer(struct image_run *image, const struct http_response *response,
                              struct arena *secrets)
{
    if (token_answer_has_two(response->body, response->body_length, secrets))
        image->evidence->differences |= 1u << DIFFERENCE_TOKENS;
    image_note_status(image, response->status);
}

static void take_token(struct auth_run *auth, const struct http_response *response)
{
    struct registry_run *registry = auth->registry;
    struct pull_authorization given = {.is_anonymous = !auth->with_key, .asked_by = auth->asked_by};
    const char *token = NULL;
    const char *error = NULL;
    enum token_result result =
        response->body_too_large
            ? TOKEN_TOO_LARGE
            : token_parse(response->body, response->body_length, auth->step == AUTH_STEP_POST,
                          registry->secrets, &token, &error);

    switch (result) {
    case TOKEN_OK:
        if (auth->image && (response->outcome != HTTP_ANSWERED ||
                            !token_answer_ends_well(response->body, response->body_length)))
            auth->image->evidence->differences |= 1u << DIFFERENCE_TOKEN_END;
        if (auth->image && auth->step == AUTH_STEP_GET)
            note_token_answer(auth->image, response, registry->secrets);
        break;
    case TOKEN_MALFORMED:
        finish_auth(auth, AUTH_MALFORMED, error);
        return;
    case TOKEN_TOO_LARGE:
        finish_auth(auth, AUTH_TOO_LARGE, "the answer is too large");
        return;
    case TOKEN_LOCAL:
        finish_auth(auth, AUTH_LOCAL, "out of memory");
        return;
    }
    if (auth->image) {
        run_add_secret(registry->run, token, strlen(token));
        given.line = arena_format(registry->secrets, "Authorization: Bearer %s\r\n", token);
        add_authorization(auth->image, &given);
        keep_grants(auth, token);
    }
    /* Some services answer a wrong key with a token that grants nothing. */
    if (auth->image && auth->with_key && auth->image->evidence->grant == GRANT_LESS) {
        ask_realm(auth, AUTH_STEP_KEY);
        return;
    }
    finish_auth(auth,
                auth->image && auth->image->evidence->grant == GRANT_LESS
                    ? AUTH_GRANTED_LESS_THAN_ASKED
                    : AUTH_ACCEPTED,
                NULL);
}

static void take_token_refusal(struct auth_run *auth)
{
    if (!auth->with_key)
        finish_auth(auth, AUTH_NO_CREDENTIALS, NULL);
    else if (auth->step == AUTH_STEP_KEY)
        finish_auth(auth, AUTH_REJECTED, NULL);
    else
        ask_realm(auth, AUTH_STEP_KEY);
}

/* The key without a scope: the refusal before it is known, only its reason is not. */
static void take_key_answer(struct auth_run *auth, const struct http_response *response)
{
    auth_evidence_of(auth)->key_status = response->status;
    if (response->status == 401 || response->status == 403)
        take_token_refusal(auth);
    else if (auth->image)
        finish_auth(auth, AUTH_GRANTED_LESS_THAN_ASKED, NULL);
    else if (response->status >= 200 && response->status < 300)
        take_token(auth, response);
    else
        finish_auth(auth, response->status == 429 ? AUTH_RATE_LIMITED : AUTH_FAILED, NULL);
}

static void take_scope_answer(struct auth_run *auth, const struct http_response *response)
{
    struct auth_evidence *evidence = auth_evidence_of(auth);

    if (evidence->scope_status < 400 ||
        response->status >= 400) /* a refusal outlasts later tokens */
        evidence->scope_status = response->status;
    if (response->status >= 200 && response->status < 400) { /* as containerd */
        take_token(auth, response);
    } else if (auth->step == AUTH_STEP_POST && auth->hop_is_get) {
        finish_auth(auth, AUTH_FAILED, "it redirects to a place that refuses the request");
    } else if (response->status == 401 || response->status == 403) {
        take_token_refusal(auth);
    } else if (response->status == 429) {
        evidence->retry_after = http_retry_after(response);
        finish_auth(auth, AUTH_RATE_LIMITED, NULL);
    } else {
        finish_auth(auth, AUTH_FAILED, NULL);
    }
}

/*
 * The answer to a POST, whose body holds the key. By Go's rule 307 and 308 repeat it, and after any
 * other redirect the client sends a GET without the form. Here the key is repeated only to the same
 * scheme, host and port. Clients send it to other places too; these get a GET without it.
 */
static void follow_post(struct auth_run *auth, const struct http_response *response)
{
    struct registry_run *registry = auth->registry;
    struct arena *secrets = registry->secrets;
    const char *location = http_response_header(response, "location", 0);
    const char *whole = pull_whole_url(auth->is_hop ? &auth->hop : &auth->realm, location, secrets);
    struct url next = {0};

    if (!whole || url_parse(whole, secrets, &next) ||
        !pull_read_user(registry->run, secrets, location, &auth->user)) {
        finish_auth(auth, AUTH_FAILED, "it redirects to no URL that can be used");
        return;
    }
    if (++auth->redirects > PULL_MAX_REDIRECTS) {
        finish_auth(auth, AUTH_FAILED, "it redirects without end");
        return;
    }
    auth_evidence_of(auth)->realm = pull_keep_url(registry->run, secrets, whole);
    run_add_query(registry->run, &next);
    bool leaves =
        !auth->hop_is_get && response->status >= 307 && !pull_same_origin(&auth->realm, &next);
    if (!leaves) {
        auth->hop = next;
        auth->is_hop = true;
        auth->hop_is_get |= response->status < 307;
        ask_realm(auth, AUTH_STEP_POST);
        return;
    }
    const char *bare = arena_copy_bytes(secrets, next.path, strcspn(next.path, "?"));
    auth->realm = next;
    auth->realm.path = bare ? bare : next.path; /* a GET writes a query of its own */
    auth->with_key = false;
    auth_evidence_of(auth)->host_listed = false;
    auth_evidence_of(auth)->key_sent = false;
    ask_realm(auth, AUTH_STEP_GET);
}

/* True if the answer is damaged only behind the token, where containerd does not look. */
static bool holds_token(const struct auth_run *auth, const struct http_response *response)
{
    return (auth->step == AUTH_STEP_POST || auth->step == AUTH_STEP_GET) &&
           response->status >= 200 && response->status < 300 &&
           token_answer_is_enough(response->body, response->body_length);
}

/* The statuses after which containerd tries GET. */
static bool post_is_not_taken(unsigned status)
{
    return status == 400 || status == 401 || status == 404 || status == 405;
}

/* The challenge's realm again, whatever a POST was redirected to. */
static void ask_by_get(struct auth_run *auth)
{
    auth_evidence_of(auth)->realm =
        pull_keep_url(auth->registry->run, auth->registry->secrets, auth->challenge.realm);
    ask_realm(auth, AUTH_STEP_GET);
}

static void realm_answered(enum fetch_outcome outcome, const struct http_response *response,
                           void *context)
{
    struct auth_run *auth = context;
    const struct pull_trail *trail = pull_request_trail(auth->request);

    if (auth->image)
        image_note_trail(auth->image, trail);
    if (trail->redirects) /* the host that failed or refused */
        auth_evidence_of(auth)->realm =
            pull_keep_url(auth->registry->run, auth->registry->secrets, trail->location);
    if (trail->withheld && outcome == FETCH_ANSWERED && response->status >= 400) {
        auth_evidence_of(auth)->host_listed = false; /* the key did not follow the redirect */
        auth_evidence_of(auth)->key_sent = false;
        auth->with_key = false;
    }
    switch (outcome) {
    case FETCH_ANSWERED:
        if (auth->step == AUTH_STEP_POST && http_is_redirect(response->status) &&
            http_response_header(response, "location", 0))
            follow_post(auth, response);
        else if (auth->step == AUTH_STEP_POST && post_is_not_taken(response->status))
            ask_by_get(auth);
        else if (auth->step == AUTH_STEP_KEY)
            take_key_answer(auth, response);
        else
            take_scope_answer(auth, response);
        return;
    case FETCH_UNREACHABLE:
        finish_auth(auth, AUTH_REALM_UNREACHABLE, NULL);
        return;
    case FETCH_STALLED:
        finish_auth(auth, AUTH_STALLED, NULL);
        return;
    case FETCH_MALFORMED:
    case FETCH_CLOSED:
        if (holds_token(auth, response)) {
            take_scope_answer(auth, response);
            return;
        }
        finish_auth(auth, trail->trouble ? AUTH_FAILED : AUTH_MALFORMED,
                    trail->trouble ? trail->trouble : response->detail);
        return;
    case FETCH_LOCAL:
        finish_auth(auth, AUTH_LOCAL,
                    response ? response->detail : "the request for a token could not be sent");
        return;
    }
}

/* ---- Basic ---- */

static void basic_answered(enum fetch_outcome outcome, const struct http_response *response,
                           void *context)
{
    struct auth_run *auth = context;

    if (outcome != FETCH_ANSWERED) {
        finish_auth(auth, outcome == FETCH_LOCAL ? AUTH_LOCAL : AUTH_FAILED,
                    response ? response->detail : "no connection");
        return;
    }
    auth_evidence_of(auth)->key_status = response->status;
    if (response->status == 200)
        finish_auth(auth, AUTH_ACCEPTED, NULL);
    else if (response->status == 401 || response->status == 403)
        finish_auth(auth, AUTH_REJECTED, NULL);
    else
        finish_auth(auth, AUTH_FAILED, NULL);
}

static void ask_ping_with_key(struct auth_run *auth)
{
    struct registry_run *registry = auth->registry;
    struct pull_request_options options = {
        .at = pull_target_url(registry->run, pull_ping_path(registry->run, registry->secrets)),
        .method = "GET",
        .authorizations = &auth->basic,
        .authorization_count = 1,
        .known = &registry->address,
        .own = &registry->own,
        .elsewhere = &registry->evidence->auth.remote};

    auth->step = AUTH_STEP_BASIC;
    auth->request =
        pull_request_start(registry->run, &options, registry->secrets, basic_answered, auth);
    if (!auth->request)
        finish_auth(auth, AUTH_LOCAL, "out of memory");
}

/* False where the certificate is not looked at, so that anybody might be there. */
static bool is_verified(const struct auth_run *auth, const struct url *url)
{
    const struct probe_run *run = auth->registry->run;
    struct url target = pull_target_url(run, "/");

    return !run->target->insecure_skip_verify || run->target->send_key_unverified ||
           (pull_same_origin(url, &target) && url->tls &&
            auth->registry->path->evidence->tls.outcome == TLS_OK &&
            auth->registry->path->evidence->tls.defects == 0);
}

/* The key is the authorization, and whoever gets it judges it. */
static void start_basic(struct auth_run *auth)
{
    struct url target = pull_target_url(auth->registry->run, "/");
    bool own = pull_same_origin(&auth->asked_by, &target);

    auth_evidence_of(auth)->host_listed = own;
    if (!*auth->key.username || !*auth->key.secret) {
        finish_auth(auth, AUTH_NO_CREDENTIALS, NULL);
    } else if (!own) {
        finish_auth(auth, AUTH_NO_CREDENTIALS, "the key is not sent to another host");
    } else if (!is_verified(auth, &target)) {
        auth_evidence_of(auth)->key_unverified = true;
        finish_auth(auth, AUTH_NO_CREDENTIALS, "the key is not sent over an unverified session");
    } else if (!auth->basic.line) {
        finish_auth(auth, AUTH_LOCAL, "out of memory");
    } else if (!auth->image) {
        auth_evidence_of(auth)->key_sent = true;
        ask_ping_with_key(auth);
    } else {
        auth_evidence_of(auth)->key_sent = true;
        add_authorization(auth->image, &auth->basic);
        finish_auth(auth, AUTH_ACCEPTED, NULL);
    }
}

/* ---- Bearer ---- */

/* "host" in token_hosts allows any port of it, "host:port" that one. */
static bool is_listed(const struct target *target, const struct url *realm)
{
    char with_port[HOST_PORT_SIZE];

    if (strcmp(realm->host, target->host) == 0)
        return true;
    host_port_format(realm->host, realm->port, with_port);
    for (size_t i = 0; i < target->token_host_count; i++)
        if (strcasecmp(target->token_hosts[i], realm->host) == 0 ||
            strcasecmp(target->token_hosts[i], with_port) == 0)
            return true;
    return false;
}

static int compare_scopes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* containerd asks for the repository's scope and for those of the challenge, sorted, each once. */
static const char *join_scopes(struct auth_run *auth)
{
    struct arena *secrets = auth->registry->secrets;
    const char *list[MAX_SCOPES];
    size_t count = 0;
    char *rest = arena_copy_text(secrets, auth->challenge.scope ? auth->challenge.scope : "");
    const char *own = arena_format(secrets, "repository:%s:pull", auth->image->repository);
    const char *joined = "";

    if (!rest || !own)
        return NULL;
    list[count++] = own;
    for (const char *one; count < MAX_SCOPES && (one = strsep(&rest, " "));)
        if (*one)
            list[count++] = one;
    for (size_t i = 1; i < count; i++)
        if (strcmp(list[i], own) != 0)
            auth->image->evidence->differences |= 1u << DIFFERENCE_SCOPE;
    qsort(list, count, sizeof(list[0]), compare_scopes);
    for (size_t i = 0; joined && i < count; i++)
        if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
            joined = arena_format(secrets, "%s%s%s", joined, *joined ? " " : "", list[i]);
    return joined;
}

static void start_bearer(struct auth_run *auth)
{
    struct registry_run *registry = auth->registry;
    struct auth_evidence *evidence = auth_evidence_of(auth);
    const struct target *target = registry->run->target;
    bool has_key = *auth->key.username && *auth->key.secret;

    evidence->realm = pull_keep_url(registry->run, registry->secrets, auth->challenge.realm);
    evidence->service = registry_keep(registry, auth->challenge.service);
    const char *realm = url_clean(auth->challenge.realm, registry->secrets);
    if (!realm || url_parse(realm, registry->secrets, &auth->realm) ||
        !pull_read_user(registry->run, registry->secrets, auth->challenge.realm, &auth->user)) {
        finish_auth(auth, AUTH_MALFORMED, "the realm is not a URL that can be used");
        return;
    }
    run_add_query(registry->run, &auth->realm);
    evidence->host_listed =
        is_listed(target, &auth->realm) && (auth->realm.tls || target->plain_http);
    auth->with_key = has_key && evidence->host_listed && is_verified(auth, &auth->realm);
    evidence->key_unverified |= has_key && evidence->host_listed && !auth->with_key;
    auth->basic.asked_by = auth->realm;
    auth->scopes = auth->image ? join_scopes(auth) : NULL;
    if ((auth->image && !auth->scopes) || (auth->with_key && !auth->basic.line))
        finish_auth(auth, AUTH_LOCAL, "out of memory");
    else if (!auth->image)
        ask_realm(auth, AUTH_STEP_KEY);
    else
        ask_realm(auth, auth->with_key ? AUTH_STEP_POST : AUTH_STEP_GET);
}

/* ---- start and end ---- */

void stage_auth_start(struct registry_run *registry, struct image_run *image)
{
    struct auth_run *auth = &registry->auth;
    const struct keys *keys = image ? &image->keys : &registry->keys;
    size_t key = image ? image->key : registry->key;
    usec_t started = auth->started ? auth->started : clock_monotonic();

    pull_request_free(auth->request);
    *auth =
        (struct auth_run){.registry = registry,
                          .image = image,
                          .started = started,
                          .challenge = image ? image->challenge : registry->path->challenge,
                          .asked_by = image ? image->asked_by : pull_target_url(registry->run, "/"),
                          .key = {.username = "", .secret = ""}};
    if (key < keys->count) {
        auth->key = keys->list[key];
        run_add_key(registry->run, &auth->key);
    }
    if (image)
        image->evidence->key = key < keys->count ? registry_keep(registry, auth->key.entry) : NULL;
    if (!auth->key.secret) {
        finish_auth(auth, AUTH_LOCAL,
                    "the key in the docker config holds a NUL byte, as base64 of UTF-16 text does, "
                    "and is not sent");
        return;
    }
    auth->basic =
        (struct pull_authorization){.line = pull_basic_line(&auth->key, registry->secrets),
                                    .is_key = true,
                                    .asked_by = auth->asked_by};
    switch (auth->challenge.kind) {
    case CHALLENGE_BEARER:
        start_bearer(auth);
        return;
    case CHALLENGE_BASIC:
        start_basic(auth);
        return;
    case CHALLENGE_NONE:
    case CHALLENGE_EMPTY:
    case CHALLENGE_UNPARSABLE:
        break;
    }
    if (registry->path->evidence->api.status == 200)
        finish_auth(auth, AUTH_NOT_REQUIRED, NULL);
    else
        finish_auth(auth, AUTH_MALFORMED, "the challenge at /v2/ names no way to authorize");
}

bool stage_auth_pending(const struct registry_run *registry)
{
    return registry->auth.step != AUTH_STEP_NONE;
}

void stage_auth_end(struct registry_run *registry, bool expired)
{
    struct auth_run *auth = &registry->auth;
    enum auth_outcome outcome = AUTH_CANCELLED;

    if (!stage_auth_pending(registry))
        return;
    enum fetch_outcome reached =
        auth->request ? pull_request_end(auth->request, expired) : FETCH_LOCAL;
    if (expired && registry_was_fair(registry, auth->request))
        outcome = reached == FETCH_STALLED || !auth_evidence_of(auth)->remote.host
                      ? AUTH_STALLED
                      : AUTH_REALM_UNREACHABLE;
    if (auth->step == AUTH_STEP_KEY && auth->image) /* the refusal before it is known */
        outcome = AUTH_GRANTED_LESS_THAN_ASKED;
    if (auth->image)
        auth->image->evidence->auth = outcome;
    auth->outcome = outcome;
    auth_evidence_of(auth)->duration = clock_monotonic() - auth->started;
    auth->step = AUTH_STEP_NONE;
}
