/* SPDX-License-Identifier: MIT */
/* healthcheck: asks the local daemon for /livez, because a scratch image has no other program that
 * could. The exit statuses are those of a container's HEALTHCHECK: 0 healthy, 1 not healthy. */

#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/commands/commands.h"
#include "probes/libraries.h"
#include "probes/transport/dial.h"
#include "probes/transport/http_exchange.h"

#define HEALTHCHECK_TIMEOUT_SECONDS 2
#define HEALTHY                     0
#define UNHEALTHY                   1

struct healthcheck {
    struct event_base *base;
    struct arena *arena;
    struct dial *dial;
    struct stream stream;
    struct http_exchange *exchange;
    char verdict[64];
    bool healthy;
};

static void conclude(struct healthcheck *check)
{
    event_base_loopbreak(check->base);
}

static void livez_answered(const struct http_response *response, void *context)
{
    struct healthcheck *check = context;

    check->healthy = response->outcome == HTTP_ANSWERED && response->status == 200;
    if (response->status)
        snprintf(check->verdict, sizeof(check->verdict), "status %u", response->status);
    else
        snprintf(check->verdict, sizeof(check->verdict), "the answer is not HTTP");
    conclude(check);
}

static void daemon_connected(const struct dial_result *result, void *context)
{
    struct healthcheck *check = context;
    const struct http_request request = {
        .method = "GET", .host_header = "localhost", .path = "/livez"};

    if (result->outcome != TCP_OK) {
        snprintf(check->verdict, sizeof(check->verdict), "no answer: %s", strerror(result->error));
        conclude(check);
        return;
    }
    check->stream = stream_of_socket(result->fd);
    check->exchange = http_exchange_start(check->base, &check->stream, &request, check->arena,
                                          livez_answered, check);
    if (!check->exchange)
        conclude(check);
}

/* If the daemon listens on every address, loopback is asked. */
static struct endpoint place_to_ask(struct endpoint listen)
{
    static const struct address any_v4 = {.family = AF_INET};
    static const struct address any_v6 = {.family = AF_INET6};

    if (address_equal(&listen.address, &any_v4))
        address_parse("127.0.0.1", &listen.address);
    else if (address_equal(&listen.address, &any_v6))
        address_parse("::1", &listen.address);
    return listen;
}

int command_healthcheck(const struct invocation *invocation, struct settings *settings)
{
    struct healthcheck check = {.stream.fd = -1, .verdict = "no answer in time"};
    const struct timeval timeout = {.tv_sec = HEALTHCHECK_TIMEOUT_SECONDS};
    const struct endpoint place = place_to_ask(settings->listen);
    char name[ENDPOINT_TEXT_SIZE];

    (void)invocation;
    if (!place.port) {
        fputs("listen has port 0, so only the daemon's log tells the port; give --listen\n",
              stderr);
        return UNHEALTHY;
    }
    check.base = libraries_new_loop();
    check.arena = arena_new(0);
    if (check.base && check.arena)
        check.dial = dial_start(check.base, &place, 0, daemon_connected, &check);
    if (check.dial) {
        event_base_loopexit(check.base, &timeout);
        event_base_dispatch(check.base);
    } else {
        snprintf(check.verdict, sizeof(check.verdict), "not asked: memory is short");
    }
    fprintf(check.healthy ? stdout : stderr, "/livez on %s: %s\n", endpoint_format(&place, name),
            check.verdict);
    http_exchange_free(check.exchange);
    dial_free(check.dial);
    if (check.stream.fd >= 0)
        close(check.stream.fd);
    arena_free(check.arena);
    if (check.base)
        event_base_free(check.base);
    return check.healthy ? HEALTHY : UNHEALTHY;
}
