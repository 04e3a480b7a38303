/* SPDX-License-Identifier: MIT */
/* Tunnels through proxies that answer well, badly, in pieces and not at all. */

#include "probes/run/tunnel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/libraries.h"
#include "tests/support.h"

#define DEADLINE_SECONDS 20
#define MAX_TALK         4

/* ---- a proxy that follows a script, in the loop of the test ---- */

/* Once `heard` has come, `said` goes out. */
struct talk {
    const char *heard;
    size_t heard_length;
    const char *said;
    size_t said_length;
};

#define TALK(heard, said)                                \
    {                                                    \
        heard, sizeof(heard) - 1, said, sizeof(said) - 1 \
    }

enum script_end { ENDS_SILENT, ENDS_CLOSED };

struct proxy_row {
    const char *name;
    const char *url;
    const char *host;
    struct talk talk[MAX_TALK];
    enum script_end end; /* after the last word */
    enum proxy_outcome outcome;
    const char *detail; /* part of it; NULL: any */
    unsigned status;
    const char *rest; /* bytes that stay for the user of the tunnel */
};

struct scripted {
    const struct proxy_row *row;
    bool in_pieces;
    int fd;
    struct event *readable;
    struct event *turn;
    size_t step;
    char heard[1024];
    size_t heard_length;
    size_t said;
    bool ended; /* every word is said */
};

struct tunnel_scene {
    struct event_base *base;
    struct arena *arena;
    struct proxy_choice choice;
    struct tunnel *tunnel;
    unsigned calls;
    struct tunnel_result result;
    char detail[256];
    struct scripted proxy;
};

static void end_script(struct scripted *proxy)
{
    proxy->ended = true;
    if (proxy->row->end == ENDS_CLOSED) {
        close(proxy->fd);
        proxy->fd = -1;
    }
}

/* The words of the current step, whole or a byte for each turn of the loop. */
static void say(int fd, short what, void *context)
{
    static const struct timeval at_once = {0, 0};
    struct scripted *proxy = context;
    const struct talk *talk = &proxy->row->talk[proxy->step];
    size_t left = talk->said_length - proxy->said;
    size_t count = proxy->in_pieces && left ? 1 : left;

    (void)fd;
    (void)what;
    if (count && send(proxy->fd, talk->said + proxy->said, count, MSG_NOSIGNAL) != (ssize_t)count)
        return; /* the other side gave up */
    proxy->said += count;
    if (count < left) {
        event_add(proxy->turn, &at_once);
        return;
    }
    proxy->said = 0;
    proxy->heard_length = 0;
    proxy->step++;
    if (proxy->step == MAX_TALK || !proxy->row->talk[proxy->step].heard)
        end_script(proxy);
    else
        event_add(proxy->readable, NULL);
}

static void script_heard(int fd, short what, void *context)
{
    struct scripted *proxy = context;
    const struct talk *talk = &proxy->row->talk[proxy->step];
    ssize_t count = recv(fd, proxy->heard + proxy->heard_length,
                         sizeof(proxy->heard) - proxy->heard_length, MSG_DONTWAIT);

    if (count <= 0) /* the other side gave up */
        return;
    proxy->heard_length += (size_t)count;
    size_t known =
        proxy->heard_length < talk->heard_length ? proxy->heard_length : talk->heard_length;
    if (proxy->heard_length > talk->heard_length || memcmp(proxy->heard, talk->heard, known) != 0)
        fail_msg("%s: step %zu heard something else: %.*s", proxy->row->name, proxy->step,
                 (int)proxy->heard_length, proxy->heard);
    if (proxy->heard_length < talk->heard_length)
        event_add(proxy->readable, NULL);
    else
        say(fd, what, proxy);
}

/* ---- the tunnel ---- */

static void on_scripted_end(const struct tunnel_result *result, void *context)
{
    struct tunnel_scene *scene = context;

    scene->calls++;
    scene->result = *result;
    snprintf(scene->detail, sizeof(scene->detail), "%s", result->detail ? result->detail : "");
}

static void scene_open_tunnel(struct tunnel_scene *scene, const char *url, const char *host, int fd)
{
    struct tunnel_options options = {
        .choice = &scene->choice,
        .host = host,
        .port = 443,
    };

    assert_null(proxy_url_parse(url, scene->arena, &scene->choice.url));
    scene->tunnel = tunnel_start(scene->base, fd, &options, on_scripted_end, scene);
    assert_non_null(scene->tunnel);
    assert_int_equal(scene->calls, 0);
}

