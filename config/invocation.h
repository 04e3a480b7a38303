#pragma once

/* How the program was called: the command, what shapes its output, and the settings behind it. */

#include <stdbool.h>

#include "config/error.h"
#include "config/settings.h"

enum command { COMMAND_CHECK, COMMAND_RUN, COMMAND_CONFIG, COMMAND_HELP, COMMAND_VERSION };
enum output_format { FORMAT_TEXT, FORMAT_JSON };
enum colour_mode { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct invocation {
    enum command command;
    enum output_format format;
    enum colour_mode colour;
    const char *config_file; /* borrowed from argv or the environment; NULL: none */
    const char *replay_file; /* of check; NULL: measure */
    bool help;
};

/*
 * Merges flags, environment and file, in that order of precedence; a list of a higher one replaces
 * the lower one's. 0 with settings that the caller releases (NULL for help and version), or -1 with
 * every error listed.
 */
int settings_load(int argc, char *const *argv, char *const *environment,
                  struct invocation *ret_invocation, struct settings **ret_settings,
                  struct config_errors *errors);
