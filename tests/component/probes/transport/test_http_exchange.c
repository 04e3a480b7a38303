/* SPDX-License-Identifier: MIT */
#include "probes/transport/http_exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "probes/libraries.h"
#include "tests/support.h"

#define DEADLINE_SECONDS 20

/* One exchange with a peer that writes `reply`, then closes unless told to stay. */
struct scene {
    struct event_base *base;
    struct arena *arena;
    int ours;
    int theirs;
    struct event *writer;
    const char *reply;
    size_t length;
    size_t written;
    bool stay_open;
    size_t drip;               /* most bytes that one read gives; 0: no limit */
    enum stream_status at_end; /* how the end of the connection is reported */
    struct stream socket;
    struct stream stream;
    unsigned calls;
    struct http_response response;
    struct http_exchange *exchange;
};

static enum stream_status read_some(struct stream *stream, void *bytes, size_t size,
                                    size_t *ret_count)
{
    struct scene *scene = stream->session;
    enum stream_status status;

    if (scene->drip && size > scene->drip)
        size = scene->drip;
    status = scene->socket.read(&scene->socket, bytes, size, ret_count);
    return status == STREAM_END ? scene->at_end : status;
}

static enum stream_status write_some(struct stream *stream, const void *bytes, size_t size,
                                     size_t *ret_count)
{
    struct scene *scene = stream->session;

    if (scene->drip && size > scene->drip)
        size = scene->drip;
    return scene->socket.write(&scene->socket, bytes, size, ret_count);
}

static void on_peer_writable(evutil_socket_t fd, short events, void *context)
{
    struct scene *scene = context;
    ssize_t count = send((int)fd, scene->reply + scene->written, scene->length - scene->written,
                         MSG_DONTWAIT | MSG_NOSIGNAL);

    (void)events;
    if (count > 0)
        scene->written += (size_t)count;
    if (scene->written < scene->length)
        return;
    event_del(scene->writer);
    if (!scene->stay_open)
        shutdown((int)fd, SHUT_WR);
}

static char kept_body[HTTP_MAX_BODY + 1]; /* the body goes with the exchange */

static void on_done(const struct http_response *response, void *context)
{
    struct scene *scene = context;

    scene->calls++;
    scene->response = *response;
    memcpy(kept_body, response->body, response->body_length);
    kept_body[response->body_length] = '\0';
    scene->response.body = kept_body;
    http_exchange_free(scene->exchange);
    scene->exchange = NULL;
    event_base_loopbreak(scene->base);
}

static void scene_prepare(struct scene *scene)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    scene->ours = ends[0];
    scene->theirs = ends[1];
    scene->base = libraries_new_loop();
    scene->arena = arena_new(0);
    scene->socket = stream_of_socket(scene->ours);
    scene->stream = (struct stream){
        .fd = scene->ours, .session = scene, .read = read_some, .write = write_some};
    scene->writer =
        event_new(scene->base, scene->theirs, EV_WRITE | EV_PERSIST, on_peer_writable, scene);
    event_add(scene->writer, NULL);
}

static void scene_ask(struct scene *scene, const char *method)
{
    struct http_request request = {
        .method = method, .host_header = "demo.tencentcloudcr.com", .path = "/v2/"};

    scene->exchange =
        http_exchange_start(scene->base, &scene->stream, &request, scene->arena, on_done, scene);
    assert_int_equal(scene->calls, 0);
}

static void scene_start(struct scene *scene, const char *method)
{
    scene_prepare(scene);
    scene_ask(scene, method);
    assert_non_null(scene->exchange);
}

static void scene_end(struct scene *scene)
{
    http_exchange_free(scene->exchange);
    event_free(scene->writer);
    event_base_free(scene->base);
    arena_free(scene->arena);
    close(scene->ours);
    close(scene->theirs);
}

static void scene_await(struct scene *scene)
{
    struct timeval deadline = {DEADLINE_SECONDS, 0};

    event_base_loopexit(scene->base, &deadline);
    event_base_dispatch(scene->base);
    assert_int_equal(scene->calls, 1);
}

static struct scene scene_of(const char *reply, size_t length)
{
    return (struct scene){.reply = reply, .length = length, .at_end = STREAM_END};
}

