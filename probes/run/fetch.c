/* SPDX-License-Identifier: MIT */
#include "probes/run/fetch.h"

#include <errno.h>

#include "config/base/memory.h"
#include "probes/evidence/address_class.h"
#include "probes/evidence/address_order.h"
#include "probes/evidence/view.h"
#include "probes/run/name_walk.h"
#include "probes/transport/http_fields.h"

/* One address of the host, and its connection. */
struct attempt {
    struct fetch *fetch;
    struct path_evidence *evidence;
    struct arena *texts; /* of the evidence */
    struct dial *dial;
    struct tunnel *tunnel;
    struct tls_session *session;
    int fd; /* of plain HTTP; -1 none */
    bool pending;
    bool ready; /* for the request */
};

struct fetch {
    struct probe_run *run;
    struct fetch_place place;
    struct proxy_choice proxy;
    struct http_request request;
    struct arena *arena;
    struct remote_host_evidence *remote;
    fetch_done_fn *done;
    void *context;
    usec_t started;
    unsigned questions; /* still unanswered */
    bool not_asked;     /* this machine could not put a question */
    size_t attempt_count;
    struct attempt attempts[EVIDENCE_MAX_REMOTE_PATHS];
    struct attempt *winner;
    struct stream stream;
    struct http_exchange *exchange;
    struct event *failed; /* made active when no address is left */
    enum fetch_outcome failure;
};

/* ---- the end ---- */

static void close_attempt(struct attempt *attempt)
{
    tls_session_free(attempt->session);
    tunnel_free(attempt->tunnel);
    dial_free(attempt->dial);
    if (attempt->fd >= 0)
        evutil_closesocket(attempt->fd);
    *attempt = (struct attempt){.evidence = attempt->evidence, .fd = -1};
}

static void settle_attempt(struct attempt *attempt, enum tcp_outcome tcp, enum tls_outcome tls)
{
    struct path_evidence *evidence = attempt->evidence;

    if (!attempt->pending)
        return;
    attempt->pending = false;
    if (attempt->session) {
        evidence->tls.outcome = tls;
        evidence->tls.duration = tls_session_elapsed(attempt->session);
    } else if (attempt->dial) {
        evidence->tcp.outcome = tcp;
        evidence->tcp.duration = dial_elapsed(attempt->dial);
    }
}

enum fetch_outcome fetch_end(struct fetch *fetch, bool expired)
{
    struct remote_host_evidence *remote = fetch->remote;

    if (fetch->questions && remote->dns == DNS_SKIPPED && !fetch->attempt_count) {
        remote->dns = expired ? DNS_TIMEOUT : DNS_CANCELLED;
        remote->dns_duration = clock_monotonic() - fetch->started;
    }
    for (size_t i = 0; i < fetch->attempt_count; i++)
        settle_attempt(&fetch->attempts[i], expired ? TCP_TIMEOUT : TCP_CANCELLED,
                       expired ? TLS_TIMEOUT : TLS_CANCELLED);
    return fetch->exchange ? FETCH_STALLED : FETCH_UNREACHABLE;
}

usec_t fetch_elapsed(const struct fetch *fetch)
{
    return clock_monotonic() - fetch->started;
}

void fetch_free(struct fetch *fetch)
{
    if (!fetch)
        return;
    http_exchange_free(fetch->exchange);
    for (size_t i = 0; i < fetch->attempt_count; i++)
        close_attempt(&fetch->attempts[i]);
    if (fetch->failed)
        event_free(fetch->failed);
    name_walk_leave(fetch->run, fetch);
    memory_release(fetch);
}

static void fail(struct fetch *fetch, enum fetch_outcome failure)
{
    fetch->failure = failure;
    event_active(fetch->failed, EV_TIMEOUT, 0);
}

static void on_failed(int fd, short what, void *context)
{
    struct fetch *fetch = context;

    (void)fd;
    (void)what;
    (void)fetch_end(fetch, false);
    fetch->done(fetch->failure, NULL, fetch->context);
}

