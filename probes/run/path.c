/* SPDX-License-Identifier: MIT */
/*
 * tcp, tls and api of one address: each step starts when the one below it is through.
 *
 * States (enum path_step): tcp, tls, api, and none when the path is through. Further ones: trials,
 * after a handshake that was cut off, until further handshakes told why; date, after a certificate
 * defect, until the peer's Date header is read; source ports, when the path is through and further
 * connects are still pending. Callbacks of the connection move the path, a timer of a quarter of
 * the timeout starts trials and further source ports, and the end of the run ends it anywhere.
 */

#include <errno.h>
#include <string.h>

#include "probes/evidence/address_class.h"
#include "probes/registry/ping.h"
#include "probes/run/pull_request.h"
#include "probes/run/stages.h"
#include "probes/transport/http_fields.h"
#include "probes/transport/socket_info.h"

#define SECRETS_LIMIT ((size_t)2 * 1024 * 1024) /* headers of all redirects */
static bool is_proxied(const struct path_run *path)
{
    return path->evidence->views & VIEW_PROXY;
}

static struct endpoint endpoint_of(const struct path_run *path)
{
    uint16_t port = is_proxied(path) ? path->run->proxy.choice.url.port : path->run->target->port;

    return (struct endpoint){.address = path->evidence->address, .port = port};
}

/* The next look at the path, unless it has come further until then. */
static void watch_for_a_quarter(struct path_run *path)
{
    struct timeval wait = clock_timeval(path->run->target->timeout / 4);

    if (event_add(path->quarter, &wait) < 0)
        run_local_error(path->run, "starting a timer", ENOMEM);
}

static void path_done(struct path_run *path)
{
    if (path->source_ports) {
        path->step = STEP_SOURCE_PORTS;
        watch_for_a_quarter(path);
        return;
    }
    path->step = STEP_NONE;
    run_progressed(path->run);
}

static void close_path(struct path_run *path)
{
    http_exchange_free(path->exchange);
    if (path->fd >= 0)
        evutil_closesocket(path->fd);
    path->fd = -1;
    handshake_trials_end(path->trials);
    tls_session_free(path->session);
    source_ports_free(path->source_ports);
    dial_free(path->dial);
    if (path->quarter)
        event_free(path->quarter);
    pull_request_free(path->request);
    arena_free(path->secrets);
    path->request = NULL;
    path->secrets = NULL;
    tunnel_free(path->tunnel);
    path->exchange = NULL;
    path->tunnel = NULL;
    path->trials = NULL;
    path->session = NULL;
    path->source_ports = NULL;
    path->dial = NULL;
    path->quarter = NULL;
}

/* ---- api ---- */

static void take_ping(struct path_run *path, const struct http_response *response)
{
    struct probe_run *run = path->run;

    registry_read_ping(response, &path->evidence->address, run->scratch, run->evidence->arena,
                       &path->evidence->api);
    if (path->evidence->api.outcome == API_REGISTRY)
        challenge_read(response, run->scratch, &path->challenge);
    path_done(path);
}

static void pinged_again(enum fetch_outcome outcome, const struct http_response *response,
                         void *context)
{
    struct path_run *path = context;
    usec_t first = path->evidence->api.duration;

    if (outcome == FETCH_ANSWERED) {
        take_ping(path, response);
        path->evidence->api.duration += first;
        return;
    }
    path->evidence->api.detail =
        pull_keep_text(path->run, "the place that it redirects to does not answer");
    path_done(path);
}

/* True if clients go on after this answer: to where it redirects, or to a second try. */
static bool is_passing(const struct http_response *response)
{
    unsigned status = response->status;

    return response->outcome == HTTP_ANSWERED &&
           (http_is_redirect(status) || status == 408 || status == 429 || status >= 500);
}

/* Asks /v2/ again over a new connection, and follows redirects. False: memory. */
static bool ping_again(struct path_run *path)
{
    struct probe_run *run = path->run;
    struct pull_request_options options = {
        .at = pull_target_url(run, pull_ping_path(run, run->scratch)),
        .method = "GET",
        .head_is_enough = registry_head_is_enough,
        .known = &path->evidence->address,
        .own = &path->own,
        .elsewhere = &path->remote};

    path->secrets = arena_new(SECRETS_LIMIT);
    path->request =
        path->secrets ? pull_request_start(run, &options, path->secrets, pinged_again, path) : NULL;
    return path->request != NULL;
}

static void api_done(const struct http_response *response, void *context)
{
    struct path_run *path = context;
    struct probe_run *run = path->run;

    if (!is_passing(response)) {
        take_ping(path, response);
        return;
    }
    registry_read_ping(response, &path->evidence->address, run->scratch, run->evidence->arena,
                       &path->evidence->api);
    if (!ping_again(path))
        path_done(path);
}

