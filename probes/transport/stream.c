/* SPDX-License-Identifier: MIT */
#include "probes/transport/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "probes/transport/socket_error.h"

static enum stream_status status_of_errno(int error, enum stream_status again)
{
    const enum stream_status statuses[] = {
        [SOCKET_ERROR_PASSING] = again,
        [SOCKET_ERROR_RESET] = STREAM_RESET,
        [SOCKET_ERROR_NETWORK] = STREAM_ERROR,
        [SOCKET_ERROR_LOCAL] = STREAM_LOCAL,
    };

    return statuses[socket_error_of(error)];
}

static enum stream_status socket_read(struct stream *stream, void *bytes, size_t size,
                                      size_t *ret_count)
{
    ssize_t count = recv(stream->fd, bytes, size, MSG_DONTWAIT);

    *ret_count = 0;
    if (count < 0)
        return status_of_errno(errno, STREAM_WANT_READ);
    *ret_count = (size_t)count;
    return count ? STREAM_OK : STREAM_END;
}

static enum stream_status socket_write(struct stream *stream, const void *bytes, size_t size,
                                       size_t *ret_count)
{
    ssize_t count = send(stream->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    *ret_count = 0;
    if (count < 0)
        return status_of_errno(errno, STREAM_WANT_WRITE);
    *ret_count = (size_t)count;
    return STREAM_OK;
}

struct stream stream_of_socket(int fd)
{
    return (struct stream){.fd = fd, .read = socket_read, .write = socket_write};
}

bool stream_events_new(struct stream_events *ret, struct event_base *base, int fd,
                       event_callback_fn ready, void *context)
{
    ret->readable = event_new(base, fd, EV_READ, ready, context);
    ret->writable = event_new(base, fd, EV_WRITE, ready, context);
    return ret->readable && ret->writable;
}

void stream_events_free(struct stream_events *events)
{
    if (events->readable)
        event_free(events->readable);
    if (events->writable)
        event_free(events->writable);
}

bool stream_events_await(const struct stream_events *events, enum stream_status status)
{
    if (status == STREAM_WANT_READ)
        return event_add(events->readable, NULL) == 0;
    return status == STREAM_WANT_WRITE && event_add(events->writable, NULL) == 0;
}
