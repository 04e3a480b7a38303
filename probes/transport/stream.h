#pragma once

/*
 * Bytes to and from a peer, over TLS or plain TCP, as the HTTP exchange sees them. A stream is a
 * borrowed view of a socket (and session) that somebody else owns and closes.
 */

#include <stddef.h>
#include <sys/types.h>

enum stream_status {
    STREAM_OK,         /* `ret_count` bytes were moved */
    STREAM_WANT_READ,  /* try again when the descriptor is readable */
    STREAM_WANT_WRITE, /* ... writable */
    STREAM_END,        /* the peer closed in an orderly way */
    STREAM_TRUNCATED,  /* TLS: the connection ended without close_notify */
    STREAM_RESET,
    STREAM_ERROR, /* anything else of the peer's or the network's */
    STREAM_LOCAL, /* this machine failed */
};

struct stream {
    int fd;
    void *session; /* of the implementation */
    enum stream_status (*read)(struct stream *stream, void *bytes, size_t size, size_t *ret_count);
    enum stream_status (*write)(struct stream *stream, const void *bytes, size_t size,
                                size_t *ret_count);
};

/* A plain socket as a stream. */
struct stream stream_of_socket(int fd);