/* Only the Date of an answer is used if the session did not verify. */
static void date_done(const struct http_response *response, void *context)
{
    struct path_run *path = context;
    struct api_evidence answer = {0};

    registry_read_partial(response, path->run->scratch, path->run->evidence->arena, &answer);
    path->evidence->api.peer_time = answer.peer_time;
    path->evidence->api.local_time = answer.local_time;
    path_done(path);
}

static bool start_exchange(struct path_run *path, http_done_fn *done)
{
    struct probe_run *run = path->run;
    struct http_request request = {.method = "GET",
                                   .path = pull_ping_path(run, run->scratch),
                                   .head_is_enough = registry_head_is_enough};

    request.host_header = registry_host_header(run->target, run->scratch);
    if (request.host_header && request.path)
        path->exchange =
            http_exchange_start(run_base(run), &path->stream, &request, run->scratch, done, path);
    return path->exchange != NULL;
}

static void start_api(struct path_run *path)
{
    bool open = true;

    path->step = STEP_API;
    if (path->session)
        open = tls_session_stream(path->session, false, &path->stream);
    else
        path->stream = stream_of_socket(path->fd);
    if (open && start_exchange(path, api_done))
        return;
    path->evidence->api.outcome = API_LOCAL;
    run_local_error(path->run, "asking the registry", ENOMEM);
    path_done(path);
}

/* ---- tls ---- */

static void leave_tls(struct path_run *path);

/* True if the path goes on as for older clients, whose ClientHello is short: that one completed,
 * and no longer one had an answer. */
static bool take_short_hello(struct path_run *path)
{
    struct tls_session *session;

    if (!path->trials || tls_session_heard_tls(path->session))
        return false;
    session = handshake_trials_take_short_hello(path->trials, &path->evidence->tls);
    if (!session)
        return false;
    tls_session_free(path->session);
    path->session = session;
    path->evidence->tls.short_hello = true;
    leave_tls(path);
    return true;
}

static void trials_done(void *context)
{
    struct path_run *path = context;

    if (path->step != STEP_TLS && path->step != STEP_TRIALS)
        return;
    if (!take_short_hello(path) && path->step == STEP_TRIALS)
        path_done(path);
}

/* A trial that stays silent must not hold up the others for more than a quarter of the timeout. */
static void watch_trials(struct path_run *path)
{
    if (!take_short_hello(path) && handshake_trials_pending(path->trials))
        watch_for_a_quarter(path);
}

static void start_trials(struct path_run *path)
{
    struct probe_run *run = path->run;
    struct handshake_trials *trials = &path->evidence->trials;
    struct endpoint endpoint = endpoint_of(path);
    struct socket_info info;

    socket_info_read(tls_session_fd(path->session), &info);
    trials->send_mss = info.send_mss;
    trials->receive_mss = info.receive_mss;
    trials->path_mtu = info.path_mtu;
    trials->interface_mtu = info.interface_mtu;
    trials->retransmits = info.retransmits;
    path->trials = handshake_trials_start(run_base(run), run->store, &endpoint, run->target,
                                          run->evidence->arena, trials, trials_done, path);
}

static bool was_cut_off(enum tls_outcome outcome)
{
    return outcome == TLS_RESET || outcome == TLS_EOF;
}

static void leave_tls(struct path_run *path)
{
    event_del(path->quarter);
    if (path->evidence->tls.outcome == TLS_OK) {
        start_api(path);
        return;
    }
    path->step = STEP_DATE;
    if (!tls_session_stream(path->session, true, &path->stream) || !start_exchange(path, date_done))
        path_done(path);
}

static void tls_done(struct tls_session *session, void *context)
{
    struct path_run *path = context;
    bool cut_off = was_cut_off(path->evidence->tls.outcome);

    (void)session;
    if (cut_off && !path->trials && !is_proxied(path))
        start_trials(path);
    if (cut_off && path->trials && handshake_trials_pending(path->trials)) {
        path->step = STEP_TRIALS;
        watch_for_a_quarter(path);
        return;
    }
    leave_tls(path);
}

static void start_tls(struct path_run *path, int fd)
{
    struct probe_run *run = path->run;
    struct tls_options options = {
        .host = run->target->host,
        .host_is_address = run->target->host_is_address,
        .verify = !run->target->insecure_skip_verify,
        .long_hello = !is_proxied(path), /* a proxy's path has no trials, so no second chance */
    };

    path->step = STEP_TLS;
    path->session = tls_session_start(run_base(run), run->store, fd, &options, run->evidence->arena,
                                      &path->evidence->tls, tls_done, path);
    if (path->session) {
        watch_for_a_quarter(path);
        return;
    }
    path->evidence->tls.outcome = TLS_LOCAL;
    run_local_error(run, "starting TLS", ENOMEM);
    path_done(path);
}

