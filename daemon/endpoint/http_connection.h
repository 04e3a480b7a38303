/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Internal header of the status endpoint's server, shared by its files.
 *
 * A connection is in one of these states:
 * - reading: it waits for the rest of a request; `readable` queues a look at it.
 * - waiting: it has a complete request, or perhaps one, and waits for its turn.
 * - held: it has a complete request, and the server begins no replies at present.
 * - replying: bytes of a reply are sent. If the peer takes no more, `writable` queues the rest.
 */

#include <event2/event.h>
#include <stdbool.h>

#include "daemon/endpoint/http_request.h"
#include "daemon/endpoint/http_server.h"
#include "daemon/endpoint/turns.h"

#define HTTP_CONNECTION_BUFFER (HTTP_REQUEST_MAX_HEAD + HTTP_REQUEST_MAX_BODY)
#define HTTP_MAX_HOST_NAME     256

struct http_connection {
    struct http_connection *next; /* oldest first */
    struct http_server *server;
    int fd;
    struct turn turn;
    struct event *readable;
    struct event *writable;
    struct event *timer;
    usec_t deadline;  /* monotonic: of the present request and its reply */
    usec_t progress;  /* monotonic: when the reply began, or the peer last took bytes of it */
    usec_t queued;    /* monotonic: since when the reply waits for its turn; 0: it does not */
    uint64_t replies; /* complete ones */
    bool local;       /* the client is on this machine */
    bool reserved;    /* it has one of the reserved places */
    bool newcomer;    /* had no turn yet */
    bool has_input;   /* the socket was readable since the last look */
    bool held;
    bool replying;
    bool blocked; /* replying, and the peer takes no more at present */
    bool excused; /* this process stood still, so the deadline was extended once */
    bool close_after;
    bool peer_ended;                        /* it sends nothing more, but may still read */
    bool chunked;                           /* the slices of the reply are framed as chunks */
    size_t count;                           /* bytes read */
    char bytes[HTTP_CONNECTION_BUFFER + 1]; /* and a NUL for the parser's look ahead */
    struct text head;                       /* of the reply, later of a chunk */
    struct text body;
    size_t head_sent;
    size_t body_sent;
    struct http_server_source source; /* of further slices */
};

struct http_server {
    struct event_base *base;
    struct http_server_options options;
    usec_t deadline;
    usec_t stall;
    int fd;
    int reserve; /* a descriptor, given up for a moment when there are no others */
    struct event *acceptable;
    struct event *resume;
    struct turns turns;
    bool paused; /* no reply with slices begins */
    size_t count;
    size_t reserved_count; /* of them, in reserved places */
    size_t newcomers;      /* of them, had no turn yet */
    struct http_connection *oldest;
    char hostname[HTTP_MAX_HOST_NAME];
};

/* Takes `fd` over. */
void http_connection_open(struct http_server *server, int fd, bool local, bool reserved);
void http_connection_close(struct http_connection *connection);

/* Continues with a request that was held. */
void http_connection_resume(struct http_connection *connection);

/* True while it has a request to answer, or input that nobody has looked at. */
bool http_connection_is_busy(const struct http_connection *connection);
