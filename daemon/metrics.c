/* Labels come from closed sets and from the configuration, never from a peer. */

#include "daemon/metrics.h"

#include <inttypes.h>
#include <string.h>

#define PREFIX "tcr_probe_"

static void family(struct text *text, const char *name, const char *type, const char *help)
{
    text_append_format(text, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name,
                       type);
}

/* {target="..." without the closing brace. */
static void open_labels(struct text *text, const char *name, const struct watch *watch)
{
    text_append_format(text, PREFIX "%s{target=\"", name);
    for (const char *at = watch->target->name; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            text_append_format(text, "\\%c", byte);
        else if (byte < 0x20 || byte >= 0x7f)
            text_append(text, "?");
        else
            text_append_bytes(text, at, 1);
    }
    text_append(text, "\"");
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
    open_labels(text, "target_status", watch);
    text_append_format(text, "} %u\n", status_number(watch_status(watch)));
}

static void render_cause(struct text *text, const struct watch *watch)
{
    for (unsigned i = 0; i < CAUSE_COUNT; i++) {
        if (!(watch->seen_causes & 1ULL << i))
            continue;
        open_labels(text, "target_cause", watch);
        text_append_format(text, ",cause=\"%s\"} %d\n", cause_name((enum cause)i),
                           watch->state.cause == (enum cause)i);
    }
}

static void render_runs(struct text *text, const struct watch *watch)
{
    open_labels(text, "runs_total", watch);
    text_append_format(text, "} %" PRIu64 "\n", watch->runs);
}

static void render_failures(struct text *text, const struct watch *watch)
{
    for (int i = 0; i < PHASE_COUNT; i++) {
        open_labels(text, "run_failures_total", watch);
        text_append_format(text, ",phase=\"%s\"} %" PRIu64 "\n", phase_name((enum phase)i),
                           watch->failures[i]);
    }
}

static void render_last_durations(struct text *text, const struct watch *watch)
{
    for (int i = 0; watch->last.evidence && i < PHASE_COUNT; i++) {
        enum phase phase = (enum phase)i;
        if (evidence_phase_state(watch->last.evidence, phase) == PHASE_STATE_SKIPPED)
            continue;
        open_labels(text, "last_phase_duration_seconds", watch);
        text_append_format(text, ",phase=\"%s\"} %.6f\n", phase_name(phase),
                           (double)evidence_phase_duration(watch->last.evidence, phase) /
                               (double)USEC_PER_SEC);
    }
}

/* Different addresses of a class that the resolvers of a role gave for the target's name. */
static unsigned count_addresses(const struct evidence *evidence, enum resolver_role role,
                                enum address_class address_class)
{
    unsigned view = role == ROLE_HOST ? VIEW_HOST : VIEW_POD;
    unsigned count = 0;

    for (size_t i = 0; i < evidence->path_count; i++)
        count +=
            evidence->paths[i].views & view && evidence->paths[i].address_class == address_class;
    return count;
}

static void render_addresses(struct text *text, const struct watch *watch)
{
    for (int role = ROLE_POD; watch->last.evidence && role <= ROLE_HOST; role++)
        for (int i = 0; i < CLASS_COUNT; i++) {
            open_labels(text, "dns_addresses", watch);
            text_append_format(text, ",resolver_role=\"%s\",class=\"%s\"} %u\n",
                               resolver_role_name((enum resolver_role)role),
                               address_class_name((enum address_class)i),
                               count_addresses(watch->last.evidence, (enum resolver_role)role,
                                               (enum address_class)i));
        }
}

/* Of several certificates the one that ends first. */
static void render_not_after(struct text *text, const struct watch *watch)
{
    int64_t first = 0;

    for (size_t i = 0; watch->last.evidence && i < watch->last.evidence->path_count; i++) {
        const struct certificate_evidence *found = &watch->last.evidence->paths[i].tls.certificate;
        if (found->present && (!first || found->not_after < first))
            first = found->not_after;
    }
    if (!first)
        return;
    open_labels(text, "certificate_not_after_timestamp_seconds", watch);
    text_append_format(text, "} %" PRId64 "\n", first);
}

