#include "daemon/html.h"
#include "daemon/page_parts.h"
#include "probes/evidence_view.h"

/* ---- the ladder ---- */

static const char *const rungs[PHASE_COUNT] = {
    [PHASE_DNS] = "dns",   [PHASE_TCP] = "tcp",        [PHASE_TLS] = "tls",   [PHASE_API] = "api",
    [PHASE_AUTH] = "auth", [PHASE_MANIFEST] = "image", [PHASE_BLOB] = "layer"};

static const char *const classes[] = {
    [PHASE_STATE_SKIPPED] = "skip", [PHASE_STATE_OK] = "ok", [PHASE_STATE_FAILED] = "fail"};

static void put_ladder(struct text *out, const struct evidence *evidence)
{
    text_append(out, "<ol class=l aria-label=\"Ladder of the last run\">");
    for (int i = 0; i < PHASE_COUNT; i++) {
        enum phase_state state = evidence_phase_state(evidence, (enum phase)i);
        usec_t duration = evidence_phase_duration(evidence, (enum phase)i);
        text_append_format(out, "<li class=%s><b>%s</b><i>", classes[state], rungs[i]);
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

/* Lights only, for the folded target; the ladder below has the words. */
static void put_lights(struct text *out, const struct evidence *evidence)
{
    text_append(out, "<span class=m aria-hidden=true>");
    for (int i = 0; i < PHASE_COUNT; i++)
        text_append_format(out, "<i class=%s></i>",
                           classes[evidence_phase_state(evidence, (enum phase)i)]);
    text_append(out, "</span>");
}

/* ---- findings ---- */

static void put_lines(struct text *out, const char *title, const char *const *lines, size_t count)
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

static void put_finding(struct text *out, const struct finding *finding)
{
    bool troubled = finding->severity != SEVERITY_OK;

    text_append_format(out, "<div class=\"f %s\"><p><b>%s</b> <span class=dim>%s, %s</span><p>",
                       severity_name(finding->severity), cause_name(finding->cause),
                       severity_name(finding->severity), confidence_name(finding->confidence));
    html_text(out, finding->summary);
    text_append(out, "</p>");
    if (troubled && finding->remedy_count) {
        text_append(out, "<ol class=r>");
        for (size_t i = 0; i < finding->remedy_count; i++) {
            text_append(out, "<li>");
            html_text(out, finding->remedy[i] ? finding->remedy[i] : "");
        }
        text_append(out, "</ol>");
    }
    put_lines(out, "Evidence", finding->evidence, finding->evidence_count);
    if (troubled)
        put_lines(out, "The pull error that users see", finding->pull_errors,
                  finding->pull_error_count);
    text_append(out, "</div>");
}

/* ---- one target ---- */

/* `diagnosis` NULL: no run yet, or memory is short. */
static void put_summary(struct text *out, const struct watch *watch,
                        const struct diagnosis *diagnosis, int64_t now)
{
    const struct finding *finding = watch_believed_finding(watch, diagnosis);
    enum severity status = watch_status(watch);

    text_append_format(out, "<summary><span class=s>%s</span><span class=n>",
                       severity_name(status));
    html_text(out, watch->target->name);
    text_append(out, "</span><span class=\"a dim\">");
    if (watch->state.known) {
        text_append_format(out, "%s for ", cause_name(watch->state.cause));
        html_span(out, now - watch->state.since);
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

static void put_link(struct text *out, const struct watch *watch)
{
    text_append(out, "<p><a href=\"/?target=");
    html_query_value(out, watch->target->name);
    text_append(out, "\">Everything measured</a></p>");
}

static void put_body(struct text *out, const struct watch *watch, const struct diagnosis *diagnosis,
                     enum page_detail detail, int64_t now)
{
    const struct finding *finding = watch_believed_finding(watch, diagnosis);

    text_append(out, "<div class=b>");
    put_ladder(out, watch_evidence(watch));
    if (detail == PAGE_BRIEF) {
        if (finding->severity != SEVERITY_OK && finding->remedy_count) {
            text_append(out, "<p>First: ");
            html_text(out, finding->remedy[0] ? finding->remedy[0] : "");
            text_append(out, "</p>");
        }
        put_link(out, watch);
    } else {
        for (size_t i = 0; i < diagnosis->count; i++)
            put_finding(out, &diagnosis->findings[i]);
        page_history(out, watch, now);
        page_evidence(out, watch_evidence(watch));
    }
    text_append(out, "</div>");
}

void page_target(struct text *out, const struct watch *watch, enum page_detail detail, int64_t now)
{
    const struct diagnosis *diagnosis = watch_diagnosis(watch);

    text_append_format(out, "<details class=\"t %s\"%s>", severity_name(watch_status(watch)),
                       detail == PAGE_OPEN ? " open" : "");
    put_summary(out, watch, diagnosis, now);
    if (diagnosis)
        put_body(out, watch, diagnosis, detail, now);
    text_append(out, "</details>\n");
}
