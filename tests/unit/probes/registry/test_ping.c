/* SPDX-License-Identifier: MIT */
/* How an answer to GET /v2/ is classified: a row per kind of answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probes/registry/ping.h"

struct row {
    const char *name;
    struct http_response response;
    enum api_outcome outcome;
    enum challenge_kind challenge;
    uint32_t retry_after;
    const char *client_address;
    const char *location;
};

#define HEADERS(...)                                      \
    .headers = (const struct http_header[]){__VA_ARGS__}, \
    .header_count = sizeof((const struct http_header[]){__VA_ARGS__}) / sizeof(struct http_header)
#define BODY(text) .body = (text), .body_length = sizeof(text) - 1

static const struct row rows[] = {
    {"401 with a bearer challenge",
     {.status = 401, HEADERS({"www-authenticate", "Bearer realm=\"https://a/t\",service=\"s\""})},
     API_REGISTRY,
     CHALLENGE_BEARER,
     0,
     NULL,
     NULL},
    {"401 with basic",
     {.status = 401, HEADERS({"www-authenticate", "Basic realm=\"x\""})},
     API_REGISTRY,
     CHALLENGE_BASIC,
     0,
     NULL,
     NULL},
    {"401 with an empty challenge",
     {.status = 401, HEADERS({"www-authenticate", ""})},
     API_REGISTRY,
     CHALLENGE_EMPTY,
     0,
     NULL,
     NULL},
    {"401 with nonsense as a challenge",
     {.status = 401, HEADERS({"www-authenticate", "Bearer"})},
     API_REGISTRY,
     CHALLENGE_UNPARSABLE,
     0,
     NULL,
     NULL},
    {"bearer is preferred",
     {.status = 401,
      HEADERS({"www-authenticate", "Basic realm=\"x\""},
              {"www-authenticate", "bearer realm=\"https://a/t\""})},
     API_REGISTRY,
     CHALLENGE_BEARER,
     0,
     NULL,
     NULL},
    {"200 with the version header",
     {.status = 200, HEADERS({"docker-distribution-api-version", "registry/2.0"})},
     API_REGISTRY,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"200 with JSON",
     {.status = 200, HEADERS({"content-type", "application/json; charset=utf-8"})},
     API_REGISTRY,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"200 with HTML",
     {.status = 200, HEADERS({"content-type", "text/html"}), BODY("<html>")},
     API_NOT_A_REGISTRY,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"404", {.status = 404}, API_NOT_A_REGISTRY, CHALLENGE_NONE, 0, NULL, NULL},
    {"404 is no registry even with a challenge",
     {.status = 404, HEADERS({"www-authenticate", "Basic realm=\"x\""})},
     API_NOT_A_REGISTRY,
     CHALLENGE_BASIC,
     0,
     NULL,
     NULL},
    {"a redirect keeps where to, without the query",
     {.status = 302, HEADERS({"location", "https://login.example/x?token=secret"})},
     API_NOT_A_REGISTRY,
     CHALLENGE_NONE,
     0,
     NULL,
     "https://login.example/x"},
    {"403 that quotes the client",
     {.status = 403,
      BODY("{\"errors\":[{\"code\":\"DENIED\",\"message\":\"client with IP "
           "'43.1.2.3' is not allowed access.\"}]}")},
     API_FORBIDDEN,
     CHALLENGE_NONE,
     0,
     "43.1.2.3",
     NULL},
    {"403 that quotes an IPv6 client",
     {.status = 403, BODY("client 2402:4e00::7 denied")},
     API_FORBIDDEN,
     CHALLENGE_NONE,
     0,
     "2402:4e00::7",
     NULL},
    {"403 that quotes the registry before the client",
     {.status = 403, BODY("access to 81.69.156.155 is denied: client ip:43.1.2.3.")},
     API_FORBIDDEN,
     CHALLENGE_NONE,
     0,
     "43.1.2.3",
     NULL},
    {"403 of a server whose version looks like an address",
     {.status = 403, BODY("<h1>403 Forbidden</h1><hr><center>openresty/1.21.4.1</center>")},
     API_FORBIDDEN,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"403 without",
     {.status = 403, BODY("version 1.25.3 says no")},
     API_FORBIDDEN,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"429 with seconds",
     {.status = 429, HEADERS({"retry-after", "120"})},
     API_RATE_LIMITED,
     CHALLENGE_NONE,
     120,
     NULL,
     NULL},
    {"429 with nonsense",
     {.status = 429, HEADERS({"retry-after", "soon"})},
     API_RATE_LIMITED,
     CHALLENGE_NONE,
     0,
     NULL,
     NULL},
    {"429 with far too many seconds",
     {.status = 429, HEADERS({"retry-after", "99999999999999999999"})},
     API_RATE_LIMITED,
     CHALLENGE_NONE,
     7 * 24 * 3600,
     NULL,
     NULL},
    {"503", {.status = 503}, API_SERVER_ERROR, CHALLENGE_NONE, 0, NULL, NULL},
    {"malformed", {.outcome = HTTP_MALFORMED}, API_MALFORMED, CHALLENGE_NONE, 0, NULL, NULL},
    {"closed", {.outcome = HTTP_CLOSED, .status = 200}, API_CLOSED, CHALLENGE_NONE, 0, NULL, NULL},
    {"no memory", {.outcome = HTTP_LOCAL}, API_LOCAL, CHALLENGE_NONE, 0, NULL, NULL},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void same_text(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got ? got : "(none)", wanted);
    else
        assert_null(got);
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct arena *arena = arena_new(0);
    struct api_evidence api = {0};
    struct address peer;

    assert_true(address_parse("81.69.156.155", &peer));
    registry_read_ping(&row->response, &peer, arena, arena, &api);
    assert_int_equal(api.outcome, row->outcome);
    assert_int_equal(api.challenge, row->challenge);
    assert_int_equal(api.retry_after, row->retry_after);
    same_text(api.client_address, row->client_address);
    same_text(api.location, row->location);
    arena_free(arena);
}

static void date_header_is_read(void **state)
{
    static const struct http_header headers[] = {{"date", "Tue, 24 Nov 2026 00:16:50 GMT"}};
    const struct http_response response = {.status = 503, .headers = headers, .header_count = 1};
    struct arena *arena = arena_new(0);
    struct api_evidence api = {0};

    (void)state;
    registry_read_ping(&response, NULL, arena, arena, &api);
    assert_int_equal(api.peer_time, 1795479410);
    assert_true(api.local_time > 0);
    arena_free(arena);
}

static int64_t now_seconds; /* of the clock below */

