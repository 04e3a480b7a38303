/* SPDX-License-Identifier: MIT */
/* Request heads that are accepted, and those that are refused with a status. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/endpoint/http_request.h"

struct row {
    const char *name;
    const char *head;
    size_t length; /* 0: of the text */
    unsigned refused;
};

#define H "Host: localhost\r\n"

static struct row rows[] = {
    {"plain", "GET /livez HTTP/1.1\r\n" H "\r\n", 0, 0},
    {"1.0 without host", "GET / HTTP/1.0\r\n\r\n", 0, 0},
    {"head", "HEAD / HTTP/1.1\r\n" H "\r\n", 0, 0},
    {"post", "POST /probe HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n", 0, 0},
    {"put", "PUT / HTTP/1.1\r\n" H "\r\n", 0, 0}, /* the handler knows which are allowed */
    {"options", "OPTIONS / HTTP/1.1\r\n" H "\r\n", 0, 0},
    {"options of the server", "OPTIONS * HTTP/1.1\r\n" H "\r\n", 0, 0},
    {"asterisk", "GET * HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"body too large", "POST / HTTP/1.1\r\n" H "Content-Length: 1025\r\n\r\n", 0, 413},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 0, 400},
    {"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, 400},
    {"blank host", "GET / HTTP/1.1\r\nHost: \t \r\n\r\n", 0, 400},
    {"two hosts", "GET / HTTP/1.1\r\n" H H "\r\n", 0, 400},
    {"two origins",
     "POST / HTTP/1.1\r\n" H "Origin: http://evil.example\r\nOrigin: http://localhost\r\n\r\n", 0,
     400},
    {"two sites",
     "POST / HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: none\r\n\r\n", 0, 400},
    {"two lengths", "GET / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 0,
     400},
    {"signed length", "GET / HTTP/1.1\r\n" H "Content-Length: +0\r\n\r\n", 0, 400},
    {"transfer encoding", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n", 0, 400},
    {"unknown encoding", "GET / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 0, 400},
    {"folded", "GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 0, 400},
    {"space before colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 0, 400},
    {"bare lf", "GET / HTTP/1.1\n" H "\r\n", 0, 400},
    {"bare cr", "GET / HTTP/1.1\r\nX: a\rb\r\n" H "\r\n", 0, 400},
    {"nul", "GET / HTTP/1.1\r\nX: a\0b\r\n" H "\r\n",
     sizeof("GET / HTTP/1.1\r\nX: a\0b\r\n" H "\r\n") - 1, 400},
    {"8-bit in the path", "GET /\xff HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"absolute form", "GET http://localhost/ HTTP/1.1\r\n" H "\r\n", 0, 400},
    {"1.9", "GET / HTTP/1.9\r\n" H "\r\n", 0, 400},
    {"2.0 preface", "PRI * HTTP/2.0\r\n\r\n", 0, 400},
    {"0.9", "GET /\r\n\r\n", 0, 400},
    {"empty", "\r\n\r\n", 0, 400},
    {"tls", "\x16\x03\x01\x02\r\n\r\n", 0, 400},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void run_row(void **state)
{
    const struct row *row = *state;
    char head[HTTP_REQUEST_MAX_HEAD + 1] = "";
    size_t length = row->length ? row->length : strlen(row->head);
    struct http_request_head parsed;

    memcpy(head, row->head, length);
    assert_int_equal(http_request_head_length(head, length), length);
    assert_int_equal(http_request_parse(head, length, &parsed), row->refused);
}

static void other_sites_cannot_post(void **state)
{
    static const struct {
        const char *head;
        bool cross_site;
    } cases[] = {
        {"POST / HTTP/1.1\r\n" H "\r\n", false}, /* curl */
        {"POST / HTTP/1.1\r\n" H "Origin: http://localhost\r\n\r\n", false},
        {"POST / HTTP/1.1\r\nHost: A.b:9447\r\nOrigin: https://a.B:9447\r\n\r\n", false},
        {"POST / HTTP/1.1\r\n" H "Origin: http://evil.example\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Origin: http://localhost:8080\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Origin: http://localhost.evil.example\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Origin: null\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Sec-Fetch-Site: same-site\r\n\r\n", true},
        {"POST / HTTP/1.1\r\n" H "Sec-Fetch-Site: same-origin\r\n\r\n", false},
        {"POST / HTTP/1.1\r\n" H "Sec-Fetch-Site: none\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Sec-Fetch-Site: cross-site\r\n\r\n", false}, /* a link */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char head[HTTP_REQUEST_MAX_HEAD + 1] = "";
        struct http_request_head parsed;
        strcpy(head, cases[i].head);
        assert_int_equal(http_request_parse(head, strlen(head), &parsed), 0);
        if (http_request_is_cross_site(&parsed) != cases[i].cross_site)
            fail_msg("%s", cases[i].head);
    }
}

static void reads_what_is_asked(void **state)
{
    char head[] = "GET /status?target=a HTTP/1.1\r\nhOsT:  [::1]:9447 \r\nAccept: a/b\r\n"
                  "Connection: close\r\n\r\n";
    struct http_request_head parsed;

    (void)state;
    assert_int_equal(http_request_parse(head, sizeof(head) - 1, &parsed), 0);
    assert_string_equal(parsed.method, "GET");
    assert_string_equal(parsed.path, "/status");
    assert_string_equal(parsed.query, "target=a");
    assert_string_equal(parsed.host, "[::1]:9447");
    assert_string_equal(parsed.accept, "a/b");
    assert_false(parsed.keep_alive);
}

static void hosts(void **state)
{
    static const char *const allowed[] = {"probe.example"};
    static const char *const good[] = {
        "127.0.0.1",  "10.1.2.3:9447", "[::1]:9447", "localhost",     "LOCALHOST:80",
        "localhost.", "pod-7",         "pod-7:1",    "probe.example", "Probe.Example.:9447"};
    static const char *const bad[] = {
        "",           "evil.example",       "localhost.evil.example", "localhost:x",
        "pod-7.evil", "probe.example.evil", "127.0.0.1.evil",         ":80"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(http_request_host_allowed(good[i], "pod-7", allowed, 1));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(http_request_host_allowed(bad[i], "pod-7", allowed, 1));
    assert_false(http_request_host_allowed("pod-7", "", NULL, 0));
}

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT + 2] = {
        cmocka_unit_test(other_sites_cannot_post),
        cmocka_unit_test(reads_what_is_asked),
        cmocka_unit_test(hosts),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[2 + i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = run_row, .initial_state = &rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
