/* SPDX-License-Identifier: MIT */
/* Command lines: the invocation that comes out, and the words of each refusal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/help.h"
#include "config/invocation.h"

#define MAX_WORDS 6
#define MAX_WORD  64

static const struct row {
    const char *words[MAX_WORDS];
    const char *complaint; /* NULL: nothing is wrong */
    enum command command;
    bool help;
    const char *explained;
} rows[] = {
    {{0}, "a command is needed, e.g. check; see --help", COMMAND_HELP, false, NULL},
    {{"-h"}, NULL, COMMAND_HELP, true, NULL},
    {{"--help"}, NULL, COMMAND_HELP, true, NULL},
    {{"help"}, NULL, COMMAND_HELP, false, NULL},
    {{"-V"}, NULL, COMMAND_VERSION, false, NULL},
    {{"--version"}, NULL, COMMAND_VERSION, false, NULL},
    {{"check", "-h"}, NULL, COMMAND_CHECK, true, NULL},
    {{"check", "--help"}, NULL, COMMAND_CHECK, true, NULL},
    {{"check", "--version"}, NULL, COMMAND_VERSION, false, NULL},
    {{"check", "--replay", "report.json"}, NULL, COMMAND_CHECK, false, NULL},
    {{"check", "--format=json", "acme-prod"}, NULL, COMMAND_CHECK, false, NULL},
    {{"check", "--format", "xml", "acme-prod"},
     "--format: \"xml\": it is text or json",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "--color=red", "acme-prod"},
     "--color: \"red\": it is auto, always or never",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "acme-prod", "--timeout"},
     "--timeout: a value is needed",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "acme-prod", "--config"}, "--config: a value is needed", COMMAND_CHECK, false, NULL},
    {{"check", "-x", "acme-prod"}, "-x: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "-vqx", "acme-prod"}, "-x: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "-vq", "acme-prod"}, NULL, COMMAND_CHECK, false, NULL},
    /* words that may be keys are not repeated */
    {{"check", "-pS3cr3t"}, "-p: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "-u", "ci:S3cr3t"}, "-u: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "--password", "S3cr3t"},
     "--password: unknown option; see --help",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "--S3cr3t"}, "--...: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "--pem", "-----BEGIN PRIVATE KEY-----\nS3cr3t"},
     "--...: unknown option; see --help",
     COMMAND_CHECK,
     false,
     NULL},
    {{"ci:S3cr3t"}, "\"ci:...\": unknown command; see --help", COMMAND_HELP, false, NULL},
    {{"healthcheck", "ci:S3cr3t"},
     "\"ci:...\": healthcheck takes no target",
     COMMAND_HEALTHCHECK,
     false,
     NULL},
    {{"run", "acme-prod", "--interval", "ci:S3cr3t"},
     "--interval: interval: \"ci:...\": ",
     COMMAND_RUN,
     false,
     NULL},
    {{"check", "-o", "json", "acme-prod"}, NULL, COMMAND_CHECK, false, NULL},
    {{"check", "-qojson", "acme-prod"}, NULL, COMMAND_CHECK, false, NULL},
    {{"check", "-oxml", "acme-prod"},
     "-o: \"xml\": it is text or json",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "acme-prod", "-o"}, "-o: a value is needed", COMMAND_CHECK, false, NULL},
    {{"check", "--quiet=yes", "acme-prod"},
     "--quiet: this option takes no value",
     COMMAND_CHECK,
     false,
     NULL},
    {{"--expect", "private", "check"}, "--expect: name a command first", COMMAND_HELP, false, NULL},
    {{"check", "--frobnicate", "acme-prod"},
     "--frobnicate: unknown option",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "-"}, "target \"-\"", COMMAND_CHECK, false, NULL},
    {{"check", "--", "--help"}, "target \"--help\"", COMMAND_CHECK, false, NULL},
    {{"wait", "--replay", "report.json", "acme-prod"},
     "--replay: wait does not take this option; check does",
     COMMAND_WAIT,
     false,
     NULL},
    {{"run", "--format=json", "acme-prod"},
     "--format: run does not take this option; check, wait, explain and diagnose do",
     COMMAND_RUN,
     false,
     NULL},
    {{"wait", "--format", "json", "acme-prod"}, NULL, COMMAND_WAIT, false, NULL},
    {{"check", "--replay", "r.json", "acme-prod"},
     "target \"acme-prod\": cannot be combined with --replay",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "--replay", "r.json", "--expect", "private"},
     "--expect: cannot be combined with --replay",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "--format", "json", "--color=never", "--replay", "r.json"},
     NULL,
     COMMAND_CHECK,
     false,
     NULL},
    {{"healthcheck", "acme-prod"},
     "\"acme-prod\": healthcheck takes no target",
     COMMAND_HEALTHCHECK,
     false,
     NULL},
    {{"diagnose", "shop/web-0", "--no-secrets"}, NULL, COMMAND_DIAGNOSE, false, NULL},
    {{"diagnose", "-", "--timeout", "3s"}, NULL, COMMAND_DIAGNOSE, false, NULL},
    {{"diagnose"}, "name a pod, or give - and the output", COMMAND_DIAGNOSE, false, NULL},
    {{"diagnose", "a", "b"}, "\"b\": diagnose takes one pod", COMMAND_DIAGNOSE, false, NULL},
    {{"check", "--no-secrets", "acme-prod"},
     "--no-secrets: check does not take this option; diagnose does",
     COMMAND_CHECK,
     false,
     NULL},
    {{"help", "wait"}, NULL, COMMAND_WAIT, true, NULL},
    {{"help", "wiat"}, "\"wiat\": unknown command; did you mean wait?", COMMAND_WAIT, true, NULL},
    {{"frobnicate"}, "\"frobnicate\": unknown command; see --help", COMMAND_HELP, false, NULL},
    {{"healthcheck", "--listen=[::1]:1"}, NULL, COMMAND_HEALTHCHECK, false, NULL},
    {{"explain", "i/o", "timeout"}, NULL, COMMAND_EXPLAIN, false, "i/o timeout"},
    {{"explain", "--", "--help", "-x", "--"}, NULL, COMMAND_EXPLAIN, false, "--help -x --"},
    {{"explain", "--expect", "private", "x"},
     "--expect: explain does not take this option; check, run, wait, diagnose and config do",
     COMMAND_EXPLAIN,
     false,
     "x"},
    {{"explain", "-v"},
     "-v: explain does not take this option; check, wait and diagnose do",
     COMMAND_EXPLAIN,
     false,
     NULL},
    {{"healthcheck", "--timeout=1s"},
     "--timeout: healthcheck does not take this option; check, run, wait, diagnose and config do",
     COMMAND_HEALTHCHECK,
     false,
     NULL},
    {{"check", "--listen", "127.0.0.1:1", "acme-prod"},
     "--listen: check does not take this option; run, healthcheck and config do",
     COMMAND_CHECK,
     false,
     NULL},
    {{"explain", "--list"}, NULL, COMMAND_EXPLAIN, false, NULL},
    {{"explain", "-"}, NULL, COMMAND_EXPLAIN, false, "-"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* An error shows the given text without its control characters, and in full only if it leaves
 * room for the valid values. */
static void values_are_shown_safely(void **state)
{
    char wild[] = "acme\x1b[31m\tprod";
    char endless[5000];
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"check"}, wild, endless, NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;

    (void)state;
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(settings_load(4, arguments, NULL, &invocation, &settings, &errors), -1);
    assert_int_equal(errors.count, 2);
    assert_non_null(strstr(errors.messages[0], "target \"acme\\x1b[31m\\x09prod\": an instance"));
    assert_non_null(strstr(errors.messages[1], "aaaa...\": an instance name has 5 to 50"));
    config_errors_free(&errors);
}

