/* SPDX-License-Identifier: MIT */
#include "hostile_dns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct hostile_dns {
    const struct hostile_dns_row *row;
    struct event_base *base;
    int udp;
    int listener;
};

/* A datagram that leaves later. */
struct late {
    int fd;
    struct sockaddr_storage to;
    struct event *timer;
    size_t length;
    uint8_t bytes[];
};

/* ---- the right answer ---- */

static void make_right(const uint8_t *question, size_t length, bool tcp,
                       struct hostile_answer *answer)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1};
    size_t end = 12;

    while (end < length && question[end])
        end += question[end] + 1u;
    end += 5;
    memset(answer, 0, offsetof(struct hostile_answer, bytes) + 12);
    memcpy(answer->bytes, question, end < length ? end : length);
    answer->question_end = answer->length = answer->record = end;
    answer->is_a = answer->bytes[end - 3] == 1;
    answer->over_tcp = tcp;
    answer->bytes[2] = 0x81;
    answer->bytes[3] = 0x80;
    memset(answer->bytes + 6, 0, 6);
    if (!answer->is_a)
        return;
    answer->bytes[7] = 1;
    memcpy(answer->bytes + end, record, sizeof(record));
    answer->length += sizeof(record);
}

static void make_wrong(const struct hostile_dns *server, struct hostile_answer *answer)
{
    if (server->row->change)
        server->row->change(answer, server->row->number);
}

/* ---- sending ---- */

static void send_now(evutil_socket_t fd, short what, void *context)
{
    struct late *late = context;

    (void)fd;
    (void)what;
    sendto(late->fd, late->bytes, late->length, 0, (struct sockaddr *)&late->to,
           sizeof(struct sockaddr_in));
    event_free(late->timer);
    free(late);
}

static void send_later(const struct hostile_dns *server, const struct sockaddr_storage *to,
                       const struct hostile_answer *answer)
{
    static const struct timeval wait = {0, 500000};
    struct late *late = calloc(1, sizeof(*late) + answer->length);

    late->fd = server->udp;
    late->to = *to;
    late->length = answer->length;
    memcpy(late->bytes, answer->bytes, answer->length);
    late->timer = event_new(server->base, -1, 0, send_now, late);
    event_add(late->timer, &wait);
}

static void answer_udp(evutil_socket_t fd, short what, void *context)
{
    static struct hostile_answer right;
    static struct hostile_answer wrong;
    const struct hostile_dns *server = context;
    uint8_t question[512];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t count = recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&from, &size);

    (void)what;
    if (count < 17)
        return;
    make_right(question, (size_t)count, false, &right);
    wrong = right;
    make_wrong(server, &wrong);
    switch (server->row->sending) {
    case SENT_NEVER:
        return;
    case SENT_LATE:
        send_later(server, &from, &wrong);
        return;
    case SENT_OVER_TCP:
    case SENT_BARE:
    case SENT_BARE_BY_BYTES:
    case SENT_BARE_AND_END:
    case SENT_BARE_AND_RESET:
    case SENT_AND_TCP_REFUSED:
        right.bytes[2] |= 0x02;
        right.length = right.question_end;
        right.bytes[7] = 0;
        sendto(fd, right.bytes, right.length, 0, (struct sockaddr *)&from, size);
        return;
    case SENT_AFTER_RIGHT:
        sendto(fd, right.bytes, right.length, 0, (struct sockaddr *)&from, size);
        break;
    case SENT_TWICE:
        sendto(fd, wrong.bytes, wrong.length, 0, (struct sockaddr *)&from, size);
        break;
    case SENT_ONCE:
    case SENT_BEFORE_RIGHT:
        break;
    }
    sendto(fd, wrong.bytes, wrong.length, 0, (struct sockaddr *)&from, size);
    if (server->row->sending == SENT_BEFORE_RIGHT)
        sendto(fd, right.bytes, right.length, 0, (struct sockaddr *)&from, size);
}

/* ---- TCP ---- */

struct connection {
    const struct hostile_dns *server;
    int fd;
    struct event *readable;
    struct event *drip; /* sends the next byte of these */
    size_t at;
    size_t length;
    uint8_t bytes[1024];
};

