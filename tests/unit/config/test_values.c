/* SPDX-License-Identifier: MIT */
/* Values that no key takes, in the words that say so, from the command line, the environment and
 * the file alike; and how many values a list takes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/invocation.h"
#include "config/schema.h"

#define MAX_VALUE 1024
#define LONG_NAME                                                                                \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaa"  \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaa.a"
#define LONG_LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define DURATION  "a duration is a whole number with ms, s, m or h, from 100ms to 24h"
#define LISTEN    "it is ADDRESS:PORT"
#define RESOLVER  "a resolver is ADDRESS[:PORT]"
#define RANGE     "a range is ADDRESS/PREFIX with no bits behind the prefix"
#define CONTROL   "a control is vpc=HOST:PORT or internet=HOST:PORT"
#define HOST      "a host has labels of letters, digits, '-' and '_'"
#define HOST_PORT "a port is a number from 1 to 65535"
#define BRACKETS  "an IPv6 address with a port is written [ADDRESS]:PORT"
#define URL       "a URL is http://HOST[:PORT][/PATH] or https://..."

static const struct row {
    const char *option;
    const char *value;
    const char *complaint;
} rows[] = {
    {"profile", "eks", "it is none, tke-serverless or node"},
    {"listen", "9447", LISTEN},
    {"listen", "::1:9447", LISTEN},
    {"listen", "[::1]", LISTEN},
    {"listen", "[::1]x:9447", LISTEN},
    {"listen", "[127.0.0.1:9447", LISTEN},
    {"listen", "[127.0.0.1]", LISTEN},
    {"listen", "[]:9447", LISTEN},
    {"listen", "127.0.0.1:", LISTEN},
    {"listen", "127.0.0.1:x", LISTEN},
    {"listen", "127.0.0.1:65536", LISTEN},
    {"listen", "127.0.0.1:094470", LISTEN},
    {"listen", "127.0.0.1:00", LISTEN},
    {"listen", "localhost:9447", LISTEN},
    {"interval", "", DURATION},
    {"interval", "s", DURATION},
    {"interval", "10", DURATION},
    {"interval", "10d", DURATION},
    {"interval", "-1s", DURATION},
    {"interval", "1234567890ms", DURATION},
    {"timeout", "99ms", DURATION},
    {"timeout", "25h", DURATION},
    {"registry-interval", "1.5s", DURATION},
    {"expect", "Private", "it is any, private or public"},
    {"certificate-warning-days", "", "a number from 0 to 3650"},
    {"certificate-warning-days", "21d", "a number from 0 to 3650"},
    {"certificate-warning-days", "3651", "a number from 0 to 3650"},
    {"certificate-warning-days", "0000021", "a number from 0 to 3650"},
    {"failure-threshold", "0", "a number from 1 to 10"},
    {"failure-threshold", "11", "a number from 1 to 10"},
    {"success-threshold", "two", "a number from 1 to 10"},
    {"ready-gate", "yes", "it is true or false"},
    {"max-in-flight", "0", "a number from 1 to 4096"},
    {"max-in-flight", "4097", "a number from 1 to 4096"},
    {"ca-file", "", "it must not be empty"},
    {"docker-config", "relative", "there is no file of this name"},
    {"platform", "linux", "it is like linux/amd64"},
    {"platform", "linux/AMD64", "it is like linux/amd64"},
    {"token-host", "auth_.example-", HOST},
    {"token-host", "auth.example:port", HOST_PORT},
    {"token-host", "[fd00::7", BRACKETS},
    {"plain-http", "1", "it is true or false"},
    {"insecure-skip-verify", "", "it is true or false"},
    {"resolver", "dns.example", RESOLVER},
    {"resolver", "10.0.0.1:0", RESOLVER},
    {"resolver", "[fd00::53", RESOLVER},
    {"resolver", "[fd00::53]53", RESOLVER},
    {"resolver", "[10.0.0.1]", RESOLVER},
    {"host-resolver", LONG_NAME, RESOLVER},
    {"private-range", "10.0.0.1/8", RANGE},
    {"private-range", "10.0.0.0/33", RANGE},
    {"private-range", "10.0.0.0/", RANGE},
    {"private-range", "10.0.0.0/8x", RANGE},
    {"provider-range", "fd00::1/64", RANGE},
    {"provider-range", "tencent", RANGE},
    {"provider-range", LONG_NAME, RANGE},
    {"control", "vpc", CONTROL},
    {"control", "=10.0.0.1:443", CONTROL},
    {"control", "vp=10.0.0.1:443", CONTROL},
    {"control", "inter=10.0.0.1:443", CONTROL},
    {"control", "vpcs=10.0.0.1:443", CONTROL},
    {"control", "vpc=service.example", "a port is needed: HOST:PORT"},
    {"control", "internet=www.example:0", HOST_PORT},
    {"control", "internet=www.example:99999", HOST_PORT},
    {"control", "internet=www.example:443443", HOST_PORT},
    {"control", "internet=www.example:+43", HOST_PORT},
    {"control", "internet=-www.example:443", HOST},
    {"control", "internet=www-.example:443", HOST},
    {"control", "internet=www..example:443", HOST},
    {"control", "internet=:443", HOST},
    {"control", "internet=.:443", HOST},
    {"control", "internet=" LONG_NAME ":443", HOST},
    {"control", "internet=" LONG_LABEL ".example:443", HOST},
    {"control", "internet=[www.example]:443", HOST},
    {"control", "internet=1.2.3:443", "an IPv4 address has four numbers from 0 to 255"},
    {"control", "internet=[fd00::7]443", BRACKETS},
    {"no-controls", "no", "it is true or false"},
    {"egress-address-url", "ftp://echo.example/", URL},
    {"egress-address-url", "http:///ip", URL},
    {"egress-address-url", "http://user@echo.example/", "this may hold a key"},
    {"egress-address-url", "http://echo.example/a b", URL},
    {"egress-address-url", "http://echo.example/\xc3\xa4", URL},
    {"egress-address-url", "http://echo.example:http/", HOST_PORT},
    {"allowed-host", "probe_1", "it is a host name without a port"},
    {"allowed-host", LONG_NAME, "it is a host name without a port"},
    {"log-level", "INFO", "it is debug, info, warn or error"},
    {"log-format", "jsonl", "it is logfmt or json"},
    {"linkage-address", "10.0.3", "it is an IP address"},
    {"linkage-address", "fd00::7:", "it is an IP address"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static const struct schema_key *key_of(const char *option)
{
    size_t i = 0;

    while (i < schema_key_count && strcmp(schema_keys[i].option, option) != 0)
        i++;
    assert_true(i < schema_key_count);
    return &schema_keys[i];
}

/* The errors of a configuration as printed, "" if there are none. */
static char *load(int count, char *const *arguments, char *const *environment)
{
    static char output[65536];
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct text text = TEXT_WITH_LIMIT(sizeof(output) - 1);

    int status = settings_load(count, arguments, environment, &invocation, &settings, &errors);
    config_errors_print(&errors, &text);
    snprintf(output, sizeof(output), "%s", text_string(&text));
    assert_int_equal(status == 0, *output == '\0');
    assert_int_equal(status == 0, settings != NULL);
    settings_release(settings);
    config_errors_free(&errors);
    text_free(&text);
    return output;
}

