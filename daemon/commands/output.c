/* SPDX-License-Identifier: MIT */
/* The report of a check or a replay: diagnosed, printed, and the worst as the exit status. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/commands/commands.h"
#include "daemon/report/report.h"

#define OUTPUT_LIMIT   ((size_t)256 * 1024 * 1024)
#define DEFAULT_WIDTH  80
#define DEFAULT_HEIGHT 24
#define LIVE_LIMIT     512

static const char no_memory[] = "UNKNOWN - not enough memory for the report\n";

unsigned terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col < 100 ? size.ws_col : 100;
    return DEFAULT_WIDTH;
}

void live_line(const char *text)
{
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    struct text line = TEXT_WITH_LIMIT(LIVE_LIMIT);
    size_t length = strlen(text);
    size_t columns = terminal_width(STDERR_FILENO) - 1;

    if (length > columns)
        for (length = columns; length && (text[length] & 0xc0) == 0x80;)
            length--; /* no part of a character */
    text_append_format(&line, "\r\x1b[K%.*s", (int)length, text);
    if (poll(&terminal, 1, 0) == 1 && (terminal.revents & POLLOUT) &&
        write(STDERR_FILENO, text_string(&line), line.length) < 0)
        text_clear(&line); /* lost; the next one may come through */
    text_free(&line);
}

bool colour_wanted(enum colour_mode mode)
{
    const char *no_colour = getenv("NO_COLOR");

    switch (mode) {
    case COLOUR_ALWAYS:
        return true;
    case COLOUR_NEVER:
        return false;
    case COLOUR_AUTO:
        break;
    }
    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
}

static unsigned terminal_height(int fd)
{
    struct winsize size;

    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : DEFAULT_HEIGHT;
}

/* True if the locale of the environment is a UTF-8 one, by the rules of setlocale(3). */
static bool locale_is_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *value = getenv(variables[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

struct report_style command_style(const struct invocation *invocation)
{
    return (struct report_style){
        .colour = colour_wanted(invocation->colour),
        .utf8 = locale_is_utf8(),
        .terminal = isatty(STDOUT_FILENO),
        .verbose = invocation->verbose,
        .quiet = invocation->quiet,
        .width = terminal_width(STDOUT_FILENO),
        .height = terminal_height(STDOUT_FILENO),
    };
}

static void publish_json(enum severity worst, const struct target_report *reports, size_t count,
                         struct text *text)
{
    json_t *targets = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(targets, report_json_target(&reports[i]));
    if (!report_json_append(text, report_json(worst, targets), JSON_INDENT(2)))
        text->truncated = true;
    text_append(text, "\n");
}

static int publish_reports(const struct invocation *invocation, const struct target_report *reports,
                           size_t count, uint64_t failures)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    enum severity worst = report_worst(reports, count);
    struct report_style style = command_style(invocation);

    if (invocation->format == FORMAT_JSON)
        publish_json(worst, reports, count, &text);
    else
        report_text(&text, reports, count, &style);
    return command_publish(&text, command_status(worst), failures);
}

int command_report(const struct invocation *invocation, const struct judged *judged, size_t count)
{
    struct target_report *reports = memory_allocate(count * sizeof(*reports));
    struct diagnosis **diagnoses = memory_allocate(count * sizeof(struct diagnosis *));
    int status = COMMAND_STATUS_UNKNOWN;
    uint64_t failures = memory_failures();
    size_t made = 0;

    for (; judged && reports && diagnoses && made < count; made++) {
        const struct judged *one = &judged[made];
        diagnoses[made] = one->evidence ? diagnose(one->evidence, one->target) : NULL;
        if (!diagnoses[made])
            break;
        reports[made] = (struct target_report){one->target, one->evidence, diagnoses[made]};
    }
    if (made == count)
        status = publish_reports(invocation, reports, made, failures);
    else
        fputs(no_memory, stderr);
    for (size_t i = 0; diagnoses && i < made; i++)
        diagnosis_free(diagnoses[i]);
    memory_release(diagnoses);
    memory_release(reports);
    return status;
}
