/* tcp, tls and api of one address: each step starts when the one below it is through. */

#include <errno.h>
#include <string.h>

#include "probes/diagnosis/address_class.h"
#include "probes/registry/ping.h"
#include "probes/run.h"

static void path_done(struct path_run *path)
{
    path->pending = false;
    run_progressed(path->run);
}

static void close_path(struct path_run *path)
{
    http_exchange_free(path->exchange);
    tls_session_free(path->session);
    dial_free(path->dial);
    path->exchange = NULL;
    path->session = NULL;
    path->dial = NULL;
}

/* ---- api ---- */

static void api_done(const struct http_response *response, void *context)
{
    struct path_run *path = context;

    registry_read_ping(response, path->run->evidence->arena, &path->evidence->api);
    path_done(path);
}

static void start_api(struct path_run *path)
{
    struct probe_run *run = path->run;
    const struct target *target = run->target;
    struct http_request request = {.method = "GET", .path = REGISTRY_PING_PATH};

    request.host_header = registry_host_header(target, run->evidence->arena);
    if (request.host_header && tls_session_stream(path->session, false, &path->stream))
        path->exchange = http_exchange_start(run_base(run), &path->stream, &request,
                                             run->evidence->arena, api_done, path);
    if (!path->exchange) {
        path->evidence->api.outcome = API_LOCAL;
        run_local_error(run, "asking the registry", ENOMEM);
        path_done(path);
    }
}

/* ---- tls ---- */

static void tls_done(struct tls_session *session, void *context)
{
    struct path_run *path = context;

    (void)session;
    if (path->evidence->tls.outcome == TLS_OK)
        start_api(path);
    else
        path_done(path);
}

static void start_tls(struct path_run *path, int fd)
{
    struct probe_run *run = path->run;
    struct tls_options options = {
        .host = run->target->host, .host_is_address = run->target->host_is_address, .verify = true};

    path->session = tls_session_start(run_base(run), run->store, fd, &options, run->evidence->arena,
                                      &path->evidence->tls, tls_done, path);
    if (!path->session) {
        path->evidence->tls.outcome = TLS_LOCAL;
        run_local_error(run, "starting TLS", ENOMEM);
        path_done(path);
    }
}

/* ---- tcp ---- */

static void dial_done(const struct dial_result *result, void *context)
{
    struct path_run *path = context;
    struct tcp_evidence *tcp = &path->evidence->tcp;

    tcp->outcome = result->outcome;
    tcp->error = result->error;
    tcp->duration = result->duration;
    if (result->outcome == TCP_SKIPPED)
        tcp->reason = "no route for this address family";
    if (result->outcome == TCP_LOCAL)
        run_local_error(path->run, "connecting", result->error);
    dial_free(path->dial);
    path->dial = NULL;
    if (result->outcome == TCP_OK)
        start_tls(path, result->fd);
    else
        path_done(path);
}

static void start_dial(struct path_run *path)
{
    struct probe_run *run = path->run;
    struct endpoint endpoint = {.address = path->evidence->address, .port = run->target->port};
    struct dial_options options = {0};

    path->dial = dial_start(run_base(run), &endpoint, &options, dial_done, path);
    path->pending = path->dial != NULL;
    if (!path->dial) {
        path->evidence->tcp.outcome = TCP_LOCAL;
        path->evidence->tcp.error = ENOMEM;
        run_local_error(run, "connecting", ENOMEM);
    }
}

static struct path_evidence *find_path(struct evidence *evidence, const struct address *address)
{
    for (size_t i = 0; i < evidence->path_count; i++)
        if (address_equal(&evidence->paths[i].address, address))
            return &evidence->paths[i];
    return NULL;
}

void stage_path_start(struct probe_run *run, const struct address *address, unsigned views)
{
    struct evidence *evidence = run->evidence;
    struct path_evidence *known = find_path(evidence, address);

    if (known) {
        known->views |= views;
        return;
    }
    if (evidence->path_count == EVIDENCE_MAX_PATHS) {
        evidence->addresses_dropped++;
        return;
    }
    struct path_run *path = &run->paths[evidence->path_count];
    path->run = run;
    path->evidence = &evidence->paths[evidence->path_count++];
    path->evidence->address = *address;
    path->evidence->views = views;
    path->evidence->address_class =
        address_classify(address, run->target->network, evidence->arena, &path->evidence->rule);
    if (path->evidence->address_class == CLASS_BOGUS)
        path->evidence->tcp.reason = "a bogus address is never dialled";
    else
        start_dial(path);
}

bool stage_path_pending(const struct probe_run *run, unsigned views)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->paths[i].pending && (run->paths[i].evidence->views & views))
            return true;
    return false;
}

/* What was under way when the run ended gets `tcp`, `tls` or `api` as its outcome. */
static void end_path(struct path_run *path, enum tcp_outcome tcp, enum tls_outcome tls,
                     enum api_outcome api)
{
    struct path_evidence *evidence = path->evidence;

    if (path->exchange) {
        registry_read_partial(http_exchange_progress(path->exchange), path->run->evidence->arena,
                              &evidence->api);
        evidence->api.outcome = api;
        evidence->api.duration = http_exchange_elapsed(path->exchange);
    } else if (path->session) {
        evidence->tls.outcome = tls;
        evidence->tls.duration = tls_session_elapsed(path->session);
    } else if (path->dial) {
        evidence->tcp.outcome = tcp;
        evidence->tcp.duration = dial_elapsed(path->dial);
    }
    path->pending = false;
}

void stage_path_expire(struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->paths[i].pending)
            end_path(&run->paths[i], TCP_TIMEOUT, TLS_TIMEOUT, API_STALLED);
}

void stage_path_cancel(struct probe_run *run)
{
    if (!run->evidence)
        return;
    for (size_t i = 0; i < run->evidence->path_count; i++) {
        if (run->paths[i].pending)
            end_path(&run->paths[i], TCP_CANCELLED, TLS_CANCELLED, API_CANCELLED);
        close_path(&run->paths[i]);
    }
}
