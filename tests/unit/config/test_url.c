/* SPDX-License-Identifier: MIT */
/* URLs that are accepted, and URLs that are refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/url.h"

static const struct {
    const char *text;
    const char *host; /* NULL: refused */
    unsigned port;
    bool tls;
    const char *path;
} rows[] = {
    {"https://Echo.Example", "echo.example", 443, true, "/"},
    {"HTTP://echo.example:8080/ip?format=json#top", "echo.example", 8080, false, "/ip?format=json"},
    {"http://echo.example?x=/y", "echo.example", 80, false, "/?x=/y"},
    {"https://[fd00::7]:444/a", "fd00::7", 444, true, "/a"},
    {"http://198.51.100.7/", "198.51.100.7", 80, false, "/"},
    {"", NULL, 0, false, NULL},
    {"echo.example/ip", NULL, 0, false, NULL},
    {"ftp://echo.example/", NULL, 0, false, NULL},
    {"http://", NULL, 0, false, NULL},
    {"http:///ip", NULL, 0, false, NULL},
    {"http://user:key@echo.example/", NULL, 0, false, NULL},
    {"http://echo.example\\@evil.example/", NULL, 0, false, NULL},
    {"http://echo.example/a b", NULL, 0, false, NULL},
    {"http://echo.example/\r\nHost: x", NULL, 0, false, NULL},
    {"http://echo.example:0/", NULL, 0, false, NULL},
    {"http://echo.example:99999/", NULL, 0, false, NULL},
    {"http://10.0.0.256/", NULL, 0, false, NULL},
};

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct url url = {0};
        const char *wrong = url_parse(rows[i].text, arena, &url);
        if (!rows[i].host && !wrong)
            fail_msg("%s was taken", rows[i].text);
        if (rows[i].host) {
            if (wrong)
                fail_msg("%s: %s", rows[i].text, wrong);
            assert_string_equal(url.host, rows[i].host);
            assert_int_equal(url.port, rows[i].port);
            assert_int_equal(url.tls, rows[i].tls);
            assert_string_equal(url.path, rows[i].path);
        }
        arena_free(arena);
    }
}

/* Those of RFC 3986 section 5.4 that have no host, with its base, and some with an own one. */
static const struct {
    const char *base; /* NULL: that of the RFC */
    const char *reference;
    const char *path;
} references[] = {
    {NULL, "g", "/b/c/g"},
    {NULL, "./g", "/b/c/g"},
    {NULL, "g/", "/b/c/g/"},
    {NULL, "/g", "/g"},
    {NULL, "?y", "/b/c/d;p?y"},
    {NULL, "g?y", "/b/c/g?y"},
    {NULL, "#s", "/b/c/d;p?q#s"},
    {NULL, "g#s", "/b/c/g#s"},
    {NULL, "g?y#s", "/b/c/g?y#s"},
    {NULL, ";x", "/b/c/;x"},
    {NULL, "g;x?y#s", "/b/c/g;x?y#s"},
    {NULL, "", "/b/c/d;p?q"},
    {NULL, ".", "/b/c/"},
    {NULL, "./", "/b/c/"},
    {NULL, "..", "/b/"},
    {NULL, "../", "/b/"},
    {NULL, "../g", "/b/g"},
    {NULL, "../..", "/"},
    {NULL, "../../g", "/g"},
    {NULL, "../../../g", "/g"},
    {NULL, "/./g", "/g"},
    {NULL, "/../g", "/g"},
    {NULL, "g.", "/b/c/g."},
    {NULL, ".g", "/b/c/.g"},
    {NULL, "g..", "/b/c/g.."},
    {NULL, "..g", "/b/c/..g"},
    {NULL, "./../g", "/b/g"},
    {NULL, "./g/.", "/b/c/g/"},
    {NULL, "g/./h", "/b/c/g/h"},
    {NULL, "g/../h", "/b/c/h"},
    {NULL, "g?y/../x", "/b/c/g?y/../x"},
    {NULL, "g#s/../x", "/b/c/g#s/../x"},
    {"/", "g", "/g"},
    {"/", "..", "/"},
    {"/?a=/b", "g", "/g"},
    {"/a?b", "?", "/a?"},
    {"/", "/a//b/../c", "/a//c"},
};

static void each_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
        struct arena *arena = arena_new(0);
        const char *base = references[i].base ? references[i].base : "/b/c/d;p?q";
        assert_false(url_has_scheme(references[i].reference));
        assert_string_equal(url_resolve_path(base, references[i].reference, arena),
                            references[i].path);
        arena_free(arena);
    }
    assert_true(url_has_scheme("g:h"));
    assert_true(url_has_scheme("https://echo.example/"));
    assert_false(url_has_scheme(":h"));
    assert_false(url_has_scheme("//echo.example:80/"));
}

static void a_location_is_shown_without_secrets(void **state)
{
    static const struct {
        const char *location;
        const char *shown;
    } shown[] = {
        {"https://store.example/layer?sign=S3cr3t#x", "https://store.example/layer"},
        {"https://u:S3cr3t@store.example:8443/", "https://store.example:8443/"},
        {"//u:S3cr3t@store.example/a/../b", "//store.example/b"},
        {"/v2/team/app/manifests/1.4?x", "/v2/team/app/manifests/1.4"},
        {"https://h.example/services/T02AB/S3cr3t0aZ3bY7cX9dW/end",
         "https://h.example/services/T02AB/.../end"},
        {"/t/8f14e45f-ceea-467f-a8c7-0123456789ab", "/t/..."},
        {"8f14e45f-ceea-467f-a8c7-0123456789ab/x", ".../x"},
        {"https://8f14e45f-ceea-467f-a8c7.example/x", "https://8f14e45f-ceea-467f-a8c7.example/x"},
        {"https://docs.example/TencentContainerRegistry/2024-guide-to-pulls/page2",
         "https://docs.example/TencentContainerRegistry/2024-guide-to-pulls/page2"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        struct arena *arena = arena_new(0);
        assert_string_equal(url_shown_location(shown[i].location, arena), shown[i].shown);
        arena_free(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(each_reference),
                                       cmocka_unit_test(a_location_is_shown_without_secrets)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
