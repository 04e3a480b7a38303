/*
 * wait: runs every target again and again until each was ok or warn once. What is still missing is
 * said on a terminal as one live line, else as a log line whenever it changes and once a minute;
 * the last diagnosis goes to the container's termination message as well.
 */

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/command.h"
#include "daemon/log.h"
#include "daemon/report.h"
#include "probes/probe.h"

#define FIRST_PAUSE     USEC_PER_SEC /* between two runs of a target; doubles up to its interval */
#define REMIND_INTERVAL 60           /* seconds */
#define LIVE_LIMIT      512
#define ELAPSED_SIZE    32

/* The kubelet keeps 4,096 bytes of a termination message, and made the file before it started us:
 * where there is none, nobody reads it. */
#define TERMINATION_LOG       "/dev/termination-log"
#define TERMINATION_LOG_LIMIT 4096

enum wait_state { STATE_DUE, STATE_RUNNING, STATE_PAUSING, STATE_SETTLED };

struct wait;

struct wait_item {
    struct wait *wait;
    const struct target *target;
    enum wait_state state;
    struct probe_run *run;
    struct event *again;
    usec_t pause;
    unsigned runs;
    struct evidence *evidence; /* of the last run that could be diagnosed, as is the next */
    struct diagnosis *diagnosis;
};

struct wait {
    struct event_base *base;
    struct probe_environment *environment;
    struct event *stops[2]; /* SIGTERM, SIGINT: the first process of a container has no default */
    struct event *deadline;
    struct event *ticker;
    usec_t begin;
    bool live;    /* a person is watching standard error */
    bool expired; /* no further run starts */
    unsigned max_in_flight;
    unsigned in_flight;
    size_t unsettled;
    size_t count;
    struct wait_item *items;
};

static struct timeval to_timeval(usec_t duration)
{
    return (struct timeval){.tv_sec = (time_t)(duration / USEC_PER_SEC),
                            .tv_usec = (suseconds_t)(duration % USEC_PER_SEC)};
}

static bool is_good(enum severity severity)
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

    if (item->wait->live)
        return;
    LOG(good ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, good ? "reached" : "still waiting",
        {"target", item->target->name}, {"status", severity_name(item->diagnosis->status)},
        {"cause", cause_name(first->cause)}, {"waited", elapsed(item->wait, waited)},
        {"what", first->summary},
        {"remedy", !good && first->remedy_count ? first->remedy[0] : NULL});
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
    fprintf(stderr, "\r\x1b[K%.*s", (int)terminal_width(STDERR_FILENO) - 1, text_string(&text));
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

static void done(struct evidence *evidence, void *context);

static void pause_item(struct wait_item *item)
{
    struct timeval pause = to_timeval(item->pause);
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
        item->run = probe_start(wait->environment, item->target, done, item);
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

static void remember(struct wait_item *item, struct evidence *evidence, struct diagnosis *diagnosis)
{
    struct diagnosis *before = item->diagnosis;
    bool changed = !before || before->findings[0].cause != diagnosis->findings[0].cause;

    evidence_free(item->evidence);
    item->evidence = evidence;
    item->diagnosis = diagnosis;
    if (is_good(diagnosis->status)) {
        item->state = STATE_SETTLED;
        item->wait->unsettled--;
    } else {
        pause_item(item);
    }
    if (changed)
        log_progress(item);
    diagnosis_free(before);
}

static void done(struct evidence *evidence, void *context)
{
    struct wait_item *item = context;
    struct diagnosis *diagnosis = diagnose(evidence, item->target);

    item->run = NULL;
    item->runs++;
    item->wait->in_flight--;
    if (diagnosis) {
        remember(item, evidence, diagnosis);
    } else { /* memory is short: as if it had not run */
        evidence_free(evidence);
        pause_item(item);
    }
    start_due(item->wait);
}

/* ---- ends ---- */

/* A target without a diagnosis may finish: its run ends with the deadline at the latest. */
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

static void stop(int number, short what, void *context)
{
    struct wait *wait = context;

    (void)number;
    (void)what;
    event_base_loopbreak(wait->base);
}

/* What a person who runs `kubectl describe pod` reads: the targets that are still missing first. */
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
            for (size_t n = 0; !settled && n < first->remedy_count; n++)
                text_append_format(&text, "  %zu. %s\n", n + 1, first->remedy[n]);
        }
    }
    /* Best effort: the report on standard output says the same. */
    if (fd >= 0 && text.length && write(fd, text.bytes, text.length) < 0)
        LOG(LOG_LEVEL_WARN, "the termination message could not be written",
            {"file", TERMINATION_LOG});
    if (fd >= 0)
        close(fd);
    text_free(&text);
}

/* The report of what is known; the status of check, which is 0 once nothing is waited for. */
static int report(const struct wait *wait, const struct invocation *invocation)
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

/* ---- the life of it ---- */

static int start(struct wait *wait, const struct settings *settings, usec_t timeout)
{
    static const int signals[] = {SIGTERM, SIGINT};
    struct timeval second = {.tv_sec = wait->live ? 1 : REMIND_INTERVAL};
    struct timeval limit = to_timeval(timeout);

    wait->deadline = event_new(wait->base, -1, 0, expire, wait);
    wait->ticker = event_new(wait->base, -1, EV_PERSIST, tick, wait);
    if (!wait->deadline || !wait->ticker || event_add(wait->ticker, &second) ||
        (timeout && event_add(wait->deadline, &limit)))
        return -1;
    for (size_t i = 0; i < 2; i++) {
        wait->stops[i] = evsignal_new(wait->base, signals[i], stop, wait);
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
    free_event(wait->deadline);
    free_event(wait->ticker);
    free_event(wait->stops[0]);
    free_event(wait->stops[1]);
    probe_environment_free(wait->environment);
    if (wait->base)
        event_base_free(wait->base);
}

int command_wait(const struct invocation *invocation, const struct settings *settings)
{
    struct wait wait = {.begin = clock_monotonic(),
                        .live = isatty(STDERR_FILENO),
                        .max_in_flight = settings->max_in_flight,
                        .unsettled = settings->target_count,
                        .count = settings->target_count};
    int status = COMMAND_STATUS_UNKNOWN;

    log_configure(settings->log_level, settings->log_format);
    wait.base = event_base_new();
    wait.environment = wait.base ? probe_environment_new(wait.base, PROBE_WATCH) : NULL;
    wait.items = memory_allocate(wait.count * sizeof(*wait.items));
    if (wait.environment && wait.items && !start(&wait, settings, invocation->wait_timeout)) {
        start_due(&wait);
        event_base_dispatch(wait.base);
        if (wait.live)
            fputs("\r\x1b[K", stderr);
        write_termination_log(&wait);
        status = report(&wait, invocation);
    } else {
        fputs("UNKNOWN - not enough memory or descriptors to wait\n", stderr);
    }
    free_wait(&wait);
    return status;
}
