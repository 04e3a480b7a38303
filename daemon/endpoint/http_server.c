/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/endpoint/http_connection.h"

#define SHORTAGE_PAUSE (100 * USEC_PER_MSEC) /* of accepting, while there is no descriptor */
#define FULL_PAUSE     (10 * USEC_PER_MSEC)  /* while every connection has to stay */
#define BACKLOG        1024                  /* connections that wait for accept */
#define MOST_NEWCOMERS 16 /* connections that had no turn yet, before the next is accepted */
#define SLOW           (100 * USEC_PER_MSEC) /* without a request or progress: gives way first */

/* ---- places ---- */

/* The oldest connection that has sent no complete request for at least `least`. */
static struct http_connection *find_idle(const struct http_server *server, bool reserved,
                                         usec_t least)
{
    usec_t latest = clock_monotonic() + server->deadline - least;
    struct http_connection *at = server->oldest;

    while (at && (at->reserved != reserved || http_connection_is_busy(at) || at->deadline > latest))
        at = at->next;
    return at;
}

/* Returns the connection whose peer has accepted no byte of its reply for the longest time. */
static struct http_connection *find_stalled(const struct http_server *server, bool reserved)
{
    usec_t before = clock_monotonic() - SLOW;
    struct http_connection *found = NULL;

    for (struct http_connection *at = server->oldest; at; at = at->next)
        if (at->blocked && at->reserved == reserved && at->progress < before &&
            (!found || at->progress < found->progress))
            found = at;
    return found;
}

/* The connection that had the most replies, if any had more than one. */
static struct http_connection *find_busiest(const struct http_server *server, bool reserved)
{
    struct http_connection *found = NULL;

    for (struct http_connection *at = server->oldest; at; at = at->next)
        if (at->reserved == reserved && at->replies > (found ? found->replies : 1))
            found = at;
    return found;
}

static struct http_connection *find_replaceable(const struct http_server *server, bool reserved)
{
    struct http_connection *found = find_idle(server, reserved, SLOW);

    if (!found)
        found = find_stalled(server, reserved);
    if (!found)
        found = find_busiest(server, reserved);
    return found ? found : find_idle(server, reserved, 0);
}

struct place {
    bool reserved;
    struct http_connection *taken_by; /* gives way; NULL: the place is free */
};

/* A place for a newcomer. False if there is none at present. */
static bool find_place(const struct http_server *server, struct place *ret)
{
    *ret = (struct place){0};
    if (server->count - server->reserved_count < HTTP_SERVER_MAX_CONNECTIONS)
        return true;
    ret->taken_by = find_replaceable(server, false);
    if (ret->taken_by)
        return true;
    ret->reserved = true;
    if (server->reserved_count < HTTP_SERVER_RESERVED_CONNECTIONS)
        return true;
    ret->taken_by = find_replaceable(server, true);
    return ret->taken_by != NULL;
}

/* True if the client is on this machine: its address is the one that it connected to. */
static bool is_loopback_peer(int fd, const struct sockaddr_storage *peer)
{
    struct sockaddr_storage own = {0};
    socklen_t length = sizeof(own);
    struct endpoint ends[2];

    return getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
           endpoint_from_sockaddr((const struct sockaddr *)peer, &ends[0]) &&
           endpoint_from_sockaddr((const struct sockaddr *)&own, &ends[1]) &&
           address_equal(&ends[0].address, &ends[1].address);
}

/* ---- accepting ---- */

/* Stops accepting for a while. If that fails, the loop just comes back at once. */
static void pause_accepting(struct http_server *server, usec_t duration)
{
    const struct timeval pause = clock_timeval(duration);

    if (event_add(server->resume, &pause) == 0)
        event_del(server->acceptable);
}

/* If there is no descriptor, a connection can be neither accepted nor refused, and the listener
 * would stay readable for ever. So the reserved descriptor is given up to accept the connection and
 * close it. */
