/* SPDX-License-Identifier: MIT */
/* nsswitch.conf as distributions and people write it: a row per hosts line. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/transport/name_sources.h"

enum { FILES = 1, DNS = 2, DNS_FIRST = 4, LIBC = 8 };

static const struct {
    const char *file;
    unsigned expected;
    const char *host; /* NULL: registry.example */
} rows[] = {
    {"hosts: files dns\n", FILES | DNS, NULL},
    {"passwd: files\nhosts:\tfiles\tdns # x\n", FILES | DNS, NULL},
    {"  hosts : files dns", FILES | DNS, NULL},
    {"hosts: dns files\n", FILES | DNS | DNS_FIRST, NULL},
    {"hosts: dns\n", DNS | DNS_FIRST, NULL},
    {"hosts: files\n", FILES, NULL},
    {"hosts:\n", FILES | DNS, NULL},
    {"hosts\n", FILES | DNS, NULL},
    {"passwd: files\n", FILES | DNS, NULL},
    {"# hosts: files\n", FILES | DNS, NULL},
    {"hostsx: files\n", FILES | DNS, NULL},
    {"hosts: files\nhosts: dns\n", FILES | DNS, NULL},
    {"hosts: files mdns4_minimal [NOTFOUND=return] dns\n", FILES | DNS, NULL},
    {"hosts: files mdns4_minimal [NOTFOUND=return] dns\n", FILES | DNS | LIBC, "printer.local"},
    {"hosts: files dns myhostname\n", FILES | DNS, NULL},
    {"hosts: files resolve [!UNAVAIL=return] dns\n", FILES | DNS | LIBC, NULL},
    {"hosts: mymachines resolve [!UNAVAIL=return] files myhostname\n", FILES | DNS | LIBC, NULL},
    {"hosts: files frob\n", FILES | LIBC, NULL},
    {"hosts: frob\n", LIBC, NULL},
    {"hosts: files [NOTFOUND=return] dns\n", FILES | DNS, NULL},
    {"hosts: files [ notfound=continue  UNAVAIL=return ] dns\n", FILES | DNS, NULL},
    {"hosts: files [UNAVAIL=return NOTFOUND=continue] dns\n", FILES | DNS | LIBC, NULL},
    {"hosts: files [SUCCESS=continue] dns\n", FILES | DNS | LIBC, NULL},
    {"hosts: dns [!UNAVAIL=return] files\n", FILES | DNS | DNS_FIRST | LIBC, NULL},
    {"hosts: files[NOTFOUND=return] dns\n", DNS | DNS_FIRST | LIBC, NULL},
};

static void every_line(void **state)
{
    char root[] = "/tmp/name-sources-XXXXXX";
    char path[64];
    struct arena *arena = arena_new(0);

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/etc", root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/etc/nsswitch.conf", root);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct name_sources found;
        FILE *file = fopen(path, "w");
        fputs(rows[i].file, file);
        fclose(file);
        name_sources_read(root, rows[i].host ? rows[i].host : "registry.example", arena, &found);
        unsigned got = (found.files ? FILES : 0u) | (found.dns ? DNS : 0u) |
                       (found.dns_first ? DNS_FIRST : 0u) | (found.is_libc ? LIBC : 0u);
        if (got != rows[i].expected)
            fail_msg("%s: %u instead of %u", rows[i].file, got, rows[i].expected);
    }
    unlink(path);
    struct name_sources none;
    name_sources_read(root, "registry.example", NULL, &none);
    assert_true(none.files && none.dns && !none.dns_first && !none.is_libc && !none.line);
    snprintf(path, sizeof(path), "%s/etc", root);
    rmdir(path);
    rmdir(root);
    arena_free(arena);
}

static void a_line_is_shown_escaped_and_cut(void **state)
{
    char root[] = "/tmp/name-sources-XXXXXX";
    char path[64];
    struct arena *arena = arena_new(0);
    struct name_sources found;

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(path, sizeof(path), "%s/etc", root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/etc/nsswitch.conf", root);
    FILE *file = fopen(path, "w");
    fprintf(file, "hosts: a\x1b[31m%0500d\n", 1);
    fclose(file);
    name_sources_read(root, "registry.example", arena, &found);
    assert_non_null(found.line);
    assert_null(strchr(found.line, '\x1b'));
    assert_true(strlen(found.line) < 300);
    unlink(path);
    snprintf(path, sizeof(path), "%s/etc", root);
    rmdir(path);
    rmdir(root);
    arena_free(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line),
        cmocka_unit_test(a_line_is_shown_escaped_and_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
