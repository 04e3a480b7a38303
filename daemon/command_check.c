/* check: one run of every target, a report, and the worst of them as the exit status. */

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/command.h"
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

static int report_all(const struct invocation *invocation, const struct check *check)
{
    struct judged *judged = memory_allocate(check->count * sizeof(*judged));

    for (size_t i = 0; judged && i < check->count; i++)
        judged[i] = (struct judged){check->items[i].target, check->items[i].evidence};
    int status = command_report(invocation, judged, check->count);
    memory_release(judged);
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
    for (size_t i = 0; check.items && i < check.count; i++) {
        check.items[i].check = &check;
        check.items[i].target = &settings->targets[i];
    }
    if (check.environment && check.items && run_all(&check)) {
        status = report_all(invocation, &check);
    } else {
        fputs("UNKNOWN - not enough memory or descriptors to run the check\n", stderr);
    }
    free_check(&check);
    return status;
}
