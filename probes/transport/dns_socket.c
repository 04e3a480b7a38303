/* SPDX-License-Identifier: MIT */
#include "probes/transport/dns_socket.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "probes/transport/socket_error.h"

enum { DNS_HEADER = 12, DNS_QUESTION_MAX = 255 + 4 };

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

/* ---- datagrams ---- */

struct dns_datagram {
    struct dns_datagram *next;
    uint8_t *answer; /* NULL until it has come */
    size_t answer_length;
    size_t length;
    uint8_t question[DNS_HEADER + DNS_QUESTION_MAX]; /* with its header, without EDNS */
};

/* False if memory is short. */
static bool keep_question(struct dns_socket_errors *errors, const uint8_t *bytes, size_t length)
{
    size_t end = DNS_HEADER;

    while (end < length && bytes[end])
        end += 1u + bytes[end];
    end += 1 + 4; /* the root, type and class */
    struct dns_datagram *sent = memory_allocate(sizeof(*sent));
    if (!sent)
        return false;
    if (end <= length && end <= sizeof(sent->question)) {
        memcpy(sent->question, bytes, end);
        sent->length = end;
    }
    sent->next = errors->datagrams;
    errors->datagrams = sent;
    return true;
}

/* True for an answer, and not the question that a broken server sends back. Lengths of labels,
 * types and classes are not letters. */
static bool is_answer_to(const struct dns_datagram *sent, const uint8_t *bytes)
{
    if (!(bytes[2] & 0x80) || memcmp(sent->question, bytes, 2) != 0 ||
        memcmp(sent->question + 4, bytes + 4, 2) != 0)
        return false;
    for (size_t i = DNS_HEADER; i < sent->length; i++)
        if (tolower(sent->question[i]) != tolower(bytes[i]))
            return false;
    return true;
}

static struct dns_datagram *question_of(const struct dns_socket_errors *errors,
                                        const uint8_t *bytes, size_t length)
{
    for (struct dns_datagram *sent = errors->datagrams; sent; sent = sent->next)
        if (sent->length && length >= sent->length && is_answer_to(sent, bytes))
            return sent;
    return NULL;
}

/* Writes the answer that c-ares sees: the question, without an error and without a record. */
static size_t write_stub(const struct dns_datagram *sent, uint8_t *bytes)
{
    static const uint8_t header[] = {0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0};

    memcpy(bytes, sent->question, sent->length);
    memcpy(bytes + 2, header, sizeof(header));
    return sent->length;
}

const uint8_t *dns_socket_answer(const struct dns_socket_errors *errors, const uint8_t *bytes,
                                 size_t *length)
{
    const struct dns_datagram *sent = question_of(errors, bytes, *length);

    if (!sent || !sent->answer)
        return bytes;
    *length = sent->answer_length;
    return sent->answer;
}

void dns_socket_forget(struct dns_socket_errors *errors)
{
    while (errors->datagrams) {
        struct dns_datagram *sent = errors->datagrams;
        errors->datagrams = sent->next;
        memory_release(sent->answer);
        memory_release(sent);
    }
}

/* ---- reading and writing ---- */

static ssize_t receive_once(struct dns_socket_errors *errors, int fd, void *bytes, size_t size,
                            struct sockaddr *from, socklen_t *length)
{
    ssize_t count;

    if (errors->reads >= DNS_SOCKET_TURN) {
        errno = EAGAIN; /* the socket is still ready, so the loop comes back */
        return -1;
    }
    errors->reads++;
    do /* c-ares would take EINTR for the end of the socket */
        count = recvfrom(fd, bytes, size, 0, from, length);
    while (count < 0 && errno == EINTR);
    if (count < 0 && errno != EAGAIN)
        note(errors, is_local_error(errors, errno));
    return count;
}

/* Reads on until there is an answer to a question, as Go's resolver does. */
static ssize_t receive_answer(struct dns_socket_errors *errors, int fd, uint8_t *bytes, size_t size,
                              struct sockaddr *from, socklen_t *length)
{
    uint8_t datagram[DNS_SOCKET_DATAGRAM];
    socklen_t room = length ? *length : 0;

    while (true) {
        if (length)
            *length = room;
        ssize_t count = receive_once(errors, fd, datagram, sizeof(datagram), from, length);
        if (count < 0)
            return count;
        struct dns_datagram *sent = question_of(errors, datagram, (size_t)count);
        if (!sent || sent->answer || sent->length > size)
            continue;
        sent->answer = memory_allocate_unset((size_t)count);
        if (!sent->answer)
            continue;
        memcpy(sent->answer, datagram, (size_t)count);
        sent->answer_length = (size_t)count;
        return (ssize_t)write_stub(sent, bytes);
    }
}

static ares_ssize_t receive(ares_socket_t fd, void *bytes, size_t size, int flags,
                            struct sockaddr *from, ares_socklen_t *length, void *context)
{
    struct dns_socket_errors *errors = context;

    (void)flags; /* c-ares gives none */
    return errors->is_tcp ? receive_once(errors, fd, bytes, size, from, length)
                          : receive_answer(errors, fd, bytes, size, from, length);
}

/* c-ares waits for room in a TCP socket, but does not resend a datagram that found none. */
static ares_ssize_t transmit(ares_socket_t fd, const struct iovec *pieces, int count, void *context)
{
    struct dns_socket_errors *errors = context;
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)pieces,
                             .msg_iovlen = (size_t)count};
    ssize_t sent;

    if (!errors->is_tcp && !keep_question(errors, pieces[0].iov_base, pieces[0].iov_len)) {
        errno = ENOMEM;
        note(errors, true);
        return -1;
    }
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