/* ---- proxy ---- */

static void tunnel_done(const struct tunnel_result *result, void *context)
{
    struct path_run *path = context;

    event_del(path->quarter);
    stage_proxy_note(path->run, result);
    if (result->outcome == PROXY_OK) {
        start_tls(path, result->fd);
        return;
    }
    path->evidence->tls.reason = result->outcome == PROXY_TLS_FAILED ? "TLS with the proxy fails"
                                                                     : "the proxy gives no tunnel";
    path_done(path);
}

static void start_tunnel(struct path_run *path, int fd)
{
    struct probe_run *run = path->run;

    struct tunnel_options options = {
        .choice = &run->proxy.choice,
        .host = run->target->host,
        .port = run->target->port,
        .store = run->store,
        .verify = !run->target->insecure_skip_verify,
        .texts = run->evidence->arena,
    };

    path->step = STEP_PROXY;
    path->tunnel = tunnel_start(run_base(run), fd, &options, tunnel_done, path);
    if (path->tunnel)
        return;
    run_local_error(run, "asking the proxy", ENOMEM);
    path_done(path);
}

/* With plain_http there is no TLS to speak of. */
static void connected(struct path_run *path, int fd)
{
    if (is_proxied(path)) {
        start_tunnel(path, fd);
        return;
    }
    if (!path->run->target->plain_http) {
        start_tls(path, fd);
        return;
    }
    path->fd = fd;
    path->evidence->tls.reason = "plain_http is set";
    start_api(path);
}

/* ---- tcp ---- */

static void dial_done(const struct dial_result *result, void *context)
{
    struct path_run *path = context;

    event_del(path->quarter);
    dial_describe(result, &path->evidence->tcp);
    if (result->outcome == TCP_LOCAL)
        run_local_error(path->run, "connecting", result->error);
    dial_free(path->dial);
    path->dial = NULL;
    if (result->outcome == TCP_OK)
        connected(path, result->fd);
    else
        path_done(path);
}

static void source_ports_changed(int fd, bool all_ended, void *context)
{
    struct path_run *path = context;

    if (all_ended) {
        source_ports_free(path->source_ports);
        path->source_ports = NULL;
    }
    if (fd >= 0 && path->dial) {
        path->evidence->tcp.outcome = TCP_OK;
        path->evidence->tcp.duration = dial_elapsed(path->dial);
        dial_free(path->dial);
        path->dial = NULL;
        connected(path, fd);
    } else if (fd >= 0) {
        evutil_closesocket(fd);
    }
    if (all_ended && path->step == STEP_SOURCE_PORTS)
        path_done(path);
}

static void start_source_ports(struct path_run *path)
{
    struct probe_run *run = path->run;
    struct endpoint endpoint = endpoint_of(path);

    if (run_mode(run) == PROBE_ONCE && path->evidence->address_class == CLASS_PUBLIC &&
        !is_proxied(path))
        path->source_ports = source_ports_start(run_base(run), &endpoint, &path->evidence->tcp,
                                                source_ports_changed, path);
}

/* ---- a quarter of the timeout without progress ---- */

static void on_quarter(int fd, short what, void *context)
{
    struct path_run *path = context;

    (void)fd;
    (void)what;
    if (path->step == STEP_TCP) {
        start_source_ports(path);
    } else if (path->step == STEP_TLS && !path->trials) {
        size_t received = tls_session_bytes_received(path->session);
        if (received == path->bytes_seen && !is_proxied(path))
            start_trials(path);
        path->bytes_seen = received;
        watch_for_a_quarter(path);
    } else if (path->step == STEP_TLS || path->step == STEP_TRIALS) {
        watch_trials(path);
    } else if (path->step == STEP_SOURCE_PORTS) {
        source_ports_free(path->source_ports);
        path->source_ports = NULL;
        path_done(path);
    }
}

static void start_dial(struct path_run *path)
{
    struct probe_run *run = path->run;
    struct endpoint endpoint = endpoint_of(path);

    path->quarter = event_new(run_base(run), -1, 0, on_quarter, path);
    if (path->quarter)
        path->dial = dial_start(run_base(run), &endpoint, 0, dial_done, path);
    if (path->dial) {
        path->step = STEP_TCP;
        watch_for_a_quarter(path);
        return;
    }
    path->evidence->tcp.outcome = TCP_LOCAL;
    path->evidence->tcp.error = ENOMEM;
    run_local_error(run, "connecting", ENOMEM);
}

