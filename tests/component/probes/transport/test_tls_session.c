/* SPDX-License-Identifier: MIT */
#include "probes/transport/tls_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/transport/http_exchange.h"
#include "tests/support.h"
#include "tls_scene.h"

#define HOST           "demo.tencentcloudcr.com"
#define DAY            (24L * 3600)
#define BYTES(literal) .reply = (literal), .length = sizeof(literal) - 1

/* ---- certificates ---- */

struct row {
    const char *name;
    struct fake_certificate certificate;
    const char *host;
    enum tls_outcome outcome;
    unsigned defects;
    const char *sni;
};

static const struct row rows[] = {
    {"good", {.names = "DNS:" HOST, .until_seconds = DAY}, HOST, TLS_OK, 0, HOST},
    {"trailing dot", {.names = "DNS:" HOST, .until_seconds = DAY}, HOST ".", TLS_OK, 0, HOST},
    {"wildcard",
     {.names = "DNS:*.tencentcloudcr.com", .until_seconds = DAY},
     HOST,
     TLS_OK,
     0,
     HOST},
    {"address", {.names = "IP:127.0.0.1", .until_seconds = DAY}, "127.0.0.1", TLS_OK, 0, ""},
    {"TLS 1.2",
     {.names = "DNS:" HOST, .until_seconds = DAY, .max_version = TLS1_2_VERSION},
     HOST,
     TLS_OK,
     0,
     HOST},
    {"expired",
     {.names = "DNS:" HOST, .from_seconds = -2 * DAY, .until_seconds = -DAY},
     HOST,
     TLS_EXPIRED,
     DEFECT_EXPIRED,
     HOST},
    {"not yet valid",
     {.names = "DNS:" HOST, .from_seconds = DAY, .until_seconds = 2 * DAY},
     HOST,
     TLS_NOT_YET_VALID,
     DEFECT_NOT_YET_VALID,
     HOST},
    {"wrong name",
     {.names = "DNS:other.example", .until_seconds = DAY},
     HOST,
     TLS_NAME_MISMATCH,
     DEFECT_NAME_MISMATCH,
     HOST},
    {"partial wildcard",
     {.names = "DNS:de*.tencentcloudcr.com", .until_seconds = DAY},
     HOST,
     TLS_NAME_MISMATCH,
     DEFECT_NAME_MISMATCH,
     HOST},
    {"name only in the subject",
     {.names = "", .common_name = HOST, .until_seconds = DAY},
     HOST,
     TLS_NAME_MISMATCH,
     DEFECT_NAME_MISMATCH,
     HOST},
    {"wrong address",
     {.names = "IP:127.0.0.2", .until_seconds = DAY},
     "127.0.0.1",
     TLS_NAME_MISMATCH,
     DEFECT_NAME_MISMATCH,
     ""},
    {"self-signed",
     {.names = "DNS:" HOST, .until_seconds = DAY, .self_signed = true},
     HOST,
     TLS_SELF_SIGNED,
     DEFECT_SELF_SIGNED,
     HOST},
    {"unknown CA",
     {.names = "DNS:" HOST, .until_seconds = DAY, .unknown_ca = true},
     HOST,
     TLS_UNTRUSTED_ISSUER,
     DEFECT_UNTRUSTED_ISSUER,
     HOST},
    {"everything",
     {.names = "DNS:other.example",
      .from_seconds = -2 * DAY,
      .until_seconds = -DAY,
      .unknown_ca = true},
     HOST,
     TLS_UNTRUSTED_ISSUER,
     DEFECT_UNTRUSTED_ISSUER | DEFECT_NAME_MISMATCH | DEFECT_EXPIRED,
     HOST},
    {"expired and wrong name",
     {.names = "DNS:other.example", .from_seconds = -2 * DAY, .until_seconds = -DAY},
     HOST,
     TLS_NAME_MISMATCH,
     DEFECT_NAME_MISMATCH | DEFECT_EXPIRED,
     HOST},
};

