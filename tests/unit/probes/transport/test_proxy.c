/* SPDX-License-Identifier: MIT */
#include "probes/transport/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- NO_PROXY ---- */

static const struct {
    const char *entry;
    const char *host;
    uint16_t port;
    bool matches;
} entries[] = {
    {"*", "a.test", 443, true},
    {"a.test", "a.test", 443, true},
    {"A.Test", "a.test", 443, true},
    {"a.test", "b.a.test", 443, true},
    {"a.test", "ba.test", 443, false},
    {".a.test", "a.test", 443, false},
    {".a.test", "b.a.test", 443, true},
    {"*.a.test", "a.test", 443, false},
    {"*.a.test", "b.a.test", 443, true},
    {"a.test:443", "a.test", 443, true},
    {"a.test:443", "a.test", 5000, false},
    {".a.test:5000", "b.a.test", 5000, true},
    {"10.0.0.0/8", "10.1.2.3", 443, true},
    {"10.0.0.0/8", "11.1.2.3", 443, false},
    {"10.1.2.3/8", "10.9.9.9", 443, true},
    {"10.0.0.0/8", "10.test", 443, false},
    {"10.0.0.0/33", "10.1.2.3", 443, false},
    {"10.1.2.3", "10.1.2.3", 443, true},
    {"10.1.2.3:5000", "10.1.2.3", 443, false},
    {"fd00::/8", "fd00::1", 443, true},
    {"[fd00::1]:443", "fd00::1", 443, true},
    {"fd00::1", "fd00::1", 443, true},
    {"[fd00::1]", "fd00::1", 443, false},
    {"[a.test]", "a.test", 443, false},
    {"[a.test]:443", "a.test", 443, true},
    {"a.test:", "a.test", 443, true},
    {"10.1.2.3:", "10.1.2.3", 443, true},
    {"::ffff:10.1.2.3", "10.1.2.3", 443, true},
    {"::ffff:10.1.0.0/112", "10.1.2.3", 443, true},
    {"::ffff:10.2.0.0/112", "10.1.2.3", 443, false},
    {"", "a.test", 443, false},
    {":443", "a.test", 443, false},
    {".", "a.test", 443, false},
    {"[", "a.test", 443, false},
    {"/8", "10.0.0.1", 443, false},
};

static void no_proxy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        if (proxy_entry_matches(entries[i].entry, entries[i].host, entries[i].port) !=
            entries[i].matches)
            fail_msg("%s for %s:%u", entries[i].entry, entries[i].host, (unsigned)entries[i].port);
}

/* ---- the choice ---- */

struct choice_row {
    const char *setting; /* of proxy */
    const char *https_proxy;
    const char *https_proxy_lower;
    const char *no_proxy;
    const char *no_proxy_setting;
    enum profile profile;
    const char *host;
    const char *shown; /* NULL: no proxy */
    const char *source;
};

static const struct choice_row choices[] = {
    {.host = "hub.test"},
    {.host = "hub.test",
     .https_proxy = "http://p:3128",
     .shown = "http://p:3128",
     .source = "HTTPS_PROXY"},
    {.host = "hub.test",
     .https_proxy_lower = "p:3128",
     .shown = "http://p:3128",
     .source = "https_proxy"},
    {.host = "hub.test",
     .https_proxy = "http://p",
     .shown = "http://p:80",
     .source = "HTTPS_PROXY"},
    {.host = "hub.test",
     .https_proxy = "http://u:s%40c@p:1",
     .shown = "http://p:1",
     .source = "HTTPS_PROXY"},
    {.host = "hub.test", .https_proxy = "none", .shown = "http://none:80", .source = "HTTPS_PROXY"},
    {.host = "hub.test", .https_proxy = "http://p:1\n"},
    {.host = "hub.test", .https_proxy = "http://p:1", .no_proxy = "x, .test ,y"},
    {.host = "hub.test",
     .https_proxy = "http://p:1",
     .no_proxy = "x",
     .shown = "http://p:1",
     .source = "HTTPS_PROXY"},
    {.host = "localhost", .https_proxy = "http://p:1"},
    {.host = "127.0.0.1", .https_proxy = "http://p:1"},
    {.host = "::1", .https_proxy = "http://p:1"},
    {.host = "hub.test", .https_proxy = "http://p:1", .setting = "none"},
    {.host = "hub.test", .https_proxy = "http://p:1", .profile = PROFILE_TKE_SERVERLESS},
    {.host = "hub.test",
     .setting = "http://q:2",
     .profile = PROFILE_TKE_SERVERLESS,
     .shown = "http://q:2",
     .source = "proxy"},
    {.host = "hub.test",
     .setting = "http://q:2",
     .no_proxy = "hub.test",
     .shown = "http://q:2",
     .source = "proxy"},
    {.host = "hub.test", .setting = "http://q:2", .no_proxy_setting = "hub.test"},
    {.host = "hub.test",
     .https_proxy = "http://p:1",
     .no_proxy = "hub.test",
     .no_proxy_setting = "other",
     .shown = "http://p:1",
     .source = "HTTPS_PROXY"},
};