static void tunnel_is_late(int fd, short what, void *context)
{
    (void)fd;
    (void)what;
    (void)context;
    fail_msg("neither side went on");
}

/* Runs the loop until the tunnel has ended, or the proxy has said all of it. */
static void await_tunnel(struct tunnel_scene *scene, const struct scripted *proxy)
{
    struct timeval deadline = {DEADLINE_SECONDS, 0};
    struct event *late = event_new(scene->base, -1, 0, tunnel_is_late, NULL);

    event_add(late, &deadline);
    while (!proxy->ended && (!scene->calls || proxy->row->rest))
        event_base_loop(scene->base, EVLOOP_ONCE);
    event_free(late);
}

/* Does all that is ready, so that anything which has not happened waits for the peer. */
static void settle_tunnel(struct tunnel_scene *scene)
{
    for (unsigned i = 0; i < 10 && !scene->calls; i++)
        event_base_loop(scene->base, EVLOOP_NONBLOCK);
}

static void close_tunnel_scene(struct tunnel_scene *scene)
{
    if (scene->result.fd >= 0 && scene->calls)
        close(scene->result.fd);
    tunnel_free(scene->tunnel);
    event_base_free(scene->base);
    arena_free(scene->arena);
}

static void require_rest(const struct tunnel_scene *scene, const char *rest)
{
    char bytes[64] = "";

    if (!rest)
        return;
    assert_int_equal(recv(scene->result.fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT),
                     (ssize_t)strlen(rest));
    assert_string_equal(bytes, rest);
}

static void run_proxy_row(const struct proxy_row *row, bool in_pieces)
{
    struct tunnel_scene scene = {.base = libraries_new_loop(), .arena = arena_new(0)};
    struct scripted *proxy = &scene.proxy;
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    *proxy = (struct scripted){.row = row, .in_pieces = in_pieces, .fd = ends[1]};
    proxy->readable = event_new(scene.base, ends[1], EV_READ, script_heard, proxy);
    proxy->turn = event_new(scene.base, -1, 0, say, proxy);
    event_add(proxy->readable, NULL);
    scene_open_tunnel(&scene, row->url, row->host, ends[0]);
    await_tunnel(&scene, proxy);
    settle_tunnel(&scene);
    if (row->outcome == PROXY_STALLED) {
        assert_int_equal(scene.calls, 0);
        scene.result = tunnel_stalled(scene.tunnel);
    } else if (scene.calls != 1) {
        fail_msg("%s: %u results", row->name, scene.calls);
    }
    if (scene.result.outcome != row->outcome || scene.result.status != row->status ||
        (row->detail && !strstr(scene.detail, row->detail)))
        fail_msg("%s: %s, %u, %s", row->name, proxy_outcome_name(scene.result.outcome),
                 scene.result.status, scene.detail);
    assert_int_equal(scene.result.fd >= 0, row->outcome == PROXY_OK);
    require_rest(&scene, row->rest);
    event_free(proxy->readable);
    event_free(proxy->turn);
    if (proxy->fd >= 0)
        close(proxy->fd);
    close_tunnel_scene(&scene);
}

static void run_proxy_rows(const struct proxy_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        run_proxy_row(&rows[i], false);
        run_proxy_row(&rows[i], true);
    }
}

/* ---- outcomes ---- */

#define HOST           "hub.test"
#define OK             .outcome = PROXY_OK
#define MORE           OK, .rest = "more"
#define WANTS_KEY      .outcome = PROXY_WANTS_KEY
#define STALLED        .outcome = PROXY_STALLED
#define INVALID(words) .outcome = PROXY_INVALID, .detail = (words)
#define REFUSED(words) .outcome = PROXY_REFUSED, .detail = (words)
#define CLOSED         .end = ENDS_CLOSED, INVALID("closed")

/* ---- SOCKS 5 ---- */

#define SOCKS       "socks5://p"
#define WITH_KEY    "socks5://u:pw@p"
#define GREETING    "\5\1\0"
#define BOTH        "\5\2\0\2"
#define KEY         "\1\1u\2pw"
#define NAMED       "\5\1\0\3\10hub.test\1\273"
#define OPEN        "\5\0\0\1\1\2\3\4\0\1"
#define A_51        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A_255       A_51 A_51 A_51 A_51 A_51
#define CHOOSES_KEY TALK(BOTH, "\5\2")
#define REPLY(said)                               \
    {                                             \
        TALK(GREETING, "\5\0"), TALK(NAMED, said) \
    }

