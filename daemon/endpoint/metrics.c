/* SPDX-License-Identifier: MIT */
/* Labels come from closed sets and from the configuration, never from a peer.
 * Each target's samples are rendered from its struct watch without unpacking its evidence. */

#include "daemon/endpoint/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/system/log.h"

#define PREFIX "tcr_probe_"

/* In OpenMetrics the family name of a counter lacks the "_total" of its samples. */
static void family(struct text *text, bool openmetrics, const char *name, const char *type,
                   const char *help)
{
    bool cut = openmetrics && strcmp(type, "counter") == 0;
    int length = (int)(strlen(name) - (cut ? sizeof("_total") - 1 : 0));

    text_append_format(text, "# HELP %.*s %s\n# TYPE %.*s %s\n", length, name, help, length, name,
                       type);
}

/* Appends NAME{target="..." without the closing brace, escaped by the rules of the exposition
 * format. A large scrape has many of these, so plain text is appended in one piece. */
static void open_labels(struct text *text, const char *name, const struct watch *watch)
{
    const char *at = watch->target->name;
    size_t plain = strcspn(at, "\"\\\n");

    text_append(text, name);
    text_append(text, "{target=\"");
    for (; at[plain]; plain = strcspn(at, "\"\\\n")) {
        text_append_bytes(text, at, plain);
        text_append_format(text, "\\%c", at[plain] == '\n' ? 'n' : at[plain]);
        at += plain + 1;
    }
    text_append_bytes(text, at, plain);
    text_append(text, "\"");
}

/* ,name="value" */
static void label(struct text *text, const char *name, const char *value)
{
    text_append(text, ",");
    text_append(text, name);
    text_append(text, "=\"");
    text_append(text, value);
    text_append(text, "\"");
}

/* Closes the labels. printf would take a sixth of the time of a large scrape. */
static void close_with(struct text *text, uint64_t value)
{
    char digits[24];
    char *at = digits + sizeof(digits) - 1;

    *at = '\0';
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    text_append(text, "} ");
    text_append(text, at);
    text_append(text, "\n");
}

/* `time` in seconds since 1970; negative if a certificate expired before then. */
static void close_with_time(struct text *text, int64_t time)
{
    text_append_format(text, "} %" PRId64 "\n", time);
}

static void close_with_seconds(struct text *text, usec_t duration)
{
    text_append_format(text, "} %llu.%06u\n", (unsigned long long)(duration / USEC_PER_SEC),
                       (unsigned)(duration % USEC_PER_SEC));
}

/* ---- one family each ---- */

static unsigned status_number(enum severity severity)
{
    return severity == SEVERITY_OK     ? 0
           : severity == SEVERITY_WARN ? 1
           : severity == SEVERITY_FAIL ? 2
                                       : 3;
}

static void render_status(struct text *text, const struct watch *watch)
{
    open_labels(text, PREFIX "target_status", watch);
    close_with(text, status_number(watch_status(watch)));
}

static void render_cause(struct text *text, const struct watch *watch)
{
    for (unsigned i = 0; i < CAUSE_COUNT; i++) {
        if (!(watch->seen_causes[i / 64] & 1ULL << i % 64))
            continue;
        open_labels(text, PREFIX "target_cause", watch);
        label(text, "cause", cause_name((enum cause)i));
        close_with(text, watch->state.cause == (enum cause)i);
    }
}

static void render_runs(struct text *text, const struct watch *watch)
{
    open_labels(text, PREFIX "runs_total", watch);
    close_with(text, watch->runs);
}

static void render_failures(struct text *text, const struct watch *watch)
{
    for (int i = 0; i < PHASE_COUNT; i++) {
        open_labels(text, PREFIX "run_failures_total", watch);
        label(text, "phase", phase_name((enum phase)i));
        close_with(text, watch->failures[i]);
    }
}

static void render_last_durations(struct text *text, const struct watch *watch)
{
    const struct run_figures *figures = &watch->figures;

    for (int i = 0; i < PHASE_COUNT; i++) {
        if (figures->states[i] == PHASE_STATE_SKIPPED)
            continue;
        open_labels(text, PREFIX "last_phase_duration_seconds", watch);
        label(text, "phase", phase_name((enum phase)i));
        close_with_seconds(text, figures->durations[i]);
    }
}

