/* SPDX-License-Identifier: MIT */
#include "daemon/watch/summary.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/system/log.h"

#define SEVERITY_COUNT 4
#define LINE_LIMIT     600
#define NUMBER_SIZE    24

struct summary_tally {
    size_t by_severity[SEVERITY_COUNT];
    const struct watch *worst; /* NULL if all are ok */
    struct summary counted;
};

static void count_targets(const struct watcher *watcher, struct summary_tally *tally)
{
    int worst = severity_rank(SEVERITY_OK);

    *tally = (struct summary_tally){.counted.late_runs = watcher->late_runs};
    for (size_t i = 0; i < watcher->count; i++) {
        const struct watch *watch = watcher->watches[i];
        enum severity status = watch_status(watch);
        tally->by_severity[status]++;
        tally->counted.runs += watch->runs;
        tally->counted.changes += watch->state.changes;
        if (severity_rank(status) <= worst)
            continue;
        worst = severity_rank(status);
        tally->worst = watch;
    }
}

/* The sentence of the last run for the believed cause, or "". */
static const char *believed_sentence(const struct watch *watch)
{
    const struct finding *finding = watch_believed_finding(watch, watch_diagnosis(watch));

    return finding && finding->cause == watch->state.cause ? finding->summary : "";
}

static void put_worst_target(const struct watch *watch, struct text *text)
{
    if (!watch->state.known)
        text_append_format(text, "%s: no run yet", watch->target->name);
    else
        text_append_format(text, "%s: %s: %s", watch->target->name, cause_name(watch->state.cause),
                           believed_sentence(watch));
}

void summary_line(const struct watcher *watcher, struct text *text)
{
    static const enum severity order[] = {SEVERITY_FAIL, SEVERITY_UNKNOWN, SEVERITY_WARN,
                                          SEVERITY_OK};
    const char *separator = "";
    struct summary_tally tally;

    count_targets(watcher, &tally);
    text_append_format(text, "%zu target%s: ", watcher->count, watcher->count == 1 ? "" : "s");
    for (size_t i = 0; i < SEVERITY_COUNT; i++) {
        if (!tally.by_severity[order[i]])
            continue;
        text_append_format(text, "%s%zu %s", separator, tally.by_severity[order[i]],
                           severity_name(order[i]));
        separator = ", ";
    }
    if (!tally.worst)
        return;
    text_append(text, "; ");
    put_worst_target(tally.worst, text);
}

void summary_log(const struct watcher *watcher, struct summary *since)
{
    char room[LINE_LIMIT + 1] = "";
    struct text worst = TEXT_IN(room);
    char numbers[7][NUMBER_SIZE];
    struct summary_tally tally;

    count_targets(watcher, &tally);
    const uint64_t values[7] = {watcher->count,
                                tally.by_severity[SEVERITY_OK],
                                tally.by_severity[SEVERITY_WARN],
                                tally.by_severity[SEVERITY_FAIL],
                                tally.by_severity[SEVERITY_UNKNOWN],
                                tally.counted.runs - since->runs,
                                tally.counted.changes - since->changes};
    for (size_t i = 0; i < 7; i++)
        snprintf(numbers[i], NUMBER_SIZE, "%" PRIu64, values[i]);
    char late[NUMBER_SIZE];
    snprintf(late, sizeof(late), "%" PRIu64, tally.counted.late_runs - since->late_runs);
    if (tally.worst)
        put_worst_target(tally.worst, &worst);
    LOG(LOG_LEVEL_INFO, "summary", {"targets", numbers[0]}, {"ok", numbers[1]},
        {"warn", numbers[2]}, {"fail", numbers[3]}, {"unknown", numbers[4]}, {"runs", numbers[5]},
        {"changes", numbers[6]}, {"late_runs", late},
        {"worst", tally.worst ? text_string(&worst) : NULL});
    *since = tally.counted;
}
