#pragma once

/* How the program was called: the command, what shapes its output, and the settings behind it. */

#include <stdbool.h>

#include "config/error.h"
#include "config/settings.h"

enum command {
    COMMAND_CHECK,
    COMMAND_RUN,
    COMMAND_WAIT,
    COMMAND_EXPLAIN,
    COMMAND_HEALTHCHECK,
    COMMAND_CONFIG,
    COMMAND_HELP,
    COMMAND_VERSION,
};
enum { COMMAND_COUNT = COMMAND_VERSION + 1 };
enum output_format { FORMAT_TEXT, FORMAT_JSON };
enum colour_mode { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* The words of the command line, for reading it, for --help and for what is generated from it. */
struct command_words {
    const char *name;
    const char *arguments; /* what follows it in the usage, or NULL: left out of it */
    const char *help;
};
extern const struct command_words command_table[COMMAND_COUNT];

struct own_option {
    const char *option;
    const char *value; /* NULL: takes none */
    const char *help;
    bool variable; /* has a twin in the environment */
};
extern const struct own_option own_options[]; /* beside the keys of the schema */
extern const size_t own_option_count;

struct invocation {
    enum command command;
    enum output_format format;
    enum colour_mode colour;
    const char *config_file; /* borrowed from argv or the environment; NULL: none */
    const char *replay_file; /* of check; NULL: measure */
    const char *explained;   /* of explain: its words, of the settings' arena; NULL: none */
    usec_t wait_timeout;     /* of wait, in all; 0: for ever */
    bool help;

    int argc; /* what it was read from, borrowed, so that it can be read again */
    char *const *argv;
    char *const *environment;
};

/*
 * Merges flags, environment and file, in that order of precedence; a list of a higher one replaces
 * the lower one's. 0 with settings that the caller releases (NULL for help and version), or -1 with
 * every error listed.
 */
int settings_load(int argc, char *const *argv, char *const *environment,
                  struct invocation *ret_invocation, struct settings **ret_settings,
                  struct config_errors *errors);