/* The proxy's address is a path of its own, even if the registry has the same one. */
static struct path_evidence *find_path(struct evidence *evidence, const struct address *address,
                                       unsigned views)
{
    for (size_t i = 0; i < evidence->path_count; i++)
        if (address_equal(&evidence->paths[i].address, address) &&
            (evidence->paths[i].views & VIEW_PROXY) == (views & VIEW_PROXY))
            return &evidence->paths[i];
    return NULL;
}

/* The pod's answers, which may come first, leave half of the room to those that decide. */
static size_t room_for(const struct probe_run *run, unsigned views)
{
    bool decides = views != VIEW_POD || run->target->network->host_resolver_count == 0;

    return decides ? EVIDENCE_MAX_PATHS : EVIDENCE_MAX_PATHS / 2;
}

void stage_path_start(struct probe_run *run, const struct address *address, unsigned views)
{
    struct evidence *evidence = run->evidence;
    struct path_evidence *known = find_path(evidence, address, views);

    if (known) {
        known->views |= views;
        return;
    }
    if (evidence->path_count >= room_for(run, views)) {
        evidence->addresses_dropped++;
        return;
    }
    struct path_run *path = &run->paths[evidence->path_count];
    path->run = run;
    path->fd = -1;
    path->evidence = &evidence->paths[evidence->path_count++];
    path->evidence->address = *address;
    path->evidence->views = views;
    path->started = clock_monotonic();
    path->evidence->address_class =
        address_classify(address, run->target->network, evidence->arena, &path->evidence->rule);
    if (path->evidence->address_class == CLASS_BOGUS && !is_proxied(path))
        path->evidence->tcp.reason = "a bogus address is never dialled";
    else
        start_dial(path);
}

bool stage_path_pending(const struct probe_run *run, unsigned views)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->paths[i].step != STEP_NONE && (run->paths[i].evidence->views & views))
            return true;
    return false;
}

/* The step in progress when the run ended gets `tcp`, `tls` or `api` as its outcome. */
static void end_path(struct path_run *path, enum tcp_outcome tcp, enum tls_outcome tls,
                     enum api_outcome api)
{
    struct path_evidence *evidence = path->evidence;

    switch (path->step) {
    case STEP_TCP:
        evidence->tcp.outcome = tcp;
        evidence->tcp.duration = dial_elapsed(path->dial);
        break;
    case STEP_PROXY:
        if (tcp == TCP_TIMEOUT) {
            struct tunnel_result result = tunnel_stalled(path->tunnel);
            stage_proxy_note(path->run, &result);
        }
        break;
    case STEP_TLS:
        evidence->tls.outcome = tls;
        evidence->tls.duration = tls_session_elapsed(path->session);
        break;
    case STEP_API:
        if (path->request) /* the first answer counts */
            break;
        registry_read_partial(http_exchange_progress(path->exchange), path->run->scratch,
                              path->run->evidence->arena, &evidence->api);
        evidence->api.outcome = api;
        evidence->api.duration = http_exchange_elapsed(path->exchange);
        break;
    case STEP_NONE:
    case STEP_TRIALS:
    case STEP_DATE:
    case STEP_SOURCE_PORTS:
        break;
    }
    path->step = STEP_NONE;
}

static void cancel_path(struct path_run *path)
{
    end_path(path, TCP_CANCELLED, TLS_CANCELLED, API_CANCELLED);
}

/* True if the step in progress had enough time, so that its silence means something. Slow
 * resolvers, lost segments and a busy machine must not look like a blocked path or a stalled
 * registry. */
static bool was_fair(const struct path_run *path)
{
    usec_t timeout = path->run->target->timeout;

    if (clock_monotonic() - path->started < timeout / 4)
        return false;
    if (path->step == STEP_TLS)
        return tls_session_elapsed(path->session) >= timeout / 10;
    return path->step != STEP_API || http_exchange_elapsed(path->exchange) >= timeout / 10;
}

void stage_path_expire(struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++) {
        struct path_run *path = &run->paths[i];
        if (was_fair(path))
            end_path(path, TCP_TIMEOUT, TLS_TIMEOUT, API_STALLED);
        else
            cancel_path(path);
    }
}

void stage_path_cancel(struct probe_run *run)
{
    if (!run->evidence)
        return;
    for (size_t i = 0; i < run->evidence->path_count; i++) {
        cancel_path(&run->paths[i]);
        close_path(&run->paths[i]);
    }
}

const char *stage_path_awaited(const struct path_run *path)
{
    static const char *const names[] = {
        [STEP_TCP] = "tcp",
        [STEP_PROXY] = "proxy",
        [STEP_TLS] = "tls",
        [STEP_TRIALS] = "handshake trials",
        [STEP_DATE] = "date",
        [STEP_API] = "api",
        [STEP_SOURCE_PORTS] = "source ports",
    };

    return names[path->step];
}