static void same(const char *got, const char *wanted)
{
    assert_string_equal(got ? got : "(none)", wanted ? wanted : "(none)");
}

static void read_row(void **state)
{
    const struct row *row = *state;
    char copies[MAX_WORDS + 1][MAX_WORD] = {"tcr-probe"};
    char *arguments[MAX_WORDS + 2] = {copies[0]};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    struct text text = TEXT_WITH_LIMIT(65536);
    int count = 1;

    for (; count <= MAX_WORDS && row->words[count - 1]; count++) {
        snprintf(copies[count], MAX_WORD, "%s", row->words[count - 1]);
        arguments[count] = copies[count];
    }
    int status = settings_load(count, arguments, NULL, &invocation, &settings, &errors);
    config_errors_print(&errors, &text);
    assert_int_equal(status, row->complaint ? -1 : 0);
    assert_int_equal(*text_string(&text) == '\0', !row->complaint);
    assert_null(strstr(text_string(&text), "S3cr3t"));
    if (row->complaint && !strstr(text_string(&text), row->complaint))
        fail_msg("%s", text_string(&text));
    assert_int_equal(invocation.command, row->command);
    assert_int_equal(invocation.help, row->help);
    if (status == 0) /* else the texts of the invocation are gone */
        same(invocation.explained, row->explained);
    settings_release(settings);
    config_errors_free(&errors);
    text_free(&text);
}