/* While a query is pending, its answer may bring further addresses. */
static void check_exhausted(struct fetch *fetch)
{
    enum fetch_outcome failure =
        fetch->not_asked && !fetch->attempt_count ? FETCH_LOCAL : FETCH_UNREACHABLE;

    if (fetch->winner || fetch->questions)
        return;
    for (size_t i = 0; i < fetch->attempt_count; i++) {
        const struct path_evidence *evidence = fetch->attempts[i].evidence;
        if (fetch->attempts[i].pending)
            return;
        if (evidence->tcp.outcome == TCP_LOCAL || evidence->tls.outcome == TLS_LOCAL)
            failure = FETCH_LOCAL;
    }
    fail(fetch, failure);
}

/* ---- http ---- */

static void answered(const struct http_response *response, void *context)
{
    static const enum fetch_outcome outcomes[] = {
        [HTTP_ANSWERED] = FETCH_ANSWERED,
        [HTTP_MALFORMED] = FETCH_MALFORMED,
        [HTTP_CLOSED] = FETCH_CLOSED,
        [HTTP_LOCAL] = FETCH_LOCAL,
    };
    struct fetch *fetch = context;

    (void)fetch_end(fetch, false);
    fetch->done(outcomes[response->outcome], response, fetch->context);
}

static void ask(struct fetch *fetch, struct attempt *attempt)
{
    const struct fetch_place *place = &fetch->place;

    fetch->request.host_header =
        http_host_header(place->host, place->port, place->plain_http ? 80 : 443, fetch->arena);
    if (attempt->session)
        (void)tls_session_stream(attempt->session, false, &fetch->stream);
    else
        fetch->stream = stream_of_socket(attempt->fd);
    if (fetch->request.host_header && fetch->stream.read)
        fetch->exchange = http_exchange_start(run_base(fetch->run), &fetch->stream, &fetch->request,
                                              fetch->arena, answered, fetch);
    if (!fetch->exchange)
        fail(fetch, FETCH_LOCAL);
}

/* ---- the address that clients use ---- */

static struct address_pair attempt_pair(const struct attempt *attempt)
{
    return (struct address_pair){&attempt->evidence->address, &attempt->evidence->tcp.source};
}

/* The first one in their order that connects. They try no other one after that, even if its
 * handshake fails. */
static struct attempt *used_attempt(struct fetch *fetch)
{
    struct attempt *best = NULL;

    for (size_t i = 0; i < fetch->attempt_count; i++) {
        struct attempt *attempt = &fetch->attempts[i];
        struct address_pair one = attempt_pair(attempt);
        struct address_pair other = attempt_pair(best ? best : attempt);
        if (attempt->evidence->tcp.outcome == TCP_OK && (!best || address_order(&one, &other) < 0))
            best = attempt;
    }
    return best;
}

/* One attempt has ended, well or not. */
static void end_fetch_attempt(struct attempt *attempt, bool ready)
{
    struct fetch *fetch = attempt->fetch;

    attempt->pending = false;
    attempt->ready = ready;
    struct attempt *used = used_attempt(fetch);
    if (!used)
        check_exhausted(fetch);
    if (!used || used->pending || fetch->winner)
        return;
    fetch->winner = used;
    if (used->ready)
        ask(fetch, used);
    else
        fail(fetch, fetch->not_asked || used->evidence->tls.outcome == TLS_LOCAL
                        ? FETCH_LOCAL
                        : FETCH_UNREACHABLE);
}

/* ---- tls and tcp ---- */

static void shook_hands(struct tls_session *session, void *context)
{
    struct attempt *attempt = context;

    (void)session;
    end_fetch_attempt(attempt, attempt->evidence->tls.outcome == TLS_OK);
}

static void start_fetch_tls(struct attempt *attempt, int fd)
{
    struct fetch *fetch = attempt->fetch;
    struct probe_run *run = fetch->run;
    struct tls_options options = {.host = fetch->place.host,
                                  .host_is_address = fetch->place.host_is_address,
                                  .verify = !run->target->insecure_skip_verify};

    attempt->session = tls_session_start(run_base(run), run->store, fd, &options, attempt->texts,
                                         &attempt->evidence->tls, shook_hands, attempt);
    if (attempt->session)
        return;
    attempt->evidence->tls.outcome = TLS_LOCAL;
    end_fetch_attempt(attempt, false);
}

