/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "daemon/endpoint/html.h"
#include "daemon/endpoint/page_parts.h"
#include "probes/diagnosis/words.h"
#include "probes/evidence/view.h"

/* ---- the ladder ---- */

static const char *const rungs[PHASE_COUNT] = {
    [PHASE_DNS] = "dns", [PHASE_TCP] = "tcp",   [PHASE_PROXY] = "proxy",    [PHASE_TLS] = "tls",
    [PHASE_API] = "api", [PHASE_AUTH] = "auth", [PHASE_MANIFEST] = "image", [PHASE_BLOB] = "layer"};

static const char *const classes[] = {
    [PHASE_STATE_SKIPPED] = "skip", [PHASE_STATE_OK] = "ok", [PHASE_STATE_FAILED] = "fail"};

/* Pulls without a proxy have no such rung. */
static bool has_rung(const struct evidence *evidence, enum phase phase)
{
    return phase != PHASE_PROXY || evidence->proxy.outcome != PROXY_SKIPPED;
}

static void put_ladder(struct text *out, const struct evidence *evidence)
{
    text_append(out, "<ol class=l aria-label=\"Ladder of the last run\">");
    for (enum phase phase = 0; phase < PHASE_COUNT; phase++) {
        enum phase_state state = evidence_phase_state(evidence, phase);
        usec_t duration = evidence_phase_duration(evidence, phase);
        if (!has_rung(evidence, phase))
            continue;
        text_append_format(out, "<li class=%s><b>%s</b><i>", classes[state], rungs[phase]);
        if (state == PHASE_STATE_SKIPPED)
            text_append(out, "not tried");
        else if (state == PHASE_STATE_FAILED)
            text_append(out, "failed");
        else if (duration)
            html_duration(out, duration);
        else
            text_append(out, "ok");
        text_append(out, "</i>");
    }
    text_append(out, "</ol>");
}

/* The lights of a folded target; the ladder below has the words. */
static void put_lights(struct text *out, const struct evidence *evidence)
{
    text_append(out, "<span class=m aria-hidden=true>");
    for (enum phase phase = 0; phase < PHASE_COUNT; phase++)
        if (has_rung(evidence, phase))
            text_append_format(out, "<i class=%s></i>",
                               classes[evidence_phase_state(evidence, phase)]);
    text_append(out, "</span>");
}

/* ---- findings ---- */

static void put_folded_lines(struct text *out, const char *title, const char *const *lines,
                             size_t count)
{
    if (!count)
        return;
    text_append_format(out, "<details><summary>%s</summary><ul>", title);
    for (size_t i = 0; i < count; i++) {
        text_append(out, "<li><code>");
        html_text(out, lines[i] ? lines[i] : "");
        text_append(out, "</code>");
    }
    text_append(out, "</ul></details>");
}

/* Numbers start again after each title. */
static void put_steps(struct text *out, const struct finding *finding)
{
    bool in_list = false;

    for (size_t i = 0; i < finding->remedy_count; i++) {
        const char *step = finding->remedy[i] ? finding->remedy[i] : "";
        bool title = step_is_title(step);
        if (in_list == title)
            text_append(out, title ? "</ol>" : "<ol class=r>");
        in_list = !title;
        text_append(out, title ? "<p><b>" : "<li>");
        html_text(out, step);
        text_append(out, title ? "</b>" : "");
    }
    text_append(out, in_list ? "</ol>" : "");
}

/* The page of the cause: below docs_url if it is set, else on this endpoint. */
static void put_cause_link(struct text *out, const struct finding *finding)
{
    const char *docs = finding->docs ? finding->docs : "";
    bool is_url = strncmp(docs, "http://", 7) == 0 || strncmp(docs, "https://", 8) == 0;

    text_append(out, "<a href=\"");
    if (is_url)
        html_text(out, docs);
    else
        text_append_format(out, "/explain/%s", cause_name(finding->cause));
    text_append_format(out, "\">%s</a>", cause_name(finding->cause));
}

