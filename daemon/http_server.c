#include "daemon/http_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "daemon/http_connection.h"

#define ACCEPT_PAUSE (100 * USEC_PER_MSEC)
#define BACKLOG      128

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

/* ---- accepting ---- */

/* Full: the oldest that has not even sent its request makes room. */
static bool make_room(struct http_server *server)
{
    struct connection *at = server->oldest;

    if (server->count < HTTP_SERVER_MAX_CONNECTIONS)
        return true;
    while (at && at->replying)
        at = at->next;
    if (at)
        http_connection_close(at);
    return at != NULL;
}

/* Without a descriptor a connection can be neither taken nor refused, and the listener would stay
 * ready for ever: the reserved one is given up to take it and close it. */
static void drain_one(struct http_server *server)
{
    struct timeval pause = to_timeval(ACCEPT_PAUSE);

    close(server->reserve);
    int fd = accept(server->fd, NULL, NULL);
    if (fd >= 0)
        close(fd);
    server->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (event_add(server->resume, &pause) == 0)
        event_del(server->acceptable);
}

static void acceptable(int fd, short what, void *context)
{
    struct http_server *server = context;

    (void)what;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            drain_one(server);
        return;
    }
    if (make_room(server))
        http_connection_open(server, accepted);
    else
        close(accepted);
}

static void resume(int fd, short what, void *context)
{
    const struct timeval pause = to_timeval(ACCEPT_PAUSE);
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
    server->fd = -1;
    server->reserve = -1;
    if (gethostname(server->hostname, sizeof(server->hostname) - 1))
        server->hostname[0] = '\0';
    if (start_listening(server, ret_bound)) {
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

bool http_server_replying(const struct http_server *server)
{
    const struct connection *at = server->oldest;

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
