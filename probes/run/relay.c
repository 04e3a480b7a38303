/* SPDX-License-Identifier: MIT */
/*
 * Two ways, each with one buffer: it is filled by one read and emptied by writes before the next
 * read, so a side that takes nothing stops the other. An event of any side moves both ways by at
 * most one buffer, and then other connections have their turn.
 */

#include "probes/run/relay.h"

#include <stdbool.h>
#include <sys/socket.h>

#include "config/base/memory.h"

#define BUFFER_SIZE ((size_t)16 * 1024) /* a record of TLS */

struct relay_side {
    struct stream stream;
    struct stream_events events;
};

struct relay_way {
    struct relay_side *from;
    struct relay_side *to;
    bool ended;
    size_t begin; /* of what is not written yet */
    size_t end;
    unsigned char bytes[BUFFER_SIZE];
};

struct relay {
    int fd; /* the end that is not lent */
    struct relay_side peer;
    struct relay_side user;
    struct relay_way up;
    struct relay_way down;
};

/* The user sees an end after the last byte. */
static void end_way(struct relay *relay, struct relay_way *way)
{
    way->ended = true;
    if (way->to == &relay->user)
        (void)shutdown(relay->fd, SHUT_WR);
}

static void await_side(struct relay *relay, struct relay_way *way, struct relay_side *side,
                       enum stream_status status)
{
    if (!stream_events_await(&side->events, status))
        end_way(relay, way);
}

static void carry(struct relay *relay, struct relay_way *way)
{
    static const struct timeval at_once = {0, 0};
    enum stream_status status;
    size_t count = 0;

    if (way->begin == way->end) {
        status = way->from->stream.read(&way->from->stream, way->bytes, BUFFER_SIZE, &count);
        if (status != STREAM_OK) {
            await_side(relay, way, way->from, status);
            return;
        }
        way->begin = 0;
        way->end = count;
    }
    while (way->begin < way->end) {
        status = way->to->stream.write(&way->to->stream, way->bytes + way->begin,
                                       way->end - way->begin, &count);
        if (status != STREAM_OK) {
            await_side(relay, way, way->to, status);
            return;
        }
        way->begin += count;
    }
    /* The stream may hold more, which makes no descriptor ready. */
    if (event_add(way->from->events.readable, &at_once) < 0)
        end_way(relay, way);
}

static void on_relay_ready(int fd, short what, void *context)
{
    struct relay *relay = context;

    (void)fd;
    (void)what;
    if (!relay->up.ended)
        carry(relay, &relay->up);
    if (!relay->down.ended)
        carry(relay, &relay->down);
}

static bool open_side(struct relay *relay, struct event_base *base, struct relay_side *side,
                      struct stream stream)
{
    side->stream = stream;
    return stream_events_new(&side->events, base, stream.fd, on_relay_ready, relay) &&
           stream_events_await(&side->events, STREAM_WANT_READ);
}

struct relay *relay_start(struct event_base *base, const struct stream *stream, int *ret_fd)
{
    struct relay *relay = memory_allocate(sizeof(*relay));
    int ends[2];

    if (!relay)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
        memory_release(relay);
        return NULL;
    }
    relay->fd = ends[0];
    relay->up.from = relay->down.to = &relay->user;
    relay->up.to = relay->down.from = &relay->peer;
    if (open_side(relay, base, &relay->peer, *stream) &&
        open_side(relay, base, &relay->user, stream_of_socket(ends[0]))) {
        *ret_fd = ends[1];
        return relay;
    }
    evutil_closesocket(ends[1]);
    relay_free(relay);
    return NULL;
}

void relay_free(struct relay *relay)
{
    if (!relay)
        return;
    stream_events_free(&relay->peer.events);
    stream_events_free(&relay->user.events);
    evutil_closesocket(relay->fd);
    memory_release(relay);
}
