/* What is taken of a URL, and what is refused. */

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
