/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/cluster_call.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "config/base/memory.h"
#include "probes/registry/redactor.h"
#include "probes/transport/dial.h"
#include "probes/transport/http_exchange.h"
#include "probes/transport/tls_session.h"

#define ARENA_LIMIT  ((size_t)256 * 1024) /* of the texts of one request, kept headers included */
#define MAX_PATH     4096
#define MAX_CONTINUE 2048
#define ERROR_SIZE   256

/* The parts of one request, which are freed when the next one starts. */
struct cluster_attempt {
    struct arena *arena;
    struct text token;
    struct trust_store *store;
    struct dial *dial;
    struct tls_evidence tls;
    struct tls_session *session;
    struct stream stream;
    struct http_exchange *exchange;
};

struct cluster_call {
    struct event_base *base;
    struct arena *arena; /* copies of the account and the request */
    struct service_account account;
    struct cluster_request request;
    cluster_answered_fn *answered;
    void *context;
    struct event *begin; /* starts the next request from the loop */
    struct event *deadline;
    usec_t limit;
    usec_t due;   /* when the deadline should fire */
    bool excused; /* this process stood still, so the deadline was extended once */
    char address[ADDRESS_TEXT_SIZE];
    char host_header[HOST_PORT_SIZE];
    struct cluster_attempt attempt;
    struct text continued; /* token of the next page; empty: the first */
    unsigned pages;
    struct text refused; /* the token that was answered with 401 */
};

/* ---- the end of a request ---- */

static void attempt_clear(struct cluster_attempt *attempt)
{
    http_exchange_free(attempt->exchange);
    tls_session_free(attempt->session);
    dial_free(attempt->dial);
    trust_store_release(attempt->store);
    text_free(&attempt->token);
    arena_free(attempt->arena);
    *attempt = (struct cluster_attempt){0};
}

static void call_finish(struct cluster_call *call, const struct cluster_status *status)
{
    event_del(call->deadline);
    call->answered(status, true, call->context); /* may have freed the call */
}

static void call_fail(struct cluster_call *call, enum cluster_outcome outcome, const char *detail)
{
    call_finish(call, &(struct cluster_status){.outcome = outcome, .detail = detail});
}

static void next_request(struct cluster_call *call)
{
    static const struct timeval at_once = {0, 0};

    if (event_add(call->begin, &at_once))
        call_fail(call, CLUSTER_LOCAL, "memory is short");
}

/* ---- the answer ---- */

/* True if the server refused a token that the kubelet has replaced meanwhile. */
static bool has_new_token(struct cluster_call *call)
{
    struct text token = TEXT_WITH_LIMIT(SERVICE_ACCOUNT_TOKEN_SIZE);
    struct cluster_attempt *attempt = &call->attempt;
    bool again = false;

    if (!call->refused.length && !service_account_token(&call->account, &token))
        again = strcmp(text_string(&token), text_string(&attempt->token)) != 0;
    if (again)
        text_append(&call->refused, text_string(&attempt->token));
    text_free(&token);
    return again;
}

/* The token of the page after this one; NULL: it is the last. */
static const char *next_page(const struct cluster_call *call, const struct cluster_status *status)
{
    const json_t *metadata = json_object_get(status->document, "metadata");
    const char *token = json_string_value(json_object_get(metadata, "continue"));

    return call->request.verb == CLUSTER_LIST && token && *token ? token : NULL;
}

static void tell_page(struct cluster_call *call, const struct cluster_status *status,
                      const char *continued)
{
    text_clear(&call->continued);
    text_append(&call->continued, continued);
    if (text_truncated(&call->continued) || ++call->pages == CLUSTER_MAX_PAGES) {
        call_fail(call, CLUSTER_TOO_LARGE, "the list is too long");
        return;
    }
    if (event_add(call->begin, &(struct timeval){0})) {
        call_fail(call, CLUSTER_LOCAL, "memory is short");
        return;
    }
    call->answered(status, false, call->context); /* may have freed the call */
}

/* A copy in which the token is blanked, because servers and what stands before them repeat what
 * they were sent. */
static const char *blank_token(struct cluster_call *call, const char *words)
{
    const struct text *token = &call->attempt.token;
    struct redactor redactor = {0};
    char *copy = arena_copy_text(call->attempt.arena, words);

    redactor_add(&redactor, text_string(token), token->length, 0);
    if (copy)
        redactor_apply(&redactor, copy);
    redactor_free(&redactor);
    return copy;
}

