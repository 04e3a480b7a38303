/* SPDX-License-Identifier: MIT */
#pragma once

/* A tunnel through a proxy on a connected socket: CONNECT of HTTP (RFC 9110 section 9.3.6), or
 * SOCKS5 (socks.h). */

#include <event2/event.h>

#include "probes/evidence/evidence.h"
#include "probes/transport/proxy.h"

struct tunnel;

struct tunnel_result {
    enum proxy_outcome outcome; /* PROXY_OK: of HTTP only for status 200, as for Go's client */
    unsigned status;            /* HTTP status of the proxy; 0: none */
    bool odd_headers;           /* see http_response.h */
    const char *detail;         /* why the answer is no answer, or NULL; in the tunnel */
    usec_t duration;
    int fd; /* if ok, the socket, which `done` owns now; else -1 */
};

/* Called from the loop exactly once, never from inside start, never after free. */
typedef void tunnel_done_fn(const struct tunnel_result *result, void *context);

/* The tunnel owns `fd`, also on failure. `choice` and `host` are borrowed until the end. A tunnel
 * has no timeout. NULL: memory is short. */
struct tunnel *tunnel_start(struct event_base *base, int fd, const struct proxy_choice *choice,
                            const char *host, uint16_t port, tunnel_done_fn *done, void *context);
void tunnel_free(struct tunnel *tunnel); /* allowed in the callback; NULL too */
