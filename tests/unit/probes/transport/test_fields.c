/* SPDX-License-Identifier: MIT */
/*
 * Small parsers of HTTP and of base64, each with its edges; and each reader of a peer's JSON
 * tells a greedy peer from a shortage here.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/clock.h"
#include "config/base/memory.h"
#include "probes/registry/base64.h"
#include "probes/registry/credentials.h"
#include "probes/registry/manifest.h"
#include "probes/registry/peer_json.h"
#include "probes/registry/token.h"
#include "probes/transport/http_fields.h"
#include "tests/support.h"

#define NOW 1700000000 /* Tue, 14 Nov 2023 22:13:20 GMT */

static usec_t fake_monotonic(void)
{
    return 0;
}

static int64_t fake_wall(void)
{
    return (int64_t)NOW * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fake_clock = {fake_monotonic, fake_wall, NULL};

/* ---- HTTP ---- */

static void retry_after_is_seconds_or_a_date(void **state)
{
    static const struct {
        const char *value; /* NULL: no such header */
        uint32_t seconds;
    } rows[] = {
        {NULL, 0},
        {"", 0},
        {"0", 0},
        {"120", 120},
        {"604800", 604800},
        {"604801", 604800},
        {"120 s", 0},
        {"-1", 0},
        {"Tue, 14 Nov 2023 22:14:20 GMT", 60},
        {"Tue, 14 Nov 2023 22:13:20 GMT", 0}, /* now */
        {"Tue, 14 Nov 2023 22:13:19 GMT", 0}, /* gone by */
        {"Tue, 21 Nov 2023 22:13:20 GMT", 604800},
        {"Tue, 21 Nov 2023 22:13:21 GMT", 0}, /* too far to be meant */
        {"Tue, 14 Nov 2023 22:14:20 GMT+1", 0},
        {"Tue, 14 Nov 2023 22:14:20", 0},
    };

    (void)state;
    clock_replace(&fake_clock);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_header headers[] = {{"date", "x"}, {"retry-after", rows[i].value}};
        const struct http_response response = {.header_count = rows[i].value ? 2 : 1,
                                               .headers = headers};
        if (http_retry_after(&response) != rows[i].seconds)
            fail_msg("%s: %u", rows[i].value, http_retry_after(&response));
    }
    clock_replace(NULL);
    assert_int_equal(http_date(NULL), 0);
}

static void the_first_address_of_a_body_is_found(void **state)
{
    static const struct {
        const char *body;
        const char *address;
    } rows[] = {
        {"client with IP '192.0.2.7' is not allowed", "192.0.2.7"},
        {"2001:DB8::7", "2001:db8::7"},
        {"(192.0.2.7).", "192.0.2.7"},
        {"your address is 192.0.2.7.", "192.0.2.7"},
        {"client ip:192.0.2.7", "192.0.2.7"},
        {"source:192.0.2.7:51234 rejected", "192.0.2.7"},
        {"[2001:db8::7]:443", "2001:db8::7"},
        {"from 2001:db8::7: no", "2001:db8::7"},
        {"<center>openresty/1.21.4.1</center>", NULL}, /* a version */
        {"v1.21.4.1, 1.21.4.1-rc1, 1.21.4.1b", NULL},
        {"not in 10.0.0.0/8", NULL},
        {"0.0.0.0 and 127.0.0.1 are nobody, 192.0.2.7 is", "192.0.2.7"},
        {"no way from 192.0.2.7 to 198.51.100.1", "192.0.2.7"},
        {"GET http://192.0.2.8/v2/ by 192.0.2.7", "192.0.2.7"},
        {"198.51.100.1 refuses 192.0.2.7", "192.0.2.7"}, /* the server itself */
        {"1.1.1.1", "1.1.1.1"},
        {"at 12:30 from 198.51.100.9, or 192.0.2.7", "198.51.100.9"},
        {"bad: 192.0.2.777 good: 192.0.2.7\n", "192.0.2.7"},
        {"deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef 192.0.2.7", "192.0.2.7"},
        {"0.0.0", NULL},
        {"", NULL},
        {NULL, NULL},
    };
    static char late[5000];
    struct arena *arena = arena_new(0);
    struct address server;

    (void)state;
    assert_true(address_parse("198.51.100.1", &server));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct http_response response = {
            .body = rows[i].body, .body_length = rows[i].body ? strlen(rows[i].body) : 0};
        const char *found = http_body_address(&response, &server, arena);
        assert_string_equal(found ? found : "none", rows[i].address ? rows[i].address : "none");
    }
    memset(late, ' ', sizeof(late) - 1);
    memcpy(late + 4090, "192.0.2.7", 9); /* cut by the limit, it is another address or none */
    assert_null(http_body_address(
        &(struct http_response){.body = late, .body_length = sizeof(late) - 1}, NULL, arena));
    arena_free(arena);
}

