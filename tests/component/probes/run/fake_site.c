/* SPDX-License-Identifier: MIT */
#include "fake_site.h"

#include "config/base/clock.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 1024 /* in progress; the one so many before is over */
#define SMALL_SEGMENT   536

struct connection {
    struct fake_site *site;
    int fd;
    pthread_t thread;
    bool started; /* and not joined */
};

struct site_threads {
    pthread_t acceptor;
    struct connection connections[MAX_CONNECTIONS];
    size_t count;
};

/* False once the site closes. */
static bool await(const struct fake_site *site, int fd)
{
    struct pollfd waits[] = {{.fd = site->ends[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};

    return poll(waits, 2, -1) > 0 && !waits[0].revents;
}

static void hang(const struct fake_site *site)
{
    await(site, -1);
}

static bool has_small_segments(int fd)
{
    int segment = 0;
    socklen_t length = sizeof(segment);

    getsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &length);
    return segment > 0 && segment <= SMALL_SEGMENT;
}

static bool names_example(int fd)
{
    char hello[2048];
    ssize_t count = recv(fd, hello, sizeof(hello), MSG_PEEK);

    return count > 0 && memmem(hello, (size_t)count, "example.com", 11);
}

/* The record's header has its length (RFC 8446 section 5.1). */
static bool has_short_hello(int fd)
{
    unsigned char header[5];
    ssize_t count = recv(fd, header, sizeof(header), MSG_PEEK | MSG_WAITALL);

    return count == sizeof(header) && (header[3] << 8 | header[4]) < 1400;
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

/* True if the handshake gets through. */
static bool passes(const struct fake_site *site, int fd)
{
    switch (site->path) {
    case PATH_OPEN:
        return true;
    case PATH_DROPS_LARGE:
        if (has_small_segments(fd))
            return true;
        break;
    case PATH_DROPS_NAME:
        if (names_example(fd))
            return true;
        break;
    case PATH_RESETS_NAME:
        if (names_example(fd))
            return true;
        reset(fd);
        return false;
    case PATH_DROPS_LONG_HELLO:
        if (has_short_hello(fd))
            return true;
        break;
    case PATH_RESETS_LONG_HELLO:
        if (has_short_hello(fd))
            return true;
        reset(fd);
        return false;
    case PATH_DROPS_FIRST_BYTES:
        send(fd, "\x16\x03\x03\x10\x00\x02", 6, MSG_NOSIGNAL);
        break;
    case PATH_SILENT:
        break;
    }
    hang(site);
    return false;
}

struct fake_talk {
    struct fake_site *site;
    SSL *ssl; /* NULL: plain */
    int fd;
};

bool fake_talk_write(struct fake_talk *talk, const char *bytes, size_t length)
{
    if (talk->ssl)
        return SSL_write(talk->ssl, bytes, (int)length) > 0;
    return send(talk->fd, bytes, length, MSG_NOSIGNAL) > 0;
}

bool fake_talk_wait(struct fake_talk *talk, int milliseconds)
{
    struct pollfd end = {.fd = talk->site->ends[0], .events = POLLIN};

    return poll(&end, 1, milliseconds) == 0;
}

static void answer(struct fake_site *site, SSL *ssl, int fd, char *request, size_t length)
{
    struct fake_talk talk = {.site = site, .ssl = ssl, .fd = fd};

    __atomic_add_fetch(&site->requests, 1, __ATOMIC_SEQ_CST);
    request[length] = '\0';
    if (site->speak)
        site->speak(site, &talk, request);
    else if (site->reply)
        fake_talk_write(&talk, site->reply, strlen(site->reply));
}

static void serve_tls(struct fake_site *site, int fd)
{
    char request[8192];
    int count = 0;
    SSL *ssl = SSL_new(site->context);
    char sni[256];

    SSL_set_app_data(ssl, sni); /* fake_pki_server() writes it there */
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && await(site, fd) &&
        (count = SSL_read(ssl, request, sizeof(request) - 1)) > 0) {
        answer(site, ssl, fd, request, (size_t)count);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
}

static void serve_plain(struct fake_site *site, int fd)
{
    char request[8192];
    ssize_t count = recv(fd, request, sizeof(request) - 1, 0);

    if (count > 0)
        answer(site, NULL, fd, request, (size_t)count);
}

static void note_time(struct fake_site *site, usec_t took)
{
    unsigned milliseconds = (unsigned)(took / USEC_PER_MSEC);
    unsigned slowest = __atomic_load_n(&site->slowest, __ATOMIC_SEQ_CST);

    while (milliseconds > slowest &&
           !__atomic_compare_exchange_n(&site->slowest, &slowest, milliseconds, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        continue;
}

static void *serve(void *context)
{
    struct connection *connection = context;
    struct fake_site *site = connection->site;
    usec_t begun = clock_monotonic();

    struct pollfd end = {.fd = site->ends[0], .events = POLLIN};

    if (await(site, connection->fd) && poll(&end, 1, site->delay) == 0 &&
        passes(site, connection->fd)) {
        if (site->context)
            serve_tls(site, connection->fd);
        else
            serve_plain(site, connection->fd);
    }
    close(connection->fd);
    note_time(site, clock_monotonic() - begun);
    return NULL;
}

static void *accept_all(void *context)
{
    struct fake_site *site = context;
    struct site_threads *threads = site->threads;

    while (await(site, site->listener)) {
        struct connection *connection = &threads->connections[threads->count % MAX_CONNECTIONS];
        int fd = accept4(site->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        __atomic_add_fetch(&site->connections, 1, __ATOMIC_SEQ_CST);
        if (connection->started)
            pthread_join(connection->thread, NULL);
        connection->site = site;
        connection->fd = fd;
        connection->started = pthread_create(&connection->thread, NULL, serve, connection) == 0;
        threads->count += connection->started;
    }
    return NULL;
}

bool fake_site_open(struct fake_site *site)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);

    site->threads = calloc(1, sizeof(*site->threads));
    site->connections = 0;
    site->requests = 0;
    site->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(site->listener, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
        listen(site->listener, 64) < 0 || pipe(site->ends) < 0 ||
        getsockname(site->listener, (struct sockaddr *)&name, &length) < 0)
        return false;
    site->port = ntohs(name.sin_port);
    return pthread_create(&site->threads->acceptor, NULL, accept_all, site) == 0;
}

void fake_site_close(struct fake_site *site)
{
    struct site_threads *threads = site->threads;

    close(site->ends[1]);
    pthread_join(threads->acceptor, NULL);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        if (threads->connections[i].started)
            pthread_join(threads->connections[i].thread, NULL);
    close(site->listener);
    close(site->ends[0]);
    free(threads);
}
