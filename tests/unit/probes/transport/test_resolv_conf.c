/* SPDX-License-Identifier: MIT */
/* resolv.conf as people, kubelets and DHCP clients write it: a row per file. */

#include <errno.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/transport/hosts_file.h"
#include "probes/transport/resolv_conf.h"

#define MAX_LISTED 9

struct row {
    const char *name;
    const char *file;
    const char *nameservers[MAX_LISTED];
    const char *search[MAX_LISTED];
};

static const struct row rows[] = {
    {"kubelet",
     "search ns.svc.cluster.local svc.cluster.local\nnameserver 10.0.0.2\noptions ndots:5\n",
     {"10.0.0.2:53"},
     {"ns.svc.cluster.local", "svc.cluster.local"}},
    {"empty", "", {NULL}, {NULL}},
    {"no newline at the end", "nameserver 10.0.0.2", {"10.0.0.2:53"}, {NULL}},
    {"two, in order",
     "nameserver 183.60.83.19\nnameserver 183.60.82.98\n",
     {"183.60.83.19:53", "183.60.82.98:53"},
     {NULL}},
    {"more than are asked",
     "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n"
     "nameserver 10.0.0.5\n",
     {"10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"},
     {NULL}},
    {"IPv6", "nameserver 2001:db8::53\n", {"[2001:db8::53]:53"}, {NULL}},
    {"IPv6 with a zone", "nameserver fe80::1%eth0\n", {"[fe80::1]:53"}, {NULL}},
    {"comments",
     "# nameserver 10.0.0.1\n; nameserver 10.0.0.2\nnameserver 10.0.0.3 # the VPC's\n",
     {"10.0.0.3:53"},
     {NULL}},
    {"CRLF", "search a.example\r\nnameserver 10.0.0.2\r\n\r\n", {"10.0.0.2:53"}, {"a.example"}},
    {"tabs and blanks", "  nameserver\t 10.0.0.2  \n\n\n", {"10.0.0.2:53"}, {NULL}},
    {"not an address",
     "nameserver dns.example\nnameserver 10.0.0.256\nnameserver\nnameserver 10.0.0.2\n",
     {"10.0.0.2:53"},
     {NULL}},
    {"a longer keyword", "nameservers 10.0.0.1\nxnameserver 10.0.0.2\n", {NULL}, {NULL}},
    {"the last search counts",
     "search a.example b.example\nsearch c.example\n",
     {NULL},
     {"c.example"}},
    {"domain replaces search", "search a.example\ndomain b.example\n", {NULL}, {"b.example"}},
    {"domain has one word", "domain a.example b.example\n", {NULL}, {"a.example"}},
    {"domain without a word", "search a.example\ndomain\n", {NULL}, {"a.example"}},
    {"search without a word", "search a.example\nsearch\n", {NULL}, {NULL}},
    {"IPv4 has no zone", "nameserver 10.0.0.2%lo\nnameserver 10.0.0.3\n", {"10.0.0.3:53"}, {NULL}},
    {"eight names, which is more than glibc once kept",
     "search a b c d e f g h\n",
     {NULL},
     {"a", "b", "c", "d", "e", "f", "g", "h"}},
    {"options only", "options edns0 trust-ad\nsortlist 10.0.0.0\n", {NULL}, {NULL}},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static size_t read_bytes(const char *bytes, size_t length, struct resolv_conf *ret)
{
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    errno = ENOTTY; /* stale: a file that can be read must clear it */
    size_t count = resolv_conf_read(path, ret);
    int error = errno;
    close(fd);
    unlink(path);
    errno = error;
    return count;
}

static size_t listed(const char *const *words)
{
    size_t count = 0;

    while (count < MAX_LISTED && words[count])
        count++;
    return count;
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct resolv_conf conf;
    char written[ENDPOINT_TEXT_SIZE];

    assert_int_equal(read_bytes(row->file, strlen(row->file), &conf), listed(row->nameservers));
    assert_int_equal(errno, 0);
    assert_int_equal(conf.nameserver_count, listed(row->nameservers));
    for (size_t i = 0; i < conf.nameserver_count; i++)
        assert_string_equal(endpoint_format(&conf.nameservers[i], written), row->nameservers[i]);
    assert_int_equal(conf.search_count, listed(row->search));
    for (size_t i = 0; i < conf.search_count; i++)
        assert_string_equal(conf.search[i], row->search[i]);
}

static void what_cannot_be_read_has_a_reason(void **state)
{
    struct resolv_conf conf;

    (void)state;
    assert_int_equal(resolv_conf_read("/nonexistent/resolv.conf", &conf), 0);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(resolv_conf_read("/", &conf), 0);
    assert_int_equal(errno, EISDIR);
}

static void a_nul_is_a_letter(void **state)
{
    static const char file[] = "nameserver 10.0.0.2\n\0nameserver 10.0.0.3\n";
    struct resolv_conf conf;

    (void)state;
    assert_int_equal(read_bytes(file, sizeof(file) - 1, &conf), 1);
    assert_int_equal(errno, 0);
}

/* A comment as long as the part that is read, so that the rest is not read. */
static void a_huge_file_is_read_to_its_limit(void **state)
{
    const char first[] = "nameserver 10.0.0.2\n#";
    const char last[] = "\nnameserver 10.0.0.3\n";
    const size_t size = (size_t)1024 * 1024;
    char *file = malloc(size);
    struct resolv_conf conf;

    (void)state;
    assert_non_null(file);
    memset(file, 'x', size);
    memcpy(file, first, sizeof(first) - 1);
    memcpy(file + size - sizeof(last) + 1, last, sizeof(last) - 1);
    assert_int_equal(read_bytes(file, size, &conf), 1);
    free(file);
}

static void a_name_that_is_too_long_is_left_out(void **state)
{
    char file[600] = "search ";
    struct resolv_conf conf;

    (void)state;
    memset(file + strlen(file), 'x', 500);
    assert_int_equal(read_bytes(file, strlen(file), &conf), 0);
    assert_int_equal(conf.search_count, 0);
}

static void options_and_zones(void **state)
{
    static const char file[] = "nameserver fe80::1%lo\nnameserver fe80::2%7\nnameserver 10.0.0.2\n"
                               "options ndots:99 timeout:0 attempts:3 use-vc\n";
    struct resolv_conf conf;

    (void)state;
    assert_int_equal(read_bytes("", 0, &conf), 0);
    assert_int_equal(conf.ndots, 1);
    assert_int_equal(conf.timeout, 5);
    assert_int_equal(conf.attempts, 2);
    assert_false(conf.use_vc);
    assert_int_equal(read_bytes(file, sizeof(file) - 1, &conf), 3);
    assert_int_equal(conf.scopes[0], if_nametoindex("lo"));
    assert_int_equal(conf.scopes[1], 7);
    assert_int_equal(conf.scopes[2], 0);
    assert_int_equal(conf.ndots, 15);
    assert_int_equal(conf.timeout, 1);
    assert_int_equal(conf.attempts, 3);
    assert_true(conf.use_vc);
}

static void a_number_has_no_sign(void **state)
{
    static const char file[] = "options ndots:-1 timeout:+7\n";
    struct resolv_conf conf;

    (void)state;
    assert_int_equal(read_bytes(file, sizeof(file) - 1, &conf), 0);
    assert_int_equal(conf.ndots, 0);
    assert_int_equal(conf.timeout, 1);
}

static void an_unknown_word_is_for_libc(void **state)
{
    static const struct {
        const char *file;
        bool is_libc;
    } lines[] = {
        {"; x\n# y\n\nnameserver 10.0.0.2\nsearch\ndomain a.b\nsearch c.d\n", false},
        {"options ndots:5 timeout:1 attempts:1 use-vc usevc tcp\n", false},
        {"options rotate single-request single-request-reopen trust-ad edns0 no-reload\n", false},
        {"options\n", false},
        {"options inet6\n", true},
        {"options edns\n", true},
        {"sortlist 10.0.0.0\n", true},
        {"NAMESERVER 10.0.0.2\n", true},
        {"s\n", true},
        {"nameservers 10.0.0.2\n", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct resolv_conf conf;
        read_bytes(lines[i].file, strlen(lines[i].file), &conf);
        if (conf.is_libc != lines[i].is_libc)
            fail_msg("%s", lines[i].file);
    }
}

static void names_in_turn(void **state)
{
    static const char file[] = "search a.test b.test.\noptions ndots:2\n";
    struct resolv_conf conf;
    struct resolv_names names;
    struct arena *arena = arena_new(0);
    char longest[RESOLV_CONF_MAX_NAME] = "";

    (void)state;
    read_bytes(file, sizeof(file) - 1, &conf);
    resolv_conf_names(&conf, "hub.infra", arena, &names);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.names[0], "hub.infra.a.test");
    assert_string_equal(names.names[1], "hub.infra.b.test");
    assert_string_equal(names.names[2], "hub.infra");
    assert_int_equal(names.absolute, 2);
    resolv_conf_names(&conf, "x.hub.infra", arena, &names);
    assert_string_equal(names.names[0], "x.hub.infra");
    assert_int_equal(names.absolute, 0);
    assert_int_equal(names.count, 3);
    memset(longest, 'x', sizeof(longest) - 4);
    resolv_conf_names(&conf, longest, arena, &names);
    assert_int_equal(names.count, 1);
    arena_free(arena);
}

/* ---- the hosts file ---- */

static void hosts_file(void **state)
{
    static const char file[] =
        "127.0.0.1 localhost\n# 10.0.0.9 hub.test\n10.0.0.1\thub.test HUB2.test "
        "# comment\nfe80::1%eth0 hub.test\n2001:db8::1 other hub.test.\n"
        "10.0.0.1 hub.test\nnot-an-address hub.test\n10.0.0.3 xhub.test";
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    struct address found[HOSTS_FILE_MAX_ADDRESSES];
    int fd = mkstemp(path);

    (void)state;
    assert_int_equal(write(fd, file, sizeof(file) - 1), sizeof(file) - 1);
    close(fd);
    assert_int_equal(hosts_file_find(NULL, path, "hub.test", found), 3);
    assert_int_equal(found[0].family, AF_INET);
    assert_int_equal(found[1].bytes[0], 0xfe);
    assert_int_equal(found[2].bytes[0], 0x20);
    assert_int_equal(hosts_file_find(NULL, path, "hub2.test", found), 1);
    assert_int_equal(hosts_file_find(NULL, path, "xhub.test", found), 1);
    assert_int_equal(hosts_file_find(NULL, path, "hub", found), 0);
    assert_int_equal(hosts_file_find(NULL, "/", "hub.test", found), 0);
    assert_int_equal(hosts_file_find(NULL, "/nonexistent", "hub.test", found), 0);
    unlink(path);
}

#define SCENE_COUNT 8

int main(void)
{
    struct CMUnitTest tests[SCENE_COUNT + ROW_COUNT] = {
        cmocka_unit_test(what_cannot_be_read_has_a_reason),
        cmocka_unit_test(a_nul_is_a_letter),
        cmocka_unit_test(a_huge_file_is_read_to_its_limit),
        cmocka_unit_test(a_name_that_is_too_long_is_left_out),
        cmocka_unit_test(options_and_zones),
        cmocka_unit_test(a_number_has_no_sign),
        cmocka_unit_test(an_unknown_word_is_for_libc),
        cmocka_unit_test(names_in_turn),
        cmocka_unit_test(hosts_file),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[SCENE_COUNT + i] = (struct CMUnitTest){.name = rows[i].name,
                                                     .test_func = run_row,
                                                     .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
