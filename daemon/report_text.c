/* The report for a person: one summary line, the ladder, then what is wrong and how to mend it. */

#include <string.h>

#include "daemon/report.h"

#define LABEL_WIDTH 5
#define MIN_WIDTH   40

struct severity_word {
    const char *word;
    const char *colour;
};

static const struct severity_word words[] = {
    [SEVERITY_OK] = {"OK", "\x1b[32m"},
    [SEVERITY_WARN] = {"WARNING", "\x1b[33m"},
    [SEVERITY_FAIL] = {"CRITICAL", "\x1b[31m"},
    [SEVERITY_UNKNOWN] = {"UNKNOWN", "\x1b[35m"},
};

void report_wrapped(struct text *text, const char *sentence, size_t indent, size_t width)
{
    size_t column = indent;

    while (*sentence) {
        size_t length = strcspn(sentence, " ");
        if (column > indent && column + 1 + length > width) {
            text_append_format(text, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            text_append(text, " ");
            column++;
        }
        /* a word longer than a line is cut where the line ends */
        while (length > width - indent) {
            size_t piece = width - column;
            text_append_bytes(text, sentence, piece);
            text_append_format(text, "\n%*s", (int)indent, "");
            sentence += piece;
            length -= piece;
            column = indent;
        }
        text_append_bytes(text, sentence, length);
        column += length;
        sentence += length;
        sentence += *sentence == ' ';
    }
    text_append(text, "\n");
}

static void append_line(struct text *text, const char *label, const char *line, size_t width)
{
    text_append_format(text, "  %-*s ", LABEL_WIDTH, label);
    report_wrapped(text, line, LABEL_WIDTH + 3, width);
}

static void append_duration(struct text *text, usec_t duration)
{
    if (duration)
        text_append_format(text, " %.1f ms", (double)duration / (double)USEC_PER_MSEC);
}

/* ---- the ladder ---- */

static void describe_dns(struct text *line, const struct dns_evidence *dns)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    text_append_format(line, "%s %s, %s%s:", resolver_role_name(dns->role),
                       address_format(&dns->resolver.address, buffer), record_type_name(dns->type),
                       dns->queried == NAME_VPC ? " of the -vpc name" : "");
    if (!dns->address_count)
        text_append_format(line, " %s", dns_outcome_name(dns->outcome));
    for (size_t i = 0; i < dns->address_count; i++)
        text_append_format(line, "%s %s (%s)", i ? "," : "",
                           address_format(&dns->addresses[i].address, buffer),
                           address_class_name(dns->addresses[i].address_class));
    if (dns->repeated && dns->outcome != DNS_TIMEOUT)
        text_append(line, ", when asked again");
    append_duration(line, dns->duration);
}

/* What nobody needs to read: no AAAA record, and no -vpc name. */
static bool is_quiet(const struct dns_evidence *dns)
{
    bool no_answer = dns->outcome == DNS_NODATA || dns->outcome == DNS_NXDOMAIN;

    return no_answer && (dns->type == RECORD_AAAA || dns->queried == NAME_VPC);
}

static void append_dns(struct text *text, const struct evidence *evidence, size_t width)
{
    const char *label = "dns";

    for (size_t i = 0; i < evidence->dns_count; i++) {
        struct text line = TEXT_WITH_LIMIT(2048);
        if (is_quiet(&evidence->dns[i]))
            continue;
        describe_dns(&line, &evidence->dns[i]);
        append_line(text, label, text_string(&line), width);
        text_free(&line);
        label = "";
    }
}

static void describe_tcp(struct text *line, const struct path_evidence *path)
{
    char buffer[ADDRESS_TEXT_SIZE];

    text_append_format(line, "%s (%s): %s", address_format(&path->address, buffer),
                       address_class_name(path->address_class),
                       tcp_outcome_name(path->tcp.outcome));
    if (path->tcp.error)
        text_append_format(line, ", %s", strerror(path->tcp.error));
    if (path->tcp.reason)
        text_append_format(line, ", %s", path->tcp.reason);
    append_duration(line, path->tcp.duration);
}

static void describe_tls(struct text *line, const struct tls_evidence *tls)
{
    text_append_format(line, "%s", tls_outcome_name(tls->outcome));
    if (tls->outcome == TLS_SKIPPED && tls->reason)
        text_append_format(line, ", %s", tls->reason);
    if (tls->version)
        text_append_format(line, ", %s", tls->version);
    if (tls->detail)
        text_append_format(line, ", %s", tls->detail);
    append_duration(line, tls->duration);
}

static void describe_api(struct text *line, const struct api_evidence *api)
{
    text_append_format(line, "%s", api_outcome_name(api->outcome));
    if (api->outcome == API_SKIPPED && api->reason)
        text_append_format(line, ", %s", api->reason);
    if (api->status)
        text_append_format(line, ", status %u", api->status);
    append_duration(line, api->duration);
}

