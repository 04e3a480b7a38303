/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/html.h"
#include "daemon/endpoint/page_parts.h"

#define DAY   86400
#define WIDTH 1440 /* minutes in the strip of a day */

static void rectangle(struct text *out, int64_t from, int64_t to, enum severity status)
{
    if (to > from)
        text_append_format(out, "<rect x=%lld width=%lld height=16 class=%s></rect>",
                           (long long)from, (long long)(to - from), severity_name(status));
}

/* The minute within the strip, also if the clock was set back since. */
static int64_t minute_of(int64_t at, int64_t now)
{
    int64_t minutes = WIDTH - (now - at) / 60;

    return minutes < 0 ? 0 : minutes < WIDTH ? minutes : WIDTH;
}

/* From one change to the next, the state is the one set by the earlier change. */
static void put_day_strip(struct text *out, const struct state *state, int64_t now)
{
    size_t count = state_change_count(state);
    unsigned changes = 0;

    for (size_t i = 1; i < count; i++)
        changes += state_change(state, i)->at > now - DAY;
    text_append_format(out,
                       "<svg viewBox=\"0 0 %d 16\" preserveAspectRatio=none role=img "
                       "aria-label=\"The last day: %s now, %u change%s\">",
                       WIDTH, severity_name(state->status), changes, changes == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++) {
        const struct state_result *change = state_change(state, i);
        int64_t end = i + 1 < count ? state_change(state, i + 1)->at : now;
        int64_t from = minute_of(change->at, now);
        int64_t to = i + 1 < count ? minute_of(end, now) : WIDTH;
        if (to == from && end > now - DAY) { /* too short for a minute, but shown */
            from -= to == WIDTH;
            to += to < WIDTH;
        }
        rectangle(out, from, to, (enum severity)change->status);
    }
    text_append(out, "</svg>");
}

/* The result of each run, whatever the state was. Equal results in a row make one rectangle. */
static void put_run_strip(struct text *out, const struct state *state)
{
    size_t count = state_run_count(state);
    size_t failed = 0;

    for (size_t i = 0; i < count; i++)
        failed += state_run(state, i)->status == SEVERITY_FAIL;
    text_append_format(out,
                       "<svg viewBox=\"0 0 %zu 16\" preserveAspectRatio=none role=img "
                       "aria-label=\"The last %zu runs, oldest first: %zu failed\">",
                       count, count, failed);
    for (size_t i = 0; i < count;) {
        size_t first = i;
        unsigned status = state_run(state, first)->status;
        while (i < count && state_run(state, i)->status == status)
            i++;
        rectangle(out, (int64_t)first, (int64_t)i, (enum severity)status);
    }
    text_append(out, "</svg>");
}

void page_history(struct text *out, const struct watch *watch, int64_t now)
{
    const struct state *state = &watch->state;

    text_append(out, "<h3>History</h3><div class=h><span>Last day</span>");
    put_day_strip(out, state, now);
    text_append_format(out, "<span>Last %zu run%s</span>", state_run_count(state),
                       state_run_count(state) == 1 ? "" : "s");
    put_run_strip(out, state);
    text_append(out, "</div><p class=dim>Last run ");
    html_time(out, watch->figures.measured_at, now);
    text_append(out, ", took ");
    html_duration(out, watch_evidence(watch)->duration);
    text_append(out, ". Next run ");
    html_time(out, watch_next_run(watch), now);
    text_append_format(out, ". Since the start: runs %llu, changes %llu.",
                       (unsigned long long)watch->runs, (unsigned long long)state->changes);
    if (state->undecided)
        text_append_format(out, " The last %u run%s differ%s from what is believed.",
                           state->undecided, state->undecided == 1 ? "" : "s",
                           state->undecided == 1 ? "s" : "");
    text_append(out, "</p>");
}
