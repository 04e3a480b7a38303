#include "daemon/command.h"

#include <stdio.h>
#include <unistd.h>

#include "config/base/text.h"
#include "config/error.h"
#include "config/help.h"
#include "config/print.h"
#include "daemon/secrecy.h"
#include "probes/libraries.h"

#define OUTPUT_LIMIT ((size_t)64 * 1024 * 1024)

int command_status(enum severity severity)
{
    switch (severity) {
    case SEVERITY_OK:
        return COMMAND_STATUS_OK;
    case SEVERITY_WARN:
        return COMMAND_STATUS_WARN;
    case SEVERITY_FAIL:
        return COMMAND_STATUS_FAIL;
    case SEVERITY_UNKNOWN:
        break;
    }
    return COMMAND_STATUS_UNKNOWN;
}

/* 0, or the status for output that could not be written, e.g. to a full disk. */
static int print(struct text *text)
{
    bool lost = text_truncated(text);

    if (fputs(text_string(text), stdout) == EOF || fflush(stdout) == EOF)
        lost = true;
    text_free(text);
    if (!lost)
        return COMMAND_STATUS_OK;
    fputs("tcr-probe: the output could not be written\n", stderr);
    return COMMAND_STATUS_UNKNOWN;
}

static int print_help(enum command command)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    help_print(command, &text);
    return print(&text);
}

static int print_version(void)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    text_append_format(&text, "tcr-probe %s (%s)\n", TCRPROBE_VERSION, libraries_versions());
    return print(&text);
}

static int print_settings(const struct settings *settings)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);

    settings_print(settings, &text);
    return print(&text);
}

/* Those that go on for long. */
static int watch(const struct invocation *invocation, struct settings *settings)
{
    if (libraries_prepare()) {
        fputs("tcr-probe: out of memory\n", stderr);
        return COMMAND_STATUS_UNKNOWN;
    }
    return invocation->command == COMMAND_RUN ? command_run(invocation, settings)
                                              : command_wait(invocation, settings);
}

static int dispatch(const struct invocation *invocation, struct settings *settings)
{
    if (invocation->help)
        return print_help(invocation->command);
    switch (invocation->command) {
    case COMMAND_HELP:
        return print_help(COMMAND_HELP);
    case COMMAND_VERSION:
        return print_version();
    case COMMAND_CONFIG:
        return print_settings(settings);
    case COMMAND_RUN:
    case COMMAND_WAIT:
        return watch(invocation, settings);
    case COMMAND_EXPLAIN:
        return command_explain(invocation, settings);
    case COMMAND_HEALTHCHECK:
        return command_healthcheck(settings);
    case COMMAND_CHECK:
        break;
    }
    return invocation->replay_file ? command_replay(invocation)
                                   : command_check(invocation, settings);
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
        status = dispatch(&invocation, settings);
    }
    settings_release(settings);
    config_errors_free(&errors);
    return status;
}
