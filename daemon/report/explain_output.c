/* SPDX-License-Identifier: MIT */
#include "daemon/report/explain_output.h"

#define LABEL_WIDTH 9
#define INDENT      3

/* ---- JSON ---- */

static json_t *alternatives_of(const struct pull_error *error)
{
    json_t *list = json_array();

    for (size_t i = 0; i < error->alternative_count; i++)
        json_array_append_new(list, json_string(cause_name(error->alternatives[i])));
    return list;
}

static json_t *remedy_of_error(const struct pull_error *error)
{
    json_t *list = json_array();

    for (size_t i = 0; i < error->remedy_count; i++)
        json_array_append_new(list, json_string(error->remedy[i]));
    return list;
}

json_t *explain_json_error(const struct pull_error *error, const char *docs)
{
    char buffer[ADDRESS_TEXT_SIZE];
    const char *address = error->has_address ? address_format(&error->address, buffer) : NULL;
    const char *class = error->has_address ? address_class_name(error->address_class) : NULL;
    const char *cause = error->recognised ? cause_name(error->cause) : NULL;

    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                     "s:o}",
                     "text", error->text, "count", (json_int_t)error->count, "pod",
                     report_json_text(error->pod), "container", report_json_text(error->container),
                     "stage", report_json_text(pull_stage_name(error->stage)), "cause",
                     report_json_text(cause), "alternatives", alternatives_of(error), "host",
                     report_json_text(error->host), "image", report_json_text(error->image),
                     "address", report_json_text(address), "class", report_json_text(class), "rule",
                     report_json_text(error->rule), "summary", report_json_text(error->summary),
                     "remedy", remedy_of_error(error), "check", report_json_text(error->check),
                     "docs", report_json_text(docs));
}

json_t *explain_json(const struct pull_errors *errors, const char *docs_url)
{
    json_t *list = json_array();

    for (size_t i = 0; i < errors->count; i++) {
        const struct pull_error *error = &errors->list[i];
        const char *docs =
            error->recognised ? cause_link(error->cause, docs_url, errors->arena) : NULL;
        json_array_append_new(list, explain_json_error(error, docs));
    }
    if (json_array_size(list) != errors->count) {
        json_decref(list);
        return NULL;
    }
    return json_pack("{s:i, s:s, s:b, s:b, s:o}", "schema_version", 1, "version", TCRPROBE_VERSION,
                     "input_truncated", (int)errors->input_truncated, "more", (int)errors->more,
                     "errors", list);
}

/* ---- text ---- */

static const char *stage_words(enum pull_stage stage)
{
    static const char *const words[] = {
        [PULL_STAGE_UNKNOWN] = "not known",
        [PULL_STAGE_DNS] = "dns: looking the registry's name up",
        [PULL_STAGE_TCP] = "tcp: connecting to the registry",
        [PULL_STAGE_TLS] = "tls: the handshake with the registry",
        [PULL_STAGE_API] = "api: asking the registry",
        [PULL_STAGE_AUTH] = "auth: getting a token with the key",
        [PULL_STAGE_MANIFEST] = "manifest: asking the registry for the image",
        [PULL_STAGE_BLOB] = "blob: fetching a layer",
        [PULL_STAGE_PROXY] = "proxy: reaching the registry through the proxy",
        [PULL_STAGE_NODE] = "node: on the machine that pulls",
    };
    return words[stage];
}

static void append_explained(struct text *text, const char *label, const char *value, size_t width)
{
    if (!value)
        return;
    text_append_format(text, "   %-*s", LABEL_WIDTH, label);
    report_wrapped(text, value, INDENT + LABEL_WIDTH, width);
}

static void append_container(struct text *text, const struct pull_error *error, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(1024);

    if (!error->pod && !error->container)
        return;
    text_append(&line, error->pod ? error->pod : "unnamed");
    if (error->container)
        text_append_format(&line, ", container %s", error->container);
    append_explained(text, "pod", text_string(&line), width);
    text_free(&line);
}

static void append_address(struct text *text, const struct pull_error *error, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(256);
    char buffer[ADDRESS_TEXT_SIZE];

    if (!error->has_address)
        return;
    text_append_format(&line, "%s (%s: %s)", address_format(&error->address, buffer),
                       address_class_name(error->address_class), error->rule ? error->rule : "");
    append_explained(text, "address", text_string(&line), width);
    text_free(&line);
}

static void append_alternatives(struct text *text, const struct pull_error *error, size_t width)
{
    struct text line = TEXT_WITH_LIMIT(2048);

    for (size_t i = 0; i < error->alternative_count; i++)
        text_append_format(&line, "%s%s", i ? ", " : "", cause_name(error->alternatives[i]));
    if (line.length)
        append_explained(text, "or", text_string(&line), width);
    text_free(&line);
}

static void append_advice(struct text *text, const struct pull_error *error, size_t width)
{
    if (error->remedy_count)
        text_append(text, "   How to fix it:\n");
    for (size_t i = 0; i < error->remedy_count; i++) {
        text_append_format(text, "   %3zu. ", i + 1);
        report_wrapped(text, error->remedy[i], INDENT + 5, width);
    }
    /* Each command stays on one line, however long, because people copy it. */
    if (error->check)
        text_append_format(text, "   %s:\n     %s\n",
                           error->alternative_count
                               ? "To tell these causes apart, run where it fails"
                               : "To check it, run where it fails",
                           error->check);
    if (error->recognised)
        text_append_format(text, "   More:\n     tcr-probe explain %s\n", cause_name(error->cause));
}

static void append_error(struct text *text, const struct pull_error *error, size_t number,
                         const struct report_style *style)
{
    size_t width = style->width;

    text_append_format(text, "%zu. ", number);
    report_wrapped(text, error->text ? error->text : "", INDENT, width);
    if (error->count > 1)
        text_append_format(text, "   %-*s%u times\n", LABEL_WIDTH, "count", error->count);
    append_container(text, error, width);
    append_explained(text, "image", error->image, width);
    append_explained(text, "host", error->host, width);
    append_address(text, error, width);
    append_explained(text, "stage", stage_words(error->stage), width);
    text_append_format(text, "   %-*s%s%s%s\n", LABEL_WIDTH, "cause",
                       style->colour ? "\x1b[31m" : "",
                       error->recognised ? cause_name(error->cause) : "not recognised",
                       style->colour ? "\x1b[0m" : "");
    append_alternatives(text, error, width);
    text_append(text, "\n   ");
    report_wrapped(text, error->summary ? error->summary : "", INDENT, width);
    append_advice(text, error, width);
}

void explain_text(struct text *text, const struct pull_errors *errors,
                  const struct report_style *style)
{
    if (!errors->count)
        text_append(text, "This text shows no pull error. Give explain the event that begins with "
                          "\"Failed to pull image\", the whole output of kubectl describe pod, or "
                          "the error of the client.\n");
    for (size_t i = 0; i < errors->count; i++) {
        if (i)
            text_append(text, "\n");
        append_error(text, &errors->list[i], i + 1, style);
    }
}
