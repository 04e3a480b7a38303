/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One HTTP/1.1 request and its answer (RFC 9112) over a stream. http_reader.h has the rules of
 * reading and their limits. Redirects are reported and not followed. A redirect or an error whose
 * body is broken is an answer still, because clients go by its status.
 */

#include <event2/event.h>

#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/transport/http_response.h"
#include "probes/transport/stream.h"

struct http_request {
    const char *method;        /* "GET", "HEAD", "POST" or "PATCH" */
    const char *host_header;   /* host, or host:port where the port is not the scheme's default */
    const char *path;          /* begins with '/'; of CONNECT: host:port */
    const char *accept;        /* NULL: any type */
    const char *extra_headers; /* complete lines, each with CRLF at its end, or NULL */
    const char *body;          /* of a POST or PATCH; NULL: none */
    const char *body_type;     /* its Content-Type; NULL: application/x-www-form-urlencoded */
    size_t max_body;           /* cut the answer's body here; 0: HTTP_MAX_BODY */
    /* True once the client would stop to read: a body that then pauses ends as HTTP_CLOSED. */
    bool (*is_enough)(const char *body, size_t length);
    /* True if the client reads no body: the answer ends behind its headers. */
    bool (*head_is_enough)(const struct http_response *head);
};

struct http_exchange;
typedef void http_done_fn(const struct http_response *response, void *context);

/*
 * `stream` is borrowed and must outlive the exchange. `done` is called from the loop exactly once,
 * never from inside start and never after free. The response and its headers live in `arena`, its
 * body with the exchange. An exchange has no timeout: when the caller's deadline comes,
 * http_exchange_progress() has the part that was read. Sends "User-Agent: tcr-probe/VERSION",
 * "Connection: close" and, like Go's client, "Accept-Encoding: gzip" unless the request is a HEAD
 * or asks for a range. NULL: memory is short.
 */
struct http_exchange *http_exchange_start(struct event_base *base, struct stream *stream,
                                          const struct http_request *request, struct arena *arena,
                                          http_done_fn *done, void *context);
void http_exchange_free(struct http_exchange *exchange); /* allowed in the callback; NULL too */
usec_t http_exchange_elapsed(const struct http_exchange *exchange);

/* The part of a stalled answer that was read: status and headers if they are complete. */
const struct http_response *http_exchange_progress(struct http_exchange *exchange);
