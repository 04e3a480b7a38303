/* What files and environments may hold besides settings: refused or ignored, each with its place.
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

#include "config/invocation.h"
#include "config/print.h"

#define DEEP 100000

/* Loads `file` (NULL: none) under `variables`; what was wrong as text, "" when nothing was. */
static char *load(const char *file, size_t length, char *const *variables, char *printed)
{
    static char output[16384];
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"config"}, (char[]){"--config"}, path,
                         NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct text text = TEXT_WITH_LIMIT(sizeof(output) - 1);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, length), length);
    int status = settings_load(file ? 4 : 2, arguments, variables, &invocation, &settings, &errors);
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
    close(fd);
    unlink(path);
    return output;
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
    {"alias", "ca_file: &a x\nexpect: *a\n", 0, {":2:9:", "alias"}},
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
     {":1:14:", "no_controls beside controls"}},
    {"platform's port", "profile: tke-serverless\nlisten: 0.0.0.0:9100", 0, {"9100"}},
    {"platform's range", "profile: tke-serverless\nlisten: 0.0.0.0:61000", 0, {"61000"}},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void run_row(void **state)
{
    const struct row *row = *state;
    const char *wrong = load(row->file, row->length ? row->length : strlen(row->file), NULL, NULL);

    for (size_t i = 0; i < 3 && row->wrong[i]; i++)
        assert_non_null(strstr(wrong, row->wrong[i]));
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
    assert_string_equal(load(NULL, 0, variables, NULL), "");
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
    assert_non_null(strstr(first, "listen: \"[::1]:0\"\nlog: {level: warn, format: json}\n"));
    assert_non_null(strstr(first, "  - \"a.example\"\n  - \"b\"\ninterval: 1500ms\n"));
    assert_non_null(strstr(first, "    interval: 1500ms\n"));
    assert_string_equal(load(first, strlen(first), NULL, second), "");
    assert_string_equal(first, second);
}

/* The file forbids controls, the environment names one: the environment comes first. */
static void a_higher_source_decides_over_controls(void **state)
{
    static const char none[] = "no_controls: true";
    static const char one[] = "controls: [vpc=10.0.0.1:443]";
    char *const adds[] = {(char[]){"TCR_PROBE_CONTROL=vpc=10.0.0.2:443"}, NULL};
    char *const forbids[] = {(char[]){"TCR_PROBE_NO_CONTROLS=true"}, NULL};
    char printed[16384] = "";

    (void)state;
    assert_string_equal(load(none, strlen(none), adds, printed), "");
    assert_non_null(strstr(printed, "endpoint: \"10.0.0.2:443\""));
    assert_string_equal(load(one, strlen(one), forbids, printed), "");
    assert_null(strstr(printed, "controls:"));
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

int main(void)
{
    struct CMUnitTest tests[ROW_COUNT + 5] = {
        cmocka_unit_test(deep_nesting_is_refused_at_once),
        cmocka_unit_test(variables_of_a_service_are_not_ours),
        cmocka_unit_test(a_higher_source_decides_over_controls),
        cmocka_unit_test(the_default_name_is_the_host),
        cmocka_unit_test(what_run_reads_survives_its_own_print),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[5 + i] = (struct CMUnitTest){
            .name = rows[i].name, .test_func = run_row, .initial_state = &rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
