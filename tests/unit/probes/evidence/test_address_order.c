/* SPDX-License-Identifier: MIT */
/* The order of addresses as Go sorts them (net/addrselect_test.go has the same table). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "probes/evidence/address_order.h"

static const struct {
    const char *first;
    const char *first_source;
    const char *second;
    const char *second_source; /* "": not known */
} rows[] = {
    {"2402:4e00::10", "2402:4e00::1", "10.0.0.1", "10.0.0.2"},
    {"2402:4e00::10", "", "10.0.0.1", ""},
    {"10.0.0.1", "10.0.0.2", "fd00::10", "fd00::1"},
    {"10.0.0.1", "10.0.0.2", "2402:4e00::10", "fd00::1"}, /* from a network of another kind */
    {"fd00::10", "fd00::1", "2402:4e00::10", "fd00::1"},
    {"10.0.0.1", "10.0.0.2", "2002:102:304::1", "2002:506:708::1"},
    {"10.0.0.1", "10.0.0.2", "2001::1", "2001::2"},
    {"2402:4e00::10", "2402:4e00::1", "2002:102:304::1", "2402:4e00::1"},
};

static struct address read_address(const char *text)
{
    struct address address = {0};

    if (*text)
        assert_true(address_parse(text, &address));
    return address;
}

static void first_comes_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address to[] = {read_address(rows[i].first), read_address(rows[i].second)};
        struct address from[] = {read_address(rows[i].first_source),
                                 read_address(rows[i].second_source)};
        struct address_pair first = {&to[0], &from[0]};
        struct address_pair second = {&to[1], &from[1]};
        if (address_order(&first, &second) >= 0 || address_order(&second, &first) <= 0)
            fail_msg("%s before %s", rows[i].first, rows[i].second);
        assert_int_equal(address_order(&first, &first), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(first_comes_first)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
