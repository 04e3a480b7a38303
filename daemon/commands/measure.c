/* SPDX-License-Identifier: MIT */
#include "daemon/commands/measure.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/commands/commands.h"
#include "probes/libraries.h"
#include "probes/probe.h"

#define AWAITED_LIMIT 512
#define REASON_SIZE   600

struct measurement;

struct measure_item {
    struct measurement *measurement;
    const struct target *target;
    struct probe *run;
    struct evidence *evidence;
    usec_t begin; /* monotonic */
    bool started;
};

struct measurement {
    struct event_base *base;
    struct probe_environment *environment;
    bool live;        /* a person is watching standard error */
    bool interrupted; /* no further run starts */
    unsigned columns;
    unsigned max_in_flight;
    unsigned in_flight;
    size_t count;
    struct measure_item *items;
};

static void measure_done(struct evidence *evidence, void *context);

static void start_more(struct measurement *measurement)
{
    for (size_t i = 0;
         i < measurement->count && measurement->in_flight < measurement->max_in_flight &&
         !measurement->interrupted;
         i++) {
        struct measure_item *item = &measurement->items[i];
        if (item->started)
            continue;
        item->started = true;
        item->begin = clock_monotonic();
        item->run = probe_start(measurement->environment, item->target, NULL, measure_done, item);
        if (item->run)
            measurement->in_flight++;
    }
    if (!measurement->in_flight)
        event_base_loopbreak(measurement->base);
}

static void measure_done(struct evidence *evidence, void *context)
{
    struct measure_item *item = context;

    item->evidence = evidence;
    item->run = NULL;
    item->measurement->in_flight--;
    start_more(item->measurement);
}

/* "acme-prod: waiting for tcp 43.128.10.20:443, 4 of 10 s"; a long list of the awaited is cut so
 * that the time stays on the line. */
static void append_awaited(struct text *text, const struct measure_item *item, size_t columns)
{
    struct text awaited = TEXT_WITH_LIMIT(AWAITED_LIMIT);
    char times[64];
    usec_t limit = item->target->timeout;
    unsigned seconds = (unsigned)((clock_monotonic() - item->begin) / USEC_PER_SEC);
    int length =
        snprintf(times, sizeof(times), limit % USEC_PER_SEC ? "%u of %.1f s" : "%u of %.0f s",
                 seconds, (double)limit / (double)USEC_PER_SEC);

    probe_awaited(item->run, &awaited);
    if (!awaited.length) /* the last answer has just come */
        text_append(&awaited, "the verdict");
    text_append_format(text, "%s: waiting for ", item->target->name);
    size_t used = text->length + (size_t)length + 2;
    size_t room = used < columns ? columns - used : 0;
    if (awaited.length <= room)
        text_append(text, text_string(&awaited));
    else if (room > 3)
        text_append_format(text, "%.*s...", (int)room - 3, text_string(&awaited));
    text_append_format(text, ", %s", times);
    text_free(&awaited);
}

/* The live line: the first target that is awaited, and how many are done. */
static void show_awaited(int fd, short what, void *context)
{
    struct measurement *measurement = context;
    struct text text = TEXT_WITH_LIMIT(AWAITED_LIMIT);
    const struct measure_item *awaited = NULL;
    size_t finished = 0;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < measurement->count; i++) {
        finished += measurement->items[i].started && !measurement->items[i].run;
        if (!awaited && measurement->items[i].run)
            awaited = &measurement->items[i];
    }
    if (measurement->count > 1)
        text_append_format(&text, "%zu of %zu done; ", finished, measurement->count);
    if (awaited)
        append_awaited(&text, awaited, measurement->columns - 1);
    live_line(text_string(&text));
    text_free(&text);
}

/* Ctrl-C ends the runs, so that the report shows the answers so far. A second one ends the program,
 * because the first removes the handler. */
static void interrupt(int number, short what, void *context)
{
    struct measurement *measurement = context;

    (void)what;
    signal(number, SIG_DFL);
    measurement->interrupted = true;
    for (size_t i = 0; i < measurement->count; i++) {
        char reason[REASON_SIZE + 1] = "interrupted while waiting for ";
        struct text text = TEXT_IN(reason);
        if (!measurement->items[i].run)
            continue;
        text.length = strlen(reason);
        probe_awaited(measurement->items[i].run, &text);
        probe_stop(measurement->items[i].run, reason);
    }
    event_base_loopbreak(measurement->base);
}

/* Runs everything. False when memory or descriptors do not even allow a start. */
static bool run_all(struct measurement *measurement)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    struct timeval tenth = clock_timeval(100 * USEC_PER_MSEC);
    struct event *events[] = {
        event_new(measurement->base, -1, EV_PERSIST, show_awaited, measurement),
        evsignal_new(measurement->base, numbers[0], interrupt, measurement),
        evsignal_new(measurement->base, numbers[1], interrupt, measurement)};
    bool ready = events[0] && events[1] && events[2] && !event_add(events[1], NULL) &&
                 !event_add(events[2], NULL);

    measurement->columns = terminal_width(STDERR_FILENO);
    if (ready && measurement->live)
        event_add(events[0], &tenth);
    if (ready) {
        start_more(measurement);
        if (measurement->in_flight)
            event_base_dispatch(measurement->base);
    }
    if (ready && measurement->live)
        live_line("");
    for (size_t i = 0; i < 3; i++)
        if (events[i])
            event_free(events[i]);
    return ready;
}

static bool prepare(struct measurement *measurement, const struct invocation *invocation,
                    const struct settings *settings)
{
    measurement->count = settings->target_count;
    measurement->live = isatty(STDERR_FILENO) && !invocation->quiet;
    measurement->max_in_flight = settings->max_in_flight;
    measurement->base = libraries_new_loop();
    if (measurement->base)
        measurement->environment = probe_environment_new(measurement->base, PROBE_ONCE);
    measurement->items = memory_allocate(measurement->count * sizeof(*measurement->items));
    for (size_t i = 0; measurement->items && i < measurement->count; i++) {
        measurement->items[i].measurement = measurement;
        measurement->items[i].target = &settings->targets[i];
    }
    return measurement->environment && measurement->items;
}

struct measurement *measure(const struct invocation *invocation, const struct settings *settings)
{
    struct measurement *measurement = memory_allocate(sizeof(*measurement));

    if (measurement && prepare(measurement, invocation, settings) && run_all(measurement))
        return measurement;
    fputs("UNKNOWN - not enough memory or descriptors to run the check\n", stderr);
    measurement_free(measurement);
    return NULL;
}

bool measurement_get(const struct measurement *measurement, size_t index,
                     const struct evidence **ret)
{
    const struct measure_item *item = &measurement->items[index];

    *ret = item->evidence;
    return item->started || !measurement->interrupted;
}

void measurement_free(struct measurement *measurement)
{
    if (!measurement)
        return;
    for (size_t i = 0; measurement->items && i < measurement->count; i++) {
        probe_cancel(measurement->items[i].run);
        evidence_free(measurement->items[i].evidence);
    }
    memory_release(measurement->items);
    probe_environment_free(measurement->environment);
    if (measurement->base)
        event_base_free(measurement->base);
    memory_release(measurement);
}
