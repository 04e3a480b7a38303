/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "probes/evidence/address_class.h"

static const struct {
    const char *address;
    enum address_class expected;
    const char *rule; /* how it starts */
} rows[] = {
    {"9.255.255.255", CLASS_PUBLIC, "no special"},
    {"10.0.0.0", CLASS_PRIVATE, "10.0.0.0/8 (RFC 1918)"},
    {"10.255.255.255", CLASS_PRIVATE, "10.0.0.0/8"},
    {"11.0.0.0", CLASS_PUBLIC, "no special"},
    {"172.15.255.255", CLASS_PUBLIC, "no special"},
    {"172.16.0.0", CLASS_PRIVATE, "172.16.0.0/12"},
    {"172.31.255.255", CLASS_PRIVATE, "172.16.0.0/12"},
    {"172.32.0.0", CLASS_PUBLIC, "no special"},
    {"192.168.0.0", CLASS_PRIVATE, "192.168.0.0/16"},
    {"192.169.0.0", CLASS_PUBLIC, "no special"},
    {"100.63.255.255", CLASS_PUBLIC, "no special"},
    {"100.64.0.0", CLASS_PROVIDER, "100.64.0.0/10"},
    {"100.127.255.255", CLASS_PROVIDER, "100.64.0.0/10"},
    {"100.128.0.0", CLASS_PUBLIC, "no special"},
    {"169.254.0.47", CLASS_PROVIDER, "169.254.0.0/16"},
    {"169.253.255.255", CLASS_PUBLIC, "no special"},
    {"0.0.0.0", CLASS_BOGUS, "0.0.0.0/8"},
    {"1.0.0.0", CLASS_PUBLIC, "no special"},
    {"127.0.0.1", CLASS_BOGUS, "127.0.0.0/8"},
    {"128.0.0.0", CLASS_PUBLIC, "no special"},
    {"192.0.0.8", CLASS_BOGUS, "192.0.0.0/24"},
    {"192.0.0.9", CLASS_PUBLIC, "192.0.0.9/32"},
    {"192.0.0.10", CLASS_PUBLIC, "192.0.0.10/32"},
    {"192.0.1.0", CLASS_PUBLIC, "no special"},
    {"192.0.2.1", CLASS_BOGUS, "192.0.2.0/24"},
    {"192.0.3.0", CLASS_PUBLIC, "no special"},
    {"198.18.0.0", CLASS_PRIVATE, "198.18.0.0/15"},
    {"198.19.255.255", CLASS_PRIVATE, "198.18.0.0/15"},
    {"198.20.0.0", CLASS_PUBLIC, "no special"},
    {"198.51.100.1", CLASS_BOGUS, "198.51.100.0/24"},
    {"198.51.101.1", CLASS_PUBLIC, "no special"},
    {"203.0.113.1", CLASS_BOGUS, "203.0.113.0/24"},
    {"203.0.114.1", CLASS_PUBLIC, "no special"},
    {"223.255.255.255", CLASS_PUBLIC, "no special"},
    {"224.0.0.1", CLASS_BOGUS, "224.0.0.0/4"},
    {"240.0.0.1", CLASS_PRIVATE, "240.0.0.0/4"},
    {"255.255.255.255", CLASS_BOGUS, "255.255.255.255/32"},
    {"::", CLASS_BOGUS, "::/128"},
    {"::1", CLASS_BOGUS, "::1/128"},
    {"::2", CLASS_BOGUS, "::/96 (IPv4-compatible"},
    {"::10.1.2.3", CLASS_BOGUS, "::/96"},
    {"::255.255.255.255", CLASS_BOGUS, "::/96"},
    {"::1:0:0", CLASS_PUBLIC, "no special"},
    {"fc00::1", CLASS_PRIVATE, "fc00::/7"},
    {"fdff::1", CLASS_PRIVATE, "fc00::/7"},
    {"fe00::1", CLASS_PUBLIC, "no special"},
    {"fe80::1", CLASS_BOGUS, "fe80::/10"},
    {"ff02::1", CLASS_BOGUS, "ff00::/8"},
    {"2001:db8::1", CLASS_BOGUS, "2001:db8::/32"},
    {"2001:db9::1", CLASS_PUBLIC, "no special"},
    {"100::1", CLASS_BOGUS, "100::/64"},
    {"100:0:0:2::1", CLASS_PUBLIC, "no special"},
    {"64:ff9b:1::1", CLASS_PRIVATE, "64:ff9b:1::/48"},
    {"64:ff9b:1:0:a:102:300:0", CLASS_PRIVATE, "64:ff9b:1::/48"},
    {"64:ff9b:1::43.1.2.3", CLASS_PUBLIC, "no special"},
    {"64:ff9b:1:fffe::10.1.2.3", CLASS_PRIVATE, "10.0.0.0/8"},
    {"64:ff9b:1::127.0.0.1", CLASS_BOGUS, "127.0.0.0/8"},
    {"3fff:fff::1", CLASS_BOGUS, "3fff::/20"},
    {"5f00::1", CLASS_BOGUS, "5f00::/16"},
    {"2001::1", CLASS_BOGUS, "2001::/23"},
    {"2001:20::1", CLASS_PUBLIC, "2001:20::/28"},
    {"2402:4e00::1", CLASS_PUBLIC, "no special"},
    {"::ffff:10.1.2.3", CLASS_PRIVATE, "10.0.0.0/8"},
    {"::ffff:127.0.0.1", CLASS_BOGUS, "127.0.0.0/8"},
    {"::ffff:43.1.2.3", CLASS_PUBLIC, "no special"},
    {"64:ff9b::10.1.2.3", CLASS_PRIVATE, "10.0.0.0/8"},
    {"64:ff9b::169.254.0.47", CLASS_PROVIDER, "169.254.0.0/16"},
    {"64:ff9b::43.1.2.3", CLASS_PUBLIC, "no special"},
};