static char *load_file(const char *content)
{
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, (char[]){"--config"}, path,
                         NULL};
    char *environment[] = {(char[]){"TCR_PROBE_TARGETS=acme-prod"}, NULL};

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    char *wrong = load(4, arguments, strstr(content, "targets:") ? NULL : environment);
    unlink(path);
    return wrong;
}

static void require(const struct row *row, const char *source, const char *wrong)
{
    if (!strstr(wrong, row->complaint) || !strstr(wrong, key_of(row->option)->path))
        fail_msg("--%s \"%s\" by %s: not \"%s\" but \"%s\"", row->option, row->value, source,
                 row->complaint, wrong);
}

static void an_option_refuses(const struct row *row)
{
    char option[MAX_VALUE];
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, option, (char[]){"acme-prod"},
                         NULL};

    snprintf(option, sizeof(option), "--%s=%s", row->option, row->value);
    require(row, "option", load(4, arguments, NULL));
}

static void a_variable_refuses(const struct row *row)
{
    char name[SCHEMA_VARIABLE_SIZE];
    char variable[MAX_VALUE];
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, (char[]){"acme-prod"}, NULL};
    char *environment[] = {variable, NULL};

    schema_variable(row->option, name);
    snprintf(variable, sizeof(variable), "%s=%s", name, row->value);
    require(row, "variable", load(3, arguments, environment));
}

static void a_file_refuses(const struct row *row)
{
    const struct schema_key *key = key_of(row->option);
    const char *dot = strchr(key->path, '.');
    int group = dot ? (int)(dot - key->path) : 0;
    char content[MAX_VALUE];

    snprintf(content, sizeof(content), "%.*s%s%s: %s\"%s\"%s%s\n", group, key->path,
             dot ? ": {" : "", dot ? dot + 1 : key->path, key->list ? "[" : "", row->value,
             key->list ? "]" : "", dot ? "}" : "");
    require(row, "file", load_file(content));
}

static void every_source_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        an_option_refuses(&rows[i]);
        a_variable_refuses(&rows[i]);
        a_file_refuses(&rows[i]);
    }
}

/* A target's own keys take the same values. */
static void a_target_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct schema_key *key = key_of(rows[i].option);
        char content[MAX_VALUE];
        if (!key->per_target)
            continue;
        snprintf(content, sizeof(content), "targets: [{registry: acme-prod, %s: %s\"%s\"%s}]\n",
                 key->path, key->list ? "[" : "", rows[i].value, key->list ? "]" : "");
        require(&rows[i], "target", load_file(content));
    }
}

