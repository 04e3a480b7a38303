#include "config/help.h"

#include <stdio.h>
#include <string.h>

#include "config/schema.h"

#define OPTION_COLUMN 33

static void print_option(struct text *text, const char *option, const char *value, const char *help)
{
    char left[80];

    snprintf(left, sizeof(left), "  --%s%s%s", option, value ? " " : "", value ? value : "");
    text_append_format(text, "%-*s", OPTION_COLUMN, left);
    if (strlen(left) >= OPTION_COLUMN)
        text_append_format(text, "\n%*s", OPTION_COLUMN, "");
    size_t column = OPTION_COLUMN;
    while (*help) {
        size_t word = strcspn(help, " ");
        if (column > OPTION_COLUMN) {
            bool full = column + 1 + word > 79;
            text_append_format(text, full ? "\n%*s" : "%*s", full ? OPTION_COLUMN : 1, "");
            column = full ? OPTION_COLUMN : column + 1;
        }
        text_append_bytes(text, help, word);
        help += word;
        column += word;
        help += *help == ' ';
    }
    text_append(text, "\n");
}

/* The option of wait stands in for the key of that name. */
static bool is_replaced(enum command command, const struct schema_key *key)
{
    return command == COMMAND_WAIT && strcmp(key->option, "timeout") == 0;
}

static void print_keys(enum command command, struct text *text)
{
    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        char help[160];
        if (is_replaced(command, key))
            continue;
        snprintf(help, sizeof(help), "%s%s%s%s%s", key->help, key->list ? " (again for more)" : "",
                 key->standard ? " [" : "", key->standard ? key->standard : "",
                 key->standard ? "]" : "");
        print_option(text, key->option, key->value, help);
    }
}

static void print_commands(struct text *text)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char usage[80];
        if (!command_table[i].arguments)
            continue;
        snprintf(usage, sizeof(usage), "%s %s", command_table[i].name, command_table[i].arguments);
        text_append_format(text, "  tcr-probe %-28s %s\n", usage, command_table[i].help);
    }
    text_append(text, "  tcr-probe help [COMMAND] | --version\n\n");
}

static void print_own(enum command command, struct text *text)
{
    for (size_t i = 0; i < own_option_count; i++)
        print_option(text, own_options[i].option, own_options[i].value, own_options[i].help);
    if (command == COMMAND_WAIT)
        print_option(text, "timeout", "DURATION", "of the whole wait, 0: for ever [0]");
}

void help_print(enum command command, struct text *text)
{
    text_append(text,
                "Says why an image pull from Tencent Container Registry will fail, from where it\n"
                "would fail.\n\n");
    print_commands(text);
    text_append(text,
                "TARGET is an instance name (acme-prod), a HOST[:PORT], or an image reference.\n\n"
                "Options:\n");
    print_own(command, text);
    print_keys(command, text);
    text_append(text,
                "\nEvery option but help and version has a twin in the environment,\n"
                "TCR_PROBE_<OPTION>, lists with commas; TCR_PROBE_TARGETS names the targets.\n\n"
                "Exit status: 0 ok, 1 warning, 2 failure, 3 unknown or usage error; of several\n"
                "targets the worst, in the order failure, unknown, warning, ok. wait: 0 once each\n"
                "is ok or warning. healthcheck: 0 healthy, 1 not. explain: 0 recognised, 3 not.\n\n"
                "Examples:\n"
                "  tcr-probe check acme-prod\n"
                "  tcr-probe check --profile tke-serverless --expect private acme-prod\n"
                "  tcr-probe check --format json registry.example.com:5000 > report.json\n"
                "  tcr-probe check --replay report.json\n"
                "  kubectl describe pod web-0 | tcr-probe explain\n"
                "  tcr-probe wait --timeout 5m acme-prod\n");
}
