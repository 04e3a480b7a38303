/* SPDX-License-Identifier: MIT */
/* Targets, precedence, errors with their place, and that printed settings load again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/effective.h"
#include "config/help.h"
#include "config/invocation.h"
#include "config/target.h"

/* ---- targets ---- */

struct target_row {
    const char *text;
    const char *host; /* NULL: refused */
    unsigned port;
    const char *instance;
    const char *image;
};

static const struct target_row target_rows[] = {
    {"acme-prod", "acme-prod.tencentcloudcr.com", 443, "acme-prod", NULL},
    {"acme-prod.tencentcloudcr.com", "acme-prod.tencentcloudcr.com", 443, "acme-prod", NULL},
    {"ACME-prod.TencentCloudCR.com.", "acme-prod.tencentcloudcr.com", 443, "acme-prod", NULL},
    {"acme-prod-vpc.tencentcloudcr.com", "acme-prod-vpc.tencentcloudcr.com", 443, "acme-prod",
     NULL},
    {"registry.example:5000", "registry.example", 5000, NULL, NULL},
    {"10.0.3.7:5000", "10.0.3.7", 5000, NULL, NULL},
    {"[fd00::7]:5000", "fd00::7", 5000, NULL, NULL},
    {"fd00::7", "fd00::7", 443, NULL, NULL},
    {"acme-prod.tencentcloudcr.com/team/app:1.4", "acme-prod.tencentcloudcr.com", 443, "acme-prod",
     "team/app:1.4"},
    {"r.example:5000/app@sha256:"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "r.example", 5000, NULL,
     "app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"registry:5000", "registry", 5000, NULL, NULL},
    {"acme-prod.:443", "acme-prod", 443, NULL, NULL},
    {"acme-prod:8443", "acme-prod", 8443, NULL, NULL},
    {"localhost/app", "localhost", 443, NULL, "app"},
    {"localhost:5000/app:1", "localhost", 5000, NULL, "app:1"},
    {"docker.io", "registry-1.docker.io", 443, NULL, NULL},
    {"docker.io/nginx:1.25", "registry-1.docker.io", 443, NULL, "library/nginx:1.25"},
    {"index.docker.io/team/app", "registry-1.docker.io", 443, NULL, "team/app"},
    {"registry-1.docker.io/nginx", "registry-1.docker.io", 443, NULL, "nginx"},
    {"r.example/a__b.c-d---e/f0_1:V1.0_a-", "r.example", 443, NULL, "a__b.c-d---e/f0_1:V1.0_a-"},
    {"r.example/app:1@sha256:"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "r.example", 443, NULL,
     "app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"r.example/app@sha512:"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "r.example", 443, NULL,
     "app@sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"r.example/sha256/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
     "r.example", 443, NULL,
     "sha256/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
    {"", NULL, 0, NULL, NULL},
    {"r.example/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", NULL, 0, NULL,
     NULL},
    {"r.example/app@sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL,
     0, NULL, NULL},
    {"r.example/app@md5:0123456789abcdef0123456789abcdef", NULL, 0, NULL, NULL},
    {"r.example/app:", NULL, 0, NULL, NULL},
    {"r.example/app:-1", NULL, 0, NULL, NULL},
    {"r.example/app:1:2", NULL, 0, NULL, NULL},
    {"r.example/app:1@", NULL, 0, NULL, NULL},
    {"r.example/-app", NULL, 0, NULL, NULL},
    {"r.example/app-", NULL, 0, NULL, NULL},
    {"r.example/a..b", NULL, 0, NULL, NULL},
    {"r.example/a___b", NULL, 0, NULL, NULL},
    {"r.example/a//b", NULL, 0, NULL, NULL},
    {"r.example/a/", NULL, 0, NULL, NULL},
    {"r.example/a b", NULL, 0, NULL, NULL},
    {"r_1.example/app", NULL, 0, NULL, NULL},
    {"acme", NULL, 0, NULL, NULL},
    {"-acme-prod", NULL, 0, NULL, NULL},
    {"Acme-Prod", NULL, 0, NULL, NULL},
    {"https://acme-prod.tencentcloudcr.com", NULL, 0, NULL, NULL},
    {"registry.example:0", NULL, 0, NULL, NULL},
    {"registry.example:65536", NULL, 0, NULL, NULL},
    {"registry.example:https", NULL, 0, NULL, NULL},
    {"10.0.0.256", NULL, 0, NULL, NULL},
    {"a..b", NULL, 0, NULL, NULL},
    {"[fd00::7", NULL, 0, NULL, NULL},
    {"team/app:1.4", NULL, 0, NULL, NULL},
    {"r.example/", NULL, 0, NULL, NULL},
    {"r.example/App:1", NULL, 0, NULL, NULL},
    {"r.example/app@sha256:12", NULL, 0, NULL, NULL},
    {"bad host.example", NULL, 0, NULL, NULL},
};
#define TARGET_ROW_COUNT (sizeof(target_rows) / sizeof(target_rows[0]))

static void same(const char *got, const char *wanted)
{
    assert_string_equal(got ? got : "(none)", wanted ? wanted : "(none)");
}

static void run_target_row(void **state)
{
    const struct target_row *row = *state;
    struct arena *arena = arena_new(0);
    struct target target = {0};
    const char *wrong = target_parse(row->text, arena, &target);

    if (row->host) {
        assert_null(wrong);
        same(target.host, row->host);
        assert_int_equal(target.port, row->port);
        same(target.instance, row->instance);
        same(target.image_count ? target.images[0] : NULL, row->image);
    } else {
        assert_non_null(wrong);
    }
    arena_free(arena);
}

/* Spellings that mean something else, and the one that is meant. */
static void the_spelling_that_is_meant_is_named(void **state)
{
    static const struct {
        const char *text;
        const char *meant;
    } rows[] = {
        {"acme-prod:443", "write acme-prod for the TCR instance, or acme-prod.:443 for a host"},
        {"nginx:latest", "docker.io/library/nginx:TAG, or NAME.tencentcloudcr.com"},
        {"team/app:1.4", "NAME.tencentcloudcr.com/team/app:1.4, or docker.io/team/app:1.4"},
        {"acme-prod/team/app:1", "acme-prod.tencentcloudcr.com/team/app:1 for the TCR instance"},
        {"Acme-Prod", "in lower case: acme-prod"},
        {"https://acme-prod.tencentcloudcr.com/v2/", "scheme: acme-prod.tencentcloudcr.com"},
        {"acme-prod.tencentcloudcr.com/", "the slash at the end: acme-prod.tencentcloudcr.com"},
        {"r.example/Team/App:1", "the name of an image is in lower case"},
        {"r.example/app:a/b", "a tag has 1 to 128 letters"},
        {"r.example/app@sha256:abc", "a digest is sha256: and 64 digits"},
    };
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct target target = {0};
        const char *wrong = target_parse(rows[i].text, arena, &target);
        if (!wrong || !strstr(wrong, rows[i].meant))
            fail_msg("%s: %s", rows[i].text, wrong ? wrong : "taken");
    }
    arena_free(arena);
}

/* ---- loading ---- */

struct loaded {
    struct invocation invocation;
    struct settings *settings;
    struct config_errors errors;
    struct text messages;
    int status;
};

#define ARGUMENTS(...) ((char *[]){(char[]){"tcr-probe"}, __VA_ARGS__, NULL})

static struct loaded load(char *const *arguments, char *const *environment)
{
    struct loaded loaded = {.messages = TEXT_WITH_LIMIT(65536)};
    int count = 0;

    while (arguments[count])
        count++;
    loaded.status = settings_load(count, arguments, environment, &loaded.invocation,
                                  &loaded.settings, &loaded.errors);
    config_errors_print(&loaded.errors, &loaded.messages);
    return loaded;
}

static void release(struct loaded *loaded)
{
    settings_release(loaded->settings);
    config_errors_free(&loaded->errors);
    text_free(&loaded->messages);
}

/* A file of its own, removed by the caller. */
static void write_file(char path[32], const char *content)
{
    strcpy(path, "/tmp/tcr-probe-test.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
}

static void flag_beats_environment_beats_file(void **state)
{
    char path[32];
    (void)state;
    write_file(path, "timeout: 7s\nexpect: private\ncertificate_warning_days: 3\n"
                     "private_ranges: [\"9.0.0.0/8\"]\ntargets: [acme-prod]\n");
    char *environment[] = {(char[]){"TCR_PROBE_TIMEOUT=5s"}, (char[]){"TCR_PROBE_EXPECT=public"},
                           (char[]){"TCR_PROBE_PRIVATE_RANGE=127.0.0.0/8,11.0.0.0/8"}, NULL};
    struct loaded loaded =
        load(ARGUMENTS((char[]){"check"}, (char[]){"--config"}, path, (char[]){"--timeout=3s"}),
             environment);
    assert_int_equal(loaded.status, 0);
    assert_int_equal(loaded.settings->defaults.timeout, 3 * USEC_PER_SEC);
    assert_int_equal(loaded.settings->defaults.expect, EXPECT_PUBLIC);
    assert_int_equal(loaded.settings->defaults.certificate_warning_days, 3);
    assert_int_equal(loaded.settings->network.private_range_count, 2);
    assert_int_equal(loaded.settings->targets[0].timeout, 3 * USEC_PER_SEC);
    release(&loaded);
    unlink(path);
}

static void every_error_comes_with_its_place(void **state)
{
    static const char *const wanted[] = {
        ":1:1: timout: unknown key; did you mean timeout?",
        ":2:9: expect: \"sideways\": it is any, private or public",
        ":4:9: resolvers.host: \"dns.example\": a resolver is",
        ":6:5: controls: kind and endpoint are needed",
        ":8:5: expct: unknown key; did you mean expect?",
        ":9:14: timeout: \"soon\": a duration is",
        ":10:5: target \"no\": an instance name has 5 to 50",
    };
    char path[32];
    (void)state;
    write_file(path, "timout: 7s\nexpect: sideways\nresolvers:\n  host: [dns.example]\ncontrols:\n"
                     "  - name: x\ntargets:\n  - expct: any\n    timeout: soon\n"
                     "    registry: acme-prod\n  - \"no\"\n");
    struct loaded loaded = load(ARGUMENTS((char[]){"check"}, (char[]){"--config"}, path), NULL);
    assert_int_equal(loaded.status, -1);
    assert_null(loaded.settings);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *place = strchr(wanted[i] + 1, ':');
        const char *message = strchr(place + 1, ':');
        if (!strstr(text_string(&loaded.messages), message))
            fail_msg("no \"%s\" in:\n%s", message, text_string(&loaded.messages));
    }
    assert_non_null(strstr(text_string(&loaded.messages), wanted[0]));
    assert_non_null(strstr(text_string(&loaded.messages), wanted[1]));
    assert_int_equal(loaded.errors.count, sizeof(wanted) / sizeof(wanted[0]));
    release(&loaded);
    unlink(path);
}

static void near_misses_are_named(void **state)
{
    char *environment[] = {(char[]){"TCR_PROBE_TIMOUT=5s"}, NULL};
    (void)state;
    struct loaded loaded = load(ARGUMENTS((char[]){"chek"}, (char[]){"--resolve"}), environment);
    assert_int_equal(loaded.status, -1);
    assert_non_null(strstr(text_string(&loaded.messages), "did you mean check?"));
    assert_non_null(strstr(text_string(&loaded.messages), "did you mean --resolver?"));
    assert_non_null(strstr(text_string(&loaded.messages), "did you mean TCR_PROBE_TIMEOUT?"));
    release(&loaded);
}

static void check_needs_a_target(void **state)
{
    (void)state;
    struct loaded loaded = load(ARGUMENTS((char[]){"check"}), NULL);
    assert_int_equal(loaded.status, -1);
    assert_non_null(strstr(text_string(&loaded.messages), "no target"));
    release(&loaded);
}

/* Its option is the time of the whole wait; the variable of that name stays that of one run. */
static void wait_has_a_timeout_of_its_own(void **state)
{
    static const struct {
        const char *option;
        usec_t wait; /* in all */
        usec_t run;  /* of one run: never longer than the wait */
    } rows[] = {
        {"--timeout=0", 0, 5 * USEC_PER_SEC},
        {"--timeout=1h", 3600 * USEC_PER_SEC, 5 * USEC_PER_SEC},
        {"--timeout=2s", 2 * USEC_PER_SEC, 2 * USEC_PER_SEC},
        {"--interval=1s", 0, 5 * USEC_PER_SEC},
    };
    char *environment[] = {(char[]){"TCR_PROBE_TIMEOUT=5s"}, NULL};
    char option[32];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(option, sizeof(option), "%s", rows[i].option);
        struct loaded loaded =
            load(ARGUMENTS((char[]){"wait"}, option, (char[]){"acme-prod"}), environment);
        assert_int_equal(loaded.status, 0);
        assert_int_equal(loaded.invocation.wait_timeout, rows[i].wait);
        assert_int_equal(loaded.settings->targets[0].timeout, rows[i].run);
        release(&loaded);
    }
    struct loaded loaded =
        load(ARGUMENTS((char[]){"wait"}, (char[]){"--timeout=soon"}, (char[]){"acme-prod"}),
             environment);
    assert_int_equal(loaded.status, -1);
    assert_non_null(strstr(text_string(&loaded.messages), "--timeout: \"soon\": it is 0"));
    release(&loaded);
}

