/* SPDX-License-Identifier: MIT */
/* Files and environments that hold more than settings: refused or ignored, each with its place. */

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

#include "config/effective.h"
#include "config/invocation.h"

#define DEEP 100000

static const char no_target[] =
    "tcr-probe: no target: name one, or set targets in the file or TCR_PROBE_TARGETS\n";

/* Loads the file at `path` (NULL: none) under `variables`. Returns the errors as text, "" if
 * there are none. */
static char *load_path(const char *path, char *const *variables, char *printed)
{
    static char output[16384];
    char copy[64];
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, (char[]){"--config"}, copy,
                         NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct text text = TEXT_WITH_LIMIT(sizeof(output) - 1);

    snprintf(copy, sizeof(copy), "%s", path ? path : "");
    int status = settings_load(path ? 4 : 2, arguments, variables, &invocation, &settings, &errors);
    config_errors_print(&errors, &text);
    snprintf(output, sizeof(output), "%s", text_string(&text));
    text_clear(&text);
    if (settings && printed) {
        settings_print(settings, &text);
        strcpy(printed, text_string(&text));
    }
    assert_int_equal(status == 0, settings != NULL);
    text_free(&text);
    settings_release(settings);
    config_errors_free(&errors);
    return output;
}

/* The same of a file with that content. */
static char *load(const char *file, size_t length, char *const *variables, char *printed)
{
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, length), length);
    close(fd);
    char *wrong = load_path(file ? path : NULL, variables, printed);
    unlink(path);
    return wrong;
}

struct row {
    const char *name;
    const char *file;
    size_t length; /* 0: of the text */
    const char *wrong[3];
};