static void hosts_and_redirects(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *header;
    } rows[] = {
        {"a.example", 443, "a.example"},
        {"a.example", 80, "a.example:80"},
        {"fd00::7", 443, "[fd00::7]"},
        {"fd00::7", 5000, "[fd00::7]:5000"},
    };
    static const unsigned redirects[] = {301, 302, 303, 307, 308};
    static const unsigned others[] = {200, 300, 304, 305, 306, 309, 400};
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(http_host_header(rows[i].host, rows[i].port, 443, arena),
                            rows[i].header);
    for (size_t i = 0; i < sizeof(redirects) / sizeof(redirects[0]); i++)
        assert_true(http_is_redirect(redirects[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(http_is_redirect(others[i]));
    arena_free(arena);
}

/* ---- base64 ---- */

static void base64_in_both_alphabets(void **state)
{
    static const struct {
        const char *text;
        const char *bytes; /* NULL: refused */
    } rows[] = {
        {"", ""},        {"Zg==", "f"},   {"Zg", "f"},          {"Zm8=", "fo"},  {"Zm9v", "foo"},
        {"Pz8_", "???"}, {"Pz8/", "???"}, {"fn5-", "~~~"},      {"fn5+", "~~~"}, {"Zm9vYg", "foob"},
        {"====", ""},    {"Z", NULL},     {"Zm9vY", NULL},      {"Zm 9v", NULL}, {"Zm9v\n", NULL},
        {"Z=9v", NULL},  {"Zm9!", NULL},  {"\xc3\xa4Zm", NULL}, {" Zm9", NULL},
    };
    struct arena *arena = arena_new(0);
    struct arena *full = arena_new(1);
    size_t length;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        length = 99;
        const char *bytes = base64_decode(rows[i].text, strlen(rows[i].text), arena, &length);
        assert_string_equal(bytes ? bytes : "none", rows[i].bytes ? rows[i].bytes : "none");
        if (bytes)
            assert_int_equal(length, strlen(rows[i].bytes));
    }
    assert_string_equal(base64_encode("foob", 4, arena), "Zm9vYg==");
    assert_null(base64_decode("Zm9v", 4, full, &length));
    assert_null(base64_encode("foob", 4, full));
    arena_free(arena);
    arena_free(full);
}

/* ---- readers of JSON ---- */

enum answer { ANSWER_FINE, ANSWER_GREEDY, ANSWER_LOCAL, ANSWER_OTHER };

static enum answer read_token(const char *body, size_t length, struct arena *arena)
{
    const char *token;
    const char *error;
    enum token_result result = token_parse(body, length, false, arena, &token, &error);

    return result == TOKEN_OK          ? ANSWER_FINE
           : result == TOKEN_TOO_LARGE ? ANSWER_GREEDY
           : result == TOKEN_LOCAL     ? ANSWER_LOCAL
                                       : ANSWER_OTHER;
}

static enum answer read_manifest(const char *body, size_t length, struct arena *arena)
{
    struct platform platform = {.os = "linux", .architecture = "amd64"};
    struct manifest manifest;
    const char *error;
    enum manifest_result result =
        manifest_parse(body, length, MEDIA_MANIFEST, &platform, arena, &manifest, &error);

    return result == MANIFEST_IS_IMAGE && manifest.layer_count ? ANSWER_FINE
           : result == MANIFEST_IS_TOO_LARGE                   ? ANSWER_GREEDY
           : result == MANIFEST_NO_MEMORY                      ? ANSWER_LOCAL
                                                               : ANSWER_OTHER;
}

static enum answer read_key(const char *body, size_t length, struct arena *arena)
{
    struct keyring keyring = {0};
    const char *error = keyring_parse(&keyring, body, length, arena);

    return !error                                  ? keyring.count ? ANSWER_FINE : ANSWER_OTHER
           : strcmp(error, "it is too large") == 0 ? ANSWER_GREEDY
           : strcmp(error, "out of memory") == 0   ? ANSWER_LOCAL
                                                   : ANSWER_OTHER;
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct reader {
    const char *name;
    enum answer (*read)(const char *body, size_t length, struct arena *arena);
    const char *body;
} readers[] = {
    {"token", read_token, "{\"access_token\":\"0123456789abcdef0123456789abcdef\"}"},
    {"manifest", read_manifest,
     "{\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" DIGEST
     "\",\"size\":7},\"layers\":[{\"digest\":\"" DIGEST "\",\"size\":3}]}"},
    {"key", read_key, "{\"auths\":{\"r.example\":{\"auth\":\"dXNlcjpwYXNzd29yZA==\"}}}"},
};

static void greedy_json_is_refused(void **state)
{
    char *greedy = malloc(PEER_JSON_MAX_TEXT);
    uint64_t before = memory_failures();

    (void)state;
    for (size_t i = 0; i < PEER_JSON_MAX_TEXT; i++)
        greedy[i] = i == 0 ? '[' : "{},"[(i - 1) % 3];
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        struct arena *arena = arena_new(0);
        if (readers[i].read(greedy, PEER_JSON_MAX_TEXT, arena) != ANSWER_GREEDY)
            fail_msg("%s", readers[i].name);
        arena_free(arena);
    }
    assert_true(memory_failures() == before);
    free(greedy);
}

/* This machine's fault is never the peer's. */
static void short_memory_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        unsigned long failing;
        bool failed = true;
        for (failing = 1; failed; failing++) {
            struct arena *arena = arena_new(0);
            fault_begin(failing);
            enum answer answer = readers[i].read(readers[i].body, strlen(readers[i].body), arena);
            failed = fault_end();
            /* A run looks at the arena too, because the arena has the last word. */
            if (answer != (failed ? ANSWER_LOCAL : ANSWER_FINE) && !arena_failed(arena))
                fail_msg("%s, allocation %lu: %d", readers[i].name, failing, (int)answer);
            arena_free(arena);
        }
        assert_true(failing > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(the_first_address_of_a_body_is_found),
        cmocka_unit_test(hosts_and_redirects),
        cmocka_unit_test(base64_in_both_alphabets),
        cmocka_unit_test(greedy_json_is_refused),
        cmocka_unit_test(short_memory_is_told),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
