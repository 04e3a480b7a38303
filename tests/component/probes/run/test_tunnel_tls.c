/* SPDX-License-Identifier: MIT */
/* Tunnels through proxies that are spoken to over TLS, and bytes carried through one. */

#include "probes/run/tunnel.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/libraries.h"
#include "tests/component/probes/transport/tls_scene.h"

#define DEADLINE_SECONDS 20
#define CARRIED          ((size_t)1024 * 1024)

/* ---- the tunnel ---- */

struct secure_scene {
    struct event_base *base;
    struct arena *arena;
    struct proxy_choice choice;
    struct tunnel *tunnel;
    unsigned calls;
    struct tunnel_result result;
    struct tls_evidence tls;
};

static void on_secure_end(const struct tunnel_result *result, void *context)
{
    struct secure_scene *scene = context;

    scene->calls++;
    scene->result = *result;
    if (result->tls)
        scene->tls = *result->tls;
}

static void open_secure_scene(struct secure_scene *scene, int fd)
{
    struct tunnel_options options = {.choice = &scene->choice,
                                     .host = "hub.test",
                                     .port = 443,
                                     .store = scene_store,
                                     .verify = true};

    *scene = (struct secure_scene){.base = libraries_new_loop(), .arena = arena_new(0)};
    options.texts = scene->arena;
    assert_null(proxy_url_parse("https://p", scene->arena, &scene->choice.url));
    scene->tunnel = tunnel_start(scene->base, fd, &options, on_secure_end, scene);
    assert_non_null(scene->tunnel);
    assert_int_equal(scene->calls, 0);
}

static void close_secure_scene(struct secure_scene *scene)
{
    if (scene->calls && scene->result.fd >= 0)
        close(scene->result.fd);
    tunnel_free(scene->tunnel);
    event_base_free(scene->base);
    arena_free(scene->arena);
}

static void secure_is_late(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    fail_msg("neither side went on");
}

/* Runs the loop until one of both is there. */
static void loop_until(struct secure_scene *scene, const unsigned *calls, const bool *ended)
{
    struct timeval deadline = {DEADLINE_SECONDS, 0};
    struct event *late = event_new(scene->base, -1, 0, secure_is_late, NULL);

    event_add(late, &deadline);
    while (!(calls && *calls) && !(ended && *ended))
        event_base_loop(scene->base, EVLOOP_ONCE);
    event_free(late);
}

/* ---- the proxy, in a thread of its own ---- */

struct tls_row {
    const char *name;
    struct fake_certificate certificate; /* without names: it speaks no TLS */
    const char *answer;                  /* to CONNECT, or in place of TLS */
    enum proxy_outcome outcome;
    enum tls_outcome tls;
    unsigned status;
};

struct tls_proxy {
    const struct tls_row *row;
    int fd;
};

/* Sends back what comes through the tunnel, until its end. */
static void *run_tls_proxy(void *context)
{
    struct tls_proxy *proxy = context;
    const struct tls_row *row = proxy->row;
    bool speaks_tls = row->certificate.names;
    SSL_CTX *server = speaks_tls ? fake_pki_server(&shared_pki, &row->certificate) : NULL;
    SSL *ssl = server ? SSL_new(server) : NULL;
    char bytes[16 * 1024];
    int count;

    if (ssl) {
        SSL_CTX_set_tlsext_servername_callback(server, NULL); /* it is that of a fake_tls */
        SSL_set_fd(ssl, proxy->fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof(bytes)) > 0 &&
            SSL_write(ssl, row->answer, (int)strlen(row->answer)) > 0 && row->outcome == PROXY_OK)
            while ((count = SSL_read(ssl, bytes, sizeof(bytes))) > 0 &&
                   SSL_write(ssl, bytes, count) == count)
                continue;
        SSL_free(ssl);
    } else if (recv(proxy->fd, bytes, sizeof(bytes), 0) > 0) {
        (void)send(proxy->fd, row->answer, strlen(row->answer), MSG_NOSIGNAL);
    }
    SSL_CTX_free(server);
    /* A close with unread bytes would be a reset. */
    shutdown(proxy->fd, SHUT_WR);
    while (recv(proxy->fd, bytes, sizeof(bytes), 0) > 0)
        continue;
    close(proxy->fd);
    return NULL;
}

struct echo {
    struct event *readable;
    struct event *writable;
    size_t sent;
    size_t received;
    bool ended;
    bool differs;
};

static char pattern(size_t at)
{
    return (char)(at * 7 + at / 251);
}

static void echo_write(int fd, short what, void *context)
{
    struct echo *echo = context;
    char bytes[40000] = {0};
    size_t count = CARRIED - echo->sent < sizeof(bytes) ? CARRIED - echo->sent : sizeof(bytes);

    (void)what;
    for (size_t i = 0; i < count; i++)
        bytes[i] = pattern(echo->sent + i);
    ssize_t sent = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
        echo->sent += (size_t)sent;
    if (echo->sent < CARRIED)
        event_add(echo->writable, NULL);
}

static void echo_read(int fd, short what, void *context)
{
    struct echo *echo = context;
    char bytes[40000];
    ssize_t count = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    (void)what;
    for (ssize_t i = 0; i < count; i++)
        echo->differs |= bytes[i] != pattern(echo->received + (size_t)i);
    echo->received += count > 0 ? (size_t)count : 0;
    echo->ended = count == 0 || echo->received == CARRIED;
    if (!echo->ended)
        event_add(echo->readable, NULL);
}