static void check_row(const struct row *row, bool verify)
{
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &row->certificate)};
    struct tls_options options = {
        .host = row->host, .host_is_address = row->host[0] == '1', .verify = verify};
    struct scene scene;
    struct stream stream;
    const struct tls_evidence *result = &scene.result;

    scene_run(&scene, scene_store, &script, &options);
    if (result->outcome != (verify ? row->outcome : TLS_OK) || result->defects != row->defects)
        fail_msg("%s: %s, defects %u (%s)", row->name, tls_outcome_name(result->outcome),
                 result->defects, result->detail ? result->detail : "");
    assert_string_equal(fake_tls_sni(scene.fake), row->sni);
    assert_true(result->certificate.present);
    assert_true(strncmp(result->certificate.subject, "CN=", 3) == 0);
    assert_int_equal(strlen(result->certificate.fingerprint_sha256), 64);
    assert_int_equal(result->certificate.not_after - result->certificate.not_before,
                     row->certificate.until_seconds - row->certificate.from_seconds);
    assert_int_equal(result->certificate.name_count, row->certificate.names[0] ? 1 : 0);
    assert_true(tls_session_bytes_received(scene.session) > 100);
    assert_non_null(result->cipher);
    assert_string_equal(result->version, row->certificate.max_version ? "TLSv1.2" : "TLSv1.3");
    assert_int_equal(tls_session_stream(scene.session, false, &stream), result->outcome == TLS_OK);
    assert_true(tls_session_stream(scene.session, true, &stream));
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

static void certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], true);
}

static void certificates_unverified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], false);
}

/* Whatever bytes a certificate holds, they are printable when they are kept. */
static void hostile_names(void **state)
{
    struct fake_certificate certificate = {
        .names = "DNS:" HOST, .common_name = "\x1b]0;owned\x07", .until_seconds = DAY};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate)};
    struct tls_options options = {.host = HOST, .verify = true};
    struct scene scene;

    (void)state;
    scene_run(&scene, scene_store, &script, &options);
    for (const char *byte = scene.result.certificate.subject; *byte; byte++)
        assert_in_range(*byte, 0x20, 0x7e);
    assert_string_equal(scene.result.certificate.issuer, "CN=Trusted CA");
    assert_string_equal(scene.result.certificate.names[0], HOST);
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

/* An empty name would switch the check off, a leading dot would match every name below. */
static void names_that_cannot_be_verified(void **state)
{
    static const char *const hosts[] = {"", ".", ".tencentcloudcr.com"};
    struct fake_certificate certificate = {.names = "DNS:" HOST, .until_seconds = DAY};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate)};
    struct scene scene;
    struct stream stream;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct tls_options options = {.host = hosts[i], .verify = true};
        scene_run(&scene, scene_store, &script, &options);
        assert_int_equal(scene.result.outcome, TLS_LOCAL);
        assert_false(tls_session_stream(scene.session, true, &stream));
        scene_close(&scene);
    }
    SSL_CTX_free(script.context);
}

/* ---- peers that do not finish a handshake ---- */

struct failure_row {
    const char *name;
    struct fake_script script;
    enum tls_outcome outcome;
    const char *detail; /* NULL: not looked at */
};