static void append_path(struct text *text, const struct path_evidence *path, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(2048);

    describe_tcp(&line, path);
    append_line(text, "tcp", text_string(&line), width);
    text_clear(&line);
    describe_tls(&line, &path->tls);
    append_line(text, "tls", text_string(&line), width);
    text_clear(&line);
    describe_api(&line, &path->api);
    append_line(text, "api", text_string(&line), width);
    text_free(&line);
}

static void append_controls(struct text *text, const struct evidence *evidence, size_t width)
{
    for (size_t i = 0; i < evidence->control_count; i++) {
        const struct control_evidence *control = &evidence->controls[i];
        struct text line = TEXT_WITH_LIMIT(1024);
        text_append_format(&line, "%s %s: %s", control_kind_name(control->kind),
                           control->endpoint ? control->endpoint : "",
                           control_outcome_name(control->outcome));
        append_duration(&line, control->duration);
        append_line(text, "ctl", text_string(&line), width);
        text_free(&line);
    }
}

static void append_egress(struct text *text, const struct evidence *evidence, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(1024);

    if (!evidence->egress_address && !evidence->egress_error)
        return;
    text_append_format(&line, "egress address: %s%s",
                       evidence->egress_address ? evidence->egress_address : "unknown, ",
                       evidence->egress_address ? "" : evidence->egress_error);
    append_line(text, "ctl", text_string(&line), width);
    text_free(&line);
}

static void append_registry(struct text *text, const struct evidence *evidence, size_t width)
{
    const struct registry_evidence *registry = evidence->registry;
    struct text line = TEXT_WITH_LIMIT(4096);

    if (!registry)
        return;
    report_text_auth(&line, evidence);
    append_line(text, "auth", text_string(&line), width);
    for (size_t i = 0; i < registry->image_count; i++) {
        text_clear(&line);
        report_text_image(&line, evidence, &registry->images[i]);
        append_line(text, "image", text_string(&line), width);
        if (registry->images[i].blob.outcome == BLOB_SKIPPED)
            continue;
        text_clear(&line);
        report_text_blob(&line, evidence, &registry->images[i].blob);
        append_line(text, "blob", text_string(&line), width);
    }
    text_free(&line);
}

/* ---- findings ---- */

static void append_list(struct text *text, const char *title, const char *const *lines,
                        size_t count, bool numbered, size_t width)
{
    if (count)
        text_append_format(text, "  %s\n", title);
    for (size_t i = 0; i < count; i++) {
        if (numbered)
            text_append_format(text, "  %3zu. ", i + 1);
        else
            text_append(text, "    - ");
        report_wrapped(text, lines[i] ? lines[i] : "", numbered ? 7 : 6, width);
    }
}

static void append_finding(struct text *text, const struct finding *finding,
                           const struct report_style *style, size_t width)
{
    const struct severity_word *word = &words[finding->severity];

    text_append_format(text, "\n%s%s%s (%s, %s)\n  ", style->colour ? word->colour : "",
                       cause_name(finding->cause), style->colour ? "\x1b[0m" : "",
                       severity_name(finding->severity), confidence_name(finding->confidence));
    report_wrapped(text, finding->summary ? finding->summary : "", 2, width);
    append_list(text, "Evidence:", finding->evidence, finding->evidence_count, false, width);
    if (finding->severity != SEVERITY_OK)
        append_list(text, "To mend it:", finding->remedy, finding->remedy_count, true, width);
    append_list(text, "What a pull says:", finding->pull_errors, finding->pull_error_count, false,
                width);
}

void report_summary_line(struct text *text, const struct target_report *report)
{
    const struct finding *first = &report->diagnosis->findings[0];

    const char *summary = first->summary ? first->summary : "";
    bool named = strstr(summary, report->target->name) != NULL;

    text_append_format(text, "%s - %s%s%s (%s)", words[report->diagnosis->status].word,
                       named ? "" : report->target->name, named ? "" : ": ", summary,
                       cause_name(first->cause));
}

void report_text_target(struct text *text, const struct target_report *report,
                        const struct report_style *style)
{
    const struct evidence *evidence = report->evidence;
    size_t width = style->width < MIN_WIDTH ? MIN_WIDTH : style->width;
    struct text summary = TEXT_WITH_LIMIT(8192);

    report_summary_line(&summary, report);
    if (style->colour)
        text_append(text, words[report->diagnosis->status].colour);
    text_append(text, text_string(&summary));
    text_append(text, style->colour ? "\x1b[0m\n\n" : "\n\n");
    text_free(&summary);
    append_dns(text, evidence, width);
    for (size_t i = 0; i < evidence->path_count; i++)
        append_path(text, &evidence->paths[i], width);
    append_controls(text, evidence, width);
    append_egress(text, evidence, width);
    append_registry(text, evidence, width);
    for (size_t i = 0; i < report->diagnosis->count; i++)
        append_finding(text, &report->diagnosis->findings[i], style, width);
}
