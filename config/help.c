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

static void print_keys(struct text *text)
{
    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        char help[160];
        snprintf(help, sizeof(help), "%s%s%s%s%s", key->help, key->list ? " (again for more)" : "",
                 key->standard ? " [" : "", key->standard ? key->standard : "",
                 key->standard ? "]" : "");
        print_option(text, key->option, key->value, help);
    }
}

void help_print(enum command command, struct text *text)
{
    text_append(text,
                "Says why an image pull from Tencent Container Registry will fail, from where it\n"
                "would fail.\n\n"
                "  tcr-probe check [OPTIONS] TARGET...   one run, a report, an exit status\n"
                "  tcr-probe run [OPTIONS]               the daemon: watch, log, publish\n"
                "  tcr-probe config [OPTIONS]            check and print the configuration\n"
                "  tcr-probe help | --version\n\n"
                "TARGET is an instance name (acme-prod), a HOST[:PORT], or an image reference.\n\n"
                "Options:\n");
    print_option(text, "config", "FILE", "YAML; options and environment come before it");
    if (command != COMMAND_CONFIG) {
        print_option(text, "format", "text|json", "of the report of check [text]");
        print_option(text, "color", "auto|always|never", "auto: on a terminal, unless NO_COLOR");
        print_option(text, "replay", "FILE", "diagnose a saved JSON report again, no network");
    }
    print_keys(text);
    text_append(text,
                "\nEvery option has a twin in the environment, TCR_PROBE_<OPTION>, lists with\n"
                "commas; TCR_PROBE_TARGETS names the targets.\n\n"
                "Exit status: 0 ok, 1 warning, 2 failure, 3 unknown or usage error; of several\n"
                "targets the worst, in the order failure, unknown, warning, ok.\n\n"
                "Examples:\n"
                "  tcr-probe check acme-prod\n"
                "  tcr-probe check --profile tke-serverless --expect private acme-prod\n"
                "  tcr-probe check --format json registry.example.com:5000 > report.json\n"
                "  tcr-probe check --replay report.json\n");
}