static const struct failure_row broken_peers[] = {
    {"plain HTTP",
     {.behaviour = FAKE_REPLY, BYTES("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n")},
     TLS_PLAIN_HTTP,
     "HTTP/1.1 400 Bad Request\\x0d\\x0aServer..."},
    {"ssh", {.behaviour = FAKE_REPLY, BYTES("SSH-2.0-x\r\n")}, TLS_NOT_TLS, "SSH-2.0-x\\x0d\\x0a"},
    {"garbage",
     {.behaviour = FAKE_REPLY, BYTES("\x00\x01\x02\xff\xfe")},
     TLS_NOT_TLS,
     "\\x00\\x01\\x02\\xff\\xfe"},
    {"two bytes", {.behaviour = FAKE_REPLY, BYTES("no")}, TLS_NOT_TLS, "no"},
    {"alert",
     {.behaviour = FAKE_REPLY, BYTES("\x15\x03\x03\x00\x02\x02\x70")},
     TLS_ALERT,
     "unrecognized name (alert 112)"},
    {"handshake failure",
     {.behaviour = FAKE_REPLY, BYTES("\x15\x03\x03\x00\x02\x02\x28")},
     TLS_ALERT,
     "handshake failure (alert 40)"},
    {"version alert",
     {.behaviour = FAKE_REPLY, BYTES("\x15\x03\x01\x00\x02\x02\x46")},
     TLS_UNSUPPORTED_PROTOCOL,
     "protocol version (alert 70)"},
    {"a ServerHello of TLS 1.1",
     {.behaviour = FAKE_REPLY,
      BYTES("\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
            "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00")},
     TLS_UNSUPPORTED_PROTOCOL,
     NULL},
    {"reset", {.behaviour = FAKE_RESET}, TLS_RESET, NULL},
    {"end", {.behaviour = FAKE_END}, TLS_EOF, NULL},
    {"half a record", {.behaviour = FAKE_REPLY, BYTES("\x16\x03\x03\x00\x7a\x02")}, TLS_EOF, NULL},
};

static void handshakes_that_fail(void **state)
{
    struct tls_options options = {.host = HOST, .verify = true};
    struct scene scene;
    struct stream stream;

    (void)state;
    for (size_t i = 0; i < sizeof(broken_peers) / sizeof(broken_peers[0]); i++) {
        const struct failure_row *row = &broken_peers[i];
        scene_run(&scene, scene_store, &row->script, &options);
        if (scene.result.outcome != row->outcome ||
            (row->detail && strcmp(scene.result.detail, row->detail) != 0))
            fail_msg("%s: %s (%s)", row->name, tls_outcome_name(scene.result.outcome),
                     scene.result.detail ? scene.result.detail : "");
        assert_false(scene.result.certificate.present);
        assert_false(tls_session_stream(scene.session, true, &stream));
        scene_close(&scene);
    }
}

static void server_of_tls_1_1(void **state)
{
    struct fake_certificate certificate = {
        .names = "DNS:" HOST, .until_seconds = DAY, .max_version = TLS1_1_VERSION};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate)};
    struct tls_options options = {.host = HOST, .verify = true};
    struct scene scene;

    (void)state;
    scene_run(&scene, scene_store, &script, &options);
    assert_int_equal(scene.result.outcome, TLS_UNSUPPORTED_PROTOCOL);
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

static void on_tick(evutil_socket_t fd, short events, void *context)
{
    (void)fd;
    (void)events;
    event_base_loopbreak(context);
}

static void silence_is_the_callers_to_end(void **state)
{
    struct fake_script script = {.behaviour = FAKE_SILENCE};
    struct tls_options options = {.host = HOST, .verify = true};
    struct timeval a_while = {0, 50000};
    struct scene scene;

    (void)state;
    scene_open(&scene, &script);
    scene_start(&scene, scene_store, &options);
    event_base_once(scene.base, -1, EV_TIMEOUT, on_tick, scene.base, &a_while);
    event_base_dispatch(scene.base);
    assert_int_equal(scene.calls, 0);
    assert_int_equal(tls_session_bytes_received(scene.session), 0);
    assert_true(tls_session_elapsed(scene.session) >= 40000);
    scene_close(&scene);
    assert_int_equal(scene.calls, 0);
}

/* ---- the size of the ClientHello ---- */

static void no_answer(struct tls_session *session, void *context)
{
    (void)session, (void)context;
    fail();
}

/* Bytes of the first flight to a peer that is silent, and where the server name in it ends. */
static size_t hello_size(bool long_hello, size_t *ret_name_end)
{
    struct fake_script script = {.behaviour = FAKE_SILENCE};
    struct tls_options options = {.host = HOST, .verify = true, .long_hello = long_hello};
    char hello[4096];
    const char *name;
    struct scene scene;
    ssize_t size;
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    scene_open(&scene, &script);
    scene.session = tls_session_start(scene.base, scene_store, fds[0], &options, scene.arena,
                                      &scene.result, no_answer, NULL);
    assert_non_null(scene.session);
    event_base_loop(scene.base, EVLOOP_NONBLOCK);
    size = recv(fds[1], hello, sizeof(hello), 0);
    assert_true(size > 0);
    name = memmem(hello, (size_t)size, HOST, strlen(HOST));
    assert_non_null(name);
    *ret_name_end = (size_t)(name - hello) + strlen(HOST);
    close(fds[1]);
    scene_close(&scene);
    return (size_t)size;
}