static void render_last_run(struct text *text, const struct watch *watch)
{
    if (!watch->last.evidence)
        return;
    open_labels(text, "last_run_timestamp_seconds", watch);
    text_append_format(text, "} %" PRId64 "\n", watch->last.evidence->measured_at);
}

static void render_last_success(struct text *text, const struct watch *watch)
{
    if (!watch->last_success)
        return;
    open_labels(text, "last_success_timestamp_seconds", watch);
    text_append_format(text, "} %" PRId64 "\n", watch->last_success);
}

static void render_changes(struct text *text, const struct watch *watch)
{
    open_labels(text, "status_changes_total", watch);
    text_append_format(text, "} %" PRIu64 "\n", watch->state.changes);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*render)(struct text *text, const struct watch *watch);
} families[] = {
    {"target_status", "gauge", "0 ok, 1 warn, 2 fail, 3 unknown", render_status},
    {"target_cause", "gauge", "1 for the primary cause, 0 for those it had since the start",
     render_cause},
    {"runs_total", "counter", "Runs that ended", render_runs},
    {"run_failures_total", "counter", "Runs in which a phase failed", render_failures},
    {"last_phase_duration_seconds", "gauge", "Of the last run that reached the phase",
     render_last_durations},
    {"dns_addresses", "gauge", "Addresses that resolvers of a role gave, by class",
     render_addresses},
    {"certificate_not_after_timestamp_seconds", "gauge", "When the first certificate ends",
     render_not_after},
    {"last_run_timestamp_seconds", "gauge", "When the last run ended", render_last_run},
    {"last_success_timestamp_seconds", "gauge", "When the last run ended ok or warn",
     render_last_success},
    {"status_changes_total", "counter", "Changes of status or cause", render_changes},
};

static void render_histograms(const struct watcher *watcher, struct text *text)
{
    family(text, "phase_duration_seconds", "histogram", "How long phases took, of all targets");
    for (int i = 0; i < PHASE_COUNT; i++) {
        const struct phase_histogram *histogram = &watcher->histograms[i];
        const char *phase = phase_name((enum phase)i);
        uint64_t below = 0;
        for (size_t bucket = 0; bucket < WATCH_BUCKET_COUNT; bucket++) {
            below += histogram->counts[bucket];
            text_append_format(text,
                               PREFIX "phase_duration_seconds_bucket{phase=\"%s\",le=\"%g\"} "
                                      "%" PRIu64 "\n",
                               phase, watch_buckets[bucket], below);
        }
        text_append_format(text,
                           PREFIX "phase_duration_seconds_bucket{phase=\"%s\",le=\"+Inf\"} %" PRIu64
                                  "\n" PREFIX
                                  "phase_duration_seconds_sum{phase=\"%s\"} %.6f\n" PREFIX
                                  "phase_duration_seconds_count{phase=\"%s\"} %" PRIu64 "\n",
                           phase, histogram->total, phase, histogram->sum, phase, histogram->total);
    }
}

void metrics_render(const struct watcher *watcher, struct text *text)
{
    family(text, "build_info", "gauge", "The version of this program");
    text_append_format(text, PREFIX "build_info{version=\"%s\"} 1\n", TCRPROBE_VERSION);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        family(text, families[i].name, families[i].type, families[i].help);
        for (size_t n = 0; n < watcher->count; n++)
            families[i].render(text, watcher->watches[n]);
    }
    render_histograms(watcher, text);
    family(text, "late_runs_total", "counter", "Runs that could not start when they were due");
    text_append_format(text, PREFIX "late_runs_total %" PRIu64 "\n", watcher->late_runs);
    family(text, "event_loop_lag_seconds", "gauge", "How late the loop's last second began");
    text_append_format(text, PREFIX "event_loop_lag_seconds %.6f\n",
                       (double)watcher->lag / (double)USEC_PER_SEC);
    metrics_render_process(text);
}
