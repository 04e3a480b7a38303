/* SPDX-License-Identifier: MIT */
#pragma once

/* The command line and the environment: the command, the form of its output, and the settings. */

#include <stdbool.h>

#include "config/command.h"
#include "config/error.h"
#include "config/settings.h"

enum output_format { FORMAT_TEXT, FORMAT_JSON };
enum colour_mode { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

/* One option of the command line, whether it sets a key of the schema or belongs to the program
 * itself. For --help, the manual and the completions. */
struct option_words {
    const char *option; /* without "--" */
    char letter;        /* the short form; 0: none */
    const char *value;  /* its placeholder; NULL: the option takes no value */
    const char *standard;
    const char *help;
    const char *path;  /* the key in the file; NULL: none */
    bool variable;     /* has a twin in the environment */
    bool list;         /* may be given again */
    unsigned commands; /* that take it: FOR_... of command.h */
};

/* Gets an option, in the order of --help: first the program's own, then those of the schema. False
 * past the end. */
bool option_at(size_t index, struct option_words *ret);

struct invocation {
    enum command command;
    enum output_format format;
    enum colour_mode colour;
    const char *config_file; /* borrowed from argv or the environment; NULL: none */
    const char *replay_file; /* for check; NULL: measure */
    const char *explained;   /* for explain: its words, in the settings' arena; NULL: none */
    const char *pod;         /* for diagnose: "[NAMESPACE/]POD", or "-"; borrowed */
    bool no_secrets;         /* for diagnose: read no keys */
    bool write_event;        /* for diagnose: tell the pod's Events the answer */
    usec_t wait_timeout;     /* for wait: limit of the whole wait; 0: none */
    bool verbose;            /* print the evidence too */
    bool quiet;              /* print the summary line only, and no progress */
    bool list_causes;        /* for explain */
    bool help;
    bool version;

    int argc; /* source of all this, borrowed, so that a reload can read it again */
    char *const *argv;
    char *const *environment;
};

/*
 * Merges options, environment and file, in that order of precedence. A list replaces the list of
 * the lower source. Returns 0 with settings that the caller releases (NULL if the command needs
 * none), or -1 with all errors listed.
 */
int settings_load(int argc, char *const *argv, char *const *environment,
                  struct invocation *ret_invocation, struct settings **ret_settings,
                  struct config_errors *errors);
