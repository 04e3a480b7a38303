#pragma once

/* The inside of the status endpoint's server, shared by its two files. Not for others. */

#include <event2/event.h>
#include <stdbool.h>

#include "daemon/http_request.h"
#include "daemon/http_server.h"

#define HTTP_CONNECTION_BUFFER (HTTP_REQUEST_MAX_HEAD + HTTP_REQUEST_MAX_BODY)
#define HTTP_MAX_HOST_NAME     256

struct connection {
    struct connection *next; /* oldest first */
    struct http_server *server;
    int fd;
    struct event *readable;
    struct event *writable;
    struct event *deadline;
    bool replying; /* a complete request was read */
    bool close_after;
    bool peer_ended; /* it will send nothing more, but may still read */
    bool chunked; /* the reply's slices are framed as chunks; else the end of the stream ends it */
    size_t count;
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
    int fd;
    int reserve; /* given up for a moment when there are no descriptors left */
    struct event *acceptable;
    struct event *resume;
    size_t count;
    struct connection *oldest;
    char hostname[HTTP_MAX_HOST_NAME];
};

/* Takes `fd` over. */
void http_connection_open(struct http_server *server, int fd);
void http_connection_close(struct connection *connection);
