/* Docker config files: which entry is whose, what is in it, and that messages do not quote it. */

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

#include "probes/libraries.h"
#include "probes/registry/credentials.h"

#define AUTHS(...)        "{\"auths\":{" __VA_ARGS__ "}}"
#define ENTRY(host, user) "\"" host "\":{\"username\":\"" user "\",\"password\":\"S3CRET\"}"
#define REGISTRY          "registry.example"

static const struct {
    const char *config;
    const char *host;
    uint16_t port;
    bool plain_http;
    const char *username; /* NULL: none; "!": the file is unusable */
} rows[] = {
    {AUTHS(ENTRY(REGISTRY, "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY(REGISTRY ":443", "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY("https://" REGISTRY "/v1/", "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY("http://Registry.Example", "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY(REGISTRY, "u")), REGISTRY, 5000, false, NULL},
    {AUTHS(ENTRY(REGISTRY ":5000", "u")), REGISTRY, 5000, false, "u"},
    {AUTHS(ENTRY(REGISTRY ":5000", "u")), REGISTRY, 443, false, NULL},
    {AUTHS(ENTRY(REGISTRY, "u")), REGISTRY, 80, true, "u"},
    {AUTHS(ENTRY(REGISTRY, "u")), "registry.example.org", 443, false, NULL},
    {AUTHS(ENTRY("evil-" REGISTRY, "u")), REGISTRY, 443, false, NULL},
    {AUTHS(ENTRY("*.example", "star") "," ENTRY(REGISTRY, "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY("*.example", "star")), REGISTRY, 443, false, "star"},
    {AUTHS(ENTRY("*.example", "star")), "a.b.example", 443, false, NULL},
    {AUTHS(ENTRY("*", "star")), REGISTRY, 443, false, NULL},
    {AUTHS(ENTRY(REGISTRY "/team", "path") "," ENTRY(REGISTRY, "u")), REGISTRY, 443, false, "u"},
    {AUTHS(ENTRY(REGISTRY "/team", "path")), REGISTRY, 443, false, "path"},
    {AUTHS(ENTRY("[fd00::7]:5000", "u")), "fd00::7", 5000, false, "u"},
    {AUTHS(ENTRY("https://index.docker.io/v1/", "hub")), "registry-1.docker.io", 443, false, "hub"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ=\"}"), REGISTRY, 443, false, "u"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"dTpTM0NSRVQ\"}"), REGISTRY, 443, false, "u"},
    {AUTHS("\"" REGISTRY "\":{\"identitytoken\":\"S3CRET\",\"auth\":\"dTp4\"}"), REGISTRY, 443,
     false, ""},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"S3CRET!\"}"), REGISTRY, 443, false, "!"},
    {AUTHS("\"" REGISTRY "\":{\"auth\":\"UzNDUkVU\"}"), REGISTRY, 443, false, "!"},
    {AUTHS("\"" REGISTRY "\":{}"), REGISTRY, 443, false, "!"},
    {AUTHS("\"" REGISTRY "\":\"S3CRET\""), REGISTRY, 443, false, "!"},
    {AUTHS(""), REGISTRY, 443, false, NULL},
    {"{\"credsStore\":\"S3CRET\"}", REGISTRY, 443, false, "!"},
    {"{\"auths\":S3CRET", REGISTRY, 443, false, "!"},
    {"[]", REGISTRY, 443, false, "!"},
    {"", REGISTRY, 443, false, "!"},
};

static void entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new_secret(0);
        struct credentials found = {0};
        const char *error = NULL;
        const char *wanted = rows[i].username;
        enum credentials_result expected = !wanted          ? CREDENTIALS_NONE
                                           : *wanted == '!' ? CREDENTIALS_UNUSABLE
                                                            : CREDENTIALS_FOUND;
        enum credentials_result result =
            credentials_parse(rows[i].config, strlen(rows[i].config), rows[i].host, rows[i].port,
                              rows[i].plain_http, arena, &found, &error);
        if (result != expected)
            fail_msg("row %zu: %s", i, rows[i].config);
        if (result == CREDENTIALS_FOUND) {
            assert_string_equal(found.username, wanted);
            assert_string_equal(found.secret, "S3CRET");
        }
        if (result == CREDENTIALS_UNUSABLE) {
            assert_non_null(error);
            assert_null(strstr(error, "S3CRET"));
        }
        arena_free(arena);
    }
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
    struct credentials found;
    const char *error = NULL;
    struct arena *arena = arena_new_secret(0);

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/config.json", folder);
    snprintf(other, sizeof(other), "%s/other.json", folder);
    assert_int_equal(credentials_stamp(path), 0);
    assert_int_equal(credentials_read(path, REGISTRY, 443, false, arena, &found, &error),
                     CREDENTIALS_UNUSABLE);
    assert_non_null(strstr(error, path));
    assert_int_equal(credentials_read(folder, REGISTRY, 443, false, arena, &found, &error),
                     CREDENTIALS_UNUSABLE);
    write_file(path, AUTHS(ENTRY(REGISTRY, "u")));
    uint64_t stamp = credentials_stamp(path);
    assert_int_not_equal(stamp, 0);
    assert_true(credentials_stamp(path) == stamp);
    assert_int_equal(credentials_read(path, REGISTRY, 443, false, arena, &found, &error),
                     CREDENTIALS_FOUND);
    write_file(other, AUTHS(ENTRY(REGISTRY, "v")));
    assert_int_equal(rename(other, path), 0);
    assert_true(credentials_stamp(path) != stamp);
    unlink(path);
    rmdir(folder);
    arena_free(arena);
}

static int start(void **state)
{
    (void)state;
    return libraries_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