static void tunnelled(const struct tunnel_result *result, void *context)
{
    struct attempt *attempt = context;

    if (result->outcome == PROXY_OK) {
        start_fetch_tls(attempt, result->fd);
        return;
    }
    attempt->evidence->tls.reason =
        result->status ? arena_format(attempt->texts, "the proxy answers %u", result->status)
        : result->outcome == PROXY_TLS_FAILED ? "TLS with the proxy fails"
                                              : "the proxy gives no tunnel";
    end_fetch_attempt(attempt, false);
}

static void start_fetch_tunnel(struct attempt *attempt, int fd)
{
    struct fetch *fetch = attempt->fetch;
    struct probe_run *run = fetch->run;
    struct tunnel_options options = {
        .choice = &fetch->proxy,
        .host = fetch->place.host,
        .port = fetch->place.port,
        .store = run->store,
        .verify = !run->target->insecure_skip_verify,
        .texts = attempt->texts,
    };

    attempt->tunnel = tunnel_start(run_base(run), fd, &options, tunnelled, attempt);
    if (attempt->tunnel)
        return;
    fetch->not_asked = true;
    end_fetch_attempt(attempt, false);
}

static void dialled(const struct dial_result *result, void *context)
{
    struct attempt *attempt = context;

    dial_describe(result, &attempt->evidence->tcp);
    dial_free(attempt->dial);
    attempt->dial = NULL;
    if (result->outcome != TCP_OK) {
        end_fetch_attempt(attempt, false);
    } else if (attempt->fetch->proxy.used) {
        start_fetch_tunnel(attempt, result->fd);
    } else if (attempt->fetch->place.plain_http) {
        attempt->fd = result->fd;
        end_fetch_attempt(attempt, true);
    } else {
        start_fetch_tls(attempt, result->fd);
    }
}

static void dial(struct attempt *attempt)
{
    struct fetch *fetch = attempt->fetch;
    struct endpoint endpoint = {
        .address = attempt->evidence->address,
        .port = fetch->proxy.used ? fetch->proxy.url.port : fetch->place.port,
    };

    attempt->dial = dial_start(run_base(fetch->run), &endpoint, 0, dialled, attempt);
    attempt->pending = attempt->dial != NULL;
    if (attempt->dial)
        return;
    attempt->evidence->tcp.outcome = TCP_LOCAL;
    attempt->evidence->tcp.error = ENOMEM;
}

/* ---- addresses ---- */

static const char *forbidden(const struct path_evidence *path)
{
    if (path->address_class == CLASS_BOGUS)
        return "a bogus address is never dialled";
    if (address_is_metadata(&path->address))
        return "a metadata service is never dialled for a host that a peer names";
    return NULL;
}

static struct attempt *new_attempt(struct fetch *fetch, struct path_evidence *evidence,
                                   struct arena *texts, const struct address *address)
{
    struct attempt *attempt = &fetch->attempts[fetch->attempt_count++];
    struct probe_run *run = fetch->run;

    *attempt = (struct attempt){.fetch = fetch, .evidence = evidence, .texts = texts, .fd = -1};
    evidence->address = *address;
    evidence->views = fetch->proxy.used
                          ? VIEW_PROXY
                          : evidence_deciding_view(run->evidence) & ~(unsigned)VIEW_PROXY;
    evidence->address_class =
        address_classify(address, run->target->network, texts, &evidence->rule);
    return attempt;
}

static void try_address(struct fetch *fetch, const struct address *address)
{
    struct remote_host_evidence *remote = fetch->remote;

    for (size_t i = 0; i < remote->path_count; i++)
        if (address_equal(&remote->paths[i].address, address))
            return;
    if (remote->path_count == EVIDENCE_MAX_REMOTE_PATHS ||
        fetch->attempt_count == EVIDENCE_MAX_REMOTE_PATHS || fetch->winner)
        return;
    struct attempt *attempt = new_attempt(fetch, &remote->paths[remote->path_count++],
                                          fetch->run->evidence->arena, address);
    attempt->evidence->tcp.reason = fetch->proxy.used ? NULL : forbidden(attempt->evidence);
    if (!attempt->evidence->tcp.reason)
        dial(attempt);
}

/* The registry itself, or an address that worked before. It adds no evidence. */
static void use_address(struct fetch *fetch, const struct address *address)
{
    struct path_evidence *evidence = arena_allocate(fetch->arena, sizeof(*evidence));

    if (evidence)
        dial(new_attempt(fetch, evidence, fetch->arena, address));
}