static struct row rows[] = {
    {"second document", "timeout: 1s\n---\ntimeout: 2s\n", 0, {":2:1:", "second document"}},
    {"nul", "timeout: \"1s\\0\"\n", 0, {":1:10:", "NUL"}},
    {"alias", "ca_file: *a\nexpect: any\n", 0, {":1:10:", "alias"}},
    {"anchor", "ca_file: &a x\nexpect: *a\n", 0, {":1:10:", "anchor"}},
    {"directive", "%TAG !e! tag:example.com:\n---\nexpect: any\n", 0, {":1:1:", "%TAG"}},
    {"directive of a second document",
     "expect: any\n...\n%TAG !e! tag:example.com:\n---\n",
     0,
     {":3:1:", "%TAG"}},
    {"second document without a mark", "expect: any\n...\nexpect: any\n", 0, {":3:1:", "second"}},
    {"second document with marks", "---\nexpect: any\n---\n", 0, {":3:1:", "second"}},
    {"an end too many", "]\n", 0, {"not valid YAML"}},
    {"all of a target at once",
     "targets: [{nam: x}]",
     0,
     {"needs a registry", "did you mean name?"}},
    {"values of a target without a registry",
     "targets: [{interval: 1}]",
     0,
     {"needs a registry", ":1:22: interval"}},
    {"values of a target with a bad one",
     "targets: [{registry: \"-\", expect: x}]",
     0,
     {"target \"-\"", "any, private or public"}},
    {"empty registry", "targets: [{registry: \"\"}]", 0, {"target \"\""}},
    {"port missing", "listen: 127.0.0.1", 0, {":1:9:", "listen", "127.0.0.1:9447"}},
    {"level", "log: {level: loud}", 0, {":1:14:", "log.level", "debug, info, warn or error"}},
    {"log key", "log: {levl: info}", 0, {"did you mean level?"}},
    {"interval", "interval: 99ms", 0, {"interval", "from 100ms"}},
    {"host with port", "allowed_hosts: [a.example:80]", 0, {"allowed_hosts", "without a port"}},
    {"controls and none",
     "no_controls: true\ncontrols: [vpc=10.0.0.1:443]",
     0,
     {":1:14:", "no_controls and controls exclude"}},
    {"key that is no text", "[timeout]: 1s", 0, {":1:1: key: text is needed here"}},
    {"key that stands twice",
     "expect: any\nexpect: public",
     0,
     {":2:1: expect: the key is there twice"}},
    {"list as a value", "timeout: [1s]", 0, {":1:10: timeout: a single value is needed here"}},
    {"value as a list", "token_hosts: a.example", 0, {":1:14: token_hosts: a list is needed here"}},
    {"value as a group", "log: info", 0, {":1:6: log: a mapping is needed here"}},
    {"list as the file", "- acme-prod", 0, {":1:1: the file: a mapping of keys is needed here"}},
    {"no YAML", "ca_file: 'x", 0, {"not valid YAML"}},
    {"no YAML either", "ca_file: \xff", 0, {"not valid YAML"}},
    {"control's key", "controls: [{nam: x}]", 0, {"did you mean name?"}},
    {"control's value", "controls: [{kind: [vpc]}]", 0, {":1:19: kind: a single value"}},
    {"control without a place", "controls: [{kind: vpc}]", 0, {"kind and endpoint are needed"}},
    {"control without a kind", "controls: [{endpoint: \"a:1\"}]", 0, {"kind and endpoint"}},
    {"targets as a value", "targets: acme-prod", 0, {":1:10: targets: a list is needed here"}},
    {"list as a registry", "targets: [{registry: [a.b]}]", 0, {"an entry needs a registry"}},
    {"list as a target's value",
     "targets: [{registry: a.example, timeout: [1s]}]",
     0,
     {":1:42: timeout: a single value is needed here"}},
    {"value as a target's list",
     "targets: [{registry: a.example, images: \"app:1\"}]",
     0,
     {":1:41: images: a list is needed here"}},
    {"list in a target's list",
     "targets: [{registry: a.example, images: [[a]]}]",
     0,
     {":1:42: images: text is needed here"}},
    {"image",
     "targets: [{registry: a.example, images: [App]}]",
     0,
     {"images: \"App\": the name of an image is in lower case"}},
    {"two of one name",
     "targets: [{registry: a.example, name: x}, {registry: b.example, name: x}]",
     0,
     {":1:43: target \"b.example\": another one has the name \"x\""}},
    {"platform's port",
     "profile: tke-serverless\nlisten: 0.0.0.0:9100",
     0,
     {":2:9: listen: \"0.0.0.0:9100\": under tke-serverless"}},
    {"platform's range",
     "profile: tke-serverless\nlisten: 0.0.0.0:61000",
     0,
     {":2:9: listen: \"0.0.0.0:61000\": under tke-serverless"}},
    {"control characters of a name",
     "targets: [{registry: a.example, name: \"a\\tb\"}]",
     0,
     {":1:39: name: \"a\\x09b\": it must be UTF-8 without control"}},
    {"bidirectional characters of a name",
     /* NOLINTNEXTLINE(misc-misleading-bidirectional): as an escape */
     "targets: [{registry: a.example, name: \"a\xe2\x80\xae"
     "b\"}]",
     0,
     {":1:39: name: \"a\\xe2\\x80\\xaeb\": it must be UTF-8 without control"}},
    {"control characters of a control's name",
     "controls: [{name: \"\\e[1m\", kind: vpc, endpoint: \"a:1\"}]",
     0,
     {":1:12: controls:", "without control"}},
    {"warning days", "certificate_warning_days: -1", 0, {":1:27:", "a number from 0 to 3650"}},
    {"bytes of another encoding",
     "expect: any\n# \xe9\xa1\xb5 caf\xe9 \nprofile: none\n",
     0,
     {":2:9: not valid YAML: these bytes are not UTF-8"}},
    {"control character", "expect: any\nca_file: a\x01z\n", 0, {":2:11: not valid YAML: control"}},
    {"control characters of a key", "\"a\\x1bb\": 1", 0, {":1:1: a\\x1bb: unknown key"}},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void run_row(void **state)
{
    const struct row *row = *state;
    const char *wrong = load(row->file, row->length ? row->length : strlen(row->file), NULL, NULL);

    for (size_t i = 0; i < 3 && row->wrong[i]; i++)
        assert_non_null(strstr(wrong, row->wrong[i]));
}

/* Paths that are no file of settings. */
static void only_a_regular_file_is_read(void **state)
{
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);
    const struct {
        const char *path;
        const char *wrong;
    } refused[] = {{"/tmp", "/tmp: not a regular file"},
                   {"/nonexistent/file", "/nonexistent/file: No such file or directory"},
                   {path, "larger than 8 MiB"}};

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 8 * 1024 * 1024 + 1), 0);
    close(fd);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_non_null(strstr(load_path(refused[i].path, NULL, NULL), refused[i].wrong));
    unlink(path);
}

