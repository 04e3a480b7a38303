/* SPDX-License-Identifier: MIT */
#include "tests/component/probes/transport/fake_dns.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE_SIZE 1024

struct message {
    uint8_t bytes[MESSAGE_SIZE];
    size_t length;
};

static void put(struct message *message, const void *bytes, size_t length)
{
    if (message->length + length > MESSAGE_SIZE)
        return;
    memcpy(message->bytes + message->length, bytes, length);
    message->length += length;
}

static size_t question_end(const struct message *message)
{
    size_t at = 12;

    while (at < message->length && message->bytes[at])
        at += message->bytes[at] + 1u;
    return at + 5;
}

static void put_record(struct message *answer, const char *owner, size_t owner_length, int type,
                       const void *data, size_t length)
{
    const uint8_t header[] = {0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)length};

    put(answer, owner, owner_length);
    put(answer, header, sizeof(header));
    put(answer, data, length);
}

static void put_address(struct message *answer, const char *owner, size_t owner_length, int type)
{
    static const uint8_t v4[] = {10, 0, 3, 7};
    static const uint8_t v6[16] = {0xfd, [15] = 7};

    put_record(answer, owner, owner_length, type, type == 1 ? v4 : v6, type == 1 ? 4 : 16);
}

#define BACKEND "\7backend\7example"

static void make_answer(const struct fake_dns *server, bool tcp, const struct message *question,
                        struct message *answer)
{
    size_t end = question_end(question);
    int type = question->bytes[end - 3];
    bool truncate = !tcp && (server->behaviour == FAKE_DNS_TRUNCATED ||
                             server->behaviour == FAKE_DNS_TRUNCATED_SILENT ||
                             (server->behaviour == FAKE_DNS_HALF && type == 1));
    bool no_edns = server->behaviour == FAKE_DNS_NO_EDNS && question->bytes[11];

    answer->length = 0;
    put(answer, question->bytes, end);
    answer->bytes[2] = (uint8_t)(server->behaviour == FAKE_DNS_REFLECTED ? 0x01 : 0x81);
    answer->bytes[2] |= truncate ? 0x02 : 0;
    answer->bytes[3] = (uint8_t)(0x80 | (server->behaviour == FAKE_DNS_RCODE ? server->rcode : 0));
    answer->bytes[3] |= no_edns ? 1 : 0;
    memset(answer->bytes + 6, 0, 6);
    if (truncate || no_edns)
        return;
    if (server->behaviour == FAKE_DNS_ADDRESS || server->behaviour == FAKE_DNS_TRUNCATED ||
        server->behaviour == FAKE_DNS_CUT || server->behaviour == FAKE_DNS_NO_EDNS ||
        server->behaviour == FAKE_DNS_HALF) {
        answer->bytes[7] = 1;
        put_address(answer, "\xc0\x0c", 2, type);
    }
    if (server->behaviour == FAKE_DNS_LOOPBACK && type == 1) {
        answer->bytes[7] = 1;
        put_record(answer, "\xc0\x0c", 2, type, "\x7f\0\0\1", 4);
    }
    if (server->behaviour == FAKE_DNS_LOOPBACK6 && type == 28) {
        static const uint8_t loopback[16] = {[15] = 1};
        answer->bytes[7] = 1;
        put_record(answer, "\xc0\x0c", 2, type, loopback, sizeof(loopback));
    }
    if (server->behaviour == FAKE_DNS_ALIAS) {
        answer->bytes[7] = 2;
        put_record(answer, "\xc0\x0c", 2, 5, BACKEND, sizeof(BACKEND));
        put_address(answer, BACKEND, sizeof(BACKEND), type);
    }
    if (server->behaviour == FAKE_DNS_CUT)
        answer->length -= 2;
}

/* The last of them sends all. */
static void answer_late(struct fake_dns *server, const struct message *answer,
                        const struct sockaddr_storage *to)
{
    struct fake_dns_late *kept = &server->late_answers[server->questions_seen - 1];

    kept->length = answer->length;
    kept->to = *to;
    memcpy(kept->bytes, answer->bytes, answer->length);
    for (unsigned i = 0; server->questions_seen == server->late && i < server->late; i++)
        sendto(server->udp, server->late_answers[i].bytes, server->late_answers[i].length, 0,
               (struct sockaddr *)&server->late_answers[i].to, sizeof(struct sockaddr_in));
}

