/* Command lines: what is asked for, and what is refused in which words. */

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
    {{"-h"}, NULL, COMMAND_HELP, false, NULL},
    {{"--help"}, NULL, COMMAND_HELP, false, NULL},
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
    {{"check", "-q", "acme-prod"}, "-q: unknown option; see --help", COMMAND_CHECK, false, NULL},
    {{"check", "--frobnicate", "acme-prod"},
     "--frobnicate: unknown option",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "-"}, "target \"-\"", COMMAND_CHECK, false, NULL},
    {{"check", "--", "--help"}, "target \"--help\"", COMMAND_CHECK, false, NULL},
    {{"wait", "--replay", "report.json", "acme-prod"},
     "--replay: an option of check only",
     COMMAND_WAIT,
     false,
     NULL},
    {{"run", "--format=json", "acme-prod"},
     "--format: an option of check, wait and explain only",
     COMMAND_RUN,
     false,
     NULL},
    {{"wait", "--format", "json", "acme-prod"}, NULL, COMMAND_WAIT, false, NULL},
    {{"check", "--replay", "r.json", "acme-prod"},
     "target \"acme-prod\": not beside --replay",
     COMMAND_CHECK,
     false,
     NULL},
    {{"check", "--replay", "r.json", "--expect", "private"},
     "--expect: not beside --replay",
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
    {{"help", "wait"}, NULL, COMMAND_WAIT, true, NULL},
    {{"help", "wiat"}, "\"wiat\": unknown command; did you mean wait?", COMMAND_HELP, true, NULL},
    {{"frobnicate"}, "\"frobnicate\": unknown command; see --help", COMMAND_HELP, false, NULL},
    {{"healthcheck", "--listen=[::1]:1"}, NULL, COMMAND_HEALTHCHECK, false, NULL},
    {{"explain", "i/o", "timeout"}, NULL, COMMAND_EXPLAIN, false, "i/o timeout"},
    {{"explain", "--", "--help", "-x", "--"}, NULL, COMMAND_EXPLAIN, false, "--help -x --"},
    {{"explain", "-"}, NULL, COMMAND_EXPLAIN, false, "-"},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Terminals and logs see what was written, without its control characters and in full only where it
 * leaves room for what is valid. */
static void values_are_shown_safely(void **state)
{
    char wild[] = "acme\x1b[31m\nprod";
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
    assert_non_null(strstr(errors.messages[0], "target \"acme\\x1b[31m\\x0aprod\": an instance"));
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
    if (row->complaint && !strstr(text_string(&text), row->complaint))
        fail_msg("%s", text_string(&text));
    assert_int_equal(invocation.command, row->command);
    assert_int_equal(invocation.help, row->help);
    same(invocation.explained, row->explained);
    settings_release(settings);
    config_errors_free(&errors);
    text_free(&text);
}

/* wait has a --timeout of its own, which stands in for that of one run. */
static void each_command_lists_its_options(void **state)
{
    static const char one_run[] = "--timeout DURATION";
    struct text text = TEXT_WITH_LIMIT(65536);

    (void)state;
    for (int command = 0; command < COMMAND_COUNT; command++) {
        text_clear(&text);
        help_print((enum command)command, &text);
        const char *first = strstr(text_string(&text), one_run);
        assert_non_null(first);
        assert_null(strstr(first + 1, one_run));
        bool whole = strstr(first, "of the whole wait, 0: for ever [0]") != NULL;
        assert_int_equal(whole, command == COMMAND_WAIT);
    }
    text_free(&text);
}

int main(void)
{
    struct CMUnitTest tests[2 + ROW_COUNT] = {cmocka_unit_test(each_command_lists_its_options),
                                              cmocka_unit_test(values_are_shown_safely)};

    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[2 + i] = (struct CMUnitTest){
            .name = rows[i].words[0] ? rows[i].words[rows[i].words[1] ? 1 : 0] : "nothing",
            .test_func = read_row,
            .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