/* Nobody writes into it: to open it must not wait for them. */
static void a_fifo_is_refused_at_once(void **state)
{
    char directory[] = "/tmp/tcr-probe-test.XXXXXX";
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/fifo", directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(10); /* ends a test that waits */
    assert_non_null(strstr(load_path(path, NULL, NULL), "not a regular file"));
    alarm(0);
    unlink(path);
    rmdir(directory);
}

/* Each mistake of an entry is listed once, though the entry is looked at for its registry first. */
static void mistakes_of_a_target_are_listed_once(void **state)
{
    static const char file[] = "targets: [{registry: a.example, name: b, name: c}]";
    const char *wrong = load(file, sizeof(file) - 1, NULL, NULL);

    (void)state;
    assert_non_null(strstr(wrong, ":1:42: name: the key is there twice"));
    assert_null(strchr(strchr(wrong, '\n') + 1, '\n'));
}

static unsigned occurrences(const char *text, const char *part)
{
    unsigned count = 0;

    for (text = strstr(text, part); text; text = strstr(text + 1, part))
        count++;
    return count;
}

/* A registry named again is one target, unless its keys differ: none may be lost. */
static void a_registry_named_again_is_one_target(void **state)
{
    static const struct {
        const char *file;
        unsigned targets, images;
    } files[] = {
        {"targets: [a.example, a.example, 'a.example:443']", 1, 0},
        {"targets: [a.example/x/y, a.example, a.example/x/y, a.example/x/z]", 1, 2},
        {"targets: [{registry: a.example, name: n, timeout: 10s}, a.example]", 1, 0},
        {"targets: [a.example/x/y, {registry: a.example, images: [x/z], expect: private}]", 2, 2},
        {"targets: [a.example, {registry: a.example, token_hosts: [b.example]}]", 2, 0},
        {"targets: [a.example, {registry: a.example, linkage_address: 10.0.0.1}]", 2, 0},
        {"targets: [a.example, {registry: a.example, ca_file: /x}]", 2, 0},
        {"targets: [a.example, {registry: a.example, docker_config: /x}]", 2, 0},
        {"targets: [a.example, {registry: a.example, interval: 1s}]", 2, 0},
        {"targets: [a.example, {registry: a.example, timeout: 1s}]", 2, 0},
        {"targets: [a.example, {registry: a.example, insecure_skip_verify: true}]", 2, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char printed[16384] = "";
        assert_string_equal(load(files[i].file, strlen(files[i].file), NULL, printed), "");
        assert_int_equal(occurrences(printed, "- registry:"), files[i].targets);
        assert_int_equal(occurrences(printed, "      - \"x/"), files[i].images);
    }
}

/* A template in which every line is a comment. */
static void nothing_is_an_empty_list(void **state)
{
    static const char file[] = "targets:\n#  - acme-prod\nresolvers:\nlog:\ncontrols:\n"
                               "private_ranges: # none\n";
    const char *wrong = load("targets: \"\"\n", sizeof("targets: \"\"\n") - 1, NULL, NULL);

    (void)state;
    assert_non_null(strstr(wrong, ":1:10: targets: a list is needed here"));
    assert_string_equal(load(file, sizeof(file) - 1, NULL, NULL), no_target);
    assert_string_equal(load("---\n...\n", sizeof("---\n...\n") - 1, NULL, NULL), no_target);
}

/* The address of a node, whose family the manifest that puts it in brackets does not know. */
static void brackets_stand_around_either_family(void **state)
{
    static const char *const listens[][2] = {
        {"targets: [a.b]\nlisten: '[10.0.0.1]:9447'", "listen: \"10.0.0.1:9447\"\n"},
        {"targets: [a.b]\nlisten: '[fd00::1]:9447'", "listen: \"[fd00::1]:9447\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(listens) / sizeof(listens[0]); i++) {
        char printed[16384] = "";
        assert_string_equal(load(listens[i][0], strlen(listens[i][0]), NULL, printed), "");
        assert_non_null(strstr(printed, listens[i][1]));
    }
}

static void deep_nesting_is_refused_at_once(void **state)
{
    char *file = malloc(DEEP);

    (void)state;
    memset(file, '[', DEEP);
    memcpy(file, "ca_file: ", 9);
    assert_non_null(strstr(load(file, DEEP, NULL, NULL), ":1:25: not valid YAML: nested"));
    free(file);
}

/* The 64 that are read come after the one that is not; the others are not even counted. */
/* 60,000 of each; libyaml alone takes 20 s for them. */
static void names_that_libyaml_compares_are_refused_at_once(void **state)
{
    struct text file = TEXT_WITH_LIMIT(1 << 22);

    (void)state;
    alarm(10); /* ends a test that waits */
    text_append(&file, "targets:\n");
    for (unsigned i = 0; i < 60000; i++)
        text_append_format(&file, "  - &a%06u r%06u.example.com\n", i, i);
    assert_non_null(strstr(load(text_string(&file), file.length, NULL, NULL), ":2:5: not valid"));
    text_clear(&file);
    for (unsigned i = 0; i < 60000; i++)
        text_append_format(&file, "%%TAG !e%u! tag:example.com:\n", i);
    text_append(&file, "---\ntargets: [a.b]\n");
    assert_non_null(strstr(load(text_string(&file), file.length, NULL, NULL), ":1:1: not valid"));
    text_free(&file);
    alarm(0);
}

static void many_keys_are_refused_at_once(void **state)
{
    struct text file = TEXT_WITH_LIMIT(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 50000; i++)
        text_append_format(&file, "k%u: 1\n", i);
    const char *wrong = load(text_string(&file), file.length, NULL, NULL);
    assert_non_null(strstr(wrong, ":65:1: more than 64 keys in one mapping\n"));
    assert_non_null(strstr(wrong, ":49:1: k48: unknown key\n"));
    assert_non_null(strstr(wrong, "and 15 more\n"));
    text_free(&file);
}

static void many_values_are_refused_at_once(void **state)
{
    struct text file = TEXT_WITH_LIMIT(1 << 22);

    (void)state;
    text_append(&file, "targets: [");
    for (unsigned i = 0; i < 500000; i++)
        text_append(&file, "a,");
    text_append(&file, "]");
    assert_non_null(strstr(load(text_string(&file), file.length, NULL, NULL), "too many values"));
    text_free(&file);
}

static void variables_of_a_service_are_not_ours(void **state)
{
    char *const variables[] = {(char[]){"TCR_PROBE_SERVICE_HOST=10.0.0.1"},
                               (char[]){"TCR_PROBE_SERVICE_PORT_METRICS=9447"},
                               (char[]){"TCR_PROBE_PORT=tcp://10.0.0.1:9447"},
                               (char[]){"TCR_PROBE_PORT_9447_TCP_ADDR=10.0.0.1"},
                               (char[]){"TCR_PROBE_METRICS_PORT_53_UDP=udp://10.0.0.1:53"},
                               NULL};
    static const char *const mistaken[] = {
        "TCR_PROBE_REPORT_9447=1",        "TCR_PROBE_SERVICE_HOSTT=10.0.0.1",
        "TCR_PROBE_LISTEN_PORT=1",        "TCR_PROBE_SERVICE_PORTS=1",
        "TCR_PROBE_PORT_9447_TCP_NAME=1", "TCR_PROBE_PORT_9447_TPC=1"};

    (void)state;
    assert_string_equal(load(NULL, 0, variables, NULL), no_target);
    for (size_t i = 0; i < sizeof(mistaken) / sizeof(mistaken[0]); i++) {
        char variable[64];
        snprintf(variable, sizeof(variable), "%s", mistaken[i]);
        char *const environment[] = {variable, NULL};
        assert_non_null(strstr(load(NULL, 0, environment, NULL), "unknown variable"));
    }
}

static void what_run_reads_survives_its_own_print(void **state)
{
    char *const variables[] = {(char[]){"TCR_PROBE_LISTEN=[::1]:0"},
                               (char[]){"TCR_PROBE_INTERVAL=1500ms"},
                               (char[]){"TCR_PROBE_LOG_LEVEL=warn"},
                               (char[]){"TCR_PROBE_LOG_FORMAT=json"},
                               (char[]){"TCR_PROBE_ALLOWED_HOST=A.example,b"},
                               (char[]){"TCR_PROBE_TARGETS=acme-prod"},
                               NULL};
    char first[16384] = "";
    char second[16384] = "";

    (void)state;
    assert_string_equal(load(NULL, 0, variables, first), "");
    assert_non_null(strstr(first, "listen: \"[::1]:0\"\ninterval: 1500ms\n"));
    assert_non_null(
        strstr(first, "  - \"a.example\"\n  - \"b\"\nlog:\n  level: warn\n  format: json\n"));
    assert_string_equal(load(first, strlen(first), NULL, second), "");
    assert_string_equal(first, second);
}

/* The file forbids controls, the environment names one: the environment comes first. */
static void a_higher_source_decides_over_controls(void **state)
{
    static const char none[] = "no_controls: true\ntargets: [a.b]";
    static const char one[] = "controls: [vpc=10.0.0.1:443]\ntargets: [a.b]";
    char *const adds[] = {(char[]){"TCR_PROBE_CONTROL=vpc=10.0.0.2:443"}, NULL};
    char *const forbids[] = {(char[]){"TCR_PROBE_NO_CONTROLS=true"}, NULL};
    char printed[16384] = "";

    (void)state;
    assert_string_equal(load(none, strlen(none), adds, printed), "");
    assert_non_null(strstr(printed, "endpoint: \"10.0.0.2:443\""));
    assert_string_equal(load(one, strlen(one), forbids, printed), "");
    assert_non_null(strstr(printed, "no_controls: true"));
    assert_null(strstr(printed, "10.0.0.1"));
}

/* Images beyond the limit of a target's list are checked all the same. */
static void images_that_do_not_fit_are_another_target(void **state)
{
    struct text file = TEXT_WITH_LIMIT(4096);
    char printed[16384] = "";

    (void)state;
    for (int target = 0; target < 2; target++) {
        text_append(&file, target ? "  - registry: r.example\n    images: ["
                                  : "targets:\n  - registry: r.example\n    images: [");
        for (int i = 0; i < 9; i++)
            text_append_format(&file, "%s\"app:%d\"", i ? ", " : "", target * 9 + i);
        text_append(&file, "]\n");
    }
    assert_string_equal(load(text_string(&file), file.length, NULL, printed), "");
    assert_non_null(strstr(printed, "name: \"r.example\"\n"));
    assert_non_null(strstr(printed, "name: \"r.example:443\"\n"));
    assert_non_null(strstr(printed, "- \"app:17\"\n"));
    text_free(&file);
}

/* The port that is written, or that of the scheme. */
static void plain_http_has_a_port_of_its_own(void **state)
{
    static const char file[] =
        "plain_http: true\ntargets: [r.example, \"r.example/app:1\", \"s.example:443\", "
        "\"[fd00::7]\", \"[fd00::8]:443\", \"[fd00::9]/app:1\"]";
    static const char *const registries[] = {"r.example:80", "s.example:443", "[fd00::7]:80",
                                             "[fd00::8]:443", "[fd00::9]:80"};
    char printed[16384] = "";
    char registry[64];

    (void)state;
    assert_string_equal(load(file, strlen(file), NULL, printed), "");
    for (size_t i = 0; i < sizeof(registries) / sizeof(registries[0]); i++) {
        snprintf(registry, sizeof(registry), "registry: \"%s\"\n", registries[i]);
        assert_non_null(strstr(printed, registry));
    }
}

static void the_default_name_is_the_host(void **state)
{
    static const char file[] = "targets: [r.example:5000, r.example:5001, s.example]";
    char printed[16384] = "";

    (void)state;
    assert_string_equal(load(file, strlen(file), NULL, printed), "");
    assert_non_null(strstr(printed, "name: \"r.example\"\n"));
    assert_non_null(strstr(printed, "name: \"r.example:5001\"\n"));
    assert_non_null(strstr(printed, "name: \"s.example\"\n"));
}

/* A key that was given where a path or a name belongs is refused, and no part of it is shown. */
static void a_key_is_refused_unshown(void **state)
{
    static const char *const keys[] = {
        "{\"auths\":{\"r.example\":{\"username\":\"u\",\"password\":\"S3cr3tCanary\"}}}",
        " {\"S3cr3tCanary\": 1}",
        "eyJhdXRocyI6eyJyIjp7InVzZXJuYW1lIjoiUzNjcjN0Q2FuYXJ5In19fQ",
        "dXNlcjpTM2NyM3RDYW5hcnk=", /* user:S3cr3tCanary */
        "S3cr3tCanary",             /* only where a path belongs */
        "user:S3cr3tCanary@r.example",
        "https://user:S3cr3tCanary@r.example/",
        "https://r.example/?access_token=S3cr3tCanary",
        "https://r.example/services/T02AB/S3cr3tCanary0aZ3bY7",
        "ci-robot:S3cr3tCanary",
        "ci-robot:53/cr3tCanary",
        "https://r.example/a?b=c&X-Amz-Signature=S3cr3tCanary",
        "https://r.example/#id_token=S3cr3tCanary",
        "listen: 127.0.0.1:1\npassword: S3cr3tCanary\n",
        "Basic dXNlcjpTM2NyM3RDYW5hcnk=",
        "-----BEGIN PRIVATE KEY-----\nS3cr3tCanary\n",
        "[{\"auths\": {\"S3cr3tCanary\": 1}}]",
        "[{'S3cr3tCanary': 1}]",
        "\xef\xbb\xbf{\"S3cr3tCanary\": 1}",
        "77u/eyJhdXRocyI6eyJTM2NyM3RDYW5hcnkiOjF9fQ==",         /* that with an "auths" */
        "w7xzZXI6UzNjcjN0Q2FuYXJ5",                             /* \xc3\xbcser:S3cr3tCanary */
        "VXpOamNqTjBRMkZ1WVhKNVV6TmpjajMwUTJGdVlYSjU=",         /* Base64 of Base64 */
        "token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.S3cr3tCan", /* and its name */
        "'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.S3cr3tCan'",
        "password=S3cr3tCanary",
        "Bearer\tS3cr3tCanary",
        "//user:S3cr3tCanary@r.example/",
        "https://r.example/a?b=c&sign=S3cr3tCanary",
        "https://r.example/#S3cr3tCanary",
        "ghp_S3cr3tCanary0aZ3bY7",
        "vpc=ghp_S3cr3tCanary0aZ3bY7",
        "0aZ3bY7S3cr3tCanary",
    };
    static const char *const names[] = {
        "DOCKER_CONFIG", "CA_FILE", "EGRESS_ADDRESS_URL", "DOCS_URL", "TARGETS",  "TOKEN_HOST",
        "RESOLVER",      "CONTROL", "ALLOWED_HOST",       "EXPECT",   "INTERVAL", "CONFIG",
        "NO_PROXY",      "PLATFORM"};
    unsigned refused = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t n = 0; n < sizeof(keys) / sizeof(keys[0]); n++) {
            char variable[256];
            char *const environment[] = {variable, (char[]){"TCR_PROBE_FAILURE_THRESHOLD=0"}, NULL};
            snprintf(variable, sizeof(variable), "TCR_PROBE_%s=%s", names[i], keys[n]);
            const char *wrong = load(NULL, 0, environment, NULL);
            if (n == 4 && i >= 2)
                continue; /* nothing tells it from a word */
            if (strstr(wrong, "Canary") || strstr(wrong, "eyJ") || strstr(wrong, "dXNl") ||
                strstr(wrong, "UzNj") || strstr(wrong, "Xpoa"))
                fail_msg("%s: %s", variable, wrong);
            if (!strstr(wrong, names[i]) && !strstr(wrong, "ci-robot:...: No such file"))
                fail_msg("%s was not refused: %s", variable, wrong);
            refused++;
        }
    }
    assert_true(refused > 100);
}