static void drain_one(struct http_server *server)
{
    close(server->reserve);
    int fd = accept(server->fd, NULL, NULL);
    if (fd >= 0)
        close(fd);
    server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pause_accepting(server, SHORTAGE_PAUSE);
}

static void acceptable(int fd, short what, void *context)
{
    struct http_server *server = context;
    struct place place;

    (void)what;
    while (server->newcomers < MOST_NEWCOMERS) {
        struct sockaddr_storage peer = {0};
        socklen_t length = sizeof(peer);
        if (!find_place(server, &place)) {
            pause_accepting(server, FULL_PAUSE);
            return;
        }
        int accepted = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                drain_one(server);
            return;
        }
        if (place.taken_by)
            http_connection_close(place.taken_by);
        http_connection_open(server, accepted, is_loopback_peer(accepted, &peer), place.reserved);
    }
}

static void resume(int fd, short what, void *context)
{
    const struct timeval pause = clock_timeval(SHORTAGE_PAUSE);
    struct http_server *server = context;

    (void)fd;
    (void)what;
    if (event_add(server->acceptable, NULL)) /* the kernel may be short of memory for it */
        event_add(server->resume, &pause);
}

/* ---- start and end ---- */

static int listen_on(struct http_server *server, struct endpoint *ret_bound)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(&server->options.listen, &storage);
    int on = 1;

    server->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0)
        return -1;
    setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(server->fd, (struct sockaddr *)&storage, length) || listen(server->fd, BACKLOG))
        return -1;
    length = sizeof(storage);
    if (getsockname(server->fd, (struct sockaddr *)&storage, &length))
        return -1;
    endpoint_from_sockaddr((struct sockaddr *)&storage, ret_bound);
    return 0;
}

static int start_listening(struct http_server *server, struct endpoint *ret_bound)
{
    if (listen_on(server, ret_bound))
        return -1;
    server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (server->reserve < 0)
        return -1;
    server->acceptable =
        event_new(server->base, server->fd, EV_READ | EV_PERSIST, acceptable, server);
    server->resume = event_new(server->base, -1, 0, resume, server);
    return server->acceptable && server->resume ? event_add(server->acceptable, NULL) : -1;
}

struct http_server *http_server_start(struct event_base *base,
                                      const struct http_server_options *options,
                                      struct endpoint *ret_bound, char *error, size_t error_size)
{
    struct http_server *server = memory_allocate(sizeof(*server));
    char listen[ENDPOINT_TEXT_SIZE];

    if (!server) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    server->base = base;
    server->options = *options;
    server->deadline = options->deadline ? options->deadline : HTTP_SERVER_DEADLINE;
    server->stall = options->stall ? options->stall : HTTP_SERVER_STALL;
    server->fd = -1;
    server->reserve = -1;
    if (gethostname(server->hostname, sizeof(server->hostname) - 1))
        server->hostname[0] = '\0';
    if (turns_open(&server->turns, base) || start_listening(server, ret_bound)) {
        snprintf(error, error_size, "%s: %s", endpoint_format(&options->listen, listen),
                 strerror(errno));
        http_server_free(server);
        return NULL;
    }
    return server;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    while (server->oldest)
        http_connection_close(server->oldest);
    turns_close(&server->turns);
    if (server->acceptable)
        event_free(server->acceptable);
    if (server->resume)
        event_free(server->resume);
    if (server->fd >= 0)
        close(server->fd);
    if (server->reserve >= 0)
        close(server->reserve);
    memory_release(server);
}

void http_server_pause(struct http_server *server, bool paused)
{
    struct http_connection *next;

    server->paused = paused;
    for (struct http_connection *at = server->oldest; at && !paused; at = next) {
        next = at->next; /* it may be closed */
        http_connection_resume(at);
    }
}

bool http_server_replying(const struct http_server *server)
{
    const struct http_connection *at = server->oldest;

    while (at && !at->source.next)
        at = at->next;
    return at != NULL;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->count;
}

void http_server_allow(struct http_server *server, const char *const *hosts, size_t count)
{
    server->options.allowed_hosts = hosts;
    server->options.allowed_host_count = count;
}
