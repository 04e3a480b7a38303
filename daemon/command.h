#pragma once

/* The commands of the program. Each returns the exit status: the monitoring-plugin convention. */

#include "config/invocation.h"
#include "config/settings.h"
#include "probes/diagnosis/catalogue.h"
#include "probes/evidence.h"

enum {
    COMMAND_STATUS_OK = 0,
    COMMAND_STATUS_WARN = 1,
    COMMAND_STATUS_FAIL = 2,
    COMMAND_STATUS_UNKNOWN = 3, /* also usage errors */
};

int command_status(enum severity severity);

int command_main(int argc, char **argv);
int command_check(const struct invocation *invocation, const struct settings *settings);
int command_wait(const struct invocation *invocation, const struct settings *settings);
int command_healthcheck(const struct settings *settings); /* 0 healthy, 1 not */
int command_explain(const struct invocation *invocation, const struct settings *settings);
int command_run(const struct invocation *invocation, struct settings *settings);
int command_replay(const struct invocation *invocation);

/* What a check or a replay judges: `count` pairs, in the order of the report. */
struct judged {
    const struct target *target;
    const struct evidence *evidence; /* NULL: memory was too short to measure */
};

/* Diagnoses, prints the report in the format asked for, and returns the exit status. `judged` NULL:
 * memory was too short for it, which is said. */
int command_report(const struct invocation *invocation, const struct judged *judged, size_t count);

/* Whether standard output is to be coloured. */
bool colour_wanted(enum colour_mode mode);

/* Columns of the terminal behind `fd`, 80 where there is none, 100 at most. */
unsigned terminal_width(int fd);