/* ---- the least and the most that is taken ---- */

static void the_edges_are_taken(void **state)
{
    static const char *const options[] = {
        "--interval=100ms",
        "--interval=24h",
        "--timeout=999999ms",
        "--certificate-warning-days=0",
        "--certificate-warning-days=3650",
        "--failure-threshold=10",
        "--max-in-flight=4096",
        "--ready-gate=false",
        "--plain-http=false",
        "--plain-http",
        "--listen=[::]:65535",
        "--listen=127.0.0.1:0",
        "--resolver=fd00::53",
        "--resolver=[fd00::53]",
        "--resolver=10.0.0.1:65535",
        "--private-range=0.0.0.0/0",
        "--private-range=10.0.0.1",
        "--private-range=fd00::7/128",
        "--control=vpc=[fd00::7]:443",
        "--control=vpc=Service.Example.:443",
        "--token-host=fd00::7",
        "--linkage-address=fd00::7",
        "--egress-address-url=HTTP://echo.example",
        "--egress-address-url=http://echo.example?a#b",
        "--egress-address-url=http://echo.example/?design=1&monkeys=2&format=json",
        "--log-level=debug",
        "--log-format=logfmt",
        "--profile=none",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        char option[MAX_VALUE];
        char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, option,
                             (char[]){"acme-prod"}, NULL};
        snprintf(option, sizeof(option), "%s", options[i]);
        const char *wrong = load(4, arguments, NULL);
        if (*wrong)
            fail_msg("%s: %s", options[i], wrong);
    }
}

/* ---- how many ---- */

static const struct limit {
    const char *before;
    const char *value; /* %zu: the place in the list */
    const char *after;
    size_t most;
    const char *complaint;
} limits[] = {
    {"resolvers: {pod: [", "10.0.0.%zu", "]}", 4, "at most 4 values"},
    {"resolvers: {host: [", "10.0.0.%zu", "]}", 4, "at most 4 values"},
    {"private_ranges: [", "10.%zu.0.0/16", "]", 32, "at most 32 values"},
    {"provider_ranges: [", "11.%zu.0.0/16", "]", 32, "at most 32 values"},
    {"profile: tke-serverless\nprovider_ranges: [", "12.%zu.0.0/16", "]", 29, "at most 32 values"},
    {"controls: [", "vpc=10.0.0.%zu:443", "]", 8, "at most 8 values"},
    {"profile: tke-serverless\ncontrols: [", "vpc=10.0.0.%zu:443", "]", 6, "at most 8 values"},
    {"allowed_hosts: [", "h%zu.example", "]", 32, "at most 32 values"},
    {"token_hosts: [", "h%zu.example", "]", 32, "at most 32 values"},
    {"targets: [{registry: acme-prod, token_hosts: [", "h%zu.example", "]}]", 32,
     "at most 32 values"},
    {"targets: [{registry: acme-prod, images: [", "app:%zu", "]}]", 16,
     "at most 16 images of a target"},
    {"token_hosts: [", "h%zu.example", "]", 4097, "more than 4096 values"},
};

static void fill(struct text *text, const struct limit *limit, size_t count)
{
    char value[64];

    text_clear(text);
    text_append(text, limit->before);
    for (size_t i = 0; i < count; i++) {
        const char *number = strstr(limit->value, "%zu");
        snprintf(value, sizeof(value), "%s\"%.*s%zu%s\"", i ? ", " : "",
                 (int)(number - limit->value), limit->value, i, number + 3);
        text_append(text, value);
    }
    text_append_format(text, "%s\n", limit->after);
}

static void lists_have_a_limit(void **state)
{
    struct text text = TEXT_WITH_LIMIT(1 << 20);

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (limits[i].most <= 32) {
            fill(&text, &limits[i], limits[i].most);
            assert_string_equal(load_file(text_string(&text)), "");
        }
        fill(&text, &limits[i], limits[i].most + 1);
        const char *wrong = load_file(text_string(&text));
        if (!strstr(wrong, limits[i].complaint))
            fail_msg("%s: %.200s", limits[i].before, wrong);
    }
    text_free(&text);
}

static void many_errors_are_counted(void **state)
{
    struct text text = TEXT_WITH_LIMIT(1 << 16);

    (void)state;
    fill(&text, &(struct limit){"allowed_hosts: [", "_%zu", "]", 0, NULL}, CONFIG_MAX_ERRORS + 7);
    const char *wrong = load_file(text_string(&text));
    assert_non_null(strstr(wrong, "tcr-probe: and 7 more\n"));
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_source_refuses),    cmocka_unit_test(a_target_refuses),
        cmocka_unit_test(the_edges_are_taken),     cmocka_unit_test(lists_have_a_limit),
        cmocka_unit_test(many_errors_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
