/* SPDX-License-Identifier: MIT */
/* The status endpoint's server in this process: the framing of replies in slices, replies that
 * break off, peers that misbehave meanwhile. If memory or descriptors are short, that costs one
 * connection at most. */

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "daemon/endpoint/http_server.h"
#include "probes/libraries.h"
#include "tests/component/probes/run/call_faults.h"
#include "tests/component/probes/transport/busy.h"
#include "tests/support.h"

#define HOST     "Host: 127.0.0.1\r\n"
#define PATIENCE (60 * USEC_PER_SEC)
#define ENDLESS  1000000 /* slices: more than a socket takes */

struct scene {
    struct event_base *base;
    struct http_server *server;
    struct endpoint bound;
    unsigned released; /* sources */
    size_t handled;    /* requests */
};

/* ---- the pages served ---- */

struct slices {
    struct scene *scene;
    unsigned left;
    unsigned broken_at; /* this many are left then; 0: never */
};

static enum slice_outcome next_slice(void *context, struct text *text)
{
    struct slices *slices = context;

    if (slices->broken_at && slices->left == slices->broken_at)
        return SLICE_BROKEN;
    text_append_format(text, "slice %u\n", slices->left);
    if (slices->left >=
        ENDLESS) /* so large that it fills the socket in a few turns, also on a busy machine */
        text_append_format(text, "%4096s", "");
    return --slices->left ? SLICE_MORE : SLICE_LAST;
}

static void release(void *context)
{
    struct slices *slices = context;

    slices->scene->released++;
    memory_release(slices);
}

/* "/N/B": N slices that break off before the last B, long ones from ENDLESS on; "/": no source. */
static void handle(const struct http_server_request *request, struct http_server_reply *reply,
                   void *context)
{
    unsigned count = 0;
    unsigned broken_at = 0;
    struct scene *scene = context;

    scene->handled++;
    if (sscanf(request->path, "/%u/%u", &count, &broken_at) < 1) {
        text_append_format(&reply->body, "%s %s\n", request->method, request->query);
        return;
    }
    struct slices *slices = memory_allocate(sizeof(*slices));
    if (!slices) {
        reply->status = 503;
        return;
    }
    *slices = (struct slices){context, count, broken_at};
    reply->source = (struct http_server_source){next_slice, release, slices};
}

static void open_scene_within(struct scene *scene, usec_t deadline)
{
    struct http_server_options options = {
        .handler = handle, .context = scene, .deadline = deadline};
    char error[256];

    *scene = (struct scene){.base = libraries_new_loop()};
    assert_true(endpoint_parse("127.0.0.1:1", 0, &options.listen));
    options.listen.port = 0;
    scene->server = http_server_start(scene->base, &options, &scene->bound, error, sizeof(error));
    assert_non_null(scene->server);
}

static void open_scene(struct scene *scene)
{
    open_scene_within(scene, 0);
}

static void close_scene(struct scene *scene)
{
    http_server_free(scene->server);
    event_base_free(scene->base);
}

/* ---- a peer ---- */

static int dial(const struct scene *scene)
{
    struct sockaddr_storage storage;
    socklen_t length = endpoint_to_sockaddr(&scene->bound, &storage);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&storage, length), 0);
    return fd;
}

static void turn(const struct scene *scene)
{
    event_base_loop(scene->base, EVLOOP_NONBLOCK);
}

/* Reads until the server closes, or is quiet with `enough` in the reply. */
static void read_reply(const struct scene *scene, int fd, const char *enough, char reply[4096])
{
    usec_t end = clock_monotonic() + PATIENCE;
    size_t length = 0;

    reply[0] = '\0';
    while (clock_monotonic() < end && !(enough && strstr(reply, enough))) {
        turn(scene);
        ssize_t count = recv(fd, reply + length, 4095 - length, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN))
            return;
        length += count > 0 ? (size_t)count : 0;
        reply[length] = '\0';
    }
    assert_true(clock_monotonic() < end);
}

static void ask(const struct scene *scene, const char *request, bool half_close, char reply[4096])
{
    int fd = dial(scene);

    assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
    if (half_close)
        shutdown(fd, SHUT_WR);
    read_reply(scene, fd, NULL, reply);
    close(fd);
}

/* ---- framing ---- */

