/* SPDX-License-Identifier: MIT */
#include "probes/run/tunnel.h"

#include <string.h>

#include "config/base/memory.h"
#include "probes/registry/base64.h"
#include "probes/run/socks.h"
#include "probes/transport/http_exchange.h"

#define ARENA_LIMIT ((size_t)256 * 1024)

struct tunnel {
    struct arena *arena; /* holds the proxy's password */
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

/* Gives the socket away if the tunnel is open. */
static void tunnel_ended(const struct tunnel_result *ended, void *context)
{
    struct tunnel *tunnel = context;
    struct tunnel_result result = *ended;

    if (result.outcome == PROXY_OK) {
        result.fd = tunnel->fd;
        tunnel->fd = -1;
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

static void ask_for_tunnel(struct tunnel *tunnel, struct event_base *base,
                           const struct proxy_url *url, const char *host, uint16_t port)
{
    struct http_request request = {.method = "CONNECT"};
    char place[HOST_PORT_SIZE];

    request.path = request.host_header = host_port_format(host, port, place);
    request.extra_headers = authorization(tunnel, url);
    if (request.extra_headers)
        tunnel->exchange = http_exchange_start(base, &tunnel->stream, &request, tunnel->arena,
                                               proxy_answered, tunnel);
}

struct tunnel *tunnel_start(struct event_base *base, int fd, const struct proxy_choice *choice,
                            const char *host, uint16_t port, tunnel_done_fn *done, void *context)
{
    struct tunnel *tunnel = memory_allocate(sizeof(*tunnel));

    if (!tunnel) {
        evutil_closesocket(fd);
        return NULL;
    }
    tunnel->fd = fd;
    tunnel->done = done;
    tunnel->context = context;
    tunnel->stream = stream_of_socket(fd);
    tunnel->arena = arena_new(ARENA_LIMIT);
    if (strcmp(choice->url.scheme, "socks5") == 0)
        tunnel->socks = socks_start(base, fd, &choice->url, host, port, tunnel_ended, tunnel);
    else if (tunnel->arena)
        ask_for_tunnel(tunnel, base, &choice->url, host, port);
    if (tunnel->exchange || tunnel->socks)
        return tunnel;
    tunnel_free(tunnel);
    return NULL;
}

void tunnel_free(struct tunnel *tunnel)
{
    if (!tunnel)
        return;
    http_exchange_free(tunnel->exchange);
    socks_free(tunnel->socks);
    if (tunnel->fd >= 0)
        evutil_closesocket(tunnel->fd);
    arena_free(tunnel->arena);
    memory_release(tunnel);
}