static void only_some_commands_need_a_target(void **state)
{
    static const struct {
        const char *command;
        bool needs;
    } rows[] = {{"wait", true}, {"run", true}, {"healthcheck", false}, {"config", true}};
    char *environment[] = {(char[]){"TCR_PROBE_REPLAY=report.json"}, NULL};
    char command[16];
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(command, sizeof(command), "%s", rows[i].command);
        struct loaded loaded = load(ARGUMENTS(command), environment);
        assert_int_equal(loaded.status, rows[i].needs ? -1 : 0);
        assert_int_equal(loaded.settings == NULL, rows[i].needs);
        release(&loaded);
    }
}

static void the_profile_adds_what_is_true_there(void **state)
{
    (void)state;
    struct loaded loaded = load(ARGUMENTS((char[]){"check"}, (char[]){"--profile"},
                                          (char[]){"tke-serverless"}, (char[]){"acme-prod"}),
                                NULL);
    assert_int_equal(loaded.status, 0);
    assert_int_equal(loaded.settings->network.host_resolver_count, 2);
    assert_int_equal(loaded.settings->network.provider_range_count, 3);
    assert_int_equal(loaded.settings->network.control_count, 3);
    assert_string_equal(loaded.settings->network.controls[2].host, "mirror.ccs.tencentyun.com");
    assert_int_equal(loaded.settings->network.controls[2].kind, CONTROL_VPC);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(loaded.settings->network.controls[i].only_helps, i == 2);
    release(&loaded);
}