static const struct row {
    const char *name;
    const char *request;
    const char *status;
    const char *has;
    const char *body; /* all that follows the first empty line */
    const char *never;
    bool half_close;
} rows[] = {
    {"one slice", "GET /1 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 OK",
     "Content-Length: 8\r\n", "slice 1\n", "chunked", false},
    {"chunks", "GET /3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 OK",
     "Transfer-Encoding: chunked\r\n",
     "8\r\nslice 3\n\r\n8\r\nslice 2\n\r\n8\r\nslice 1\n\r\n0\r\n\r\n", "Content-Length", false},
    {"slices to HTTP/1.0", "GET /3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 OK",
     "Connection: close\r\n", "slice 3\nslice 2\nslice 1\n", "chunked", false},
    {"HTTP/1.0 that is kept", "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 OK",
     "Content-Length: 8\r\n", "slice 1\n", "Connection: close", true},
    {"HEAD of slices", "HEAD /3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 OK",
     "Connection: close\r\n", "", "Content-Length", false},
    {"HEAD renders nothing", "HEAD /3/3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 OK",
     "Connection: close\r\n", "", "slice", false},
    {"broken before the first slice", "GET /3/3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
     "503 Service Unavailable", "Content-Length: 0\r\n", "", "slice", false},
    {"broken before the second", "GET /3/2 HTTP/1.1\r\n" HOST "\r\n", "200 OK", "chunked",
     "8\r\nslice 3\n\r\n", "0\r\n\r\n0", false},
    {"broken to HTTP/1.0", "GET /2/1 HTTP/1.0\r\n\r\n", "200 OK", "Connection: close\r\n",
     "slice 2\n", "chunked", false},
    {"a body", "POST /?q HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", "200 OK",
     "Connection: close\r\n", "POST q\n", NULL, false},
    {"a body that is cut", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab", NULL, NULL,
     NULL, NULL, true},
    {"a head that is cut", "GET / HTTP/1.1\r\nHo", NULL, NULL, NULL, NULL, true},
    {"nothing", "", NULL, NULL, NULL, NULL, true},
    {"a large body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1025\r\n\r\n",
     "413 Content Too Large", "Connection: close\r\n", "Content Too Large\n", NULL, false},
    {"another method", "PUT /?q HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "200 OK",
     "Connection: close\r\n", " q\n", NULL, false},
    {"another host", "GET / HTTP/1.1\r\nHost: evil\\.example\r\n\r\n", "403 Forbidden",
     "Connection: close\r\n",
     "This server does not answer for the host \"evil\\x5c.example\". To allow the name, add it to "
     "allowed_hosts in the configuration, or start with --allowed-host.\n",
     NULL, false},
    {"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 Bad Request", "Connection: close\r\n",
     "Bad Request\n", NULL, false},
    {"another site", "POST / HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n",
     "403 Forbidden", "Connection: close\r\n",
     "A page of another site sent this request, so it is refused.\n", NULL, false},
    {"no host in HTTP/1.0", "GET /?a HTTP/1.0\r\n\r\n", "200 OK", "Connection: close\r\n",
     "GET a\n", NULL, false},
    {"another host at a health check",
     "GET /livez?v HTTP/1.1\r\nHost: evil.example\r\n"
     "Connection: close\r\n\r\n",
     "200 OK", "Connection: close\r\n", "GET v\n", NULL, false},
};

static void check(const struct row *row, const char *reply)
{
    if (!row->status) {
        assert_string_equal(reply, "");
        return;
    }
    const char *body = strstr(reply, "\r\n\r\n");
    if (strncmp(reply, "HTTP/1.1 ", 9) != 0 ||
        strncmp(reply + 9, row->status, strlen(row->status)) != 0 || !body ||
        !strstr(reply, row->has) || strcmp(body + 4, row->body) != 0 ||
        (row->never && strstr(reply, row->never)))
        fail_msg("%s: %s", row->name, reply);
}

static void replies_are_framed(void **state)
{
    struct scene scene;
    char reply[4096];

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(&scene, rows[i].request, rows[i].half_close, reply);
        check(&rows[i], reply);
        assert_int_equal(http_server_connections(scene.server), 0);
    }
    assert_int_equal(scene.released, 9);
    close_scene(&scene);
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

/* Every request is answered, even if the peer has closed its side already. */
static void pipelined_requests_have_their_answers(void **state)
{
    static const char requests[] =
        "GET /?1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\nPOST /?3 HTTP/1.1\r\n" HOST
        "\r\nGET /?4 HTTP/1.1\r\n" HOST "\r\n";
    struct scene scene;
    char reply[4096];

    (void)state;
    open_scene(&scene);
    ask(&scene, requests, true, reply);
    assert_int_equal(count_of(reply, "HTTP/1.1 200 OK"), 4);
    assert_true(strstr(reply, "GET 1\n") < strstr(reply, "slice 2\n"));
    assert_true(strstr(reply, "0\r\n\r\nHTTP/1.1") < strstr(reply, "POST 3\n"));
    assert_non_null(strstr(reply, "GET 4\n"));
    assert_int_equal(http_server_connections(scene.server), 0);
    close_scene(&scene);
}