/* Words that look a little like keys. */
static void what_is_no_key_is_taken(void **state)
{
    static const char *const values[] = {
        "TARGETS=r.example/team/app:da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "TARGETS=r.example/team/vscode:latest",
        "TARGETS=a1b2c3d4e5f6a7b8c9d0-1234567890.ap-1.elb.example",
        "TARGETS=prod-1-guangzhou-2-zone-3-v4",
        "CA_FILE=/pods/0f8fad5b-d9cb-469f-a165-70867728950e/..2026_11_30_15.1234567890/ca.pem",
        "EGRESS_ADDRESS_URL=https://r.example/ip?format=text&v=2",
        "TOKEN_HOST=auth:5001",
        "ALLOWED_HOST=web-7f8d9c8b6x-abc12",
        "PROXY=http://user:S3cr3tCanary0aZ3bY7@r.example:8080",
        "NO_PROXY=*,.r.example,*.r.example,r.example:8080,10.0.0.0/8",
        "NO_PROXY=10.1.2.3/8,[fd00::1]:443,fd00::/8",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char variable[256];
        char *const environment[] = {variable,
                                     i < 4 ? NULL : (char[]){"TCR_PROBE_TARGETS=a.example"}, NULL};
        snprintf(variable, sizeof(variable), "TCR_PROBE_%s", values[i]);
        assert_string_equal(load(NULL, 0, environment, NULL), "");
    }
    char *const token[] = {
        (char[]){"TCR_PROBE_PROXY=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.S3cr3tCan"}, NULL};
    assert_non_null(strstr(load(NULL, 0, token, NULL), "PROXY: proxy: \"...\": it is auto"));
}