static void answer_udp(evutil_socket_t fd, short what, void *context)
{
    struct fake_dns *server = context;
    struct message question;
    struct message answer;
    struct sockaddr_storage from;
    socklen_t length = sizeof(from);
    ssize_t count =
        recvfrom(fd, question.bytes, MESSAGE_SIZE, 0, (struct sockaddr *)&from, &length);

    (void)what;
    if (count < 17)
        return;
    server->questions_seen++;
    question.length = (size_t)count;
    if (server->behaviour == FAKE_DNS_SILENT || server->questions_seen <= server->lost)
        return;
    make_answer(server, false, &question, &answer);
    if (server->questions_seen <= server->late) {
        answer_late(server, &answer, &from);
        return;
    }
    if (server->behaviour == FAKE_DNS_HALF && !(answer.bytes[2] & 0x02)) {
        memcpy(server->held, answer.bytes, answer.length);
        server->held_length = answer.length;
        server->held_for = from;
        return;
    }
    for (unsigned i = 0; i < server->junk; i++)
        sendto(fd, "???", 3, 0, (struct sockaddr *)&from, length);
    sendto(fd, answer.bytes, answer.length, 0, (struct sockaddr *)&from, length);
    usleep(server->busy_usec);
    if (!server->busy_always)
        server->busy_usec = 0;
}

void fake_dns_release(struct fake_dns *server)
{
    sendto(server->udp, server->held, server->held_length, 0, (struct sockaddr *)&server->held_for,
           sizeof(struct sockaddr_in));
    server->held_length = 0;
}

void fake_dns_refuse_tcp(struct fake_dns *server)
{
    event_free(server->accept_event);
    server->accept_event = NULL;
    close(server->listener);
    server->listener = -1;
}

/* Answers every complete frame (RFC 7766 section 8) in the bytes of one read. */
static void answer_tcp(evutil_socket_t fd, short what, void *context)
{
    struct fake_dns *server = context;
    uint8_t bytes[4 * MESSAGE_SIZE];
    ssize_t count = recv(fd, bytes, sizeof(bytes), 0);
    size_t length;

    (void)what;
    if (count <= 2 + 17) {
        event_del(server->tcp_event);
        return;
    }
    for (const uint8_t *at = bytes; at + 2 < bytes + count; at += 2 + length) {
        struct message question;
        struct message answer;
        length = (size_t)(at[0] << 8 | at[1]);
        if (length > MESSAGE_SIZE || at + 2 + length > bytes + count)
            return;
        question.length = length;
        memcpy(question.bytes, at + 2, length);
        if (server->behaviour == FAKE_DNS_TRUNCATED_SILENT)
            return;
        make_answer(server, true, &question, &answer);
        const uint8_t frame[] = {(uint8_t)(answer.length >> 8), (uint8_t)answer.length};
        send(fd, frame, 2, MSG_NOSIGNAL | MSG_MORE);
        send(fd, answer.bytes, answer.length, MSG_NOSIGNAL);
    }
}

static void accept_tcp(evutil_socket_t fd, short what, void *context)
{
    struct fake_dns *server = context;

    (void)what;
    if (server->connection >= 0)
        return;
    server->connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (server->connection < 0)
        return;
    server->tcp_event = event_new(event_get_base(server->udp_event), server->connection,
                                  EV_READ | EV_PERSIST, answer_tcp, server);
    if (server->tcp_event) /* memory may be short on purpose */
        event_add(server->tcp_event, NULL);
}

/* The same free port for both: TCP takes the one that UDP got. */
static int bind_both(struct fake_dns *server)
{
    struct endpoint any = {.address = {.family = AF_INET, .bytes = {127, 0, 0, 1}}};
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(&any, &storage);

    for (int attempt = 0; attempt < 20; attempt++) {
        server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        length = endpoint_to_sockaddr(&any, &storage);
        if (bind(server->udp, (struct sockaddr *)&storage, length) == 0 &&
            getsockname(server->udp, (struct sockaddr *)&storage, &length) == 0 &&
            bind(server->listener, (struct sockaddr *)&storage, length) == 0 &&
            listen(server->listener, 8) == 0) {
            endpoint_from_sockaddr((struct sockaddr *)&storage, &server->endpoint);
            return 0;
        }
        close(server->udp);
        close(server->listener);
    }
    return -1;
}

int fake_dns_start(struct fake_dns *server, struct event_base *base)
{
    server->connection = -1;
    if (bind_both(server))
        return -1;
    server->udp_event = event_new(base, server->udp, EV_READ | EV_PERSIST, answer_udp, server);
    server->accept_event =
        event_new(base, server->listener, EV_READ | EV_PERSIST, accept_tcp, server);
    event_add(server->udp_event, NULL);
    event_add(server->accept_event, NULL);
    return 0;
}

void fake_dns_stop(struct fake_dns *server)
{
    event_free(server->udp_event);
    if (server->tcp_event)
        event_free(server->tcp_event);
    if (server->accept_event)
        fake_dns_refuse_tcp(server);
    close(server->udp);
    if (server->connection >= 0)
        close(server->connection);
}
