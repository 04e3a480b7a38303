/* SPDX-License-Identifier: MIT */
/* explain: the meaning of a pull error, or the page of a cause. No network. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/error.h"
#include "daemon/commands/commands.h"
#include "daemon/commands/explain_pods.h"
#include "daemon/report/explain_output.h"
#include "probes/diagnosis/guide.h"
#include "probes/diagnosis/words.h"

#define OUTPUT_LIMIT     ((size_t)16 * 1024 * 1024)
#define CAUSE_NAME_WIDTH 30
#define READ_SIZE        65536
#define PAGE_LINE        8192 /* a longer line of a page is left as it is */

static const char no_memory[] = "tcr-probe: not enough memory for the text\n";

/* The document of pods that begins with `part`; text that is none, or is too long, is a text. */
static bool read_pods(struct pull_error_reader *reader, char *part, ssize_t length)
{
    struct text document = TEXT_WITH_LIMIT(EXPLAIN_PODS_MAX);
    ssize_t got = length;

    while (got > 0 && document.length + (size_t)got <= EXPLAIN_PODS_MAX) {
        text_append_bytes(&document, part, (size_t)got);
        got = command_read_input(part, READ_SIZE);
    }
    bool whole = got == 0 && !text_truncated(&document);
    if (!whole || !explain_pods_add(reader, document.bytes, document.length))
        pull_errors_add(reader, document.bytes, document.length);
    text_free(&document);
    for (; got > 0; got = command_read_input(part, READ_SIZE))
        pull_errors_add(reader, part, (size_t)got);
    return got == 0;
}

/* Reads standard input to its end into `reader`; false after a message. */
static bool read_input(struct pull_error_reader *reader)
{
    static char part[READ_SIZE];

    if (isatty(STDIN_FILENO))
        fputs("Paste the error, the events or the log, then Ctrl-D:\n", stderr);
    ssize_t got = command_read_input(part, sizeof(part));
    if (got > 0 && explain_pods_begin(part, (size_t)got))
        return read_pods(reader, part, got);
    for (; got > 0; got = command_read_input(part, sizeof(part)))
        pull_errors_add(reader, part, (size_t)got);
    return got == 0;
}

static void append_json(struct text *text, json_t *document)
{
    if (!report_json_append(text, document, JSON_INDENT(2)))
        text->truncated = true;
    text_append(text, "\n");
}

/* Indentation of the second and later lines of a list entry. */
static size_t hanging(const char *line)
{
    size_t digits = strspn(line, "0123456789");

    if (digits && strncmp(line + digits, ". ", 2) == 0)
        return digits + 2;
    return strncmp(line, "- ", 2) == 0 ? 2 : 0;
}

/* The page as it is, for files and pipes; on a terminal in lines that fit, save those for copying.
 */
static void append_page(struct text *text, const char *page)
{
    bool wrap = isatty(STDOUT_FILENO);
    size_t width = terminal_width(STDOUT_FILENO);
    char line[PAGE_LINE];

    while (*page) {
        size_t length = strcspn(page, "\n");
        size_t mark = hanging(page);
        if (wrap && length > width && *page != ' ' && length < sizeof(line)) {
            memcpy(line, page, length);
            line[length] = '\0';
            text_append_bytes(text, line, mark);
            report_wrapped(text, line + mark, mark, width);
        } else {
            text_append_bytes(text, page, length);
            text_append(text, "\n");
        }
        page += length + (page[length] == '\n');
    }
}

static int explain_cause(const struct invocation *invocation, const struct settings *settings,
                         enum cause cause)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    struct text page = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    uint64_t failures = memory_failures();

    const char *docs = cause_link(cause, settings->network.docs_url, settings->arena);
    guide_write_plain(&page, cause);
    if (invocation->format == FORMAT_JSON)
        append_json(&text, json_pack("{s:i, s:s, s:s, s:s}", "schema_version", 1, "cause",
                                     cause_name(cause), "docs", docs, "text", text_string(&page)));
    else
        append_page(&text, text_string(&page));
    text_free(&page);
    return command_publish(&text, COMMAND_STATUS_OK, failures);
}

static int list_causes(const struct invocation *invocation)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    uint64_t failures = memory_failures();
    json_t *list = invocation->format == FORMAT_JSON ? json_array() : NULL;

    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const char *name = cause_name((enum cause)i);
        const char *title = cause_words((enum cause)i)->title;
        if (list)
            json_array_append_new(list, json_pack("{s:s, s:s}", "cause", name, "title", title));
        else
            text_append_format(&text, "%-*s  %s\n", CAUSE_NAME_WIDTH, name, title);
    }
    if (invocation->format == FORMAT_JSON)
        append_json(&text, json_pack("{s:i, s:o}", "schema_version", 1, "causes", list));
    return command_publish(&text, COMMAND_STATUS_OK, failures);
}

/* `given` NULL: standard input. */
static int explain(const struct invocation *invocation, const struct settings *settings,
                   const char *given)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    struct report_style style = {.colour = colour_wanted(invocation->colour),
                                 .width = terminal_width(STDOUT_FILENO)};
    uint64_t failures = memory_failures();
    struct pull_error_reader *reader = pull_errors_begin(&settings->network);
    bool whole = true;
    int status = COMMAND_STATUS_UNKNOWN;

    if (given)
        pull_errors_add(reader, given, strlen(given));
    else if (reader)
        whole = read_input(reader);
    struct pull_errors *errors = pull_errors_end(reader);
    if (!errors || !whole) {
        if (!errors)
            fputs(no_memory, stderr);
        pull_errors_free(errors);
        return status;
    }
    for (size_t i = 0; i < errors->count; i++)
        if (errors->list[i].recognised)
            status = COMMAND_STATUS_OK;
    if (errors->input_truncated)
        fprintf(stderr, "tcr-probe: only the first %zu bytes of the text were read\n",
                PULL_ERROR_MAX_INPUT);
    if (errors->more)
        fprintf(stderr, "tcr-probe: only the first %d different errors are listed\n",
                PULL_ERROR_MAX_ERRORS);
    if (invocation->format == FORMAT_JSON)
        append_json(&text, explain_json(errors, settings->network.docs_url));
    else
        explain_text(&text, errors, &style);
    pull_errors_free(errors);
    return command_publish(&text, status, failures);
}

/* A single word that is not recognised may be a cause's id, mistyped. */
static void suggest_cause(const char *given)
{
    const char *names[CAUSE_COUNT + 1] = {NULL};

    for (size_t i = 0; i < CAUSE_COUNT; i++)
        names[i] = cause_name((enum cause)i);
    const char *near = nearest_word(given, names);
    if (near)
        fprintf(stderr, "tcr-probe: did you mean explain %s?\n", near);
}

int command_explain(const struct invocation *invocation, struct settings *settings)
{
    const char *given = invocation->explained;
    enum cause cause;

    if (invocation->list_causes)
        return list_causes(invocation);
    if (given && cause_from_name(given, &cause))
        return explain_cause(invocation, settings, cause);
    if (given && strcmp(given, "-") == 0)
        given = NULL;
    int status = explain(invocation, settings, given);
    if (given && status == COMMAND_STATUS_UNKNOWN)
        suggest_cause(given);
    return status;
}
