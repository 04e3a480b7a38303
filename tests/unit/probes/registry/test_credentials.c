/* SPDX-License-Identifier: MIT */
/*
 * Docker config files: which entry belongs to whom, its content, and that messages do not quote
 * it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/registry/credentials.h"
#include "tests/support.h"

#define AUTHS(...)        "{\"auths\":{" __VA_ARGS__ "}}"
#define ENTRY(host, user) "\"" host "\":{\"username\":\"" user "\",\"password\":\"S3CRET\"}"
#define REGISTRY          "registry.example"
#define IMAGE             REGISTRY "/team/app"

static const struct {
    const char *config;
    const char *image;
    const char *users; /* of the keys in their order, each with a blank; "!": the file is refused */
} rows[] = {
    {AUTHS(ENTRY(REGISTRY, "u")), IMAGE, "u "},
    {AUTHS(ENTRY(REGISTRY ":443", "u")), IMAGE, ""},
    {AUTHS(ENTRY("https://" REGISTRY "/v1/", "u")), IMAGE, "u "},
    {AUTHS(ENTRY("https://" REGISTRY "/v2/", "u")), IMAGE, "u "},
    {AUTHS(ENTRY("https://" REGISTRY "/v2/team/", "u")), IMAGE, "u "},
    {AUTHS(ENTRY("http://" REGISTRY, "u")), IMAGE, "u "},
    {AUTHS(ENTRY("Registry.Example", "u")), IMAGE, ""},
    {AUTHS(ENTRY(REGISTRY, "u")), REGISTRY ":5000/team/app", ""},
    {AUTHS(ENTRY(REGISTRY ":5000", "u")), REGISTRY ":5000/team/app", "u "},
    {AUTHS(ENTRY(REGISTRY ":5000", "u")), IMAGE, ""},
    {AUTHS(ENTRY(REGISTRY, "u")), "registry.example.org/team/app", ""},
    {AUTHS(ENTRY("evil-" REGISTRY, "u")), IMAGE, ""},
    {AUTHS(ENTRY("*.example", "star") "," ENTRY(REGISTRY, "u")), IMAGE, "u star "},
    {AUTHS(ENTRY("*.example", "star")), IMAGE, "star "},
    {AUTHS(ENTRY("r[a-f]g*.example", "class")), IMAGE, "class "},
    {AUTHS(ENTRY("*.example", "star")), "a.b.example/x", ""},
    {AUTHS(ENTRY("*", "star")), IMAGE, ""},
    {AUTHS(ENTRY(REGISTRY "/team", "path") "," ENTRY(REGISTRY, "u")), IMAGE, "path u "},
    {AUTHS(ENTRY(REGISTRY "/team", "a") "," ENTRY(REGISTRY "/team/app", "b")), IMAGE, "b a "},
    {AUTHS(ENTRY(REGISTRY "/tea", "prefix")), IMAGE, "prefix "},
    {AUTHS(ENTRY(REGISTRY "/other", "path")), IMAGE, ""},
    {AUTHS(ENTRY("https://" REGISTRY, "a") "," ENTRY(REGISTRY, "b")), IMAGE, "a b "},
    {AUTHS(ENTRY("[fd00::7]:5000", "u")), "[fd00::7]:5000/team/app", "u "},
    {AUTHS(ENTRY("https://index.docker.io/v1/", "hub")), "docker.io/library/nginx", "hub "},
    {AUTHS(ENTRY("https://index.docker.io/v1/", "hub")), IMAGE, ""},
    {AUTHS(ENTRY("*.docker.io", "hub")), "docker.io/library/nginx", ""},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ=\"}"), IMAGE, "u "},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ\"}"), IMAGE, "u "},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpT\\nM0NS\\r\\nRVQ=\\n\"}"), IMAGE, "u "},
    {AUTHS("\"" REGISTRY "\":{\"AUTH\":\"dTpTM0NSRVQ=\"}"), IMAGE, "u "},
    {"{\"Auths\":{" ENTRY(REGISTRY, "u") "},\"x\":1,\"x\":2}", IMAGE, "u "},
    {AUTHS(ENTRY(REGISTRY, "a") "," ENTRY(REGISTRY, "b")), IMAGE, "b "},
    {"{" ENTRY(REGISTRY, "old") "}", IMAGE, "old "},
    {AUTHS("\"" REGISTRY "\":{\"identitytoken\":\"S3CRET\"}"), IMAGE, " "},
    {AUTHS("\"" REGISTRY "\":{}"), IMAGE, " "},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"S3CRET!\"}"), IMAGE, "!"},
    {AUTHS("\"other.example\":{\"auth\":\"UzNDUkVU\"}," ENTRY(REGISTRY, "u")), IMAGE, "!"},
    {AUTHS("\"" REGISTRY "\":\"S3CRET\""), IMAGE, "!"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ= \"}"), IMAGE, "!"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ==\"}"), IMAGE, "!"},
    {AUTHS("\"other.example\":{\"auth\":\"dT_-\"}," ENTRY(REGISTRY, "u")), IMAGE, "!"},
    {AUTHS("\"other.example\":{\"email\":5}," ENTRY(REGISTRY, "u")), IMAGE, "!"},
    {AUTHS(ENTRY("https://me:S3CRET@" REGISTRY, "u")), IMAGE, "u "},
    {AUTHS(ENTRY(REGISTRY "/%zz", "u")), IMAGE, ""},
    {AUTHS(ENTRY(REGISTRY " ", "u")), IMAGE, ""},
    {AUTHS(ENTRY("registr[!y].example", "u")), IMAGE, "u "},
    {AUTHS(ENTRY("registr[a-z].example", "u")), IMAGE, "u "},
    {AUTHS(ENTRY("registr[a-x].example", "u")), IMAGE, ""},
    {AUTHS(ENTRY("registr[^y].example", "u")), IMAGE, ""},
    {AUTHS(ENTRY("r*g*y.*e", "u")), IMAGE, "u "},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "},\"Auths\":{}}", IMAGE, "u "},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "} , \"auths\" : {}}", IMAGE, "u "},
    {"{\"auths\":{},\"x\":[{\"}\":\"\\\",\"}],\"auths\":{" ENTRY(REGISTRY, "u") "}}", IMAGE, "u "},
    {"{\"auths\":{" ENTRY(REGISTRY, "a") "},\"AUTHS\":{" ENTRY(REGISTRY, "b") "}}", IMAGE, "b "},
    {"{\"auths\":{" ENTRY(REGISTRY, "a") "},\"auths\":{" ENTRY(REGISTRY "/team", "b") "}}", IMAGE,
     "b a "},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "},\"auths\":null}", IMAGE, ""},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "},\"auths\":7}", IMAGE, "!"},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "},\"HttpHeaders\":{\"X\":\"y\"}}", IMAGE, "u "},
    {"{\"auths\":{" ENTRY(REGISTRY, "u") "},\"httpheaders\":{\"X\":1}}", IMAGE, "!"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dQA6AFMAMwA=\"}"), IMAGE, "u? "}, /* UTF-16 */
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQA\"}"), IMAGE, "u? "}, /* a NUL behind it */
    {AUTHS(""), IMAGE, ""},
    {"{\"credsStore\":\"S3CRET\"}", IMAGE, ""},
    {"{\"auths\":7}", IMAGE, "!"},
    {"{\"auths\":S3CRET", IMAGE, "!"},
    {"[]", IMAGE, "!"},
    {"", IMAGE, "!"},
};

