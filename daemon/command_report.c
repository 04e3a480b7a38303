/* The report of a check or a replay: diagnosed, printed, and the worst as the exit status. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/command.h"
#include "daemon/report.h"

#define OUTPUT_LIMIT  ((size_t)256 * 1024 * 1024)
#define DEFAULT_WIDTH 80

static const char no_memory[] = "UNKNOWN - not enough memory for the report\n";

unsigned terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col < 100 ? size.ws_col : 100;
    return DEFAULT_WIDTH;
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

static void publish_text(const struct invocation *invocation, const struct target_report *reports,
                         size_t count, struct text *text)
{
    struct report_style style = {.colour = colour_wanted(invocation->colour),
                                 .width = terminal_width(STDOUT_FILENO)};

    for (size_t i = 0; i < count; i++) {
        if (i)
            text_append(text, "\n");
        report_text_target(text, &reports[i], &style);
    }
    report_text_annotations(text, reports, count);
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

/* What was made while memory was short may lack a part, so it is not printed at all; `failures` are
 * those of memory before. */
static int publish(const struct invocation *invocation, const struct target_report *reports,
                   size_t count, uint64_t failures)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    enum severity worst = SEVERITY_OK;

    for (size_t i = 0; i < count; i++)
        if (severity_rank(reports[i].diagnosis->status) > severity_rank(worst))
            worst = reports[i].diagnosis->status;
    if (invocation->format == FORMAT_JSON)
        publish_json(worst, reports, count, &text);
    else
        publish_text(invocation, reports, count, &text);
    int status = command_status(worst);
    if (text_truncated(&text) || memory_failures() != failures) {
        fputs(no_memory, stderr);
        status = COMMAND_STATUS_UNKNOWN;
    } else if (fputs(text_string(&text), stdout) == EOF || fflush(stdout) == EOF) {
        fprintf(stderr, "tcr-probe: the report could not be written: %s\n", strerror(errno));
        status = COMMAND_STATUS_UNKNOWN;
    }
    text_free(&text);
    return status;
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
        status = publish(invocation, reports, made, failures);
    else
        fputs(no_memory, stderr);
    for (size_t i = 0; diagnoses && i < made; i++)
        diagnosis_free(diagnoses[i]);
    memory_release(diagnoses);
    memory_release(reports);
    return status;
}
