/* explain: what a pull error means, or the page of a cause. No network. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/error.h"
#include "daemon/command.h"
#include "daemon/explain_output.h"
#include "probes/diagnosis/guide.h"

#define OUTPUT_LIMIT ((size_t)16 * 1024 * 1024)
#define PAGE_LINE    8192 /* a longer line of a page is left as it is */

static const char no_memory[] = "tcr-probe: not enough memory for the text\n";

/* All of standard input, and one byte more than is looked at, so that a longer one is noticed. NULL
 * after a message. */
static char *read_input(size_t *ret_length)
{
    size_t limit = PULL_ERROR_MAX_INPUT + 1;
    char *input = memory_allocate(limit);
    size_t length = 0;

    if (!input) {
        fputs(no_memory, stderr);
        return NULL;
    }
    if (isatty(STDIN_FILENO))
        fputs("Paste the error, the events or the log, then Ctrl-D:\n", stderr);
    while (length < limit) {
        ssize_t got = read(STDIN_FILENO, input + length, limit - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            fprintf(stderr, "tcr-probe: standard input: %s\n", strerror(errno));
            memory_release(input);
            return NULL;
        }
        if (got == 0)
            break;
        length += (size_t)got;
    }
    *ret_length = length;
    return input;
}

/* What was made while memory was short may lack a part, so it is not printed at all; `failures` are
 * those of memory before. */
static int publish(struct text *text, int status, uint64_t failures)
{
    if (text_truncated(text) || memory_failures() != failures) {
        fputs(no_memory, stderr);
        status = COMMAND_STATUS_UNKNOWN;
    } else if (fputs(text_string(text), stdout) == EOF || fflush(stdout) == EOF) {
        fputs("tcr-probe: the output could not be written\n", stderr);
        status = COMMAND_STATUS_UNKNOWN;
    }
    text_free(text);
    return status;
}

static void append_json(struct text *text, json_t *document)
{
    if (!report_json_append(text, document, JSON_INDENT(2)))
        text->truncated = true;
    text_append(text, "\n");
}

/* Where a line of a list goes on below its first word. */
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

static int explain_cause(const struct invocation *invocation, enum cause cause)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    struct text page = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    uint64_t failures = memory_failures();

    guide_write(&page, cause);
    if (invocation->format == FORMAT_JSON)
        append_json(&text, json_pack("{s:i, s:s, s:s, s:s}", "schema_version", 1, "cause",
                                     cause_name(cause), "docs", cause_docs(cause), "text",
                                     text_string(&page)));
    else
        append_page(&text, text_string(&page));
    text_free(&page);
    return publish(&text, COMMAND_STATUS_OK, failures);
}

static int explain(const struct invocation *invocation, const struct settings *settings,
                   const char *input, size_t length)
{
    struct text text = TEXT_WITH_LIMIT(OUTPUT_LIMIT);
    struct report_style style = {.colour = colour_wanted(invocation->colour),
                                 .width = terminal_width(STDOUT_FILENO)};
    uint64_t failures = memory_failures();
    struct pull_errors *errors = pull_errors_find(input, length, &settings->network);
    int status = COMMAND_STATUS_UNKNOWN;

    if (!errors) {
        fputs(no_memory, stderr);
        return status;
    }
    for (size_t i = 0; i < errors->count; i++)
        if (errors->list[i].recognised)
            status = COMMAND_STATUS_OK;
    if (errors->input_truncated)
        fprintf(stderr, "tcr-probe: only the first %zu bytes of the text were looked at\n",
                PULL_ERROR_MAX_INPUT);
    if (errors->more)
        fprintf(stderr, "tcr-probe: only the first %d different errors are listed\n",
                PULL_ERROR_MAX_ERRORS);
    if (invocation->format == FORMAT_JSON)
        append_json(&text, explain_json(errors));
    else
        explain_text(&text, errors, &style);
    pull_errors_free(errors);
    return publish(&text, status, failures);
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

int command_explain(const struct invocation *invocation, const struct settings *settings)
{
    const char *given = invocation->explained;
    enum cause cause;
    size_t length = 0;

    if (given && cause_from_name(given, &cause))
        return explain_cause(invocation, cause);
    int status = COMMAND_STATUS_UNKNOWN;
    if (given && strcmp(given, "-") != 0) {
        status = explain(invocation, settings, given, strlen(given));
        if (status == COMMAND_STATUS_UNKNOWN)
            suggest_cause(given);
        return status;
    }
    char *input = read_input(&length);
    if (!input)
        return COMMAND_STATUS_UNKNOWN;
    status = explain(invocation, settings, input, length);
    memory_release(input);
    return status;
}