/* A megabyte goes there and back. */
static void carry_bytes(struct secure_scene *scene)
{
    struct echo echo = {0};

    echo.readable = event_new(scene->base, scene->result.fd, EV_READ, echo_read, &echo);
    echo.writable = event_new(scene->base, scene->result.fd, EV_WRITE, echo_write, &echo);
    event_add(echo.readable, NULL);
    event_add(echo.writable, NULL);
    loop_until(scene, NULL, &echo.ended);
    assert_int_equal(echo.received, CARRIED);
    assert_false(echo.differs);
    event_free(echo.readable);
    event_free(echo.writable);
}

#define NAMED_P .names = "DNS:p", .from_seconds = -60, .until_seconds = 3600
#define OPENED  "HTTP/1.1 200 OK\r\n\r\n"

static const struct tls_row tls_rows[] = {
    {"a tunnel", {NAMED_P}, OPENED, PROXY_OK, TLS_OK, 200},
    {"TLS 1.2", {NAMED_P, .max_version = TLS1_2_VERSION}, OPENED, PROXY_OK, TLS_OK, 200},
    {"refused", {NAMED_P}, "HTTP/1.1 403 X\r\n\r\n", PROXY_REFUSED, TLS_OK, 403},
    {"a key is wanted", {NAMED_P}, "HTTP/1.1 407 X\r\n\r\n", PROXY_WANTS_KEY, TLS_OK, 407},
    {"no HTTP", {NAMED_P}, "garbage\r\n\r\n", PROXY_INVALID, TLS_OK, 0},
    {"closed", {NAMED_P}, "HTTP/1.1 200", PROXY_INVALID, TLS_OK, 0},
    {"another name",
     {.names = "DNS:q", .from_seconds = -60, .until_seconds = 3600},
     OPENED,
     PROXY_TLS_FAILED,
     TLS_NAME_MISMATCH,
     0},
    {"an unknown authority",
     {NAMED_P, .unknown_ca = true},
     OPENED,
     PROXY_TLS_FAILED,
     TLS_UNTRUSTED_ISSUER,
     0},
    {"self-signed", {NAMED_P, .self_signed = true}, OPENED, PROXY_TLS_FAILED, TLS_SELF_SIGNED, 0},
    {"over",
     {.names = "DNS:p", .from_seconds = -3600, .until_seconds = -60},
     OPENED,
     PROXY_TLS_FAILED,
     TLS_EXPIRED,
     0},
    {"plain HTTP", {0}, "HTTP/1.1 400 Bad Request\r\n\r\n", PROXY_TLS_FAILED, TLS_PLAIN_HTTP, 0},
    {"something else", {0}, "SSH-2.0-OpenSSH_9.2\r\n", PROXY_TLS_FAILED, TLS_NOT_TLS, 0},
    {"closed in the handshake", {0}, "", PROXY_TLS_FAILED, TLS_EOF, 0},
};

static void run_tls_row(const struct tls_row *row)
{
    struct secure_scene scene;
    struct tls_proxy proxy = {.row = row};
    pthread_t thread;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    proxy.fd = ends[1];
    assert_int_equal(pthread_create(&thread, NULL, run_tls_proxy, &proxy), 0);
    open_secure_scene(&scene, ends[0]);
    loop_until(&scene, &scene.calls, NULL);
    if (scene.calls != 1 || scene.result.outcome != row->outcome ||
        scene.result.status != row->status || scene.tls.outcome != row->tls)
        fail_msg("%s: %u, %s, %u, %s", row->name, scene.calls,
                 proxy_outcome_name(scene.result.outcome), scene.result.status,
                 tls_outcome_name(scene.tls.outcome));
    assert_int_equal(scene.result.fd >= 0, row->outcome == PROXY_OK);
    if (row->outcome == PROXY_OK)
        carry_bytes(&scene);
    close_secure_scene(&scene); /* which ends the thread's connection */
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void proxies_over_tls(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tls_rows) / sizeof(tls_rows[0]); i++)
        run_tls_row(&tls_rows[i]);
}

/* The peer reads the ClientHello and says nothing, so only the deadline of the run ends it. */
static void a_silent_handshake(void **state)
{
    struct secure_scene scene;
    struct tunnel_result stalled;
    char bytes[1024];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    open_secure_scene(&scene, ends[0]);
    while (recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
        event_base_loop(scene.base, EVLOOP_NONBLOCK);
    event_base_loop(scene.base, EVLOOP_NONBLOCK);
    assert_int_equal(scene.calls, 0);
    stalled = tunnel_stalled(scene.tunnel);
    assert_int_equal(stalled.outcome, PROXY_TLS_FAILED);
    assert_non_null(stalled.tls);
    assert_int_equal(stalled.tls->outcome, TLS_TIMEOUT);
    close(ends[1]);
    close_secure_scene(&scene);
}

/* The proxy goes away: the user of the tunnel reads what came, and then its end. */
static void the_end_of_the_proxy(void **state)
{
    static const struct tls_row row = {"closes", {NAMED_P}, OPENED, PROXY_WANTS_KEY,
                                       TLS_OK,   200}; /* so it sends nothing back */
    struct secure_scene scene;
    struct tls_proxy proxy = {.row = &row};
    pthread_t thread;
    bool ended = false;
    char bytes[16];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    proxy.fd = ends[1];
    assert_int_equal(pthread_create(&thread, NULL, run_tls_proxy, &proxy), 0);
    open_secure_scene(&scene, ends[0]);
    loop_until(&scene, &scene.calls, NULL);
    assert_int_equal(scene.result.outcome, PROXY_OK);
    while (!ended) {
        event_base_loop(scene.base, EVLOOP_ONCE);
        ended = recv(scene.result.fd, bytes, sizeof(bytes), MSG_DONTWAIT) == 0;
    }
    close_secure_scene(&scene);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_over_tls),
        cmocka_unit_test(a_silent_handshake),
        cmocka_unit_test(the_end_of_the_proxy),
    };

    return cmocka_run_group_tests(tests, scene_group_setup, scene_group_teardown);
}