/* ---- a table of answers ---- */

#define BYTES(literal) literal, sizeof(literal) - 1

struct row {
    const char *name;
    const char *reply;
    size_t length;
    enum http_outcome outcome;
    unsigned status;
    const char *body;
    const char *method;
    bool stay_open;
};

static const struct row rows[] = {
    {"content length", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), HTTP_ANSWERED, 200,
     "{}", "GET", true},
    {"chunked",
     BYTES("HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n"
           "Trailer: t\r\n\r\n"),
     HTTP_ANSWERED, 401, "abcde", "GET", true},
    {"until the end", BYTES("HTTP/1.1 200 OK\r\n\r\nhello"), HTTP_ANSWERED, 200, "hello", "GET",
     false},
    {"1.0 until the end", BYTES("HTTP/1.0 200 OK\r\n\r\nhello"), HTTP_ANSWERED, 200, "hello", "GET",
     false},
    {"head", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), HTTP_ANSWERED, 200, "",
     "HEAD", true},
    {"head, chunked", BYTES("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP_ANSWERED,
     404, "", "HEAD", true},
    {"no content", BYTES("HTTP/1.1 204 None\r\n\r\n"), HTTP_ANSWERED, 204, "", "GET", true},
    {"continue",
     BYTES("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n"
           "Content-Length: 1\r\n\r\nz"),
     HTTP_ANSWERED, 200, "z", "GET", true},
    {"bytes beyond", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nzHTTP/1.1 500 X\r\n\r\n"),
     HTTP_ANSWERED, 200, "z", "GET", true},
    {"redirect", BYTES("HTTP/1.1 307 Go\r\nLocation: https://x/\r\nContent-Length: 0\r\n\r\n"),
     HTTP_ANSWERED, 307, "", "GET", true},
    {"bad status line", BYTES("HTTP/1.1 OK\r\n\r\n"), HTTP_MALFORMED, 0, "", "GET", false},
    {"ssh", BYTES("SSH-2.0-OpenSSH_9.2\r\n"), HTTP_MALFORMED, 0, "", "GET", true},
    {"html", BYTES("<html></html>"), HTTP_MALFORMED, 0, "", "GET", true},
    {"status 000", BYTES("HTTP/1.1 000 X\r\n\r\n"), HTTP_MALFORMED, 0, "", "GET", true},
    {"status 999", BYTES("HTTP/1.1 999 X\r\n\r\n"), HTTP_ANSWERED, 999, "", "GET", false},
    {"status of four digits", BYTES("HTTP/1.1 2000 X\r\n\r\n"), HTTP_MALFORMED, 0, "", "GET", true},
    {"no reason", BYTES("HTTP/1.1 204\r\n\r\n"), HTTP_ANSWERED, 204, "", "GET", true},
    {"version 2", BYTES("HTTP/2.0 204 X\r\n\r\n"), HTTP_ANSWERED, 204, "", "GET", true},
    {"version x", BYTES("HTTP/x.1 204 X\r\n\r\n"), HTTP_MALFORMED, 0, "", "GET", true},
    {"lines end in LF", BYTES("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"), HTTP_ANSWERED, 200, "{}",
     "GET", true},
    {"a continued header", BYTES("HTTP/1.1 200 OK\r\nContent-Length:\r\n  2\r\n\r\n{}"),
     HTTP_ANSWERED, 200, "{}", "GET", true},
    {"a first line continued", BYTES("HTTP/1.1 200 OK\r\n X: y\r\n\r\n"), HTTP_MALFORMED, 0, "",
     "GET", true},
    {"a line without a colon", BYTES("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), HTTP_MALFORMED, 0, "",
     "GET", true},
    {"no name", BYTES("HTTP/1.1 204 OK\r\n: x\r\n\r\n"), HTTP_ANSWERED, 204, "", "GET", true},
    {"a control byte", BYTES("HTTP/1.1 204 OK\r\nX: a\x01z\r\n\r\n"), HTTP_ANSWERED, 204, "", "GET",
     true},
    {"one length twice",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), HTTP_ANSWERED,
     200, "{}", "GET", true},
    {"a length and an empty one",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length:\r\n\r\n{}"), HTTP_MALFORMED, 0,
     "", "GET", true},
    {"a length in two spellings",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 02\r\n\r\n{}"), HTTP_MALFORMED,
     0, "", "GET", true},
    {"zeros before a length",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 000000000000000000000000000002\r\n\r\n{}"),
     HTTP_ANSWERED, 200, "{}", "GET", true},
    {"a length of 2^63", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n{}"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"an empty length", BYTES("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n{}"), HTTP_ANSWERED, 200,
     "{}", "GET", false},
    {"a list of lengths", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"a length with a sign", BYTES("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"chunks in 1.0", BYTES("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nabc"),
     HTTP_ANSWERED, 200, "abc", "GET", false},
    {"another encoding", BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"blanks after a size",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\n{}\r\n0\r\n\r\n"),
     HTTP_ANSWERED, 200, "{}", "GET", true},
    {"no line after the last chunk",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"), HTTP_MALFORMED,
     200, "{}", "GET", false},
    {"a trailer",
     BYTES(
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n z\r\n\r\n"),
     HTTP_ANSWERED, 200, "{}", "GET", true},
    {"a trailer without a colon",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX\r\n\r\n"),
     HTTP_MALFORMED, 200, "{}", "GET", true},
    {"a blank before an extension",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 ;x\r\n{}\r\n0\r\n\r\n"),
     HTTP_MALFORMED, 200, "", "GET", true},
    {"a size of 16 digits",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
           "chunked\r\n\r\n0000000000000002\r\n{}\r\n0\r\n\r\n"),
     HTTP_ANSWERED, 200, "{}", "GET", true},
    {"chunks of another encoding before the answer",
     BYTES("HTTP/1.1 103 X\r\nTransfer-Encoding: gzip\r\n\r\nHTTP/1.1 204 X\r\n\r\n"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"a chunk without an end",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n"), HTTP_MALFORMED,
     200, "{}", "GET", true},
    {"a chunk of 2^64",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{}"),
     HTTP_MALFORMED, 200, "", "GET", true},
    {"switching", BYTES("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"NUL in a value", BYTES("HTTP/1.1 204 OK\r\nServer: a\0b\r\n\r\n"), HTTP_ANSWERED, 204, "",
     "GET", true},
    {"NUL in a name", BYTES("HTTP/1.1 204 OK\r\nSer\0ver: ab\r\n\r\n"), HTTP_ANSWERED, 204, "",
     "GET", true},
    {"two lengths", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
     HTTP_MALFORMED, 0, "", "GET", true},
    {"length and chunks",
     BYTES("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     HTTP_ANSWERED, 200, "", "GET", true},
    {"bad length", BYTES("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), HTTP_MALFORMED, 0, "",
     "GET", true},
    {"bad chunk size", BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
     HTTP_MALFORMED, 200, "", "GET", true},
    {"silence", BYTES(""), HTTP_CLOSED, 0, "", "GET", false},
    {"short body", BYTES("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), HTTP_CLOSED, 200,
     "abc", "GET", false},
    {"unfinished chunks",
     BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), HTTP_CLOSED, 200,
     "abc", "GET", false},
    {"only continue", BYTES("HTTP/1.1 100 Continue\r\n\r\n"), HTTP_CLOSED, 0, "", "GET", false},
};

static void check_row(const struct row *row, size_t drip)
{
    struct scene scene = scene_of(row->reply, row->length);

    scene.drip = drip;
    scene.stay_open = row->stay_open;
    scene_start(&scene, row->method);
    scene_await(&scene);
    if (scene.response.outcome != row->outcome || scene.response.status != row->status)
        fail_msg("%s: outcome %d, status %u (%s)", row->name, (int)scene.response.outcome,
                 scene.response.status, scene.response.detail ? scene.response.detail : "");
    assert_string_equal(scene.response.body, row->body);
    assert_int_equal(scene.response.body_length, strlen(row->body));
    if (row->outcome == HTTP_ANSWERED)
        assert_null(scene.response.detail);
    else
        assert_non_null(scene.response.detail);
    scene_end(&scene);
}

static void answers_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], 0);
}

static void answers_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_row(&rows[i], 1);
}

/* ---- closing early ---- */

/* A body matters only where clients read it. */
static void closed_at_every_offset(void **state)
{
    static const char *const replies[] = {
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 401 Unauthorized\r\nServer: nginx\r\nContent-Length: 6\r\n\r\nabcdef",
        "HTTP/1.1 307 Moved\r\nServer: nginx\r\nContent-Length: 6\r\n\r\nabcdef",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++)
        for (size_t length = 0; length <= strlen(replies[i]); length++) {
            struct scene scene = scene_of(replies[i], length);
            size_t needed = strlen(replies[i]) - (i == 0 ? 0 : 6);

            scene_start(&scene, "GET");
            scene_await(&scene);
            assert_int_equal(scene.response.outcome,
                             length >= needed ? HTTP_ANSWERED : HTTP_CLOSED);
            scene_end(&scene);
        }
}

/* Clients take an end without close_notify for the end of the body. */
static void truncated(void **state)
{
    struct scene scene = scene_of(BYTES("HTTP/1.1 200 OK\r\n\r\nhello"));

    (void)state;
    scene.at_end = STREAM_TRUNCATED;
    scene_start(&scene, "GET");
    scene_await(&scene);
    assert_int_equal(scene.response.outcome, HTTP_ANSWERED);
    assert_int_equal(scene.response.status, 200);
    assert_string_equal(scene.response.body, "hello");
    scene_end(&scene);
}

/* ---- limits ---- */

static struct http_response answer_to(const char *head, const char *piece, size_t count,
                                      const char *tail, struct scene *scene)
{
    size_t length = strlen(head) + count * strlen(piece) + strlen(tail);
    char *reply = memory_allocate(length + 1);
    char *at = reply;

    at = stpcpy(at, head);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    stpcpy(at, tail);
    *scene = scene_of(reply, length);
    scene->stay_open = true;
    scene_start(scene, "GET");
    scene_await(scene);
    memory_release(reply);
    return scene->response;
}

static void limits(void **state)
{
    struct scene scene;
    struct http_response response;

    (void)state;
    response = answer_to("HTTP/1.1 200 OK\r\nX: ", "aaaaaaaaaaaaaaaa", 700000, "", &scene);
    assert_int_equal(response.outcome, HTTP_MALFORMED);
    assert_string_equal(response.detail, "the headers are too long");
    scene_end(&scene);

    response = answer_to("HTTP/1.1 204 OK\r\n", "Server: y\r\n", 500, "\r\n", &scene);
    assert_int_equal(response.outcome, HTTP_ANSWERED);
    assert_int_equal(response.header_count, HTTP_MAX_HEADERS);
    scene_end(&scene);

    response = answer_to("HTTP/1.1 204 OK\r\nX: ", "aaaaaaaaaaaaaaaa", 4000, "\r\n\r\n", &scene);
    assert_int_equal(response.outcome, HTTP_ANSWERED);
    scene_end(&scene);

    response =
        answer_to("HTTP/1.1 204 OK\r\nServer: ", "aaaaaaaaaaaaaaaa", 4000, "\r\n\r\n", &scene);
    assert_int_equal(response.outcome, HTTP_ANSWERED);
    assert_int_equal(response.header_count, 0);
    scene_end(&scene);

    response =
        answer_to("HTTP/1.1 204 OK\r\nLocation: ", "aaaaaaaaaaaaaaaa", 4000, "\r\n\r\n", &scene);
    assert_int_equal(response.outcome, HTTP_LOCAL);
    assert_string_equal(response.detail, "a header is longer than is read here");
    scene_end(&scene);

    response = answer_to("", "HTTP/1.1 103 Hints\r\n\r\n", 9, "", &scene);
    assert_int_equal(response.outcome, HTTP_MALFORMED);
    assert_string_equal(response.detail, "too many informational answers");
    scene_end(&scene);

    response = answer_to("HTTP/1.1 200 OK\r\n\r\n", "bbbbbbbb", HTTP_MAX_BODY / 8 + 1, "", &scene);
    assert_int_equal(response.outcome, HTTP_ANSWERED);
    assert_true(response.body_too_large);
    assert_int_equal(response.body_length, HTTP_MAX_BODY);
    scene_end(&scene);

    response = answer_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxx",
                         1600000, "", &scene);
    assert_int_equal(response.outcome, HTTP_MALFORMED);
    assert_string_equal(response.detail, "the answer is too long for its body");
    scene_end(&scene);
}

/* ---- gzip ---- */

/* `members` times `text` in gzip members of their own, after a head. To be released. */
static char *zipped_reply(const char *text, size_t length, unsigned members, size_t *ret_length)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    size_t room = sizeof(head) + members * (length + 256);
    char *reply = memory_allocate(room);
    char *at = stpcpy(reply, head);

    for (unsigned i = 0; i < members; i++) {
        z_stream zip = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)length};
        deflateInit2(&zip, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
        zip.next_out = (Bytef *)at;
        zip.avail_out = (uInt)(room - (size_t)(at - reply));
        assert_int_equal(deflate(&zip, Z_FINISH), Z_STREAM_END);
        at += zip.total_out;
        deflateEnd(&zip);
    }
    *ret_length = (size_t)(at - reply);
    return reply;
}