static void on_answer(const struct http_response *response, void *context)
{
    struct cluster_call *call = context;
    struct cluster_status status;

    cluster_status_read(response, call->attempt.arena, &status);
    status.reason = blank_token(call, status.reason);
    status.detail = blank_token(call, status.detail);
    json_t *document = status.document; /* the callback may free the call */
    const char *continued = document ? next_page(call, &status) : NULL;
    if (status.outcome == CLUSTER_UNAUTHORIZED && has_new_token(call))
        next_request(call);
    else if (continued)
        tell_page(call, &status, continued);
    else
        call_finish(call, &status);
    json_decref(document);
}

/* ---- the connection ---- */

static const char *bearer_authorization(struct cluster_call *call)
{
    struct cluster_attempt *attempt = &call->attempt;

    return arena_format(attempt->arena, "Authorization: Bearer %s\r\n",
                        text_string(&attempt->token));
}

static void ask_server(struct cluster_call *call)
{
    struct cluster_attempt *attempt = &call->attempt;
    struct text path = TEXT_WITH_LIMIT(MAX_PATH);
    const char *continued = call->continued.length ? text_string(&call->continued) : NULL;
    bool fits = cluster_request_path(&call->request, continued, &path) && !text_truncated(&path);
    const struct http_request request = {
        .method = cluster_verb_method(call->request.verb),
        .host_header = call->host_header,
        .path = text_string(&path),
        .accept = "application/json",
        .extra_headers = bearer_authorization(call),
        .body = call->request.body,
        .body_type = call->request.verb == CLUSTER_PATCH ? "application/merge-patch+json"
                                                         : "application/json",
        .max_body = CLUSTER_MAX_DOCUMENT,
    };

    if (fits && request.extra_headers)
        attempt->exchange = http_exchange_start(call->base, &attempt->stream, &request,
                                                attempt->arena, on_answer, call);
    text_free(&path);
    if (!fits)
        call_fail(call, CLUSTER_INVALID, "a name in the request is not valid");
    else if (!attempt->exchange)
        call_fail(call, CLUSTER_LOCAL, "memory is short");
}

static void on_handshake(struct tls_session *session, void *context)
{
    struct cluster_call *call = context;
    struct cluster_attempt *attempt = &call->attempt;
    const struct tls_evidence *tls = &attempt->tls;
    const char *words = tls_outcome_words(tls->outcome);

    if (tls_session_stream(session, false, &attempt->stream)) {
        ask_server(call);
        return;
    }
    const char *detail =
        tls->detail ? arena_format(attempt->arena, "%s: %s", words, tls->detail) : words;
    call_fail(call,
              tls->outcome == TLS_LOCAL ? CLUSTER_LOCAL
              : tls->defects            ? CLUSTER_UNTRUSTED
                                        : CLUSTER_UNREACHABLE,
              detail ? detail : words);
}

static void on_dialled(const struct dial_result *result, void *context)
{
    struct cluster_call *call = context;
    struct cluster_attempt *attempt = &call->attempt;
    const struct tls_options options = {
        .host = call->address, .host_is_address = true, .verify = true};

    if (result->outcome != TCP_OK) {
        call_fail(call, result->outcome == TCP_LOCAL ? CLUSTER_LOCAL : CLUSTER_UNREACHABLE,
                  tcp_outcome_words(result->outcome));
        return;
    }
    attempt->session = tls_session_start(call->base, attempt->store, result->fd, &options,
                                         attempt->arena, &attempt->tls, on_handshake, call);
    if (!attempt->session)
        call_fail(call, CLUSTER_LOCAL, "memory is short");
}

/* NULL, or why there is no token or no authority. */
static const char *read_account(struct cluster_call *call, char error[ERROR_SIZE])
{
    struct cluster_attempt *attempt = &call->attempt;
    char path[PATH_MAX];
    const struct trust_options options = {.ca_file = path, .ca_file_only = true};
    const char *trouble = service_account_token(&call->account, &attempt->token);
    int length = snprintf(path, sizeof(path), "%s/ca.crt", call->account.folder);

    if (trouble)
        return trouble;
    if (length < 0 || (size_t)length >= sizeof(path))
        return "the service account's folder has too long a name";
    attempt->store = trust_store_open(&options, error, ERROR_SIZE);
    return attempt->store ? NULL : error;
}

