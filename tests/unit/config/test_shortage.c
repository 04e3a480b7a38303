/* SPDX-License-Identifier: MIT */
/* Settings that are loaded while memory is short: one allocation after the other fails, and every
 * time either nothing is wrong or "out of memory" is, with no settings and no leak. */

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
#include "config/invocation.h"
#include "tests/support.h"

#define OUTPUT 65536
#define CHUNK  512 /* of an arena: moved by less, each piece in turn is the first of one */
#define STEP   16

static const char file[] =
    "profile: tke-serverless\nca_file: /ca\ndocker_config: /key\n"
    "token_hosts: [a.example, \"b.example:5000\"]\n"
    "resolvers: {pod: [10.0.0.2], host: [10.0.0.3]}\nprivate_ranges: [9.0.0.0/8]\n"
    "controls:\n  - {name: c, kind: vpc, endpoint: \"service.example:443\"}\n"
    "egress_address_url: http://echo.example/ip\nallowed_hosts: [probe.example]\n"
    "targets:\n  - acme-prod\n  - r.example:5000/team/app:1\n"
    "  - {registry: \"r.example:5001\", images: [app:1, app:2], token_hosts: [c.example],\n"
    "     ca_file: /other, name: second}\n"
    "  - {registry: \"[fd00::7]:5000\"}\n  - {registry: \"[fd00::7]:5001\"}\n";

static unsigned long failing; /* the allocation that fails; 0: none */

/* The errors, and the settings as printed, "" if there are none. True if an allocation failed. */
static bool load(const char *path, int padding, char wrong[OUTPUT], char printed[OUTPUT])
{
    char variable[CHUNK + 64];
    char option[] = "--config";
    char copy[64];
    char *arguments[] = {(char[]){"tcr-probe"},           (char[]){"check"},         option, copy,
                         (char[]){"--resolver=10.0.0.9"}, (char[]){"--color=never"}, NULL};
    char *environment[] = {variable, (char[]){"TCR_PROBE_PRIVATE_RANGE=8.0.0.0/8,7.0.0.0/8"},
                           (char[]){"TCR_PROBE_TIMEOUT=5s"}, NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct text text = TEXT_WITH_LIMIT(OUTPUT - 1);

    snprintf(copy, sizeof(copy), "%s", path);
    snprintf(variable, sizeof(variable), "TCR_PROBE_%0*d_SERVICE_HOST=10.0.0.1", padding, 0);
    fault_begin(failing);
    int status = settings_load(6, arguments, environment, &invocation, &settings, &errors);
    bool failed = fault_end();
    assert_int_equal(status == 0, settings != NULL);
    config_errors_print(&errors, &text);
    snprintf(wrong, OUTPUT, "%s", text_string(&text));
    text_clear(&text);
    if (settings)
        settings_print(settings, &text);
    snprintf(printed, OUTPUT, "%s", text_string(&text));
    text_free(&text);
    settings_release(settings);
    config_errors_free(&errors);
    return failed;
}

static void nothing_is_left_out_in_silence(void **state)
{
    static char wrong[OUTPUT];
    static char whole[OUTPUT];
    static char printed[OUTPUT];
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);
    unsigned long most = 0;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, strlen(file)), strlen(file));
    close(fd);
    for (int padding = 1; padding <= CHUNK; padding += STEP) {
        bool failed = true;
        failing = 0;
        assert_false(load(path, padding, wrong, whole));
        assert_string_equal(wrong, "");
        for (failing = 1; failed; failing++) {
            failed = load(path, padding, wrong, printed);
            if (failed && !strstr(wrong, "out of memory"))
                fail_msg("padding %d, allocation %lu: \"%s\"", padding, failing, wrong);
            assert_string_equal(printed, failed ? "" : whole);
        }
        most = failing > most ? failing : most;
    }
    assert_true(most > 15);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_out_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