static void check_zipped(const char *reply, size_t length, const char *method, size_t drip,
                         enum http_outcome outcome, const char *body)
{
    struct scene scene = scene_of(reply, length);

    scene.drip = drip;
    scene_start(&scene, method);
    scene_await(&scene);
    assert_int_equal(scene.response.outcome, outcome);
    if (body)
        assert_string_equal(scene.response.body, body);
    scene_end(&scene);
}

static void gzip(void **state)
{
    size_t length;
    char *reply = zipped_reply("hello", 5, 2, &length);

    (void)state;
    check_zipped(reply, length, "GET", 0, HTTP_ANSWERED, "hellohello");
    check_zipped(reply, length, "GET", 1, HTTP_ANSWERED, "hellohello");
    check_zipped(reply, length, "HEAD", 0, HTTP_ANSWERED, "");
    check_zipped(reply, length - 3, "GET", 0, HTTP_MALFORMED, NULL);
    reply[length - 6] ^= 1; /* the checksum */
    check_zipped(reply, length, "GET", 0, HTTP_MALFORMED, NULL);
    memory_release(reply);
}

static void gzip_stops_at_the_limit(void **state)
{
    size_t length;
    char *zeroes = memory_allocate(50 * 1024 * 1024);
    char *reply = zipped_reply(zeroes, 50 * 1024 * 1024, 1, &length);
    struct scene scene = scene_of(reply, length);

    (void)state;
    scene_start(&scene, "GET");
    scene_await(&scene);
    assert_int_equal(scene.response.outcome, HTTP_ANSWERED);
    assert_true(scene.response.body_too_large);
    assert_int_equal(scene.response.body_length, HTTP_MAX_BODY);
    scene_end(&scene);
    memory_release(reply);
    memory_release(zeroes);
}

