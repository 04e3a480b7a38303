/* SPDX-License-Identifier: MIT */
#include "probes/run/tunnel.h"

#include <sys/socket.h>
#include <unistd.h>

#include "probes/libraries.h"
#include "tests/fuzz/fuzz.h"

static void tunnel_fuzzed(const struct tunnel_result *result, void *context)
{
    fuzz_require(!*(unsigned *)context && (result->fd >= 0) == (result->outcome == PROXY_OK));
    ++*(unsigned *)context;
    if (result->fd >= 0)
        close(result->fd);
}

/* The first byte chooses the proxy, and the rest is all that it ever says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const urls[] = {"http://p", "socks5://p", "socks5://u:pw@p"};
    struct arena *arena = arena_new(0);
    struct event_base *base = libraries_new_loop();
    struct proxy_choice choice = {0};
    struct tunnel_options options = {.choice = &choice, .host = "hub.test", .port = 443};
    unsigned calls = 0;
    int ends[2];

    fuzz_require(!proxy_url_parse(urls[size ? data[0] % 3 : 0], arena, &choice.url));
    fuzz_require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
    struct tunnel *tunnel = tunnel_start(base, ends[0], &options, tunnel_fuzzed, &calls);
    if (size > 1)
        (void)send(ends[1], data + 1, size - 1, MSG_NOSIGNAL);
    shutdown(ends[1], SHUT_WR);
    while (tunnel && !calls)
        fuzz_require(event_base_loop(base, EVLOOP_ONCE) == 0);
    tunnel_free(tunnel);
    close(ends[1]);
    event_base_free(base);
    arena_free(arena);
    return 0;
}
