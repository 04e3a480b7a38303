/* SPDX-License-Identifier: MIT */
#include "probes/transport/dns_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "probes/transport/socket_error.h"

/* Not local: errors that the network or the resolver can cause. A packet filter gives EPERM. */
static bool is_local_error(const struct dns_socket_errors *errors, int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
    case EAFNOSUPPORT:
        return false;
    case EADDRNOTAVAIL: /* IPv4: every local port is taken */
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
    const struct dns_socket_errors *errors = context;
    struct sockaddr_in6 scoped;

    if (errors->scope && length == sizeof(scoped)) { /* c-ares 1.18 knows no zones */
        memcpy(&scoped, address, sizeof(scoped));
        scoped.sin6_scope_id = errors->scope;
        address = (const struct sockaddr *)&scoped;
    }
    int status = connect(fd, address, length);
    if (status && errno == EINTR) /* the kernel continues it */
        errno = EINPROGRESS;
    if (status && errno != EINPROGRESS)
        note(context, errno == EAGAIN || is_local_error(context, errno));
    return status;
}

void dns_socket_begin_turn(struct dns_socket_errors *errors)
{
    errors->last_error = 0;
    errors->is_local = false;
    errors->reads = 0;
}

enum { FLAG_QR = 0x80, RCODE_MASK = 0x0f, RCODE_FORMERR = 1, RCODE_NOTZONE = 10 };

/* c-ares asks again without EDNS after a FORMERR, which Go's resolver does not. So it gets to see
 * another error, one that no question is answered with. */
static void hide_format_error(unsigned char *bytes, ssize_t count)
{
    if (count > 3 && bytes[2] & FLAG_QR && (bytes[3] & RCODE_MASK) == RCODE_FORMERR)
        bytes[3] = (unsigned char)((bytes[3] & ~RCODE_MASK) | RCODE_NOTZONE);
}

void dns_socket_restore(unsigned char *bytes, int count)
{
    if (count > 3 && (bytes[3] & RCODE_MASK) == RCODE_NOTZONE)
        bytes[3] = (unsigned char)((bytes[3] & ~RCODE_MASK) | RCODE_FORMERR);
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *length, void *context)
{
    struct dns_socket_errors *errors = context;
    ssize_t count;

    if (errors->reads >= DNS_SOCKET_TURN) {
        errno = EAGAIN; /* the socket is still ready, so the loop comes back */
        return -1;
    }
    errors->reads++;
    do /* c-ares would take EINTR for the end of the socket */
        count = recvfrom(fd, bytes, size, flags, from, length);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN)
        note(errors, is_local_error(errors, errno));
    if (!errors->is_tcp)
        hide_format_error(bytes, count);
    return count;
}

/* c-ares waits for room in a TCP socket, but does not resend a datagram that found none. */
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
        note(errors, errno == EAGAIN || is_local_error(errors, errno));
    return sent;
}

const struct ares_socket_functions dns_socket_functions = {
    open_socket, close_socket, connect_socket, receive, transmit,
};