static void begin_request(int fd, short what, void *context)
{
    struct cluster_call *call = context;
    struct cluster_attempt *attempt = &call->attempt;
    uint64_t failures = memory_failures();
    char error[ERROR_SIZE] = "";

    (void)fd;
    (void)what;
    attempt_clear(attempt);
    attempt->token = TEXT_WITH_LIMIT(SERVICE_ACCOUNT_TOKEN_SIZE);
    attempt->arena = arena_new(ARENA_LIMIT);
    const char *trouble = attempt->arena ? read_account(call, error) : "memory is short";
    if (trouble) {
        call_fail(call, memory_failures() == failures ? CLUSTER_NO_ACCOUNT : CLUSTER_LOCAL,
                  trouble);
        return;
    }
    attempt->dial = dial_start(call->base, &call->account.server, 0, on_dialled, call);
    if (!attempt->dial)
        call_fail(call, CLUSTER_LOCAL, "memory is short");
}

/* ---- start and end ---- */

static bool arm_deadline(struct cluster_call *call)
{
    struct timeval limit = clock_timeval(call->limit);

    call->due = clock_monotonic() + call->limit;
    return event_add(call->deadline, &limit) == 0;
}

/* Gives the call its time once more if this process stood still, because answers may wait unread.
 */
static bool excuse_standstill(struct cluster_call *call)
{
    bool is_late = clock_monotonic() > call->due + call->limit / 10;

    if (call->excused || !is_late)
        return false;
    call->excused = true;
    return arm_deadline(call);
}

static void on_deadline(int fd, short what, void *context)
{
    struct cluster_call *call = context;
    const char *detail = call->attempt.exchange  ? "no complete answer in time"
                         : call->attempt.session ? "the TLS handshake did not end in time"
                                                 : "the connection timed out";

    (void)fd;
    (void)what;
    if (excuse_standstill(call))
        return;
    event_del(call->begin);
    attempt_clear(&call->attempt);
    call_fail(call, CLUSTER_UNREACHABLE, detail);
}

/* False if memory is short. */
static bool copy_request(struct cluster_call *call, const struct service_account *account,
                         const struct cluster_request *request)
{
    const struct cluster_resource *from = &request->resource;
    struct cluster_resource *to = &call->request.resource;

    call->account = *account;
    call->account.folder = arena_copy_text(call->arena, account->folder);
    call->request = *request;
    call->request.body = arena_copy_text(call->arena, request->body);
    call->request.field_selector = arena_copy_text(call->arena, request->field_selector);
    to->group = arena_copy_text(call->arena, from->group);
    to->version = arena_copy_text(call->arena, from->version);
    to->plural = arena_copy_text(call->arena, from->plural);
    to->space = arena_copy_text(call->arena, from->space);
    to->name = arena_copy_text(call->arena, from->name);
    return !arena_failed(call->arena);
}

struct cluster_call *cluster_call_start(struct event_base *base,
                                        const struct service_account *account,
                                        const struct cluster_request *request,
                                        cluster_answered_fn *answered, void *context)
{
    static const struct timeval at_once = {0, 0};
    struct cluster_call *call = memory_allocate(sizeof(*call));

    if (!call)
        return NULL;
    call->base = base;
    call->answered = answered;
    call->context = context;
    call->continued = TEXT_WITH_LIMIT(MAX_CONTINUE);
    call->refused = TEXT_WITH_LIMIT(SERVICE_ACCOUNT_TOKEN_SIZE);
    call->arena = arena_new(0);
    call->limit = request->timeout ? request->timeout : CLUSTER_TIMEOUT;
    call->begin = event_new(base, -1, 0, begin_request, call);
    call->deadline = event_new(base, -1, 0, on_deadline, call);
    if (!call->arena || !call->begin || !call->deadline || !copy_request(call, account, request) ||
        event_add(call->begin, &at_once) || !arm_deadline(call)) {
        cluster_call_free(call);
        return NULL;
    }
    address_format(&account->server.address, call->address);
    host_port_short(call->address, account->server.port, 443, call->host_header);
    return call;
}

void cluster_call_free(struct cluster_call *call)
{
    if (!call)
        return;
    attempt_clear(&call->attempt);
    if (call->begin)
        event_free(call->begin);
    if (call->deadline)
        event_free(call->deadline);
    text_free(&call->continued);
    text_free(&call->refused);
    arena_free(call->arena);
    memory_release(call);
}
