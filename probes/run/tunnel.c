/* SPDX-License-Identifier: MIT */
#include "probes/run/tunnel.h"

#include <string.h>

#include "config/base/memory.h"
#include "probes/registry/base64.h"
#include "probes/run/relay.h"
#include "probes/run/socks.h"
#include "probes/transport/http_exchange.h"
#include "probes/transport/tls_session.h"

#define ARENA_LIMIT ((size_t)256 * 1024)

struct tunnel {
    struct arena *arena; /* holds the proxy's password */
    struct event_base *base;
    struct tunnel_options options;
    struct tls_session *session; /* with a proxy over TLS; it owns the socket */
    struct tls_evidence tls;
    struct relay *relay; /* inside it, once the tunnel is open */
    struct stream stream;
    struct http_exchange *exchange;
    struct socks *socks; /* in place of the exchange */
    tunnel_done_fn *done;
    void *context;
    int fd;
};

static enum proxy_outcome tunnel_outcome(const struct http_response *response)
{
    switch (response->outcome) {
    case HTTP_ANSWERED:
        if (response->status == 200)
            return PROXY_OK;
        return response->status == 407 ? PROXY_WANTS_KEY : PROXY_REFUSED;
    case HTTP_MALFORMED:
    case HTTP_CLOSED:
        return PROXY_INVALID;
    case HTTP_LOCAL:
        break;
    }
    return PROXY_LOCAL;
}

/* The connection inside the tunnel: the socket itself, or one end of a relay. -1: memory. */
static int take_connection(struct tunnel *tunnel)
{
    int fd = tunnel->fd;

    if (tunnel->session) {
        fd = -1;
        tunnel->relay = relay_start(tunnel->base, &tunnel->stream, &fd);
    }
    tunnel->fd = -1;
    return fd;
}

static void tunnel_ended(const struct tunnel_result *ended, void *context)
{
    struct tunnel *tunnel = context;
    struct tunnel_result result = *ended;

    result.tls = tunnel->session ? &tunnel->tls : NULL;
    if (result.outcome == PROXY_OK) {
        result.fd = take_connection(tunnel);
        if (result.fd < 0)
            result.outcome = PROXY_LOCAL;
    }
    tunnel->done(&result, tunnel->context); /* may have freed the tunnel */
}

static void proxy_answered(const struct http_response *response, void *context)
{
    const struct tunnel_result result = {
        .outcome = tunnel_outcome(response),
        .status = response->status,
        .odd_headers = response->odd_headers,
        .detail = response->detail,
        .duration = response->duration,
        .fd = -1,
    };

    tunnel_ended(&result, context);
}

/* "" without user information, NULL if memory is short. */
static const char *authorization(struct tunnel *tunnel, const struct proxy_url *url)
{
    if (!url->user)
        return "";
    const char *pair = arena_format(tunnel->arena, "%s:%s", url->user, url->password);
    const char *encoded = pair ? base64_encode(pair, strlen(pair), tunnel->arena) : NULL;

    return encoded ? arena_format(tunnel->arena, "Proxy-Authorization: Basic %s\r\n", encoded)
                   : NULL;
}

static void ask_for_tunnel(struct tunnel *tunnel)
{
    struct http_request request = {.method = "CONNECT"};
    char place[HOST_PORT_SIZE];

    request.path = request.host_header =
        host_port_format(tunnel->options.host, tunnel->options.port, place);
    request.extra_headers = authorization(tunnel, &tunnel->options.choice->url);
    if (request.extra_headers)
        tunnel->exchange = http_exchange_start(tunnel->base, &tunnel->stream, &request,
                                               tunnel->arena, proxy_answered, tunnel);
}

/* ---- a proxy over TLS ---- */

static void proxy_shook_hands(struct tls_session *session, void *context)
{
    struct tunnel *tunnel = context;
    bool failed = tunnel->tls.outcome != TLS_OK && tunnel->tls.outcome != TLS_LOCAL;

    if (tls_session_stream(session, false, &tunnel->stream))
        ask_for_tunnel(tunnel);
    if (!tunnel->exchange)
        tunnel_ended(
            &(struct tunnel_result){.outcome = failed ? PROXY_TLS_FAILED : PROXY_LOCAL, .fd = -1},
            tunnel);
}

static void start_proxy_tls(struct tunnel *tunnel)
{
    const struct proxy_url *url = &tunnel->options.choice->url;
    struct tls_options options = {.host = url->host,
                                  .host_is_address = url->host_is_address,
                                  .verify = tunnel->options.verify};

    tunnel->session =
        tls_session_start(tunnel->base, tunnel->options.store, tunnel->fd, &options,
                          tunnel->options.texts, &tunnel->tls, proxy_shook_hands, tunnel);
    tunnel->fd = -1; /* the session's from here on */
}

/* ---- the face ---- */

struct tunnel *tunnel_start(struct event_base *base, int fd, const struct tunnel_options *options,
                            tunnel_done_fn *done, void *context)
{
    struct tunnel *tunnel = memory_allocate(sizeof(*tunnel));
    const char *scheme = options->choice->url.scheme;

    if (!tunnel) {
        evutil_closesocket(fd);
        return NULL;
    }
    tunnel->base = base;
    tunnel->fd = fd;
    tunnel->options = *options;
    tunnel->done = done;
    tunnel->context = context;
    tunnel->stream = stream_of_socket(fd);
    tunnel->arena = arena_new(ARENA_LIMIT);
    if (strcmp(scheme, "socks5") == 0)
        tunnel->socks = socks_start(base, fd, &options->choice->url, options->host, options->port,
                                    tunnel_ended, tunnel);
    else if (tunnel->arena && strcmp(scheme, "https") == 0)
        start_proxy_tls(tunnel);
    else if (tunnel->arena)
        ask_for_tunnel(tunnel);
    if (tunnel->exchange || tunnel->socks || tunnel->session)
        return tunnel;
    tunnel_free(tunnel);
    return NULL;
}

struct tunnel_result tunnel_stalled(struct tunnel *tunnel)
{
    bool shaking = tunnel->session && !tunnel->exchange;

    if (shaking) {
        tunnel->tls.outcome = TLS_TIMEOUT;
        tunnel->tls.duration = tls_session_elapsed(tunnel->session);
    }
    return (struct tunnel_result){.outcome = shaking ? PROXY_TLS_FAILED : PROXY_STALLED,
                                  .tls = tunnel->session ? &tunnel->tls : NULL,
                                  .fd = -1};
}

void tunnel_free(struct tunnel *tunnel)
{
    if (!tunnel)
        return;
    http_exchange_free(tunnel->exchange);
    socks_free(tunnel->socks);
    relay_free(tunnel->relay);
    tls_session_free(tunnel->session);
    if (tunnel->fd >= 0)
        evutil_closesocket(tunnel->fd);
    arena_free(tunnel->arena);
    memory_release(tunnel);
}