static void set_variable(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void check_choice(const struct choice_row *row, struct arena *arena)
{
    struct network_settings network = {.profile = row->profile,
                                       .proxy = row->setting ? row->setting : "auto",
                                       .no_proxy_count = row->no_proxy_setting != NULL,
                                       .no_proxy = &row->no_proxy_setting};
    struct proxy_choice choice;

    set_variable("HTTPS_PROXY", row->https_proxy);
    set_variable("https_proxy", row->https_proxy_lower);
    set_variable("NO_PROXY", row->no_proxy);
    set_variable("no_proxy", NULL);
    assert_null(proxy_choose(&network, NULL, row->host, 443, true, arena, &choice));
    assert_int_equal(choice.used, row->shown != NULL);
    if (!row->shown)
        return;
    assert_string_equal(choice.url.shown, row->shown);
    assert_string_equal(choice.source, row->source);
    assert_null(choice.unsupported);
}

static void choices_of_go(void **state)
{
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        check_choice(&choices[i], arena);
    arena_free(arena);
}

static void proxies_of_other_kinds_are_named(void **state)
{
    struct network_settings network = {.proxy = "https://p"};
    struct arena *arena = arena_new(0);
    struct proxy_choice choice;

    (void)state;
    assert_null(proxy_choose(&network, NULL, "hub.test", 443, true, arena, &choice));
    assert_true(choice.used);
    assert_null(choice.unsupported);
    assert_int_equal(choice.url.port, 443);
    assert_null(proxy_choose(&network, NULL, "hub.test", 80, false, arena, &choice));
    assert_non_null(choice.unsupported);
    network.proxy = "socks5://p";
    assert_null(proxy_choose(&network, NULL, "hub.test", 443, true, arena, &choice));
    assert_null(choice.unsupported);
    assert_int_equal(choice.url.port, 1080);
    arena_free(arena);
}

/* What clients of Go make of the value of a variable. */
static const struct {
    const char *value;
    const char *shown; /* NULL: no proxy */
    const char *older_host;
    bool is_odd;
} values[] = {
    {"http://p:3128#x", "http://p:3128", NULL, false},
    {"SOCKS5://p", "socks5://p:1080", NULL, false},
    {"socks5h://p", "socks5://p:1080", "socks5h", false},
    {"ftp://p:1", "http://p:1", "ftp", false},
    {"http://fd00::1:3", "http://[fd00::1]:3", NULL, false},
    {"http://[fd00::1%25lo]:3", "http://[fd00::1]:3", NULL, false},
    {":3128", "http://:3128", NULL, false},
    {"http://:3128", "http://http:80", NULL, false},
    {"http://p:3128 ", "http://http:80", NULL, false},
    {"http://p:port", "http://http:80", NULL, false},
    {"http://u:p{q@p:1", "http://http:80", NULL, false},
    {"\"http://p:1\"", "http://\"http:80", NULL, true},
    {"http:/p:1", "http://http:80", NULL, false},
    {"direct://", "http://direct:80", NULL, false},
    {"http://p:70000", "http://p:0", NULL, false},
    {" http://p", NULL, NULL, false},
    {"http://p\t", NULL, NULL, false},
    {"http://u:%zz@p", NULL, NULL, false},
};

static void values_of_variables(void **state)
{
    struct arena *arena = arena_new(0);
    struct proxy_url url;
    bool used;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_null(proxy_url_of_variable(values[i].value, arena, &used, &url));
        if (used != (values[i].shown != NULL))
            fail_msg("%s: used %d", values[i].value, used);
        if (!used)
            continue;
        assert_string_equal(url.shown, values[i].shown);
        assert_int_equal(url.host_is_odd, values[i].is_odd);
        assert_int_equal(url.older_host != NULL, values[i].older_host != NULL);
        if (url.older_host)
            assert_string_equal(url.older_host, values[i].older_host);
    }
    arena_free(arena);
}

static void user_information(void **state)
{
    struct arena *arena = arena_new(0);
    struct proxy_url url;

    (void)state;
    assert_null(proxy_url_parse("http://u%3A:p@s%25:s@Proxy.test:8080/x", arena, &url));
    assert_string_equal(url.user, "u:");
    assert_string_equal(url.password, "p@s%:s");
    assert_string_equal(url.host, "proxy.test");
    assert_string_equal(url.shown, "http://proxy.test:8080");
    assert_null(proxy_url_parse("http://u@[fd00::1]:3", arena, &url));
    assert_string_equal(url.password, "");
    assert_true(url.host_is_address);
    assert_null(proxy_url_parse("http://p:", arena, &url));
    assert_string_equal(url.shown, "http://p:80");
    assert_null(proxy_url_parse("https://[fd00::1]:/", arena, &url));
    assert_string_equal(url.shown, "https://[fd00::1]:443");
    assert_non_null(proxy_url_parse("http://:", arena, &url));
    assert_non_null(proxy_url_parse("http://u%0@p", arena, &url));
    assert_non_null(proxy_url_parse("http://u%00@p", arena, &url));
    assert_non_null(proxy_url_parse("ftp://p", arena, &url));
    assert_non_null(proxy_url_parse("http://", arena, &url));
    assert_non_null(proxy_url_parse("http://p q", arena, &url));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_proxy),
        cmocka_unit_test(choices_of_go),
        cmocka_unit_test(proxies_of_other_kinds_are_named),
        cmocka_unit_test(values_of_variables),
        cmocka_unit_test(user_information),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
