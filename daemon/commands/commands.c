/* SPDX-License-Identifier: MIT */
#include "daemon/commands/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/file.h"
#include "config/base/memory.h"

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

int command_publish(struct text *text, int status, uint64_t failures)
{
    bool whole = !text_truncated(text) && memory_failures() == failures;
    bool written = whole && fputs(text_string(text), stdout) != EOF && fflush(stdout) != EOF;

    if (!whole)
        fputs("UNKNOWN - not enough memory for the output\n", stderr);
    else if (!written && errno != EPIPE) /* a reader like `head -1` has all that it wants */
        fprintf(stderr, "tcr-probe: the output could not be written: %s\n", strerror(errno));
    else
        written = true;
    text_free(text);
    return written ? status : COMMAND_STATUS_UNKNOWN;
}

ssize_t command_read_input(char *part, size_t size)
{
    ssize_t length = file_read(STDIN_FILENO, part, size);

    if (length < 0)
        fprintf(stderr, "tcr-probe: standard input: %s\n", strerror(errno));
    return length;
}