static const struct proxy_row socks_rows[] = {
    {"a name", SOCKS, HOST, REPLY(OPEN), OK},
    {"an IPv4 address",
     SOCKS,
     "10.0.3.7",
     {TALK(GREETING, "\5\0"), TALK("\5\1\0\1\12\0\3\7\1\273", OPEN)},
     OK},
    {"an IPv6 address",
     SOCKS,
     "fd00::7",
     {TALK(GREETING, "\5\0"), TALK("\5\1\0\4\375\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7\1\273", OPEN)},
     OK},
    {"bound to an IPv6 address", SOCKS, HOST, REPLY("\5\0\0\4abcdefghijklmnop\0\1more"), MORE},
    {"bound to a name", SOCKS, HOST, REPLY("\5\0\0\3\3abc\0\1more"), MORE},
    {"bound to an empty name", SOCKS, HOST, REPLY("\5\0\0\3\0\0\1more"), MORE},
    {"bound to a long name", SOCKS, HOST, REPLY("\5\0\0\3\377" A_255 "\0\1more"), MORE},

    {"a good key", WITH_KEY, HOST, {CHOOSES_KEY, TALK(KEY, "\1\0"), TALK(NAMED, OPEN)}, OK},
    {"a key that is not wanted", WITH_KEY, HOST, {TALK(BOTH, "\5\0"), TALK(NAMED, OPEN)}, OK},
    {"a wrong key", WITH_KEY, HOST, {CHOOSES_KEY, TALK(KEY, "\1\1")}, WANTS_KEY},
    {"the key in another version", WITH_KEY, HOST, {CHOOSES_KEY, TALK(KEY, "\5\0")}, WANTS_KEY},
    {"closed after the key", WITH_KEY, HOST, {CHOOSES_KEY, TALK(KEY, "")}, CLOSED},
    {"silent after the key", WITH_KEY, HOST, {CHOOSES_KEY, TALK(KEY, "\1")}, STALLED},
    {"a method that is not offered", WITH_KEY, HOST, {TALK(BOTH, "\5\1")}, WANTS_KEY},
    {"no method at all", SOCKS, HOST, {TALK(GREETING, "\5\377")}, WANTS_KEY},
    {"an empty user", "socks5://:pw@p", HOST, {CHOOSES_KEY}, WANTS_KEY},
    {"a user that is too long", "socks5://a" A_255 ":pw@p", HOST, {CHOOSES_KEY}, WANTS_KEY},
    {"the longest user",
     "socks5://" A_255 ":pw@p",
     HOST,
     {CHOOSES_KEY, TALK("\1\377" A_255 "\2pw", "\1\0"), TALK(NAMED, OPEN)},
     OK},
    /* Go goes on, so only the end tells. */
    {"a key that is not offered",
     SOCKS,
     HOST,
     {TALK(GREETING, "\5\2"), TALK(NAMED, "\1\1")},
     .end = ENDS_CLOSED,
     WANTS_KEY},
    {"a key that is not offered, and a tunnel",
     SOCKS,
     HOST,
     {TALK(GREETING, "\5\2"), TALK(NAMED, OPEN)},
     OK},

    {"SOCKS 4", SOCKS, HOST, {TALK(GREETING, "\0\133")}, INVALID("SOCKS 5")},
    {"HTTP", SOCKS, HOST, {TALK(GREETING, "HTTP/1.1 400 X\r\n\r\n")}, INVALID("SOCKS 5")},
    {"another version", SOCKS, HOST, REPLY("\4\0\0\1\0\0\0\0\0\0"), INVALID("not of SOCKS 5")},
    {"a byte that is not 0", SOCKS, HOST, REPLY("\5\0\1\1\0\0\0\0\0\0"), INVALID("not of SOCKS 5")},
    {"an unknown address", SOCKS, HOST, REPLY("\5\0\0\2\0\0\0\0\0\0"), INVALID("unknown type")},

    {"a failure", SOCKS, HOST, REPLY("\5\1\0\1"), REFUSED("general SOCKS server failure")},
    {"a rule", SOCKS, HOST, REPLY("\5\2\0\1\0\0\0\0\0\0"), REFUSED("not allowed by ruleset")},
    {"the network", SOCKS, HOST, REPLY("\5\3\0\1"), REFUSED("network unreachable")},
    {"the host", SOCKS, HOST, REPLY("\5\4\0\1"), REFUSED("host unreachable")},
    {"the port", SOCKS, HOST, REPLY("\5\5\0\1"), REFUSED("connection refused")},
    {"a long way", SOCKS, HOST, REPLY("\5\6\0\1"), REFUSED("TTL expired")},
    {"no CONNECT", SOCKS, HOST, REPLY("\5\7\0\1"), REFUSED("command not supported")},
    {"no names", SOCKS, HOST, REPLY("\5\10\0\1"), REFUSED("address type not supported")},
    {"an unknown error", SOCKS, HOST, REPLY("\5\11\0\1"), REFUSED("unknown error")},
    {"the last error", SOCKS, HOST, REPLY("\5\377\0\1"), REFUSED("unknown error")},

    {"closed at once", SOCKS, HOST, {TALK(GREETING, "")}, CLOSED},
    {"closed within the choice", SOCKS, HOST, {TALK(GREETING, "\5")}, CLOSED},
    {"closed within the reply", SOCKS, HOST, REPLY("\5\0\0\1\1\2\3\4\0"), CLOSED},
    {"closed within the bound name", SOCKS, HOST, REPLY("\5\0\0\3\377abc"), CLOSED},
    {"silent at once", SOCKS, HOST, {TALK(GREETING, "")}, STALLED},
    {"silent within the choice", SOCKS, HOST, {TALK(GREETING, "\5")}, STALLED},
    {"silent after the choice", SOCKS, HOST, REPLY(""), STALLED},
    {"silent within the reply", SOCKS, HOST, REPLY("\5\0\0\1\1\2\3\4\0"), STALLED},
};

