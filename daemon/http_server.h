#pragma once

/*
 * The status endpoint's server: HTTP/1.1 on libevent_core, from memory, with every limit named. It
 * knows nothing of what it serves. A connection has one absolute deadline per request, from the end
 * of the reply before it (or from accept) to the end of its own reply: no byte extends it.
 */

#include <event2/event.h>
#include <stddef.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "config/base/text.h"

#define HTTP_SERVER_MAX_CONNECTIONS 64
#define HTTP_SERVER_MAX_REPLY       ((size_t)4 * 1024 * 1024) /* one slice, or all there is */
#define HTTP_SERVER_SLICE           ((size_t)48 * 1024)
#define HTTP_SERVER_DEADLINE        (5 * USEC_PER_SEC)

struct http_server;

struct http_server_request {
    const char *method; /* "GET", "HEAD" or "POST" */
    const char *path;   /* as sent, without the query */
    const char *query;  /* "" when there is none */
    const char *accept; /* "" */
};

/* A reply too large to be made at once: `next` appends one slice to `text`, at most about
 * HTTP_SERVER_SLICE bytes, and the loop turns between two. `release` frees `context` in the end. */
enum slice_outcome { SLICE_MORE, SLICE_LAST, SLICE_BROKEN };
struct http_server_source {
    enum slice_outcome (*next)(void *context, struct text *text); /* NULL: the body is all */
    void (*release)(void *context);
    void *context;
};

struct http_server_reply {
    unsigned status;                  /* 200 */
    const char *content_type;         /* static text; "text/plain; charset=utf-8" */
    const char *allow;                /* of a 405; static text or NULL */
    const char *style_source;         /* of the Content-Security-Policy; NULL: 'none' */
    unsigned retry_after;             /* seconds; 0 none */
    struct text body;                 /* a HEAD gets its length only */
    struct http_server_source source; /* of what follows the body */
};

/* Fills the reply, at once and from memory. */
typedef void http_server_handler_fn(const struct http_server_request *request,
                                    struct http_server_reply *reply, void *context);

struct http_server_options {
    struct endpoint listen;           /* port 0: any free one */
    const char *const *allowed_hosts; /* borrowed */
    size_t allowed_host_count;
    usec_t deadline; /* of a request; 0: HTTP_SERVER_DEADLINE */
    http_server_handler_fn *handler;
    void *context;
};

/* `ret_bound` is where it listens. NULL with one line in `error`. */
struct http_server *http_server_start(struct event_base *base,
                                      const struct http_server_options *options,
                                      struct endpoint *ret_bound, char *error, size_t error_size);
void http_server_free(struct http_server *server); /* closes everything; NULL is allowed */
/* Replaces the allowed_hosts of the options; borrowed. */
void http_server_allow(struct http_server *server, const char *const *hosts, size_t count);
/* Whether a reply is under way that is not made whole yet. */
bool http_server_replying(const struct http_server *server);

size_t http_server_connections(const struct http_server *server);
