#include "probes/transport/dns_socket.h"

#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probes/transport/socket_error.h"

/* What the network or the resolver can be the reason of is not; a filter's verdict is EPERM. */
static bool is_local(const struct dns_socket_errors *errors, int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EAFNOSUPPORT:
        return false;
    case EADDRNOTAVAIL: /* of IPv4: every local port is taken */
        return errors->family == AF_INET;
    default:
        return socket_error_of(error) == SOCKET_ERROR_LOCAL;
    }
}

static void note(struct dns_socket_errors *errors, bool local)
{
    errors->last_error = errno;
    errors->is_local = local;
}

static ares_socket_t open_socket(int family, int type, int protocol, void *context)
{
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

    if (fd < 0)
        note(context, errno != EAFNOSUPPORT);
    return fd;
}

static int close_socket(ares_socket_t fd, void *context)
{
    (void)context;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *address, ares_socklen_t length,
                          void *context)
{
    int status = connect(fd, address, length);

    if (status && errno == EINTR) /* it goes on by itself */
        errno = EINPROGRESS;
    if (status && errno != EINPROGRESS)
        note(context, errno == EAGAIN || is_local(context, errno));
    return status;
}

void dns_socket_begin_turn(struct dns_socket_errors *errors)
{
    errors->last_error = 0;
    errors->is_local = false;
    errors->reads = 0;
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *length, void *context)
{
    struct dns_socket_errors *errors = context;
    ssize_t count;

    if (errors->reads >= DNS_SOCKET_TURN) {
        errno = EAGAIN; /* the socket is ready again at once */
        return -1;
    }
    errors->reads++;
    do /* c-ares takes EINTR for the end of the socket */
        count = recvfrom(fd, bytes, size, flags, from, length);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN)
        note(errors, is_local(errors, errno));
    return count;
}

/* c-ares waits for room in a TCP socket; a datagram that finds none is not sent again. */
static ares_ssize_t transmit(ares_socket_t fd, const struct iovec *pieces, int count, void *context)
{
    struct dns_socket_errors *errors = context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)count};
    ssize_t sent;

    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0 && (errno != EAGAIN || !errors->is_tcp))
        note(errors, errno == EAGAIN || is_local(errors, errno));
    return sent;
}

const struct ares_socket_functions dns_socket_functions = {
    open_socket, close_socket, connect_socket, receive, transmit,
};
