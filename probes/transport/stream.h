/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Bytes to and from a peer, over TLS or plain TCP, for the HTTP exchange. A stream is a borrowed
 * view of a socket (and TLS session): its owner closes it.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

enum stream_status {
    STREAM_OK,         /* `ret_count` bytes were read or written */
    STREAM_WANT_READ,  /* try again when the descriptor is readable */
    STREAM_WANT_WRITE, /* try again when the descriptor is writable */
    STREAM_END,        /* the peer closed in an orderly way */
    STREAM_TRUNCATED,  /* TLS: the connection ended without close_notify, between two records */
    STREAM_RESET,
    STREAM_ERROR, /* any other failure of the peer or the network */
    STREAM_LOCAL, /* this machine failed */
};

struct stream {
    int fd;
    void *session; /* private to the implementation */
    enum stream_status (*read)(struct stream *stream, void *bytes, size_t size, size_t *ret_count);
    enum stream_status (*write)(struct stream *stream, const void *bytes, size_t size,
                                size_t *ret_count);
};

/* A plain socket as a stream. */
struct stream stream_of_socket(int fd);

/* Both events of a stream's descriptor, which call `ready` once for each wait. */
struct stream_events {
    struct event *readable;
    struct event *writable;
};

/* False if memory is short; free the events in any case. */
bool stream_events_new(struct stream_events *ret, struct event_base *base, int fd,
                       event_callback_fn ready, void *context);
void stream_events_free(struct stream_events *events);

/* Waits until the stream is ready for more. False if `status` asks for no wait, or memory is
 * short. */
bool stream_events_await(const struct stream_events *events, enum stream_status status);