/* `primary`: the finding whose sentence the summary of the target shows already. The steps of other
 * findings are folded. */
static void put_finding(struct text *out, const struct finding *finding, bool primary)
{
    bool troubled = finding->severity != SEVERITY_OK;

    text_append_format(out, "<div class=\"f %s\"><p><b>", severity_name(finding->severity));
    put_cause_link(out, finding);
    text_append_format(out, "</b> <span class=dim>%s, %s</span></p>",
                       severity_name(finding->severity), confidence_name(finding->confidence));
    if (!primary || !troubled) {
        text_append(out, "<p>");
        html_text(out, finding->summary);
        text_append(out, "</p>");
    }
    if (troubled && finding->remedy_count) {
        text_append(out, primary ? "" : "<details><summary>Steps</summary>");
        put_steps(out, finding);
        text_append(out, primary ? "" : "</details>");
    }
    put_folded_lines(out, "Evidence", finding->evidence, finding->evidence_count);
    if (troubled)
        put_folded_lines(out, "The pull error that users see", finding->pull_errors,
                         finding->pull_error_count);
    text_append(out, "</div>");
}

/* ---- one target ---- */

/* `diagnosis` is NULL before the first run and if memory is short. */
static void put_target_summary(struct text *out, const struct watch *watch,
                               const struct diagnosis *diagnosis, int64_t now)
{
    const struct finding *finding = watch_believed_finding(watch, diagnosis);
    enum severity status = watch_status(watch);

    text_append_format(out, "<summary><span class=s>%s</span><span class=n>",
                       severity_name(status));
    html_name(out, watch->target->name);
    text_append(out, "</span><span class=\"a dim\">");
    if (watch->state.known) {
        text_append_format(out, "%s for ", cause_name(watch->state.cause));
        html_span(out, now - watch->state.since);
        text_append(out, ", measured ");
        html_span(out, now - watch->figures.measured_at);
        text_append(out, " ago");
    } else {
        text_append(out, "no run yet");
    }
    text_append(out, "</span>");
    if (finding)
        put_lights(out, watch_evidence(watch));
    if (finding && status != SEVERITY_OK) {
        text_append(out, "<span class=w>");
        html_text(out, finding->summary);
        text_append(out, "</span>");
    }
    text_append(out, "</summary>");
}

static void put_target_link(struct text *out, const struct watch *watch)
{
    text_append(out, "<p><a href=\"/?target=");
    html_query_value(out, watch->target->name);
    text_append(out, "\">Everything measured</a></p>");
}

static void put_target_body(struct text *out, const struct watch *watch,
                            const struct diagnosis *diagnosis, enum page_detail detail, int64_t now)
{
    const struct finding *finding = watch_believed_finding(watch, diagnosis);

    text_append(out, "<div class=b>");
    put_ladder(out, watch_evidence(watch));
    if (detail == PAGE_BRIEF) {
        if (finding->severity != SEVERITY_OK && finding_first_step(finding)) {
            text_append(out, "<p>First: ");
            html_text(out, finding_first_step(finding));
            text_append(out, "</p>");
        }
        put_target_link(out, watch);
    } else {
        for (size_t i = 0; i < diagnosis->count; i++)
            put_finding(out, &diagnosis->findings[i],
                        &diagnosis->findings[i] == finding && watch_status(watch) != SEVERITY_OK);
        page_history(out, watch, now);
        page_evidence(out, watch_evidence(watch), watch->last.target);
    }
    text_append(out, "</div>");
}

void page_target(struct text *out, const struct watch *watch, enum page_detail detail, int64_t now)
{
    const struct diagnosis *diagnosis = watch_diagnosis(watch);

    text_append_format(out, "<details class=\"t %s\"%s>", severity_name(watch_status(watch)),
                       detail == PAGE_OPEN ? " open" : "");
    put_target_summary(out, watch, diagnosis, now);
    if (diagnosis)
        put_target_body(out, watch, diagnosis, detail, now);
    text_append(out, "</details>\n");
}
