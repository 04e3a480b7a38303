/* SPDX-License-Identifier: MIT */
#pragma once

/* A tunnel through a proxy on a connected socket: CONNECT of HTTP (RFC 9110 section 9.3.6), which
 * goes over TLS if the proxy's URL is https, or SOCKS5 (socks.h). */

#include <event2/event.h>

#include "probes/evidence/evidence.h"
#include "probes/transport/proxy.h"
#include "probes/transport/trust_store.h"

struct tunnel;

/* All of it is borrowed until the end. */
struct tunnel_options {
    const struct proxy_choice *choice;
    const char *host; /* of the registry or store */
    uint16_t port;
    struct trust_store *store; /* for a proxy over TLS, as for the registry itself */
    bool verify;
    struct arena *texts; /* of the evidence of that TLS */
};

struct tunnel_result {
    enum proxy_outcome outcome;     /* PROXY_OK: of HTTP only for status 200, as for Go's client */
    unsigned status;                /* HTTP status of the proxy; 0: none */
    bool odd_headers;               /* see http_response.h */
    const char *detail;             /* why the answer is no answer, or NULL; in the tunnel */
    const struct tls_evidence *tls; /* with the proxy; NULL: none was tried */
    usec_t duration;
    int fd; /* if ok, the connection, which `done` owns now; else -1. Close it before the tunnel
             * is freed, which may still carry its bytes */
};

/* Called from the loop exactly once, never from inside start, never after free. */
typedef void tunnel_done_fn(const struct tunnel_result *result, void *context);

/* The tunnel owns `fd`, also on failure. A tunnel has no timeout. NULL: memory is short. */
struct tunnel *tunnel_start(struct event_base *base, int fd, const struct tunnel_options *options,
                            tunnel_done_fn *done, void *context);

/* The result of a tunnel that has not ended in time. */
struct tunnel_result tunnel_stalled(struct tunnel *tunnel);
void tunnel_free(struct tunnel *tunnel); /* allowed in the callback; NULL too */
