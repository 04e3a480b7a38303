/* SPDX-License-Identifier: MIT */
/* Registries of one pod share an annotation: where several need the same one, the whole line. */

#include "daemon/report/report.h"

#define VALUE_LIMIT 65536

static bool has_finding(const struct target_report *report, enum cause cause)
{
    for (size_t i = 0; i < report->diagnosis->count; i++)
        if (report->diagnosis->findings[i].cause == cause)
            return true;
    return false;
}

static void append_annotated(struct text *value, const struct target *target)
{
    char buffer[HOST_PORT_SIZE];

    text_append_format(value, "%s%s", value->length ? "," : "",
                       host_port_short(target->host, target->port, 443, buffer));
}

static void append_annotation(struct text *text, const char *name, enum cause cause,
                              const struct target_report *reports, size_t count)
{
    struct text value = TEXT_WITH_LIMIT(VALUE_LIMIT);
    size_t registries = 0;

    for (size_t i = 0; i < count; i++) {
        if (!has_finding(&reports[i], cause))
            continue;
        append_annotated(&value, reports[i].target);
        registries++;
    }
    if (registries > 1)
        text_append_format(text,
                           "\nOne line for the %zu registries with %s:\n"
                           "eks.tke.cloud.tencent.com/%s: \"%s\"\n",
                           registries, cause_name(cause), name, text_string(&value));
    text_free(&value);
}

void report_text_annotations(struct text *text, const struct target_report *reports, size_t count)
{
    append_annotation(text, "registry-http-endpoint", CAUSE_TLS_PLAIN_HTTP, reports, count);
    append_annotation(text, "registry-insecure-skip-verify", CAUSE_TLS_UNTRUSTED_ISSUER, reports,
                      count);
}
