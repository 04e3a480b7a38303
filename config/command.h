/* SPDX-License-Identifier: MIT */
#pragma once

/* The commands of the program: one row each for the command line, --help and the completions. */

#include <stdbool.h>

#include "config/base/text.h"

enum command {
    COMMAND_CHECK,
    COMMAND_RUN,
    COMMAND_WAIT,
    COMMAND_EXPLAIN,
    COMMAND_DIAGNOSE,
    COMMAND_HEALTHCHECK,
    COMMAND_CONFIG,
    COMMAND_HELP,
    COMMAND_VERSION,
};
enum { COMMAND_COUNT = COMMAND_VERSION + 1 };

/* Sets of commands, for the rows of options: which commands take the option. */
#define FOR_CHECK       (1u << COMMAND_CHECK)
#define FOR_RUN         (1u << COMMAND_RUN)
#define FOR_WAIT        (1u << COMMAND_WAIT)
#define FOR_EXPLAIN     (1u << COMMAND_EXPLAIN)
#define FOR_DIAGNOSE    (1u << COMMAND_DIAGNOSE)
#define FOR_HEALTHCHECK (1u << COMMAND_HEALTHCHECK)
#define FOR_CONFIG      (1u << COMMAND_CONFIG)
#define FOR_DAEMON      (FOR_RUN | FOR_CONFIG)
#define FOR_RUNS                           \
    (FOR_CHECK | FOR_WAIT | FOR_DIAGNOSE | \
     FOR_DAEMON) /* commands that probe, or read the same settings */
#define FOR_REPORTS (FOR_CHECK | FOR_WAIT | FOR_DIAGNOSE)
#define FOR_ALL     ((1u << COMMAND_COUNT) - 1)

enum operands { OPERANDS_NONE, OPERANDS_COMMAND, OPERANDS_TEXT, OPERANDS_POD, OPERANDS_TARGETS };

struct command_words {
    const char *name;
    const char *arguments; /* in the usage; NULL if the list of commands leaves it out */
    const char *help;      /* one line in the list of commands */
    const char *about;     /* description in `COMMAND --help`; lines of at most 80 columns */
    const char *statuses;  /* exit statuses, in such lines */
    const char *examples[2];
    enum operands operands;
    bool needs_target;
};
extern const struct command_words command_table[COMMAND_COUNT];

/* Appends the names of a set of commands: "check, run and wait". */
void command_list(unsigned commands, struct text *text);
