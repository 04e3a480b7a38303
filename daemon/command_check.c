/* check: one run of every target, a report, and the worst of them as the exit status. */

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/command.h"
#include "daemon/report.h"
#include "probes/probe.h"

#define OUTPUT_LIMIT  ((size_t)256 * 1024 * 1024)
#define DEFAULT_WIDTH 80
#define AWAITED_LIMIT 512

struct check;

struct check_item {
    struct check *check;
    const struct target *target;
    struct probe_run *run;
    struct evidence *evidence;
    bool started;
};

struct check {
    struct event_base *base;
    struct probe_environment *environment;
    bool live; /* a person is watching standard error */
    unsigned columns;
    unsigned max_in_flight;
    unsigned in_flight;
    size_t count;
    struct check_item *items;
};

static void done(struct evidence *evidence, void *context);

static void start_more(struct check *check)
{
    for (size_t i = 0; i < check->count && check->in_flight < check->max_in_flight; i++) {
        struct check_item *item = &check->items[i];
        if (item->started)
            continue;
        item->started = true;
        item->run = probe_start(check->environment, item->target, done, item);
        if (item->run)
            check->in_flight++;
    }
    if (!check->in_flight)
        event_base_loopbreak(check->base);
}

static void done(struct evidence *evidence, void *context)
{
    struct check_item *item = context;

    item->evidence = evidence;
    item->run = NULL;
    item->check->in_flight--;
    start_more(item->check);
}

static unsigned terminal_width(int fd)
{
    struct winsize size;

    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col < 100 ? size.ws_col : 100;
    return DEFAULT_WIDTH;
}

static void show_awaited(int fd, short what, void *context)
{
    struct check *check = context;
    struct text text = TEXT_WITH_LIMIT(AWAITED_LIMIT);

    (void)fd;
    (void)what;
    for (size_t i = 0; i < check->count; i++) {
        if (!check->items[i].run)
            continue;
        text_append_format(&text, "%s%s: ", text.length ? "; " : "", check->items[i].target->name);
        probe_awaited(check->items[i].run, &text);
    }
    fprintf(stderr, "\r\x1b[K%.*s", (int)check->columns - 1, text_string(&text));
    text_free(&text);
}

/* Runs everything; false when memory or descriptors did not even allow a start. */
static bool run_all(struct check *check)
{
    struct timeval tenth = {.tv_usec = 100000};
    struct event *ticker = event_new(check->base, -1, EV_PERSIST, show_awaited, check);

    if (!ticker)
        return false;
    check->live = isatty(STDERR_FILENO);
    check->columns = terminal_width(STDERR_FILENO);
    if (check->live)
        event_add(ticker, &tenth);
    start_more(check);
    if (check->in_flight)
        event_base_dispatch(check->base);
    if (check->live)
        fputs("\r\x1b[K", stderr);
    event_free(ticker);
    return true;
}

static bool colour_wanted(enum colour_mode mode)
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
}

static void publish_json(enum severity worst, const struct target_report *reports, size_t count,
                         struct text *text)
{
    json_t *targets = json_array();
    char *dump = NULL;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(targets, report_json_target(&reports[i]));
    bool complete = json_array_size(targets) == count;
    json_t *document = report_json(worst, targets);
    if (document && complete)
        dump = json_dumps(document, JSON_INDENT(2));
    if (dump) {
        text_append(text, dump);
        text_append(text, "\n");
    } else {
        text->truncated = true;
    }
    memory_release(dump);
    json_decref(document);
}

static int publish(const struct invocation *invocation, const struct target_report *reports,
                   size_t count)
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
    if (text_truncated(&text) || fputs(text_string(&text), stdout) == EOF ||
        fflush(stdout) == EOF) {
        fprintf(stderr, "tcr-probe: the report could not be written: %s\n", strerror(errno));
        status = COMMAND_STATUS_UNKNOWN;
    }
    text_free(&text);
    return status;
}

static int diagnose_and_publish(const struct invocation *invocation, const struct check *check)
{
    struct target_report *reports = memory_allocate(check->count * sizeof(*reports));
    struct diagnosis **diagnoses = memory_allocate(check->count * sizeof(struct diagnosis *));
    int status = COMMAND_STATUS_UNKNOWN;
    size_t made = 0;

    for (; reports && diagnoses && made < check->count; made++) {
        const struct check_item *item = &check->items[made];
        diagnoses[made] = item->evidence ? diagnose(item->evidence, item->target) : NULL;
        if (!diagnoses[made])
            break;
        reports[made] = (struct target_report){item->target, item->evidence, diagnoses[made]};
    }
    if (reports && diagnoses && made == check->count)
        status = publish(invocation, reports, made);
    else
        fputs("UNKNOWN - not enough memory to run the check\n", stderr);
    for (size_t i = 0; diagnoses && i < made; i++)
        diagnosis_free(diagnoses[i]);
    memory_release(diagnoses);
    memory_release(reports);
    return status;
}

static void free_check(struct check *check)
{
    for (size_t i = 0; check->items && i < check->count; i++) {
        probe_cancel(check->items[i].run);
        evidence_free(check->items[i].evidence);
    }
    memory_release(check->items);
    probe_environment_free(check->environment);
    if (check->base)
        event_base_free(check->base);
}

int command_check(const struct invocation *invocation, const struct settings *settings)
{
    struct check check = {.count = settings->target_count,
                          .max_in_flight = settings->max_in_flight};
    int status = COMMAND_STATUS_UNKNOWN;

    check.base = event_base_new();
    check.environment = check.base ? probe_environment_new(check.base, PROBE_ONCE) : NULL;
    check.items = memory_allocate(check.count * sizeof(*check.items));
    if (check.environment && check.items) {
        for (size_t i = 0; i < check.count; i++) {
            check.items[i].check = &check;
            check.items[i].target = &settings->targets[i];
        }
        if (run_all(&check))
            status = diagnose_and_publish(invocation, &check);
    } else {
        fputs("UNKNOWN - not enough memory or descriptors to run the check\n", stderr);
    }
    free_check(&check);
    return status;
}
