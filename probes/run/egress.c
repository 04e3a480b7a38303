/* SPDX-License-Identifier: MIT */
/*
 * The address that this network shows to the internet, as the service of egress_address_url answers
 * it: the one an allowlist must hold. Its name is asked of every resolver of the run; the first
 * address found is used. A service that does not answer explains nothing and fails nothing.
 */

#include <string.h>

#include "probes/run/stages.h"
#include "probes/transport/http_fields.h"

static void end_egress(struct probe_run *run, const char *error)
{
    run->egress.pending = false;
    if (!run->evidence->egress_address)
        run->evidence->egress_error = error ? error : "out of memory";
    run_progressed(run);
}

static void egress_answered(const struct http_response *response, void *context)
{
    struct probe_run *run = context;
    struct arena *arena = run->evidence->arena;

    if (response->outcome != HTTP_ANSWERED)
        end_egress(run, "the answer was not complete");
    else if (response->status != 200)
        end_egress(run, arena_format(arena, "HTTP status %u", response->status));
    else if ((run->evidence->egress_address = http_body_address(response, NULL, arena)))
        end_egress(run, NULL);
    else
        end_egress(run, "no address in the answer");
}

static void ask_egress(struct probe_run *run)
{
    const struct url *url = run->target->network->egress_url;
    struct egress_run *egress = &run->egress;
    struct http_request request = {.method = "GET", .path = url->path};

    request.host_header = http_host_header(url->host, url->port, url->tls ? 443 : 80, run->scratch);
    if (request.host_header)
        egress->exchange = http_exchange_start(run_base(run), &egress->stream, &request,
                                               run->scratch, egress_answered, run);
    if (!egress->exchange)
        end_egress(run, NULL);
}

static void egress_shook_hands(struct tls_session *session, void *context)
{
    struct probe_run *run = context;

    if (tls_session_stream(session, false, &run->egress.stream))
        ask_egress(run);
    else
        end_egress(run, arena_format(run->evidence->arena, "tls: %s",
                                     tls_outcome_words(run->egress.tls.outcome)));
}

static void egress_connected(const struct dial_result *result, void *context)
{
    struct probe_run *run = context;
    struct egress_run *egress = &run->egress;
    const struct url *url = run->target->network->egress_url;
    struct tls_options options = {
        .host = url->host, .host_is_address = url->host_is_address, .verify = true};

    dial_free(egress->dial);
    egress->dial = NULL;
    egress->fd = result->fd;
    if (result->outcome != TCP_OK) {
        end_egress(
            run, arena_format(run->evidence->arena, "tcp: %s", tcp_outcome_words(result->outcome)));
        return;
    }
    if (!url->tls) {
        egress->stream = stream_of_socket(result->fd);
        ask_egress(run);
        return;
    }
    egress->fd = -1; /* the session's from here on */
    egress->session =
        tls_session_start(run_base(run), run->store, result->fd, &options, run->evidence->arena,
                          &egress->tls, egress_shook_hands, run);
    if (!egress->session)
        end_egress(run, NULL);
}

static void dial_egress(struct probe_run *run, const struct address *address)
{
    struct endpoint endpoint = {.address = *address,
                                .port = run->target->network->egress_url->port};

    run->egress.dial = dial_start(run_base(run), &endpoint, 0, egress_connected, run);
    if (!run->egress.dial)
        end_egress(run, NULL);
}

static void egress_resolved(const struct dns_evidence *answer, void *context)
{
    struct probe_run *run = context;
    struct egress_run *egress = &run->egress;

    egress->questions--;
    if (!egress->pending || egress->dialled)
        return;
    if (answer->address_count) {
        egress->dialled = true;
        dial_egress(run, &answer->addresses[0].address);
    } else if (!egress->questions) {
        end_egress(run, "dns: no address");
    }
}

void stage_egress_start(struct probe_run *run)
{
    const struct url *url = run->target->network->egress_url;
    struct egress_run *egress = &run->egress;

    if (!url || egress->started)
        return;
    egress->started = true;
    egress->pending = true;
    if (url->host_is_address) {
        egress->dialled = true;
        dial_egress(run, &url->address);
        return;
    }
    for (size_t i = 0; i < run->resolver_count; i++)
        if (!resolver_ask(run->resolvers[i], url->host, RECORD_A, egress_resolved, run))
            egress->questions++;
    if (!egress->questions)
        end_egress(run, "dns: no resolver to ask");
}

bool stage_egress_pending(const struct probe_run *run)
{
    return run->egress.pending;
}

void stage_egress_end(struct probe_run *run, const char *why)
{
    struct egress_run *egress = &run->egress;

    if (egress->pending && run->evidence)
        run->evidence->egress_error = why;
    egress->pending = false;
    http_exchange_free(egress->exchange);
    tls_session_free(egress->session);
    dial_free(egress->dial);
    if (egress->fd >= 0)
        evutil_closesocket(egress->fd);
    *egress = (struct egress_run){.started = true, .fd = -1};
}
