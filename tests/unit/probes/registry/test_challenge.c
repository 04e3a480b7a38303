/* SPDX-License-Identifier: MIT */
/* WWW-Authenticate as registries and proxies write it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probes/registry/challenge.h"

static const struct {
    const char *header;
    struct challenge expected;
} rows[] = {
    {"Bearer realm=\"https://a/t\",service=\"s\"",
     {.kind = CHALLENGE_BEARER, .realm = "https://a/t", .service = "s"}},
    {"bEARER REALM=\"https://a/t\" , Service=s",
     {.kind = CHALLENGE_BEARER, .realm = "https://a/t", .service = "s"}},
    {"Bearer realm=\"https://a/t\",scope=\"repository:x:pull,push repository:y:pull\","
     "error=\"insufficient_scope\"",
     {.kind = CHALLENGE_BEARER,
      .realm = "https://a/t",
      .scope = "repository:x:pull,push repository:y:pull",
      .error = "insufficient_scope"}},
    {"Bearer realm=\"a\\\"b\\\\c\" , error=invalid_token",
     {.kind = CHALLENGE_BEARER, .realm = "a\"b\\c", .error = "invalid_token"}},
    {"Bearer realm=\"one\", realm=\"two\"", {.kind = CHALLENGE_BEARER, .realm = "two"}},
    /* The challenge ends at the first thing that is no parameter, because containerd reads it so.
     */
    {"Bearer realm = \"https://a\"", {.kind = CHALLENGE_UNPARSABLE}},
    {"Bearer realm=\"https://a\";service=\"s\"", {.kind = CHALLENGE_BEARER, .realm = "https://a"}},
    {"Bearer realm=https://a,service=s", {.kind = CHALLENGE_BEARER, .realm = "https"}},
    {"Bearer realm=\"https://a\",service=\"s",
     {.kind = CHALLENGE_BEARER, .realm = "https://a", .service = ""}},
    {"Bearer realm=\"\"", {.kind = CHALLENGE_UNPARSABLE, .realm = ""}},
    {"Bearer service=\"s\"", {.kind = CHALLENGE_UNPARSABLE, .service = "s"}},
    {"Bearer", {.kind = CHALLENGE_UNPARSABLE}},
    {"Bearer realm=\"open", {.kind = CHALLENGE_UNPARSABLE, .realm = ""}},
    {"Bearer realm=\"open\\", {.kind = CHALLENGE_UNPARSABLE, .realm = ""}},
    {"Basic realm=\"harbor\"", {.kind = CHALLENGE_BASIC, .realm = "harbor"}},
    {"Basic", {.kind = CHALLENGE_BASIC}},
    {"Basic realm=\"x\", Bearer realm=\"https://a\",service=\"s\"",
     {.kind = CHALLENGE_BASIC, .realm = "x"}}, /* clients read the first of a line only */
    {"Bearer realm=\"https://a\", Basic realm=\"x\"",
     {.kind = CHALLENGE_BEARER, .realm = "https://a"}},
    {"Negotiate YIIJvw==, Basic realm=\"x\"", {.kind = CHALLENGE_UNPARSABLE}},
    {"Digest realm=\"x\", nonce=\"Basic\"", {.kind = CHALLENGE_UNPARSABLE, .realm = "x"}},
    {"", {.kind = CHALLENGE_EMPTY}},
    {" , ", {.kind = CHALLENGE_UNPARSABLE}},
    {"\"", {.kind = CHALLENGE_UNPARSABLE}},
    {"=", {.kind = CHALLENGE_UNPARSABLE}},
    {"Bearer ===", {.kind = CHALLENGE_UNPARSABLE}},
};

static void same(const char *header, const char *name, const char *found, const char *expected)
{
    if (!found != !expected || (found && strcmp(found, expected) != 0))
        fail_msg("%s: %s is %s", header, name, found ? found : "(none)");
}

static void one_header(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct challenge found;
        challenge_parse(rows[i].header, arena, &found);
        if (found.kind != rows[i].expected.kind)
            fail_msg("%s: %s", rows[i].header, challenge_kind_name(found.kind));
        same(rows[i].header, "realm", found.realm, rows[i].expected.realm);
        same(rows[i].header, "service", found.service, rows[i].expected.service);
        same(rows[i].header, "scope", found.scope, rows[i].expected.scope);
        same(rows[i].header, "error", found.error, rows[i].expected.error);
        arena_free(arena);
    }
}

static void a_value_has_a_limit(void **state)
{
    static char header[CHALLENGE_MAX_VALUE + 64];
    struct arena *arena = arena_new(0);
    struct challenge found;

    (void)state;
    memset(header, 'a', sizeof(header) - 1);
    memcpy(header, "Bearer realm=\"", 14);
    header[sizeof(header) - 2] = '"';
    challenge_parse(header, arena, &found);
    assert_int_equal(found.kind, CHALLENGE_UNPARSABLE);
    arena_free(arena);
}

static void several_headers(void **state)
{
    static const struct http_header headers[] = {
        {"www-authenticate", "Negotiate"},
        {"date", "x"},
        {"www-authenticate", "Bearer realm=\"https://a\""},
        {"www-authenticate", "Basic realm=\"b\""},
    };
    static const struct http_header turned[] = {
        {"www-authenticate", "Basic realm=\"b\""},
        {"www-authenticate", "Bearer realm=\"https://a\""},
    };
    const struct http_response response = {.headers = headers, .header_count = 4};
    const struct http_response basic_first = {.headers = turned, .header_count = 2};
    const struct http_response none = {.headers = headers + 1, .header_count = 1};
    struct arena *arena = arena_new(0);
    struct challenge found;

    (void)state;
    challenge_read(&response, arena, &found);
    assert_int_equal(found.kind, CHALLENGE_BEARER);
    assert_string_equal(found.realm, "https://a");
    assert_false(found.basic_first);
    challenge_read(&basic_first, arena, &found);
    assert_int_equal(found.kind, CHALLENGE_BEARER);
    assert_true(found.basic_first);
    challenge_read(&none, arena, &found);
    assert_int_equal(found.kind, CHALLENGE_NONE);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_header),
        cmocka_unit_test(a_value_has_a_limit),
        cmocka_unit_test(several_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
