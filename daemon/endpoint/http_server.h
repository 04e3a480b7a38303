/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The server of the status endpoint: HTTP/1.1 (RFC 9110 and 9112) on libevent_core, from memory.
 * The handler decides what is served.
 *
 * No client can stop the loop or lock the others out:
 * - Each request has one absolute deadline, from the end of the reply before it (or from accept) to
 *   the end of its own reply. No byte extends it. A reply has a shorter one if the peer takes
 *   nothing of it. The time that a reply waits for its turn in the loop does not count.
 * - A pass of the loop reads, answers and renders at most one piece per connection, and stops when
 *   its time is used up. Health checks go first.
 * - When all places are taken, a newcomer gets the place of the oldest connection without a
 *   complete request, else of the reply without progress for longest, else of the connection that
 *   had the most replies. If none gives way, a few more places are there for clients on this
 *   machine and for health checks, and further newcomers wait to be accepted.
 */

#include <event2/event.h>
#include <stddef.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "config/base/text.h"

#define HTTP_SERVER_MAX_CONNECTIONS      64
#define HTTP_SERVER_RESERVED_CONNECTIONS 4 /* more, for loopback and health checks */
#define HTTP_SERVER_MAX_REPLY            ((size_t)4 * 1024 * 1024) /* bytes of one slice */
#define HTTP_SERVER_SLICE                ((size_t)48 * 1024)
#define HTTP_SERVER_DEADLINE             (5 * USEC_PER_SEC)
#define HTTP_SERVER_STALL                (2 * USEC_PER_SEC) /* of a reply without progress */

struct http_server;

struct http_server_request {
    const char *method; /* "GET", "HEAD", "POST", "OPTIONS", or "" for any other */
    const char *path;   /* as sent, without the query; "*" only for OPTIONS */
    const char *query;  /* "" if there is none */
    const char *accept; /* "" if there is none */
};

/* A reply that is rendered in slices: `next` appends about HTTP_SERVER_SLICE bytes to `text`, and
 * the loop handles other events between two slices. `release` frees `context`. */
enum slice_outcome { SLICE_MORE, SLICE_LAST, SLICE_BROKEN };
struct http_server_source {
    enum slice_outcome (*next)(void *context, struct text *text); /* NULL: no slices */
    void (*release)(void *context);
    void *context;
};

struct http_server_reply {
    unsigned status;                  /* 200 */
    const char *content_type;         /* static text; "text/plain; charset=utf-8" */
    const char *allow;                /* the methods that are allowed; static text or NULL */
    const char *style_source;         /* for the Content-Security-Policy; NULL: 'none' */
    unsigned retry_after;             /* seconds; 0: not sent */
    struct text body;                 /* for HEAD, only its length is sent */
    struct http_server_source source; /* of slices that follow the body */
};

/* Fills the reply at once, from memory. */
typedef void http_server_handler_fn(const struct http_server_request *request,
                                    struct http_server_reply *reply, void *context);

struct http_server_options {
    struct endpoint listen;           /* port 0: any free port */
    const char *const *allowed_hosts; /* borrowed */
    size_t allowed_host_count;
    usec_t deadline; /* of a request; 0: HTTP_SERVER_DEADLINE */
    usec_t stall;    /* of a reply without progress; 0: HTTP_SERVER_STALL */
    http_server_handler_fn *handler;
    void *context;
};

/* Listens, and tells where in *ret_bound. Returns NULL with one line in `error` if it cannot. */
struct http_server *http_server_start(struct event_base *base,
                                      const struct http_server_options *options,
                                      struct endpoint *ret_bound, char *error, size_t error_size);
void http_server_free(struct http_server *server); /* closes everything; NULL is allowed */

/* Replaces the allowed_hosts of the options; borrowed. */
void http_server_allow(struct http_server *server, const char *const *hosts, size_t count);

/* While the server is paused, requests for documents wait, within their deadline, and replies that
 * have begun continue. So http_server_replying() becomes false within the deadline of a request,
 * and the time that replies wait for their turns. */
void http_server_pause(struct http_server *server, bool paused);

/* True while slices of a reply are still to be rendered. */
bool http_server_replying(const struct http_server *server);

size_t http_server_connections(const struct http_server *server);