static void socks_proxies(void **state)
{
    (void)state;
    run_proxy_rows(socks_rows, sizeof(socks_rows) / sizeof(socks_rows[0]));
}

/* ---- HTTP ---- */

#define HTTP    "http://p"
#define AGENT   "User-Agent: tcr-probe/" TCRPROBE_VERSION "\r\n"
#define CONNECT "CONNECT hub.test:443 HTTP/1.1\r\nHost: hub.test:443\r\n" AGENT "\r\n"
#define KEY_LINE                                                    \
    "CONNECT hub.test:443 HTTP/1.1\r\nHost: hub.test:443\r\n" AGENT \
    "Proxy-Authorization: Basic dTpwdw==\r\n\r\n"

static const struct proxy_row http_rows[] = {
    {"a tunnel", HTTP, HOST, {TALK(CONNECT, "HTTP/1.1 200 OK\r\n\r\n")}, OK, .status = 200},
    {"a key",
     "http://u:pw@p",
     HOST,
     {TALK(KEY_LINE, "HTTP/1.1 200 OK\r\n\r\n")},
     OK,
     .status = 200},
    {"HTTP/1.0",
     HTTP,
     HOST,
     {TALK(CONNECT, "HTTP/1.0 200 X\r\nVia: x\r\n\r\n")},
     OK,
     .status = 200},
    {"a key is wanted",
     HTTP,
     HOST,
     {TALK(CONNECT, "HTTP/1.1 407 X\r\n\r\n")},
     WANTS_KEY,
     .status = 407},
    {"refused",
     HTTP,
     HOST,
     {TALK(CONNECT, "HTTP/1.1 403 X\r\n\r\n")},
     REFUSED(NULL),
     .status = 403},
    {"204, which is none",
     HTTP,
     HOST,
     {TALK(CONNECT, "HTTP/1.1 204 X\r\n\r\n")},
     REFUSED(NULL),
     .status = 204},
    {"no HTTP", HTTP, HOST, {TALK(CONNECT, "\5\0garbage\r\n\r\n")}, INVALID(NULL)},
    {"closed", HTTP, HOST, {TALK(CONNECT, "")}, CLOSED},
    {"closed in a header", HTTP, HOST, {TALK(CONNECT, "HTTP/1.1 200 OK\r\nA: b")}, CLOSED},
    {"silent", HTTP, HOST, {TALK(CONNECT, "HTTP/1.1 200 OK\r\n")}, STALLED},
};

static void http_proxies(void **state)
{
    (void)state;
    run_proxy_rows(http_rows, sizeof(http_rows) / sizeof(http_rows[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socks_proxies),
        cmocka_unit_test(http_proxies),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