/* True if `help` has a line of `option`. */
static bool lists(const char *help, const struct option_words *option)
{
    char line[64];

    snprintf(line, sizeof(line), "--%s ", option->option);
    for (const char *at = strstr(help, line); at; at = strstr(at + 1, line))
        if (at - help > 2 && at[-1] == ' ' && (at[-2] == ' ' || at[-2] == ','))
            return true;
    return false;
}

static void help_lists_the_options_of_the_command(void **state)
{
    struct text text = TEXT_WITH_LIMIT(65536);
    struct option_words option;

    (void)state;
    for (unsigned command = 0; command < COMMAND_HELP; command++) {
        text_clear(&text);
        help_print((enum command)command, &text);
        for (size_t i = 0; option_at(i, &option); i++) {
            bool taken = option.commands & (1u << command);
            if (strcmp(option.option, "timeout") != 0 &&
                lists(text_string(&text), &option) != taken)
                fail_msg("%s and --%s", command_table[command].name, option.option);
        }
        assert_non_null(strstr(text_string(&text), "\nExit status: 0 "));
        assert_non_null(strstr(text_string(&text), command_table[command].examples[1]));
    }
    text_free(&text);
}

/* wait has a --timeout of its own in place of the one for a run. */
static void each_timeout_is_listed_once(void **state)
{
    static const char timeout[] = "--timeout DURATION";
    struct text text = TEXT_WITH_LIMIT(65536);

    (void)state;
    for (int command = COMMAND_CHECK; command <= COMMAND_WAIT; command++) {
        text_clear(&text);
        help_print((enum command)command, &text);
        const char *first = strstr(text_string(&text), timeout);
        assert_non_null(first);
        assert_null(strstr(first + 1, timeout));
        assert_int_equal(strstr(first, "the whole wait, 0: none [0]") != NULL,
                         command == COMMAND_WAIT);
    }
    text_free(&text);
}

static void help_of_a_small_command_is_short(void **state)
{
    struct text text = TEXT_WITH_LIMIT(65536);
    unsigned lines = 0;

    (void)state;
    help_print(COMMAND_HEALTHCHECK, &text);
    for (const char *at = text_string(&text); *at; at++)
        lines += *at == '\n';
    assert_in_range(lines, 10, 20);
    text_free(&text);
}

/* Variables and keys that the command does not read may hold anything. */
static void what_a_command_does_not_read_is_ignored(void **state)
{
    char *const environment[] = {(char[]){"TCR_PROBE_FORMAT=xml"},
                                 (char[]){"TCR_PROBE_INTERVAL=soon"},
                                 (char[]){"TCR_PROBE_TARGETS=-"}, NULL};
    char *const run[] = {(char[]){"tcr-probe"}, (char[]){"run"}, (char[]){"acme-prod"}, NULL};
    char *const explain[] = {(char[]){"tcr-probe"}, (char[]){"explain"}, NULL};
    char *const healthcheck[] = {(char[]){"tcr-probe"}, (char[]){"healthcheck"}, NULL};
    static const size_t wrong[] = {1, 1, 0}; /* interval; format; nothing */
    char *const *const lines[] = {run, explain, healthcheck};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct invocation invocation = {0};
        struct config_errors errors = {0};
        struct settings *settings = NULL;
        settings_load(i == 0 ? 3 : 2, lines[i], environment, &invocation, &settings, &errors);
        assert_int_equal(errors.count, wrong[i]);
        settings_release(settings);
        config_errors_free(&errors);
    }
}

#define TESTS 5

int main(void)
{
    struct CMUnitTest tests[TESTS + ROW_COUNT] = {
        cmocka_unit_test(help_lists_the_options_of_the_command),
        cmocka_unit_test(each_timeout_is_listed_once),
        cmocka_unit_test(help_of_a_small_command_is_short),
        cmocka_unit_test(what_a_command_does_not_read_is_ignored),
        cmocka_unit_test(values_are_shown_safely),
    };

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[TESTS + i] = (struct CMUnitTest){
            .name = rows[i].words[0] ? rows[i].words[rows[i].words[1] ? 1 : 0] : "nothing",
            .test_func = read_row,
            .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