/* Older versions of Go take what newer ones refuse. */
static void odd_headers(void **state)
{
    static const struct {
        const char *header;
        bool is_odd;
    } odd[] = {
        {"X: y\r\nContent-Length: 2\r\n", false},
        {"X:\r\nContent-Length: 2\r\n", false},
        {"X(a): y\r\nContent-Length: 2\r\n", true},
        {"X: a\001b\r\nContent-Length: 2\r\n", true},
        {": y\r\nContent-Length: 2\r\n", true},
        {"Content-Length:\r\n", true},
        {"Content-Length:\r\nTransfer-Encoding: chunked\r\n", true},
        {"Content-Length: x\r\nTransfer-Encoding: chunked\r\n", true},
        {"Content-Length: 1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", true},
        {"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        bool is_chunked = strstr(odd[i].header, "chunked");
        char reply[256];
        int length = snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\n%s\r\n%s", odd[i].header,
                              is_chunked ? "2\r\n{}\r\n0\r\n\r\n" : "{}");
        struct scene scene = scene_of(reply, (size_t)length);

        scene_start(&scene, "GET");
        scene_await(&scene);
        if (scene.response.outcome != HTTP_ANSWERED || scene.response.odd_headers != odd[i].is_odd)
            fail_msg("%s", odd[i].header);
        assert_string_equal(scene.response.body, "{}");
        scene_end(&scene);
    }
}