static int64_t wall(void)
{
    return now_seconds * (int64_t)USEC_PER_SEC;
}

/* An answer may have waited unread, and the clock may have been set meanwhile. */
static void a_date_within_the_exchange_is_no_skew(void **state)
{
    static const struct http_header headers[] = {{"date", "Tue, 24 Nov 2026 00:16:50 GMT"}};
    static const struct {
        int64_t asked_at, now, local; /* relative to that date */
    } moments[] = {
        {0, 0, 0},       {-1, 600, 0},    {600, -1, 0},    {300, 301, 300},
        {301, 300, 300}, {-90, -80, -80}, {-80, -90, -80},
    };
    struct clock_source clock = {clock_system.monotonic, wall, NULL};
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        const struct http_response response = {.status = 200,
                                               .asked_at = 1795479410 + moments[i].asked_at,
                                               .headers = headers,
                                               .header_count = 1};
        struct api_evidence api = {0};
        now_seconds = 1795479410 + moments[i].now;
        clock_replace(&clock);
        registry_read_ping(&response, NULL, arena, arena, &api);
        clock_replace(NULL);
        assert_int_equal(api.local_time - api.peer_time, moments[i].local);
    }
    arena_free(arena);
}

static void peer_text_is_escaped(void **state)
{
    static const struct http_header headers[] = {{"server", "a\x1b[31mb\xff"}};
    const struct http_response response = {.status = 200, .headers = headers, .header_count = 1};
    struct arena *arena = arena_new(0);
    struct api_evidence api = {0};

    (void)state;
    registry_read_ping(&response, NULL, arena, arena, &api);
    assert_string_equal(api.server, "a\\x1b[31mb\\xff");
    arena_free(arena);
}

static void host_header_names_the_port_where_it_must(void **state)
{
    struct arena *arena = arena_new(0);
    struct target target = {.host = "r.example", .port = 443};

    (void)state;
    assert_string_equal(registry_host_header(&target, arena), "r.example");
    target.port = 5000;
    assert_string_equal(registry_host_header(&target, arena), "r.example:5000");
    target = (struct target){.host = "2001:db8::1", .port = 5000, .host_is_address = true};
    target.address.family = AF_INET6;
    assert_string_equal(registry_host_header(&target, arena), "[2001:db8::1]:5000");
    arena_free(arena);
}

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT + 3] = {
        cmocka_unit_test(date_header_is_read),
        cmocka_unit_test(a_date_within_the_exchange_is_no_skew),
        cmocka_unit_test(peer_text_is_escaped),
        cmocka_unit_test(host_header_names_the_port_where_it_must),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[3 + i] = (struct CMUnitTest){.name = rows[i].name,
                                           .test_func = run_row,
                                           .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
