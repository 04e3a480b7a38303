/* SPDX-License-Identifier: MIT */
/* Reads the command line and calls the command that it names. */

#include <stdio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/effective.h"
#include "config/error.h"
#include "config/help.h"
#include "daemon/commands/commands.h"
#include "daemon/system/secrecy.h"
#include "probes/libraries.h"

#define OUTPUT_LIMIT ((size_t)64 * 1024 * 1024)

static int print_help(enum command command)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    help_print(command, &text);
    return command_publish(&text, COMMAND_STATUS_OK, memory_failures());
}

static int show_help(const struct invocation *invocation, struct settings *settings)
{
    (void)settings;
    return print_help(invocation->command);
}

static int show_version(const struct invocation *invocation, struct settings *settings)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    (void)invocation;
    (void)settings;
    text_append_format(&text, "tcr-probe %s (%s)\n", TCRPROBE_VERSION, libraries_versions());
    return command_publish(&text, COMMAND_STATUS_OK, memory_failures());
}

static int show_config(const struct invocation *invocation, struct settings *settings)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    (void)invocation;
    settings_print(settings, &text);
    return command_publish(&text, COMMAND_STATUS_OK, memory_failures());
}

/* The functions of the commands in config/command.h. */
static const struct {
    int (*call)(const struct invocation *invocation, struct settings *settings);
    bool runs_long; /* the libraries are prepared for many runs */
} functions[COMMAND_COUNT] = {
    [COMMAND_CHECK] = {command_check, false},
    [COMMAND_RUN] = {command_run, true},
    [COMMAND_WAIT] = {command_wait, true},
    [COMMAND_EXPLAIN] = {command_explain, false},
    [COMMAND_DIAGNOSE] = {command_diagnose, false},
    [COMMAND_HEALTHCHECK] = {command_healthcheck, false},
    [COMMAND_CONFIG] = {show_config, false},
    [COMMAND_HELP] = {show_help, false},
    [COMMAND_VERSION] = {show_version, false},
};

static int call_command(const struct invocation *invocation, struct settings *settings)
{
    if (invocation->help)
        return print_help(invocation->command);
    if (functions[invocation->command].runs_long && libraries_prepare()) {
        fputs("tcr-probe: out of memory\n", stderr);
        return COMMAND_STATUS_UNKNOWN;
    }
    return functions[invocation->command].call(invocation, settings);
}

int command_main(int argc, char **argv)
{
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;
    int status = COMMAND_STATUS_UNKNOWN;

    if (settings_load(argc, argv, environ, &invocation, &settings, &errors)) {
        struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
        config_errors_print(&errors, &text);
        fputs(text_string(&text), stderr);
        text_free(&text);
    } else {
        secrecy_keep(settings);
        status = call_command(&invocation, settings);
    }
    settings_release(settings);
    config_errors_free(&errors);
    return status;
}