static void blanks_around_the_items_of_a_list_are_cut(void **state)
{
    char *const variables[] = {(char[]){"TCR_PROBE_TARGETS= acme-prod ,\n\tr.example:5000\n"},
                               (char[]){"TCR_PROBE_RESOLVER=10.0.0.1 , 10.0.0.2"}, NULL};
    char printed[16384] = "";

    (void)state;
    assert_string_equal(load(NULL, 0, variables, printed), "");
    assert_int_equal(occurrences(printed, "- registry:"), 2);
    assert_non_null(strstr(printed, "- \"10.0.0.1:53\"\n    - \"10.0.0.2:53\"\n"));
}

/* Options and variables are bytes; reports are UTF-8. */
static void only_utf8_is_taken(void **state)
{
    static const char *const values[] = {"/pr\xfc"
                                         "f.pem",
                                         "/c1\xc2\x9b"
                                         "31m.pem",
                                         "/a\xe2\x80\x8b"
                                         "b.pem",
                                         "/a\xe3\x85\xa4" /* Hangul filler */
                                         "b.pem",
                                         "/a\xef\xb8\x8f" /* variation selector */
                                         "b.pem",
                                         "/a\xf0\x9d\x85\xb3" /* musical control */
                                         "b.pem",
                                         "/\xed\xa0\x80.pem"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char variable[64];
        char *const environment[] = {variable, (char[]){"TCR_PROBE_TARGETS=acme-prod"}, NULL};
        snprintf(variable, sizeof(variable), "TCR_PROBE_CA_FILE=%s", values[i]);
        assert_non_null(strstr(load(NULL, 0, environment, NULL), "it must be UTF-8"));
        snprintf(variable, sizeof(variable), "TCR_PROBE_CONFIG=%s", values[i]);
        assert_non_null(strstr(load(NULL, 0, environment, NULL), "it must be UTF-8"));
    }
    char *const fine[] = {(char[]){"TCR_PROBE_CA_FILE=/pr\xc3\xbc"
                                   "f.pem"},
                          (char[]){"TCR_PROBE_TARGETS=acme-prod"}, NULL};
    assert_string_equal(load(NULL, 0, fine, NULL), "");
}