static void resolved(const struct dns_evidence *answer, void *context)
{
    struct fetch *fetch = context;
    struct remote_host_evidence *remote = fetch->remote;

    fetch->questions--;
    fetch->not_asked |= answer->outcome == DNS_LOCAL;
    if (answer->address_count || remote->dns == DNS_SKIPPED || remote->dns == DNS_TIMEOUT) {
        if (remote->dns != DNS_NOERROR)
            remote->dns_duration = answer->duration;
        remote->dns = answer->outcome;
    }
    for (size_t i = 0; i < answer->address_count; i++)
        try_address(fetch, &answer->addresses[i].address);
    check_exhausted(fetch);
}

/* The name whose address is dialled: the host's, or that of the proxy in front of it. */
static const char *dialled_host(const struct fetch *fetch)
{
    return fetch->proxy.used ? fetch->proxy.url.host : fetch->place.host;
}

static void resolve(struct fetch *fetch)
{
    struct probe_run *run = fetch->run;

    fetch->questions =
        name_walk_start_all(run, dialled_host(fetch), run_deciding_role(run), resolved, fetch);
    fetch->not_asked = !fetch->questions;
    if (!fetch->questions)
        fetch->remote->dns = DNS_LOCAL;
}

/* True if the hosts file has the host: then no resolver is asked. */
static bool try_hosts_file(struct fetch *fetch)
{
    struct address addresses[HOSTS_FILE_MAX_ADDRESSES];
    size_t count =
        environment_hosts(fetch->run->target, fetch->run->puller, dialled_host(fetch), addresses);

    for (size_t i = 0; i < count; i++)
        try_address(fetch, &addresses[i]);
    return count > 0;
}

static const struct address *good_address(const struct fetch *fetch)
{
    const struct remote_host_evidence *remote = fetch->remote;

    for (size_t i = 0; i < remote->path_count; i++) {
        const struct path_evidence *path = &remote->paths[i];
        if (path->tcp.outcome == TCP_OK && (fetch->place.plain_http || path->tls.outcome == TLS_OK))
            return &path->address;
    }
    return NULL;
}

/* Do not ask a proxy for an address that is refused without a proxy. */
static bool is_forbidden_to_proxy(const struct fetch *fetch)
{
    const struct address *address = &fetch->place.address;

    return fetch->proxy.used && fetch->place.host_is_address &&
           (address_is_metadata(address) ||
            address_classify(address, fetch->run->target->network, NULL, NULL) == CLASS_BOGUS);
}

struct fetch *fetch_start(struct probe_run *run, const struct fetch_place *place,
                          const struct http_request *request, struct arena *arena,
                          struct remote_host_evidence *remote, fetch_done_fn *done, void *context)
{
    struct fetch *fetch = memory_allocate(sizeof(*fetch));

    if (!fetch)
        return NULL;
    fetch->run = run;
    fetch->place = *place;
    fetch->request = *request;
    fetch->arena = arena;
    fetch->remote = remote;
    fetch->done = done;
    fetch->context = context;
    fetch->started = clock_monotonic();
    fetch->failed = event_new(run_base(run), -1, 0, on_failed, fetch);
    if (!remote->paths)
        remote->paths = arena_allocate(run->evidence->arena,
                                       EVIDENCE_MAX_REMOTE_PATHS * sizeof(*remote->paths));
    if (!fetch->failed || !remote->paths) {
        fetch_free(fetch);
        return NULL;
    }
    if (proxy_choose(run->target->network, run->puller->proxies, place->host, place->port,
                     !place->plain_http, run->proxy.secrets, &fetch->proxy) ||
        fetch->proxy.unsupported) {
        fetch_free(fetch);
        return NULL;
    }
    const struct address *good = place->known ? place->known : good_address(fetch);
    if (good)
        use_address(fetch, good);
    else if (is_forbidden_to_proxy(fetch))
        remote->dns = DNS_SKIPPED;
    else if (fetch->proxy.used && fetch->proxy.url.host_is_address)
        try_address(fetch, &fetch->proxy.url.address);
    else if (!fetch->proxy.used && place->host_is_address)
        try_address(fetch, &place->address);
    else if (!try_hosts_file(fetch))
        resolve(fetch);
    check_exhausted(fetch);
    return fetch;
}