static void drip(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval wait = {0, 1000};
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection->at < connection->length &&
        send(connection->fd, connection->bytes + connection->at++, 1, MSG_NOSIGNAL) == 1)
        event_add(connection->drip, &wait);
}

static void drip_also(struct connection *connection, const struct hostile_answer *answer)
{
    memcpy(connection->bytes + connection->length, answer->bytes, answer->length);
    connection->length += answer->length;
    event_active(connection->drip, EV_TIMEOUT, 0);
}

static void send_framed(int fd, const struct hostile_answer *answer)
{
    const uint8_t frame[] = {(uint8_t)(answer->length >> 8), (uint8_t)answer->length};

    send(fd, frame, 2, MSG_NOSIGNAL | MSG_MORE);
    send(fd, answer->bytes, answer->length, MSG_NOSIGNAL);
}

static void end_connection(struct connection *connection, int fd, bool reset)
{
    const struct linger at_once = {.l_onoff = reset, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    event_free(connection->readable);
    event_free(connection->drip);
    close(fd);
    free(connection);
}

static void answer_tcp(evutil_socket_t fd, short what, void *context)
{
    static struct hostile_answer answer;
    struct connection *connection = context;
    enum hostile_sending sending = connection->server->row->sending;
    uint8_t bytes[4096];
    ssize_t count = recv(fd, bytes, sizeof(bytes), 0);
    size_t length;

    (void)what;
    if (count <= 2 + 17) {
        end_connection(connection, fd, false);
        return;
    }
    for (const uint8_t *at = bytes; at + 2 < bytes + count; at += 2 + length) {
        length = (size_t)(at[0] << 8 | at[1]);
        if (at + 2 + length > bytes + count)
            return;
        make_right(at + 2, length, true, &answer);
        make_wrong(connection->server, &answer);
        if (sending == SENT_BARE_BY_BYTES)
            drip_also(connection, &answer);
        else if (sending == SENT_OVER_TCP)
            send_framed(fd, &answer);
        else
            send(fd, answer.bytes, answer.length, MSG_NOSIGNAL);
    }
    if (sending == SENT_BARE_AND_END || sending == SENT_BARE_AND_RESET)
        end_connection(connection, fd, sending == SENT_BARE_AND_RESET);
}

static void accept_tcp(evutil_socket_t fd, short what, void *context)
{
    struct hostile_dns *server = context;
    struct connection *connection = calloc(1, sizeof(*connection));
    int accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)what;
    connection->server = server;
    connection->fd = accepted;
    connection->drip = event_new(server->base, -1, 0, drip, connection);
    connection->readable =
        event_new(server->base, accepted, EV_READ | EV_PERSIST, answer_tcp, connection);
    event_add(connection->readable, NULL);
}

/* The same free port for both. */
static bool bind_both(struct hostile_dns *server, struct endpoint *ret_endpoint)
{
    const struct endpoint any = {.address = {.family = AF_INET, .bytes = {127, 0, 0, 1}}};
    struct sockaddr_storage storage;

    for (int attempt = 0; attempt < 20; attempt++) {
        socklen_t length = endpoint_to_sockaddr(&any, &storage);
        server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (bind(server->udp, (struct sockaddr *)&storage, length) == 0 &&
            getsockname(server->udp, (struct sockaddr *)&storage, &length) == 0 &&
            bind(server->listener, (struct sockaddr *)&storage, length) == 0 &&
            (server->row->sending == SENT_AND_TCP_REFUSED || listen(server->listener, 8) == 0)) {
            endpoint_from_sockaddr((struct sockaddr *)&storage, ret_endpoint);
            return true;
        }
        close(server->udp);
        close(server->listener);
    }
    return false;
}

struct hostile_dns *hostile_dns_start(struct event_base *base, const struct hostile_dns_row *row,
                                      struct endpoint *ret_endpoint)
{
    struct hostile_dns *server = calloc(1, sizeof(*server));

    server->row = row;
    server->base = base;
    if (!bind_both(server, ret_endpoint)) {
        free(server);
        return NULL;
    }
    event_add(event_new(base, server->udp, EV_READ | EV_PERSIST, answer_udp, server), NULL);
    if (row->sending != SENT_AND_TCP_REFUSED)
        event_add(event_new(base, server->listener, EV_READ | EV_PERSIST, accept_tcp, server),
                  NULL);
    return server;
}