static void render_addresses(struct text *text, const struct watch *watch)
{
    const struct run_figures *figures = &watch->figures;

    for (int role = ROLE_POD; figures->measured_at && role <= ROLE_HOST; role++)
        for (int i = 0; i < CLASS_COUNT; i++) {
            open_labels(text, PREFIX "dns_addresses", watch);
            label(text, "resolver_role", resolver_role_name((enum resolver_role)role));
            label(text, "class", address_class_name((enum address_class)i));
            close_with(text, figures->addresses[role][i]);
        }
}

static void render_not_after(struct text *text, const struct watch *watch)
{
    if (!watch->figures.has_certificate)
        return;
    open_labels(text, PREFIX "certificate_not_after_timestamp_seconds", watch);
    close_with_time(text, watch->figures.not_after);
}

static void render_last_run(struct text *text, const struct watch *watch)
{
    if (!watch->figures.measured_at)
        return;
    open_labels(text, PREFIX "last_run_timestamp_seconds", watch);
    close_with_time(text, watch->figures.measured_at);
}

static void render_last_success(struct text *text, const struct watch *watch)
{
    if (!watch->last_success)
        return;
    open_labels(text, PREFIX "last_success_timestamp_seconds", watch);
    close_with_time(text, watch->last_success);
}

static void render_changes(struct text *text, const struct watch *watch)
{
    open_labels(text, PREFIX "status_changes_total", watch);
    close_with(text, watch->state.changes);
}

static const struct target_family {
    const char *name;
    const char *type;
    const char *help;
    void (*render)(struct text *text, const struct watch *watch);
} target_families[] = {
    {PREFIX "target_status", "gauge", "0 ok, 1 warn, 2 fail, 3 unknown", render_status},
    {PREFIX "target_cause", "gauge",
     "1 for the primary cause, 0 for causes that the target had since the start", render_cause},
    {PREFIX "runs_total", "counter", "Runs that ended", render_runs},
    {PREFIX "run_failures_total", "counter", "Runs in which a phase failed", render_failures},
    {PREFIX "last_phase_duration_seconds", "gauge",
     "Duration of the phase in the last run, if the run reached it", render_last_durations},
    {PREFIX "dns_addresses", "gauge", "Addresses that resolvers of a role gave, by class",
     render_addresses},
    {PREFIX "certificate_not_after_timestamp_seconds", "gauge",
     "Earliest expiry among the certificates of the last run", render_not_after},
    {PREFIX "last_run_timestamp_seconds", "gauge", "When the last run ended", render_last_run},
    {PREFIX "last_success_timestamp_seconds", "gauge", "When the last run ended ok or warn",
     render_last_success},
    {PREFIX "status_changes_total", "counter", "Changes of status or cause", render_changes},
};
#define TARGET_FAMILY_COUNT (sizeof(target_families) / sizeof(target_families[0]))

/* ---- families of the whole daemon ---- */

static void render_build(const struct watcher *watcher, struct text *text, bool openmetrics)
{
    (void)watcher;
    family(text, openmetrics, PREFIX "build_info", "gauge", "The version of this program");
    text_append(text, PREFIX "build_info{version=\"" TCRPROBE_VERSION "\"} 1\n");
}

/* OpenMetrics wants 1.0 where the older format has 1. */
static void put_bound(struct text *text, double bound, bool openmetrics)
{
    char digits[32];

    snprintf(digits, sizeof(digits), "%g", bound);
    text_append(text, digits);
    if (openmetrics && !strpbrk(digits, ".e"))
        text_append(text, ".0");
}

static void render_histogram(const struct phase_histogram *histogram, const char *phase,
                             struct text *text, bool openmetrics)
{
    static const char name[] = PREFIX "phase_duration_seconds";
    uint64_t below = 0;

    for (size_t bucket = 0; bucket < FIGURES_BUCKET_COUNT; bucket++) {
        below += histogram->counts[bucket];
        text_append_format(text, "%s_bucket{phase=\"%s\",le=\"", name, phase);
        put_bound(text, figures_buckets[bucket], openmetrics);
        text_append(text, "\"");
        close_with(text, below);
    }
    text_append_format(text, "%s_bucket{phase=\"%s\",le=\"+Inf\"", name, phase);
    close_with(text, histogram->total);
    text_append_format(text, "%s_sum{phase=\"%s\"} %.6f\n", name, phase, histogram->sum);
    text_append_format(text, "%s_count{phase=\"%s\"", name, phase);
    close_with(text, histogram->total);
}