static void images_of_one_registry_are_one_target(void **state)
{
    (void)state;
    struct loaded loaded = load(
        ARGUMENTS((char[]){"check"}, (char[]){"r.example/a:1"}, (char[]){"r.example/b:2"}), NULL);
    assert_int_equal(loaded.status, 0);
    assert_int_equal(loaded.settings->target_count, 1);
    assert_int_equal(loaded.settings->targets[0].image_count, 2);
    release(&loaded);
}

static void keys_and_token_hosts_of_a_target_replace_the_common_ones(void **state)
{
    char path[32];
    (void)state;
    write_file(path, "docker_config: /common\nplatform: linux/arm64\nregistry_interval: 90s\n"
                     "token_hosts: [auth.example, \"auth.example:5001\"]\ntargets:\n"
                     "  - {registry: a.example, plain_http: true}\n"
                     "  - registry: b.example\n    docker_config: /own\n"
                     "    token_hosts: [own.example]\n    insecure_skip_verify: true\n"
                     "  - {registry: \"[fd00::7]:5000\", plain_http: true, "
                     "insecure_skip_verify: false}\n");
    char *environment[] = {(char[]){"TCR_PROBE_INSECURE_SKIP_VERIFY=true"}, NULL};
    struct loaded loaded =
        load(ARGUMENTS((char[]){"run"}, (char[]){"--config"}, path), environment);
    if (loaded.status)
        fail_msg("%s", text_string(&loaded.messages));
    const struct target *target = loaded.settings->targets;
    same(target[0].docker_configs[0], "/common");
    same(target[1].docker_configs[0], "/own");
    assert_int_equal(target[0].token_host_count, 2);
    same(target[0].token_hosts[1], "auth.example:5001");
    assert_int_equal(target[1].token_host_count, 1);
    same(target[1].token_hosts[0], "own.example");
    assert_int_equal(target[0].port, 80);
    assert_int_equal(target[1].port, 443);
    assert_int_equal(target[2].port, 5000);
    assert_true(target[0].insecure_skip_verify && !target[2].insecure_skip_verify);
    assert_int_equal(target[2].registry_interval, 90 * USEC_PER_SEC);
    release(&loaded);
    unlink(path);
}