#define TESTS 20

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT + TESTS] = {
        cmocka_unit_test(a_fifo_is_refused_at_once),
        cmocka_unit_test(brackets_stand_around_either_family),
        cmocka_unit_test(nothing_is_an_empty_list),
        cmocka_unit_test(mistakes_of_a_target_are_listed_once),
        cmocka_unit_test(a_registry_named_again_is_one_target),
        cmocka_unit_test(deep_nesting_is_refused_at_once),
        cmocka_unit_test(many_keys_are_refused_at_once),
        cmocka_unit_test(many_values_are_refused_at_once),
        cmocka_unit_test(names_that_libyaml_compares_are_refused_at_once),
        cmocka_unit_test(variables_of_a_service_are_not_ours),
        cmocka_unit_test(a_higher_source_decides_over_controls),
        cmocka_unit_test(the_default_name_is_the_host),
        cmocka_unit_test(only_a_regular_file_is_read),
        cmocka_unit_test(images_that_do_not_fit_are_another_target),
        cmocka_unit_test(plain_http_has_a_port_of_its_own),
        cmocka_unit_test(what_run_reads_survives_its_own_print),
        cmocka_unit_test(a_key_is_refused_unshown),
        cmocka_unit_test(what_is_no_key_is_taken),
        cmocka_unit_test(blanks_around_the_items_of_a_list_are_cut),
        cmocka_unit_test(only_utf8_is_taken),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[TESTS + i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = run_row, .initial_state = &rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
