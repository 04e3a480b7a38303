/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/scripted_network.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "config/base/clock.h"
#include "tests/fuzz/fuzz.h"

#define MAX_PEERS 64
#define MAX_LINE  16384
#define MARK      "\n--\n"

struct line {
    const uint8_t *bytes;
    size_t size;
};

struct peer {
    struct line rest;
    char manner; /* 'D': a resolver */
    int fd;
    struct event *event;
};

static struct event_base *base;
static network_heard_fn *heard;
static usec_t now = USEC_PER_SEC;
static struct endpoint resolver;
static const uint8_t *at[2], *end; /* the next line for a connection, and for a question */
static struct line last_answer;
static struct peer peers[MAX_PEERS];
static size_t peer_count;

static struct line next_line(bool answer)
{
    while (at[answer] < end) {
        const uint8_t *stop = memmem(at[answer], (size_t)(end - at[answer]), MARK, strlen(MARK));
        struct line line = {at[answer], (size_t)((stop ? stop : end) - at[answer])};
        at[answer] = stop ? stop + strlen(MARK) : end;
        if (line.size > MAX_LINE || !line.size ||
            (*line.bytes == 'D' || *line.bytes == 'R') != answer)
            continue;
        if (answer)
            last_answer = line;
        return line;
    }
    return answer ? last_answer : (struct line){(const uint8_t *)"n", 1};
}

/* ---- the resolver ---- */

static size_t answer_question(const uint8_t *question, uint8_t *ret)
{
    struct line line = next_line(true);
    size_t length = 12;

    if (line.size < 4)
        return 0;
    while (question[length])
        length += question[length] + 1U;
    length += 5;
    memcpy(ret, question, length);
    memcpy(ret + 2, line.bytes + 1, 2);
    if (*line.bytes == 'R') {
        memcpy(ret + 2, line.bytes + 1, line.size - 1);
        return 2 + line.size - 1;
    }
    memcpy(ret + 6, (uint8_t[]){0, line.bytes[3], 0, 0, 0, 0}, 6);
    memcpy(ret + length, line.bytes + 4, line.size - 4);
    return length + line.size - 4;
}

static void answer_datagram(int fd, short what, void *context)
{
    uint8_t question[512];
    uint8_t answer[512 + MAX_LINE];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);

    (void)what;
    (void)context;
    if (recvfrom(fd, question, sizeof(question), 0, (struct sockaddr *)&from, &size) < 17)
        return;
    size_t length = answer_question(question, answer);
    if (length)
        sendto(fd, answer, length, 0, (struct sockaddr *)&from, size);
}

static void answer_stream(struct peer *peer)
{
    uint8_t frames[4096];
    uint8_t answer[2 + 512 + MAX_LINE];
    ssize_t count = recv(peer->fd, frames, sizeof(frames), 0);

    for (ssize_t i = 0; i + 2 + 17 <= count; i += 2 + (frames[i] << 8 | frames[i + 1])) {
        size_t length = answer_question(frames + i + 2, answer + 2);
        answer[0] = (uint8_t)(length >> 8);
        answer[1] = (uint8_t)length;
        if (length)
            send(peer->fd, answer, 2 + length, MSG_NOSIGNAL);
    }
    if (count > 0)
        event_add(peer->event, NULL);
}

/* ---- the others ---- */

static void speak(int fd, short what, void *context)
{
    struct peer *peer = context;
    bool slow = peer->manner == 's';
    size_t piece = peer->manner == 'b' ? 1 : slow ? 40 : peer->rest.size;
    struct timeval pause = {0, slow ? 100000 : 0};
    uint8_t request[8192];

    (void)what;
    if (peer->manner == 'D') {
        answer_stream(peer);
        return;
    }
    if (peer->manner != 'r') {
        ssize_t count = recv(fd, request, sizeof(request), 0);
        if (count == 0)
            return;
        heard(request, count > 0 ? (size_t)count : 0);
    }
    piece = piece < peer->rest.size ? piece : peer->rest.size;
    send(fd, peer->rest.bytes, piece, MSG_NOSIGNAL);
    peer->rest = (struct line){peer->rest.bytes + piece, peer->rest.size - piece};
    if (peer->rest.size)
        event_add(peer->event, &pause);
    else if (peer->manner == 'c' || peer->manner == 'b')
        shutdown(fd, SHUT_WR);
    else if (peer->manner == 'r')
        shutdown(fd, SHUT_RDWR);
}

void network_end_connections(void)
{
    while (peer_count) {
        event_free(peers[--peer_count].event);
        close(peers[peer_count].fd);
    }
}

/* ---- instead of the C library's ---- */

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): theirs are reserved names */

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t length)
{
    struct endpoint to = {0};
    int type = 0;
    int ends[2];
    socklen_t size = sizeof(type);

    fuzz_require(endpoint_from_sockaddr(address.__sockaddr__, &to));
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    fuzz_require(type == SOCK_STREAM || endpoint_equal(&to, &resolver));
    if (type != SOCK_STREAM)
        return (int)syscall(SYS_connect, fd, address.__sockaddr__, length);
    struct line line = {(const uint8_t *)"D", 1};
    if (!endpoint_equal(&to, &resolver))
        line = next_line(false);
    char manner = (char)*line.bytes;
    errno = manner == 'u' ? EHOSTUNREACH : ECONNREFUSED;
    if (manner == 'x' || manner == 'u' || peer_count == MAX_PEERS)
        return -1;
    fuzz_require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
    fuzz_require(dup3(ends[0], fd, O_CLOEXEC) == fd && close(ends[0]) == 0);
    struct peer *peer = &peers[peer_count++];
    *peer = (struct peer){{line.bytes + 1, line.size - 1}, manner, ends[1], NULL};
    peer->event = event_new(base, peer->fd, EV_READ, speak, peer);
    if (manner == 'i')
        event_active(peer->event, EV_TIMEOUT, 0);
    else if (manner != 'n' && manner != 'm')
        event_add(peer->event, NULL);
    while (manner == 'n' && send(fd, peers, sizeof(peers), MSG_NOSIGNAL) > 0)
        continue; /* never writable */
    return 0;
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    int count = (int)syscall(SYS_epoll_pwait, fd, events, max, 0, NULL, 0);

    fuzz_require(count > 0 || timeout >= 0);
    if (count == 0)
        now += (unsigned)timeout * USEC_PER_MSEC;
    return count;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock == CLOCK_REALTIME || clock == CLOCK_PROCESS_CPUTIME_ID)
        return (int)syscall(SYS_clock_gettime, clock, ret);
    ret->tv_sec = (time_t)(now / USEC_PER_SEC);
    ret->tv_nsec = (long)(now % USEC_PER_SEC * 1000);
    return 0;
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

/* ---- the script ---- */

void network_start(struct event_base *loop, network_heard_fn *listener, struct endpoint *ret)
{
    struct sockaddr_storage storage;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    fuzz_require(endpoint_parse("127.0.0.1:0", 0, &resolver));
    socklen_t size = endpoint_to_sockaddr(&resolver, &storage);
    fuzz_require(bind(fd, (struct sockaddr *)&storage, size) == 0 &&
                 getsockname(fd, (struct sockaddr *)&storage, &size) == 0 &&
                 endpoint_from_sockaddr((struct sockaddr *)&storage, &resolver));
    base = loop;
    heard = listener;
    *ret = resolver;
    event_add(event_new(base, fd, EV_READ | EV_PERSIST, answer_datagram, NULL), NULL);
}

void network_play(const uint8_t *script, size_t size)
{
    at[0] = at[1] = script;
    end = script + size;
    last_answer = (struct line){0};
}