static void entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct keyring keyring = {0};
        char users[256] = "";
        const char *error = keyring_parse(&keyring, rows[i].config, strlen(rows[i].config), arena);
        if (error) {
            assert_null(strstr(error, "S3CRET"));
            assert_int_equal(keyring.count, 0);
            strcpy(users, "!");
        }
        struct keys keys = keyring_find(&keyring, rows[i].image, arena);
        for (size_t k = 0; k < keys.count; k++) {
            const struct credentials *key = &keys.list[k];
            strcat(strcat(users, key->username), key->secret ? " " : "? ");
            if (key->secret)
                assert_string_equal(key->secret, *key->username ? "S3CRET" : "");
        }
        if (strcmp(users, rows[i].users) != 0)
            fail_msg("row %zu: %s: %s instead of %s", i, rows[i].config, users, rows[i].users);
        arena_free(arena);
    }
}

/* Several files are merged, and equal places stay in the order of the files. */
static void several_files(void **state)
{
    static const char first[] = AUTHS(ENTRY(REGISTRY, "a"));
    static const char second[] = "{\"auths\":{" ENTRY(REGISTRY, "b") "," ENTRY(
        REGISTRY "/team", "c") "},\"credHelpers\":{\"x\":\"y\"}}";
    struct arena *arena = arena_new(0);
    struct keyring keyring = {0};

    (void)state;
    assert_null(keyring_parse(&keyring, first, strlen(first), arena));
    assert_false(keyring.has_helpers);
    assert_null(keyring_parse(&keyring, second, strlen(second), arena));
    assert_true(keyring.has_helpers);
    struct keys keys = keyring_find(&keyring, IMAGE, arena);
    assert_int_equal(keys.count, 3);
    assert_string_equal(keys.list[0].username, "c");
    assert_string_equal(keys.list[0].entry, REGISTRY "/team");
    assert_string_equal(keys.list[1].username, "a");
    assert_string_equal(keys.list[2].username, "b");
    assert_int_equal(keyring_find(&keyring, REGISTRY "/other/app", arena).count, 2);
    assert_int_equal(keyring_find_host(&keyring, REGISTRY, arena).count, 3);
    assert_int_equal(keyring_find_host(&keyring, "other.example", arena).count, 0);
    for (int more = 0; more < 20; more++)
        assert_null(keyring_parse(&keyring, first, strlen(first), arena));
    assert_int_equal(keyring_find(&keyring, IMAGE, arena).count, 23);
    arena_free(arena);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static void files(void **state)
{
    char folder[] = "/tmp/tcr-probe-test-XXXXXX";
    char path[64];
    char other[64];
    const char *paths[] = {path, folder};
    struct keyring keyring = {0};
    struct arena *arena = arena_new(0);

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    snprintf(other, sizeof(other), "%s/other.json", folder);
    assert_int_equal(credentials_stamp(paths, 0), 0);
    uint64_t missing = credentials_stamp(paths, 1);
    const char *error = keyring_read(&keyring, paths, 1, arena);
    assert_non_null(error);
    assert_non_null(strstr(error, path));
    write_file(path, AUTHS(ENTRY(REGISTRY, "u")));
    assert_non_null(keyring_read(&keyring, paths, 2, arena)); /* a folder */
    keyring = (struct keyring){0};
    uint64_t stamp = credentials_stamp(paths, 1);
    assert_true(stamp != missing && credentials_stamp(paths, 1) == stamp);
    assert_null(keyring_read(&keyring, paths, 1, arena));
    assert_int_equal(keyring_find(&keyring, IMAGE, arena).count, 1);
    write_file(other, AUTHS(ENTRY(REGISTRY, "v")));
    assert_int_equal(rename(other, path), 0);
    assert_true(credentials_stamp(paths, 1) != stamp);
    unlink(path);
    rmdir(folder);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(several_files),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