/* ---- turns ---- */

/* A client that pipelines has one answer in a pass of the loop, so that others have theirs. */
static void a_pass_answers_one_request_of_a_connection(void **state)
{
    static const char *const requests[] = {"GET /livez HTTP/1.1\r\n" HOST "\r\n",
                                           "HEAD /2 HTTP/1.1\r\n" HOST "\r\n",
                                           "GET / HTTP/1.1\r\n" HOST "\r\n"};
    enum { PIPELINED = 50 };
    struct scene scene;

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        size_t had = scene.handled;
        size_t passes = 0;
        int fd = dial(&scene);
        for (int n = 0; n < PIPELINED; n++)
            assert_int_equal(send(fd, requests[i], strlen(requests[i]), 0), strlen(requests[i]));
        for (; scene.handled - had < PIPELINED && passes < 100 * PIPELINED; passes++) {
            size_t before = scene.handled;
            event_base_loop(scene.base, EVLOOP_ONCE);
            assert_true(scene.handled - before <= 1);
        }
        assert_int_equal(scene.handled - had, PIPELINED);
        close(fd);
    }
    close_scene(&scene);
}

/* While settings are exchanged, no document begins; health checks are answered. */
static void a_paused_server_begins_no_document(void **state)
{
    struct scene scene;
    char reply[4096];

    (void)state;
    open_scene(&scene);
    int fd = dial(&scene);
    http_server_pause(scene.server, true);
    send(fd, "GET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 58, 0);
    ask(&scene, "GET /livez HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false, reply);
    assert_non_null(strstr(reply, " 200 OK"));
    for (int turns = 0; turns < 20; turns++)
        turn(&scene);
    assert_int_equal(scene.handled, 1);
    assert_false(http_server_replying(scene.server));
    http_server_pause(scene.server, false);
    read_reply(&scene, fd, NULL, reply);
    assert_non_null(strstr(reply, "slice 2\n\r\n8\r\nslice 1\n\r\n0\r\n\r\n"));
    close(fd);
    close_scene(&scene);
}

/* If a peer reads nothing of a reply, it is cut off before the deadline of the request. */
static void a_stalled_reply_expires(void **state)
{
    struct scene scene;
    const int small = 1;

    (void)state;
    open_scene(&scene);
    int fd = dial(&scene);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    usec_t waited = waited_for_processor();
    usec_t begin = clock_monotonic();
    send(fd, "GET /4000000 HTTP/1.1\r\n" HOST "\r\n", 42, 0);
    while (!http_server_connections(scene.server) && clock_monotonic() < begin + PATIENCE)
        turn(&scene);
    while (http_server_connections(scene.server) && clock_monotonic() < begin + PATIENCE)
        event_base_loop(scene.base, EVLOOP_ONCE);
    assert_int_equal(http_server_connections(scene.server), 0);
    assert_true(clock_monotonic() - begin >= HTTP_SERVER_STALL);
    assert_true(clock_monotonic() - begin < HTTP_SERVER_DEADLINE + waited_for_processor() - waited);
    assert_int_equal(scene.released, 1);
    close(fd);
    close_scene(&scene);
}

#define BURN (20 * USEC_PER_MSEC)

/* Work of the probes that never ends, so that a reply has one turn for each BURN. */
static void burn(int fd, short what, void *context)
{
    const struct timeval at_once = {0};
    usec_t end = clock_monotonic() + BURN;

    (void)fd;
    (void)what;
    while (clock_monotonic() < end)
        continue;
    event_add(*(struct event **)context, &at_once);
    event_base_loopbreak(event_get_base(*(struct event **)context)); /* the peer reads */
}

/* The peer reads all that comes, so it is not cut off for the time that the loop needs. */
static void a_busy_loop_cuts_no_reply_off(void **state)
{
    struct scene scene;
    const struct timeval at_once = {0};
    struct event *busy;
    char reply[4096];

    (void)state;
    open_scene_within(&scene, 10 * BURN);
    int fd = dial(&scene);
    busy = event_new(scene.base, -1, 0, burn, &busy);
    event_add(busy, &at_once);
    send(fd, "GET /120 HTTP/1.1\r\n" HOST "\r\n", 38, 0);
    read_reply(&scene, fd, "slice 1\n\r\n0\r\n\r\n", reply);
    assert_non_null(strstr(reply, "slice 1\n\r\n0\r\n\r\n"));
    event_free(busy);
    close(fd);
    close_scene(&scene);
}

/* ---- peers that leave ---- */

static void a_reset_ends_the_connection(void **state)
{
    static const char *const requests[] = {"", "GET / HTTP/1.1\r\n",
                                           "GET /4000000 HTTP/1.1\r\n" HOST "\r\n"};
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct scene scene;

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        usec_t end = clock_monotonic() + PATIENCE;
        int fd = dial(&scene);
        send(fd, requests[i], strlen(requests[i]), 0);
        while (!http_server_connections(scene.server) && clock_monotonic() < end)
            turn(&scene);
        assert_int_equal(http_server_connections(scene.server), 1);
        for (int turns = 0; turns < 20; turns++)
            turn(&scene);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
        while (http_server_connections(scene.server) && clock_monotonic() < end)
            turn(&scene);
        assert_int_equal(http_server_connections(scene.server), 0);
    }
    assert_int_equal(scene.released, 1);
    close_scene(&scene);
}

/* ---- shortages ---- */

static void require_well(struct scene *scene)
{
    char reply[4096];

    ask(scene, "GET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false, reply);
    assert_non_null(strstr(reply, "slice 2\n\r\n8\r\nslice 1\n\r\n0\r\n\r\n"));
    assert_int_equal(http_server_connections(scene->server), 0);
}

/* An answer is whole, visibly cut, or none; and the next one is well. */
static void a_failed_allocation_costs_one_connection(void **state)
{
    unsigned long failing;
    bool failed = true;
    char reply[4096];

    (void)state;
    for (failing = 1; failed; failing++) {
        struct scene scene;
        open_scene(&scene);
        fault_begin(failing);
        ask(&scene, "GET /2 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false, reply);
        failed = fault_end();
        bool whole = strstr(reply, "slice 2\n\r\n8\r\nslice 1\n\r\n0\r\n\r\n") != NULL;
        assert_true(whole || failed);
        if (!whole && *reply && !strstr(reply, "HTTP/1.1 503 ") &&
            (!strstr(reply, "chunked") || strstr(reply, "0\r\n\r\n")))
            fail_msg("allocation %lu: %s", failing, reply);
        require_well(&scene);
        assert_true(scene.released <= 2);
        close_scene(&scene);
    }
    assert_true(failing > 5);
}

static void a_server_starts_or_says_why_not(void **state)
{
    struct http_server_options options = {.handler = handle};
    struct endpoint bound;
    bool failed = true;
    char error[256];

    (void)state;
    assert_true(endpoint_parse("127.0.0.1:1", 0, &options.listen));
    options.listen.port = 0;
    for (unsigned long n = 1; failed; n++) {
        struct event_base *base = libraries_new_loop();
        error[0] = '\0';
        fault_begin(n);
        struct http_server *server =
            http_server_start(base, &options, &bound, error, sizeof(error));
        failed = fault_end();
        assert_int_equal(server != NULL, *error == '\0');
        assert_true(server || failed);
        http_server_free(server);
        event_base_free(base);
    }
    struct scene scene;
    open_scene(&scene);
    options.listen = scene.bound; /* taken */
    assert_null(http_server_start(scene.base, &options, &bound, error, sizeof(error)));
    assert_non_null(strstr(error, ": Address already in use"));
    close_scene(&scene);
}

/* If no descriptor is left, a peer is turned away at once, and the loop does not spin. */
static void descriptors_that_run_out_come_back(void **state)
{
    struct scene scene;
    struct rlimit usual;
    char reply[4096];

    (void)state;
    open_scene(&scene);
    int peer = dial(&scene);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    struct rlimit none = {(rlim_t)next, usual.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    read_reply(&scene, peer, NULL, reply);
    assert_string_equal(reply, "");
    assert_int_equal(http_server_connections(scene.server), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    close(peer);
    *call_faults = (struct call_faults){
        .call = CALL_EPOLL_CTL, .error = ENOMEM, .from = 1, .until = 3}; /* listening again */
    while (call_faults->injected < 2)
        event_base_loop(scene.base, EVLOOP_ONCE);
    call_faults->error = 0;
    require_well(&scene);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_framed),
        cmocka_unit_test(pipelined_requests_have_their_answers),
        cmocka_unit_test(a_pass_answers_one_request_of_a_connection),
        cmocka_unit_test(a_paused_server_begins_no_document),
        cmocka_unit_test(a_stalled_reply_expires),
        cmocka_unit_test(a_busy_loop_cuts_no_reply_off),
        cmocka_unit_test(a_reset_ends_the_connection),
        cmocka_unit_test(a_failed_allocation_costs_one_connection),
        cmocka_unit_test(a_server_starts_or_says_why_not),
        cmocka_unit_test(descriptors_that_run_out_come_back),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