static struct address parse(const char *text)
{
    struct address address = {0};

    if (!address_parse(text, &address))
        fail_msg("%s is not an address", text);
    return address;
}

static void special_purpose_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address = parse(rows[i].address);
        const char *rule = NULL;
        enum address_class got = address_classify(&address, NULL, NULL, &rule);
        if (got != rows[i].expected || strncmp(rule, rows[i].rule, strlen(rows[i].rule)) != 0)
            fail_msg("%s: got %s by %s", rows[i].address, address_class_name(got), rule);
    }
}

static void check_configured(const struct network_settings *network, const char *text,
                             enum address_class expected, const char *expected_rule)
{
    struct arena *arena = arena_new(0);
    struct address address = parse(text);
    const char *rule = NULL;

    assert_non_null(arena);
    assert_int_equal(address_classify(&address, network, arena, &rule), expected);
    assert_string_equal(rule, expected_rule);
    assert_int_equal(address_classify(&address, network, NULL, NULL), expected);
    arena_free(arena);
}

static void configured_ranges_come_first(void **state)
{
    struct network_settings network = {.private_range_count = 1, .provider_range_count = 2};

    (void)state;
    assert_true(range_parse("127.0.0.0/8", &network.private_ranges[0]));
    assert_true(range_parse("9.0.0.0/8", &network.provider_ranges[0]));
    assert_true(range_parse("127.1.0.0/16", &network.provider_ranges[1]));
    check_configured(&network, "127.1.0.1", CLASS_PRIVATE, "configured private_ranges 127.0.0.0/8");
    check_configured(&network, "::ffff:127.0.0.1", CLASS_PRIVATE,
                     "configured private_ranges 127.0.0.0/8");
    check_configured(&network, "9.1.2.3", CLASS_PROVIDER, "configured provider_ranges 9.0.0.0/8");
    check_configured(&network, "10.1.2.3", CLASS_PRIVATE, "10.0.0.0/8 (RFC 1918)");
}

static void metadata_services(void **state)
{
    static const char *const services[] = {"169.254.0.23", "169.254.169.254", "100.100.100.200",
                                           "fd00:ec2::254", "::ffff:169.254.169.254"};
    static const char *const others[] = {"169.254.0.47", "169.254.0.24", "fd00:ec2::253",
                                         "10.0.0.1"};

    (void)state;
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        struct address address = parse(services[i]);
        assert_true(address_is_metadata(&address));
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct address address = parse(others[i]);
        assert_false(address_is_metadata(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_purpose_ranges),
        cmocka_unit_test(configured_ranges_come_first),
        cmocka_unit_test(metadata_services),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
