/* SPDX-License-Identifier: MIT */
/*
 * wait: runs every target again until each was ok or warn once. On a terminal, one live line shows
 * the targets that are awaited; elsewhere, log lines tell them after each change and once a minute.
 * The last diagnosis also becomes the container's termination message.
 *
 * A target is DUE, then RUNNING. When its run ends it is SETTLED if the verdict is ok or warn, else
 * PAUSING, and a timer makes it DUE again. start_due() starts runs, wait_run_done() and due_again()
 * move the targets, and expire() ends the wait.
 */

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/commands/commands.h"
#include "daemon/report/report.h"
#include "daemon/system/log.h"
#include "daemon/watch/pod_events.h"
#include "probes/diagnosis/words.h"
#include "probes/libraries.h"
#include "probes/probe.h"

#define FIRST_PAUSE     USEC_PER_SEC       /* between two runs; doubles up to the interval */
#define REMIND_INTERVAL 60                 /* seconds */
#define EVENTS_LIMIT    (2 * USEC_PER_SEC) /* for sending the last Event */
#define LIVE_LIMIT      512
#define ELAPSED_SIZE    32

/* The kubelet keeps 4,096 bytes of a termination message. It makes the file before it starts the
 * container, so a missing file means that nobody reads it. */
#define TERMINATION_LOG       "/dev/termination-log"
#define TERMINATION_LOG_LIMIT 4096

enum wait_state { STATE_DUE, STATE_RUNNING, STATE_PAUSING, STATE_SETTLED };

struct wait;

struct wait_item {
    struct wait *wait;
    const struct target *target;
    enum wait_state state;
    struct probe *run;
    struct event *again;
    usec_t pause;
    unsigned runs;
    struct evidence *evidence; /* this and the next: of the last run that was diagnosed */
    struct diagnosis *diagnosis;
};

struct wait {
    struct event_base *base;
    struct probe_environment *environment;
    struct pod_events *events; /* NULL: kubernetes_events is off */
    struct event *stops[2];    /* SIGTERM, SIGINT: process 1 of a container has no default action */
    struct event *deadline;
    struct event *ticker;
    usec_t begin;
    bool live;    /* a person is watching standard error */
    bool quiet;   /* no progress at all */
    bool expired; /* no further run starts */
    unsigned max_in_flight;
    unsigned in_flight;
    size_t unsettled;
    size_t count;
    struct wait_item *items;
};

static bool is_settling(enum severity severity)
{
    return severity == SEVERITY_OK || severity == SEVERITY_WARN;
}

static const char *elapsed(const struct wait *wait, char buffer[ELAPSED_SIZE])
{
    snprintf(buffer, ELAPSED_SIZE, "%llus",
             (unsigned long long)((clock_monotonic() - wait->begin) / USEC_PER_SEC));
    return buffer;
}

/* ---- progress ---- */

static void log_progress(const struct wait_item *item)
{
    const struct finding *first = &item->diagnosis->findings[0];
    bool good = item->state == STATE_SETTLED;
    char waited[ELAPSED_SIZE];

    if (item->wait->live || item->wait->quiet)
        return;
    LOG(good ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, good ? "reached" : "still waiting",
        {"target", item->target->name}, {"status", severity_name(item->diagnosis->status)},
        {"cause", cause_name(first->cause)}, {"waited", elapsed(item->wait, waited)},
        {"what", first->summary}, {"remedy", !good ? finding_first_step(first) : NULL});
}

static void show_live(const struct wait *wait)
{
    struct text text = TEXT_WITH_LIMIT(LIVE_LIMIT);
    char waited[ELAPSED_SIZE];

    text_append_format(&text, "waited %s", elapsed(wait, waited));
    for (size_t i = 0; i < wait->count; i++) {
        const struct wait_item *item = &wait->items[i];
        if (item->state == STATE_SETTLED)
            continue;
        text_append_format(&text, "; %s: %s", item->target->name,
                           item->diagnosis ? cause_name(item->diagnosis->findings[0].cause)
                                           : "first run");
        if (item->runs)
            text_append_format(&text, " (%u runs)", item->runs);
    }
    live_line(text_string(&text));
    text_free(&text);
}

static void tick(int fd, short what, void *context)
{
    const struct wait *wait = context;

    (void)fd;
    (void)what;
    if (wait->live)
        show_live(wait);
    for (size_t i = 0; !wait->live && i < wait->count; i++)
        if (wait->items[i].state != STATE_SETTLED && wait->items[i].diagnosis)
            log_progress(&wait->items[i]);
}

/* ---- runs ---- */