/* Only with kubernetes_events: elsewhere it would be a family of zeroes. */
static void render_events(const struct watcher *watcher, struct text *text, bool openmetrics)
{
    if (!watcher->settings->kubernetes_events)
        return;
    family(text, openmetrics, PREFIX "kubernetes_requests_total", "counter",
           "Requests to the API server for the pod's Events, by outcome");
    for (unsigned i = 0; i < CLUSTER_OUTCOME_COUNT; i++)
        text_append_format(text, PREFIX "kubernetes_requests_total{outcome=\"%s\"} %" PRIu64 "\n",
                           cluster_outcome_name((enum cluster_outcome)i),
                           pod_events_requests(watcher->events, (enum cluster_outcome)i));
}

static void render_rest(const struct watcher *watcher, struct text *text, bool openmetrics)
{
    family(text, openmetrics, PREFIX "phase_duration_seconds", "histogram",
           "Duration of phases, all targets together");
    for (int i = 0; i < PHASE_COUNT; i++)
        render_histogram(&watcher->histograms[i], phase_name((enum phase)i), text, openmetrics);
    family(text, openmetrics, PREFIX "late_runs_total", "counter",
           "Runs that could not start when they were due");
    text_append_format(text, PREFIX "late_runs_total %" PRIu64 "\n", watcher->late_runs);
    family(text, openmetrics, PREFIX "event_loop_lag_seconds", "gauge",
           "How late the last timer of a run fired");
    text_append_format(text, PREFIX "event_loop_lag_seconds %.6f\n",
                       (double)watcher->lag / (double)USEC_PER_SEC);
    family(text, openmetrics, PREFIX "config_reload_success", "gauge",
           "1 if the last reload succeeded, 0 if it failed and the old settings stay in force");
    text_append_format(text, PREFIX "config_reload_success %d\n", !watcher->reload_error);
    family(text, openmetrics, PREFIX "log_lines_dropped_total", "counter",
           "Log lines dropped because nobody read them in time");
    text_append_format(text, PREFIX "log_lines_dropped_total %" PRIu64 "\n", log_dropped());
    render_events(watcher, text, openmetrics);
    metrics_render_process(text, openmetrics);
    if (openmetrics)
        text_append(text, "# EOF\n");
}

/* ---- slices ---- */

bool metrics_render_slice(const struct watcher *watcher, struct metrics_cursor *cursor,
                          struct text *text, size_t enough)
{
    size_t start = text->length;

    if (!cursor->family && !cursor->next)
        render_build(watcher, text, cursor->openmetrics);
    while (cursor->family < TARGET_FAMILY_COUNT) {
        const struct target_family *family_of = &target_families[cursor->family];
        if (!cursor->next)
            family(text, cursor->openmetrics, family_of->name, family_of->type, family_of->help);
        while (cursor->next < watcher->count) {
            family_of->render(text, watcher->watches[cursor->next++]);
            if (text->length - start >= enough)
                return true;
        }
        cursor->family++;
        cursor->next = 0;
    }
    render_rest(watcher, text, cursor->openmetrics);
    return false;
}

/* ---- which format ---- */

/* 0 if `weight` is not a number. */
static unsigned thousandths(double weight)
{
    return weight >= 1 ? 1000 : weight > 0 ? (unsigned)(weight * 1000) : 0;
}

/* The weight (RFC 9110, 12.4.2) of a media range's parameters, in thousandths. */
static unsigned weight_of(const char *parameters, size_t length)
{
    for (const char *at = parameters; at + 2 < parameters + length; at++)
        if ((at[-1] == ';' || at[-1] == ' ') && strncasecmp(at, "q=", 2) == 0)
            return thousandths(strtod(at + 2, NULL));
    return 1000;
}

static bool is_type(const char *text, size_t length, const char *type)
{
    while (length && strchr(" \t", text[length - 1]))
        length--;
    return length == strlen(type) && strncasecmp(text, type, length) == 0;
}

bool metrics_wants_openmetrics(const char *accept)
{
    unsigned openmetrics = 0;
    unsigned plain = 0;

    while (*accept) {
        accept += strspn(accept, " \t,");
        size_t length = strcspn(accept, ",");
        size_t type = strcspn(accept, ";,");
        unsigned weight = type < length ? weight_of(accept + type + 1, length - type - 1) : 1000;
        const char *version = memmem(accept, length, "version=", 8);
        if (is_type(accept, type, "application/openmetrics-text")) {
            bool known = !version || strncmp(version + 8, "1.0.0", 5) == 0;
            if (known && weight > openmetrics)
                openmetrics = weight;
        } else if (is_type(accept, type, "text/plain") || is_type(accept, type, "text/*")) {
            plain = weight > plain ? weight : plain;
        }
        accept += length;
    }
    return openmetrics && openmetrics >= plain;
}