/* ---- headers, progress, the request ---- */

static void headers(void **state)
{
    struct scene scene = scene_of(BYTES("HTTP/1.1 401 No\r\nWWW-Authenticate:  Bearer a \r\n"
                                        "SERVER: x\r\nwww-authenticate: Basic\r\nDate:\r\n"
                                        "Content-Length: 0\r\n\r\n"));

    (void)state;
    scene_start(&scene, "GET");
    scene_await(&scene);
    assert_string_equal(http_response_header(&scene.response, "www-authenticate", 0), "Bearer a");
    assert_string_equal(http_response_header(&scene.response, "www-authenticate", 1), "Basic");
    assert_null(http_response_header(&scene.response, "www-authenticate", 2));
    assert_string_equal(http_response_header(&scene.response, "server", 0), "x");
    assert_string_equal(http_response_header(&scene.response, "date", 0), "");
    scene_end(&scene);
}

static void stalled_body_shows_progress(void **state)
{
    struct scene scene =
        scene_of(BYTES("HTTP/1.1 503 Busy\r\nServer: x\r\nContent-Length: 9\r\n\r\n"));

    (void)state;
    scene.stay_open = true;
    scene_start(&scene, "GET");
    for (int i = 0; i < 1000 && !http_exchange_progress(scene.exchange)->status; i++)
        event_base_loop(scene.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(http_exchange_progress(scene.exchange)->status, 503);
    assert_string_equal(http_response_header(http_exchange_progress(scene.exchange), "server", 0),
                        "x");
    assert_int_equal(scene.calls, 0);
    scene_end(&scene); /* freed without ever calling back */
    assert_int_equal(scene.calls, 0);
}

static void request_as_sent(void **state)
{
    struct scene scene = scene_of(BYTES("HTTP/1.1 204 X\r\n\r\n"));
    char request[1024] = "";

    (void)state;
    scene_start(&scene, "GET");
    scene_await(&scene);
    assert_true(recv(scene.theirs, request, sizeof(request) - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(request, "GET /v2/ HTTP/1.1\r\nHost: demo.tencentcloudcr.com\r\n"
                                 "User-Agent: tcr-probe/" TCRPROBE_VERSION "\r\nAccept: */*\r\n"
                                 "Connection: close\r\nAccept-Encoding: gzip\r\n\r\n");
    scene_end(&scene);
}

static void request_with_a_line_break_is_not_sent(void **state)
{
    struct scene scene = scene_of(BYTES(""));
    char request[16];

    (void)state;
    scene_start(&scene, "GET / HTTP/1.1\r\nX:");
    scene_await(&scene);
    assert_int_equal(scene.response.outcome, HTTP_LOCAL);
    assert_int_equal(recv(scene.theirs, request, sizeof(request), MSG_DONTWAIT), -1);
    scene_end(&scene);
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello";
    bool failed = true;

    (void)state;
    for (unsigned long n = 1; failed; n++) {
        struct scene scene = scene_of(reply, sizeof(reply) - 1);

        scene_prepare(&scene);
        fault_begin(n);
        scene_ask(&scene, "GET");
        if (scene.exchange)
            scene_await(&scene);
        failed = fault_end();
        /* The same as without the fault, or our own fault, but never the peer's. */
        if (!failed || (scene.calls && scene.response.outcome != HTTP_LOCAL)) {
            assert_int_equal(scene.response.outcome, HTTP_ANSWERED);
            assert_string_equal(scene.response.body, "hello");
            assert_string_equal(http_response_header(&scene.response, "server", 0), "x");
        }
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_whole),
        cmocka_unit_test(answers_byte_by_byte),
        cmocka_unit_test(closed_at_every_offset),
        cmocka_unit_test(truncated),
        cmocka_unit_test(limits),
        cmocka_unit_test(gzip),
        cmocka_unit_test(gzip_stops_at_the_limit),
        cmocka_unit_test(odd_headers),
        cmocka_unit_test(headers),
        cmocka_unit_test(stalled_body_shows_progress),
        cmocka_unit_test(request_as_sent),
        cmocka_unit_test(request_with_a_line_break_is_not_sent),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
