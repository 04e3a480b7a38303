/* SPDX-License-Identifier: MIT */
#include "probes/transport/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"

struct dial {
    struct event *event;
    dial_done_fn *done;
    void *context;
    usec_t started;
    int fd;
    int family;
    int error; /* errno if connect() failed at once */
};

/* connect() fails before any packet leaves if this host has no route or no address of the family.
 * For IPv4, EADDRNOTAVAIL means that every local port is taken (connect(2)): a local error. */
static bool is_missing_family(const struct dial *dial)
{
    int error = dial->error;

    return error == ENETUNREACH || error == EAFNOSUPPORT ||
           (error == EADDRNOTAVAIL && dial->family != AF_INET);
}

static enum tcp_outcome outcome_of_errno(int error)
{
    switch (error) {
    case 0:
        return TCP_OK;
    case ECONNREFUSED:
        return TCP_REFUSED;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
        return TCP_RESET;
    case ETIMEDOUT:
        return TCP_TIMEOUT;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT: /* ICMP protocol unreachable */
        return TCP_UNREACHABLE;
    default:
        return TCP_LOCAL;
    }
}

/* AF_UNSPEC if the kernel does not tell. */
static struct address source_of(int fd)
{
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    struct endpoint own = {0};

    if (getsockname(fd, (struct sockaddr *)&storage, &length) < 0 ||
        !endpoint_from_sockaddr((const struct sockaddr *)&storage, &own))
        return (struct address){0};
    return own.address;
}

static void dial_finish(struct dial *dial, enum tcp_outcome outcome, int error)
{
    struct dial_result result = {
        .outcome = outcome,
        .error = error,
        .duration = dial_elapsed(dial),
        .fd = -1,
    };

    if (outcome == TCP_OK) {
        result.source = source_of(dial->fd);
        result.fd = dial->fd;
        dial->fd = -1;
    }
    dial->done(&result, dial->context); /* may have freed the dial */
}

static void on_failed_at_once(evutil_socket_t fd, short events, void *context)
{
    struct dial *dial = context;

    (void)fd;
    (void)events;
    dial_finish(dial, is_missing_family(dial) ? TCP_SKIPPED : outcome_of_errno(dial->error),
                dial->error);
}

static void on_writable(evutil_socket_t fd, short events, void *context)
{
    int error = 0;
    socklen_t length = sizeof(error);

    (void)events;
    if (getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        dial_finish(context, outcome_of_errno(errno), errno);
    else if (error == EACCES) /* ICMPv6: prohibited (RFC 4443 3.1); ICMP sends EHOSTUNREACH */
        dial_finish(context, TCP_UNREACHABLE, error);
    else
        dial_finish(context, outcome_of_errno(error), error);
}

static int set_dial_options(int fd, int max_segment)
{
    int one = 1;

    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
        return -1;
    if (!max_segment)
        return 0;
    return setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &max_segment, sizeof(max_segment));
}

/* 0 if the connect is in progress or done, else errno. */
static int start_connect(struct dial *dial, const struct endpoint *endpoint, int max_segment)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(endpoint, &storage);

    dial->fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (dial->fd < 0)
        return errno;
    if (set_dial_options(dial->fd, max_segment) < 0)
        return errno;
    if (connect(dial->fd, (const struct sockaddr *)&storage, length) == 0)
        return 0;
    /* The kernel continues an interrupted connect, like one in progress. */
    return errno == EINPROGRESS || errno == EINTR ? 0 : errno;
}

struct dial *dial_start(struct event_base *base, const struct endpoint *endpoint, int max_segment,
                        dial_done_fn *done, void *context)
{
    static const struct timeval at_once = {0, 0};
    struct dial *dial = memory_allocate(sizeof(*dial));

    if (!dial)
        return NULL;
    dial->done = done;
    dial->context = context;
    dial->started = clock_monotonic();
    dial->family = endpoint->address.family;
    dial->error = start_connect(dial, endpoint, max_segment);
    if (dial->error)
        dial->event = event_new(base, -1, 0, on_failed_at_once, dial);
    else
        dial->event = event_new(base, dial->fd, EV_WRITE, on_writable, dial);
    if (!dial->event || event_add(dial->event, dial->error ? &at_once : NULL) < 0) {
        dial_free(dial);
        return NULL;
    }
    return dial;
}

void dial_free(struct dial *dial)
{
    if (!dial)
        return;
    if (dial->event)
        event_free(dial->event);
    if (dial->fd >= 0)
        close(dial->fd);
    memory_release(dial);
}

void dial_describe(const struct dial_result *result, struct tcp_evidence *ret)
{
    ret->outcome = result->outcome;
    ret->error = result->error;
    ret->duration = result->duration;
    ret->source = result->source;
    if (result->outcome == TCP_SKIPPED)
        ret->reason = "no route for this address family";
}

usec_t dial_elapsed(const struct dial *dial)
{
    return clock_monotonic() - dial->started;
}