static void wait_run_done(struct evidence *evidence, void *context);

static void pause_item(struct wait_item *item)
{
    struct timeval pause = clock_timeval(item->pause);
    usec_t longer = item->pause * 2;

    item->state = STATE_PAUSING;
    event_add(item->again, &pause);
    item->pause = longer < item->target->interval ? longer : item->target->interval;
}

static void start_due(struct wait *wait)
{
    for (size_t i = 0; i < wait->count && wait->in_flight < wait->max_in_flight; i++) {
        struct wait_item *item = &wait->items[i];
        if (item->state != STATE_DUE || wait->expired)
            continue;
        item->run = probe_start(wait->environment, item->target, NULL, wait_run_done, item);
        if (!item->run) { /* memory is short */
            pause_item(item);
            continue;
        }
        item->state = STATE_RUNNING;
        wait->in_flight++;
    }
    if (!wait->unsettled || (wait->expired && !wait->in_flight))
        event_base_loopbreak(wait->base);
}

static void due_again(int fd, short what, void *context)
{
    struct wait_item *item = context;

    (void)fd;
    (void)what;
    item->state = STATE_DUE;
    start_due(item->wait);
}

static void remember_diagnosis(struct wait_item *item, struct evidence *evidence,
                               struct diagnosis *diagnosis)
{
    struct diagnosis *before = item->diagnosis;
    bool changed = !before || before->findings[0].cause != diagnosis->findings[0].cause;

    evidence_free(item->evidence);
    item->evidence = evidence;
    item->diagnosis = diagnosis;
    if (is_settling(diagnosis->status)) {
        item->state = STATE_SETTLED;
        item->wait->unsettled--;
    } else {
        pause_item(item);
    }
    if (changed) {
        log_progress(item);
        pod_events_tell(item->wait->events, item->target->name, diagnosis->status,
                        diagnosis->findings[0].cause, &diagnosis->findings[0]);
    }
    diagnosis_free(before);
}

static void wait_run_done(struct evidence *evidence, void *context)
{
    struct wait_item *item = context;
    struct diagnosis *diagnosis = diagnose(evidence, item->target);

    item->run = NULL;
    item->runs++;
    item->wait->in_flight--;
    if (diagnosis) {
        remember_diagnosis(item, evidence, diagnosis);
    } else { /* memory is short, so the run does not count */
        evidence_free(evidence);
        pause_item(item);
    }
    start_due(item->wait);
}

/* ---- ends ---- */

/* Ends the wait. A target without a diagnosis may finish its run, which has a deadline of its own.
 */
static void expire(int fd, short what, void *context)
{
    struct wait *wait = context;

    (void)fd;
    (void)what;
    wait->expired = true;
    for (size_t i = 0; i < wait->count; i++) {
        struct wait_item *item = &wait->items[i];
        if (!item->run || !item->diagnosis)
            continue;
        probe_cancel(item->run);
        item->run = NULL;
        wait->in_flight--;
    }
    start_due(wait);
}

static void stop_waiting(int number, short what, void *context)
{
    struct wait *wait = context;

    (void)number;
    (void)what;
    event_base_loopbreak(wait->base);
}

/* Writes the text that `kubectl describe pod` shows: targets that are still awaited come first. */
static void write_termination_log(const struct wait *wait)
{
    struct text text = TEXT_WITH_LIMIT(TERMINATION_LOG_LIMIT);
    int fd = open(TERMINATION_LOG, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);

    for (int settled = 0; fd >= 0 && settled <= 1; settled++) {
        for (size_t i = 0; i < wait->count; i++) {
            const struct wait_item *item = &wait->items[i];
            if (!item->diagnosis || (item->state == STATE_SETTLED) != (settled == 1))
                continue;
            const struct finding *first = &item->diagnosis->findings[0];
            report_summary_line(
                &text, &(struct target_report){item->target, item->evidence, item->diagnosis});
            text_append(&text, "\n");
            unsigned number = 0;
            for (size_t n = 0; !settled && n < first->remedy_count; n++) {
                bool title = step_is_title(first->remedy[n]);
                number = title ? 0 : number + 1;
                if (title)
                    text_append_format(&text, "  %s\n", first->remedy[n]);
                else
                    text_append_format(&text, "  %u. %s\n", number, first->remedy[n]);
            }
        }
    }
    /* Best effort, because the report on standard output says the same. */
    if (fd >= 0 && text.length && write(fd, text.bytes, text.length) < 0)
        LOG(LOG_LEVEL_WARN, "the termination message could not be written",
            {"file", TERMINATION_LOG});
    if (fd >= 0)
        close(fd);
    text_free(&text);
}

