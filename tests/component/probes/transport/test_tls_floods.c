/* SPDX-License-Identifier: MIT */
/* Whatever a peer sends over TLS and as fast as it likes, all else has its turn in between. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/transport/http_exchange.h"
#include "tls_scene.h"

#define HOST           "demo.tencentcloudcr.com"
#define DAY            (24L * 3600)
#define BYTES(literal) .reply = (literal), .length = sizeof(literal) - 1
#define A_TURN         ((size_t)32 * 1024) /* bytes */
#define BODY           6000

static void many_tickets_do_not_hold_the_loop(void **state)
{
    struct fake_certificate certificate = {.names = "DNS:" HOST, .until_seconds = DAY};
    struct fake_script script = {
        .context = fake_pki_server(&shared_pki, &certificate), BYTES("hello"), .tickets = 4000};
    struct tls_options options = {.host = HOST, .verify = true};
    usec_t end = clock_monotonic() + 20 * USEC_PER_SEC;
    struct scene scene;
    struct stream stream;
    char bytes[16];
    size_t count = 0;
    size_t most = 0;
    enum stream_status status = STREAM_WANT_READ;

    (void)state;
    scene_run(&scene, scene_store, &script, &options);
    assert_true(tls_session_stream(scene.session, false, &stream));
    assert_int_equal(stream.write(&stream, "?", 1, &count), STREAM_OK);
    while (status == STREAM_WANT_READ && clock_monotonic() < end) {
        for (int i = 0; i < 4; i++)
            event_base_loop(scene.base, EVLOOP_NONBLOCK);
        size_t before = tls_session_bytes_received(scene.session);
        status = stream.read(&stream, bytes, sizeof(bytes), &count);
        size_t received = tls_session_bytes_received(scene.session) - before;
        most = received > most ? received : most;
    }
    assert_int_equal(status, STREAM_OK);
    assert_memory_equal(bytes, "hello", 5);
    assert_true(tls_session_bytes_received(scene.session) > (size_t)script.tickets * 100);
    assert_in_range(most, 1, A_TURN);
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

struct turns {
    struct scene *scene;
    struct event *each; /* of the loop's turns */
    size_t before;
    size_t most; /* bytes read in one */
};

static void on_turn(evutil_socket_t fd, short events, void *context)
{
    static const struct timeval at_once = {0, 0};
    struct turns *turns = context;
    size_t received = tls_session_bytes_received(turns->scene->session);

    (void)fd;
    (void)events;
    if (received - turns->before > turns->most)
        turns->most = received - turns->before;
    turns->before = received;
    event_add(turns->each, &at_once);
}

static void on_answer(const struct http_response *response, void *context)
{
    struct scene *scene = context;

    scene->answers++;
    scene->response = *response;
    event_base_loopbreak(scene->base);
}

static void small_records_do_not_hold_the_loop(void **state)
{
    static char reply[BODY + 64] = "HTTP/1.1 200 OK\r\nContent-Length: 6000\r\n\r\n";
    struct fake_certificate certificate = {.names = "DNS:" HOST, .until_seconds = DAY};
    struct fake_script script = {.context = fake_pki_server(&shared_pki, &certificate),
                                 .reply = reply,
                                 .length = strlen(reply) + BODY,
                                 .byte_by_byte = true};
    struct tls_options options = {.host = HOST, .verify = true};
    struct http_request request = {.method = "GET", .host_header = HOST, .path = "/v2/"};
    struct scene scene;
    struct stream stream;
    struct turns turns = {.scene = &scene};

    (void)state;
    memset(reply + strlen(reply), 'x', BODY);
    scene_run(&scene, scene_store, &script, &options);
    assert_true(tls_session_stream(scene.session, false, &stream));
    struct http_exchange *exchange =
        http_exchange_start(scene.base, &stream, &request, scene.arena, on_answer, &scene);
    turns.before = tls_session_bytes_received(scene.session);
    turns.each = event_new(scene.base, -1, 0, on_turn, &turns);
    event_active(turns.each, EV_TIMEOUT, 0);
    scene_await(&scene, &scene.answers);
    assert_int_equal(scene.response.outcome, HTTP_ANSWERED);
    assert_int_equal(scene.response.body_length, BODY);
    on_turn(-1, 0, &turns); /* the last one */
    assert_in_range(turns.most, 1, A_TURN);
    event_free(turns.each);
    http_exchange_free(exchange);
    scene_close(&scene);
    SSL_CTX_free(script.context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_tickets_do_not_hold_the_loop),
        cmocka_unit_test(small_records_do_not_hold_the_loop),
    };

    return cmocka_run_group_tests(tests, scene_group_setup, scene_group_teardown);
}
