/* SPDX-License-Identifier: MIT */
#include "config/help.h"

#include <stdio.h>
#include <string.h>

#include "config/invocation.h"

#define OPTION_COLUMN 33
#define WIDTH         79

/* Appends words, wrapped at WIDTH columns; further lines start at column `indent`. */
static void append_words(struct text *text, const char *words, size_t indent)
{
    size_t column = indent;

    while (*words) {
        size_t word = strcspn(words, " ");
        bool full = column > indent && column + 1 + word > WIDTH;
        if (full)
            text_append_format(text, "\n%*s", (int)indent, "");
        else if (column > indent)
            text_append(text, " ");
        column = full ? indent + word : column + (column > indent) + word;
        text_append_bytes(text, words, word);
        words += word;
        words += *words == ' ';
    }
    text_append(text, "\n");
}

static void append_option(struct text *text, const struct option_words *option)
{
    char short_form[] = {'-', option->letter, ',', ' ', '\0'};
    char left[80];
    struct text help = TEXT_WITH_LIMIT(1024);

    snprintf(left, sizeof(left), "  %s--%s%s%s", option->letter ? short_form : "", option->option,
             option->value ? " " : "", option->value ? option->value : "");
    text_append_format(text, "%-*s", OPTION_COLUMN, left);
    if (strlen(left) >= OPTION_COLUMN)
        text_append_format(text, "\n%*s", OPTION_COLUMN, "");
    text_append_format(&help, "%s%s", option->help, option->list ? " (may be given again)" : "");
    if (option->standard)
        text_append_format(&help, " [%s]", option->standard);
    append_words(text, text_string(&help), OPTION_COLUMN);
    text->truncated |= help.truncated; /* one that could not be written leaves nothing */
    text_free(&help);
}

static void append_command_list(struct text *text)
{
    text_append(text,
                "Tells why an image pull from Tencent Container Registry will fail, before it\n"
                "fails, from the place where it would fail.\n\nUsage:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char usage[80];
        if (!command_table[i].arguments)
            continue;
        snprintf(usage, sizeof(usage), "%s %s", command_table[i].name, command_table[i].arguments);
        text_append_format(text, "  tcr-probe %-28s %s\n", usage, command_table[i].help);
    }
    text_append(text,
                "  tcr-probe help [COMMAND] | --version\n\n"
                "`tcr-probe help COMMAND` lists the options of a command. Most options can also\n"
                "be set by an environment variable, TCR_PROBE_<OPTION>, or in a file.\n\n"
                "Exit status: 0 ok, 1 warning, 2 failure, 3 unknown or usage error.\n\n"
                "Examples:\n"
                "  kubectl describe pod web-0 | tcr-probe explain\n"
                "  tcr-probe check acme-prod\n");
}

void help_print(enum command command, struct text *text)
{
    const struct command_words *words = &command_table[command];
    struct option_words option;

    if (!words->arguments) {
        append_command_list(text);
        return;
    }
    text_append_format(text, "Usage: tcr-probe %s %s\n\n%s\nOptions:\n", words->name,
                       words->arguments, words->about);
    for (size_t i = 0; option_at(i, &option); i++)
        if (option.commands & (1u << command))
            append_option(text, &option);
    text_append_format(text,
                       "\nLong options with a value can also be set by an environment variable,\n"
                       "TCR_PROBE_<OPTION>, with commas between several values.\n\n"
                       "Exit status: %s\nExamples:\n",
                       words->statuses);
    for (size_t i = 0; i < 2; i++)
        text_append_format(text, "  %s\n", words->examples[i]);
}
