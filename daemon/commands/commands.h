/* SPDX-License-Identifier: MIT */
#pragma once

/* The commands of the program and their common parts. A command returns the exit status, by the
 * convention of monitoring plugins. */

#include <sys/types.h>

#include "config/invocation.h"
#include "config/settings.h"
#include "daemon/report/report.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/evidence/evidence.h"

enum {
    COMMAND_STATUS_OK = 0,
    COMMAND_STATUS_WARN = 1,
    COMMAND_STATUS_FAIL = 2,
    COMMAND_STATUS_UNKNOWN = 3, /* also usage errors */
};

int command_status(enum severity severity);

/*
 * Prints `text` on standard output and frees it. Returns `status`, or unknown after a message if
 * the text is not whole or cannot be written. A text is not whole if memory was short while it was
 * made: `failures` is memory_failures() from before. A closed pipe is no error.
 */
int command_publish(struct text *text, int status, uint64_t failures);

/* Shows `text` as the live line of standard error, in place of the line before it; "" removes it.
 * Skips it if the terminal does not take it at once, so that a stopped terminal stops nothing. */
void live_line(const char *text);

/* Reads from standard input until `part` is full or the input ends. Returns the bytes, fewer than
 * `size` at the end; -1 after a message. */
ssize_t command_read_input(char *part, size_t size);

/* Reads the command line and calls the command. */
int command_main(int argc, char **argv);

/* The commands: table in daemon/commands/dispatch.c. */
int command_check(const struct invocation *invocation, struct settings *settings);
int command_wait(const struct invocation *invocation, struct settings *settings);
int command_healthcheck(const struct invocation *invocation, struct settings *settings);
int command_explain(const struct invocation *invocation, struct settings *settings);
int command_diagnose(const struct invocation *invocation, struct settings *settings);
int command_run(const struct invocation *invocation, struct settings *settings);
int command_replay(const struct invocation *invocation); /* check --replay */

/* One target and its evidence, to be diagnosed for a report. */
struct judged {
    const struct target *target;
    const struct evidence *evidence; /* NULL: memory was too short to measure */
};

/* Diagnoses, prints the report in the format asked for, and returns the exit status. `judged` NULL:
 * memory was too short for it, which is said. */
int command_report(const struct invocation *invocation, const struct judged *judged, size_t count);

/* The style of a text on standard output, as options and the terminal want it. */
struct report_style command_style(const struct invocation *invocation);

/* True if standard output gets colours. */
bool colour_wanted(enum colour_mode mode);

/* Columns of the terminal behind `fd`: at most 100, and 80 if `fd` is no terminal. */
unsigned terminal_width(int fd);