/* Prints the report of the known targets. Returns the status of check; 0 if none is awaited. */
static int report_wait(const struct wait *wait, const struct invocation *invocation)
{
    struct judged *judged = memory_allocate((wait->count + 1) * sizeof(*judged));
    int status = COMMAND_STATUS_UNKNOWN;
    size_t known = 0;

    for (size_t i = 0; judged && i < wait->count; i++)
        if (wait->items[i].evidence)
            judged[known++] = (struct judged){wait->items[i].target, wait->items[i].evidence};
    if (known)
        status = command_report(invocation, judged, known);
    else
        fputs("UNKNOWN - ended before a first run was done\n", stderr);
    memory_release(judged);
    if (!wait->unsettled)
        return status == COMMAND_STATUS_WARN ? COMMAND_STATUS_OK : status;
    return known < wait->count && status != COMMAND_STATUS_FAIL ? COMMAND_STATUS_UNKNOWN : status;
}

/* ---- start and end ---- */

/* While the report is written: who should read it may have stopped. */
static void end_at_once(int number)
{
    (void)number;
    _exit(COMMAND_STATUS_UNKNOWN);
}

static int start_wait(struct wait *wait, const struct settings *settings, usec_t timeout)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct timeval second = {.tv_sec = wait->live ? 1 : REMIND_INTERVAL};
    struct timeval limit = clock_timeval(timeout);

    wait->deadline = event_new(wait->base, -1, 0, expire, wait);
    wait->ticker = event_new(wait->base, -1, EV_PERSIST, tick, wait);
    if (!wait->deadline || !wait->ticker || event_add(wait->ticker, &second) ||
        (timeout && event_add(wait->deadline, &limit)))
        return -1;
    for (size_t i = 0; i < 2; i++) {
        wait->stops[i] = evsignal_new(wait->base, signals[i], stop_waiting, wait);
        if (!wait->stops[i] || event_add(wait->stops[i], NULL))
            return -1;
    }
    for (size_t i = 0; i < wait->count; i++) {
        struct wait_item *item = &wait->items[i];
        const struct target *target = &settings->targets[i];
        item->wait = wait;
        item->target = target;
        item->pause = target->interval < FIRST_PAUSE ? target->interval : FIRST_PAUSE;
        item->again = event_new(wait->base, -1, 0, due_again, item);
        if (!item->again)
            return -1;
    }
    return 0;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

static void free_wait(struct wait *wait)
{
    for (size_t i = 0; wait->items && i < wait->count; i++) {
        struct wait_item *item = &wait->items[i];
        probe_cancel(item->run);
        free_event(item->again);
        diagnosis_free(item->diagnosis);
        evidence_free(item->evidence);
    }
    memory_release(wait->items);
    pod_events_free(wait->events);
    free_event(wait->deadline);
    free_event(wait->ticker);
    free_event(wait->stops[0]);
    free_event(wait->stops[1]);
    probe_environment_free(wait->environment);
    log_detach();
    if (wait->base)
        event_base_free(wait->base);
}

int command_wait(const struct invocation *invocation, struct settings *settings)
{
    struct wait wait = {.begin = clock_monotonic(),
                        .live = isatty(STDERR_FILENO) && !invocation->quiet,
                        .quiet = invocation->quiet,
                        .max_in_flight = settings->max_in_flight,
                        .unsettled = settings->target_count,
                        .count = settings->target_count};
    int status = COMMAND_STATUS_UNKNOWN;

    log_configure(settings->log_level, settings->log_format);
    wait.base = libraries_new_loop();
    if (wait.base)
        log_attach(wait.base);
    wait.environment = wait.base ? probe_environment_new(wait.base, PROBE_WATCH) : NULL;
    wait.items = memory_allocate(wait.count * sizeof(*wait.items));
    if (wait.base && settings->kubernetes_events)
        wait.events = pod_events_new(wait.base);
    if (wait.environment && wait.items && !start_wait(&wait, settings, invocation->wait_timeout)) {
        start_due(&wait);
        event_base_dispatch(wait.base);
        signal(SIGTERM, end_at_once);
        signal(SIGINT, end_at_once);
        pod_events_flush(wait.events, EVENTS_LIMIT);
        if (wait.live)
            live_line("");
        write_termination_log(&wait);
        status = report_wait(&wait, invocation);
    } else {
        fputs("UNKNOWN - not enough memory or descriptors to wait\n", stderr);
    }
    free_wait(&wait);
    return status;
}