/* Prints the settings of `arguments`, and those settings again after they were loaded. */
static void print_twice(char *const *arguments)
{
    struct text first = TEXT_WITH_LIMIT(65536);
    struct text second = TEXT_WITH_LIMIT(65536);
    char path[32];
    struct loaded loaded = load(arguments, NULL);

    assert_int_equal(loaded.status, 0);
    settings_print(loaded.settings, &first);
    release(&loaded);
    write_file(path, text_string(&first));
    loaded = load(ARGUMENTS((char[]){"config"}, (char[]){"--config"}, path), NULL);
    if (loaded.status)
        fail_msg("%s%s", text_string(&loaded.messages), text_string(&first));
    settings_print(loaded.settings, &second);
    assert_string_equal(text_string(&second), text_string(&first));
    release(&loaded);
    text_free(&first);
    text_free(&second);
    unlink(path);
}

/* A reload, and a printed configuration, ask whether two spellings are the same proxy. */
static void spellings_of_a_proxy(void **state)
{
    static const struct {
        const char *one, *other;
        bool equal;
    } rows[] = {
        {"l", "http://l:80", true},           {"http://a%41@l", "aA:@l", true},
        {"http://a:b@l", "http://l", false},  {"http://a:b@l", "http://a:c@l", false},
        {"https://l", "http://l:443", false}, {"auto", "auto", true},
        {"auto", "http://auto:80", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char one[64], other[64];
        snprintf(one, sizeof(one), "--proxy=%s", rows[i].one);
        snprintf(other, sizeof(other), "--proxy=%s", rows[i].other);
        struct loaded first = load(ARGUMENTS((char[]){"config"}, one, (char[]){"a.example"}), NULL);
        struct loaded second =
            load(ARGUMENTS((char[]){"config"}, other, (char[]){"a.example"}), NULL);
        if (network_equal(&first.settings->network, &second.settings->network) != rows[i].equal)
            fail_msg("%s, %s", one, other);
        release(&first);
        release(&second);
    }
}

static void the_user_of_a_proxy_is_not_printed(void **state)
{
    struct text text = TEXT_WITH_LIMIT(65536);
    struct loaded loaded = load(
        ARGUMENTS((char[]){"config"}, (char[]){"--proxy=ann:pw@l:3128"}, (char[]){"a.example"}),
        NULL);

    (void)state;
    settings_print(loaded.settings, &text);
    assert_non_null(strstr(text_string(&text), "\nproxy: \"http://l:3128\" # its user and "
                                               "password are not printed\n"));
    assert_null(strstr(text_string(&text), "ann"));
    release(&loaded);
    text_free(&text);
}

static void what_is_printed_loads_again(void **state)
{
    (void)state;
    print_twice(ARGUMENTS(
        (char[]){"config"}, (char[]){"--profile=tke-serverless"}, (char[]){"--timeout=1500ms"},
        (char[]){"--linkage-address=10.0.3.7"}, (char[]){"--control=vpc=[fd00::1]:443"},
        (char[]){"--private-range=9.1.0.0/16"}, (char[]){"--egress-address-url"},
        (char[]){"https://[fd00::7]/ip?a=b"}, (char[]){"--docker-config=/key \"1\""},
        (char[]){"--token-host=[fd00::8]:5001"}, (char[]){"--plain-http"},
        (char[]){"--insecure-skip-verify"}, (char[]){"--registry-interval=7m"},
        (char[]){"acme-prod"}, (char[]){"r.example:5000/a:1"}, (char[]){"acme-prod.:443"},
        (char[]){"docker.io/nginx"}));
    print_twice(ARGUMENTS((char[]){"config"}, (char[]){"--no-controls"},
                          (char[]){"--ready-gate=true"}, (char[]){"--resolver=10.0.0.2"},
                          (char[]){"--egress-address-url=http://echo.example/\"a\\b\""},
                          (char[]){"--ca-file=/a b\\\"c"}, (char[]){"[fd00::7]:5000"}));
}

static void help_fits_a_terminal(void **state)
{
    struct text text = TEXT_WITH_LIMIT(65536);
    size_t column = 0;
    (void)state;
    for (int command = 0; command < COMMAND_COUNT; command++)
        help_print((enum command)command, &text);
    for (const char *at = text_string(&text); *at; at++) {
        column = *at == '\n' ? 0 : column + 1;
        assert_true(column <= 80);
    }
    assert_non_null(strstr(text_string(&text), "--host-resolver"));
    text_free(&text);
}

#define TESTS 11

int main(void)
{
    struct CMUnitTest tests[TESTS + TARGET_ROW_COUNT] = {
        cmocka_unit_test(the_spelling_that_is_meant_is_named),
        cmocka_unit_test(flag_beats_environment_beats_file),
        cmocka_unit_test(every_error_comes_with_its_place),
        cmocka_unit_test(near_misses_are_named),
        cmocka_unit_test(check_needs_a_target),
        cmocka_unit_test(wait_has_a_timeout_of_its_own),
        cmocka_unit_test(only_some_commands_need_a_target),
        cmocka_unit_test(the_profile_adds_what_is_true_there),
        cmocka_unit_test(images_of_one_registry_are_one_target),
        cmocka_unit_test(keys_and_token_hosts_of_a_target_replace_the_common_ones),
        cmocka_unit_test(what_is_printed_loads_again),
        cmocka_unit_test(spellings_of_a_proxy),
        cmocka_unit_test(the_user_of_a_proxy_is_not_printed),
        cmocka_unit_test(help_fits_a_terminal),
    };

    for (size_t i = 0; i < TARGET_ROW_COUNT; i++)
        tests[TESTS + i] = (struct CMUnitTest){.name = target_rows[i].text,
                                               .test_func = run_target_row,
                                               .initial_state = (void *)(uintptr_t)&target_rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