/* A segment holds 1,448 bytes on most paths: 1,500 less the headers of IPv4 and TCP. */
static void long_hello_needs_two_segments(void **state)
{
    size_t name_end;

    (void)state;
    assert_in_range(hello_size(false, &name_end), 200, 536);
    assert_in_range(hello_size(true, &name_end), 1461, 1600);
    assert_in_range(name_end, 1, 1448);
}

/* ---- speaking over it ---- */

static void on_answer(const struct http_response *response, void *context)
{
    struct scene *scene = context;

    scene->answers++;
    scene->response = *response;
    event_base_loopbreak(scene->base);
}

static void ask(bool without_close_notify, const char *reply, enum http_outcome expected)
{
    struct fake_certificate certificate = {.names = "DNS:" HOST, .until_seconds = DAY};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate),
                                 .reply = reply,
                                 .length = strlen(reply),
                                 .without_close_notify = without_close_notify};
    struct tls_options options = {.host = HOST, .verify = true};
    struct http_request request = {.method = "GET", .host_header = HOST, .path = "/v2/"};
    struct http_exchange *exchange;
    struct scene scene;
    struct stream stream;

    scene_run(&scene, scene_store, &script, &options);
    assert_true(tls_session_stream(scene.session, false, &stream));
    exchange = http_exchange_start(scene.base, &stream, &request, scene.arena, on_answer, &scene);
    assert_non_null(exchange);
    scene_await(&scene, &scene.answers);
    assert_int_equal(scene.response.outcome, expected);
    assert_int_equal(scene.response.status, 200);
    assert_string_equal(scene.response.body, "hello");
    http_exchange_free(exchange);
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

static void http_over_tls(void **state)
{
    (void)state;
    ask(false, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", HTTP_ANSWERED);
    ask(true, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", HTTP_ANSWERED);
    ask(false, "HTTP/1.1 200 OK\r\n\r\nhello", HTTP_ANSWERED);
    ask(true, "HTTP/1.1 200 OK\r\n\r\nhello", HTTP_ANSWERED); /* as for Go's client */
}

/* ---- memory ---- */

/* OpenSSL forgets to compare the name when one certain allocation fails. */
static void wrong_name_is_never_ok_without_memory(void **state)
{
    struct fake_certificate certificate = {.names = "DNS:other.example", .until_seconds = DAY};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate)};
    struct tls_options options = {.host = HOST, .verify = true};
    bool failed = true;

    (void)state;
    for (unsigned long n = 1; failed; n++) {
        struct scene scene;

        scene_open(&scene, &script);
        fault_begin(n);
        scene_start(&scene, scene_store, &options);
        if (scene.session)
            scene_await(&scene, &scene.calls);
        failed = fault_end();
        if (scene.session)
            assert_int_not_equal(scene.result.outcome, TLS_OK);
        if (!failed)
            assert_int_equal(scene.result.outcome, TLS_NAME_MISMATCH);
        scene_close(&scene);
    }
    SSL_CTX_free(script.context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates),
        cmocka_unit_test(certificates_unverified),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(names_that_cannot_be_verified),
        cmocka_unit_test(handshakes_that_fail),
        cmocka_unit_test(server_of_tls_1_1),
        cmocka_unit_test(silence_is_the_callers_to_end),
        cmocka_unit_test(long_hello_needs_two_segments),
        cmocka_unit_test(http_over_tls),
        cmocka_unit_test(wrong_name_is_never_ok_without_memory),
    };

    return cmocka_run_group_tests(tests, scene_group_setup, scene_group_teardown);
}
