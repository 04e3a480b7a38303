/* SPDX-License-Identifier: MIT */
/* The report for people. Its first line is the answer; then come the ladder, the steps, the pull
 * error and one line per further finding. A single report fits the screen if it can. */

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "daemon/report/ladder.h"
#include "daemon/report/report.h"
#include "probes/diagnosis/words.h"

#define SUMMARY_LIMIT 8192
#define REPORT_LIMIT  ((size_t)1024 * 1024)
#define ARENA_LIMIT   ((size_t)1024 * 1024)
#define MIN_WIDTH     40
#define MIN_HEIGHT    10
#define PROMPT_LINES  1   /* of the shell, below the report */
#define MAX_COMPARED  100 /* targets among which equal steps are looked for */
#define RUNG_WIDTH    8   /* "manifest" */
#define RUNG_INDENT   17  /* at most, of the words of a rung */

static const struct severity_words {
    const char *state; /* of a whole report, as monitoring plugins print it */
    const char *colour;
    enum outcome_mark mark;
} severities[] = {
    [SEVERITY_OK] = {"OK", "\x1b[32m", MARK_OK},
    [SEVERITY_WARN] = {"WARNING", "\x1b[33m", MARK_FAILED},
    [SEVERITY_FAIL] = {"CRITICAL", "\x1b[31m", MARK_FAILED},
    [SEVERITY_UNKNOWN] = {"UNKNOWN", "\x1b[35m", MARK_NONE},
};

/* Targets are shown in this order. */
static const enum severity order[] = {SEVERITY_FAIL, SEVERITY_UNKNOWN, SEVERITY_WARN, SEVERITY_OK};
#define ORDER_COUNT (sizeof(order) / sizeof(order[0]))

/* How much a report leaves out to fit the screen. */
struct brevity {
    size_t rung_lines; /* at most, of one rung */
    bool cut;          /* lines of the ladder and of further findings end at the right edge */
    bool dense;        /* one line for the rungs that were not reached, one for further findings */
    bool tight;        /* no empty lines */
    bool joined;       /* one line for the rungs below the first that is not fine */
};

static const struct brevity brevities[] = {
    {.rung_lines = 4},
    {.rung_lines = 4, .cut = true},
    {.rung_lines = 3, .cut = true},
    {.rung_lines = 2, .cut = true},
    {.rung_lines = 2, .cut = true, .dense = true},
    {.rung_lines = 1, .cut = true, .dense = true, .tight = true},
    {.rung_lines = 1, .cut = true, .dense = true, .tight = true, .joined = true},
};
static const struct brevity whole = {.rung_lines = LADDER_MAX_LINES};

enum severity report_worst(const struct target_report *reports, size_t count)
{
    enum severity worst = SEVERITY_OK;

    for (size_t i = 0; i < count; i++)
        if (severity_rank(reports[i].diagnosis->status) > severity_rank(worst))
            worst = reports[i].diagnosis->status;
    return worst;
}

/* ---- lines ---- */

/* `line` from column `indent` on, wrapped or cut, and a newline. */
static void append_line(struct text *text, const char *line, size_t indent, bool cut, size_t width)
{
    if (!cut) {
        report_wrapped(text, line, indent, width);
        return;
    }
    report_cut(text, line, width - indent);
    text_append(text, "\n");
}

static void append_coloured(struct text *text, const struct report_style *style, const char *colour,
                            const char *words)
{
    text_append_format(text, "%s%s%s", style->colour ? colour : "", words,
                       style->colour ? "\x1b[0m" : "");
}

static size_t append_mark(struct text *text, const struct report_style *style,
                          enum outcome_mark mark)
{
    static const char *const ascii[] = {"-   ", "ok  ", "FAIL"};
    static const char *const utf8[] = {"\u00b7", "\u2713", "\u2717"};
    static const char *const colours[] = {"\x1b[2m", "\x1b[32m", "\x1b[31m"};

    append_coloured(text, style, colours[mark], style->utf8 ? utf8[mark] : ascii[mark]);
    return style->utf8 ? 1 : strlen(ascii[mark]);
}

/* How many lines of the screen it takes: a terminal also breaks those that are too long. */
static size_t line_count(const struct text *text, const struct report_style *style)
{
    size_t count = 0;
    size_t column = 0;

    for (const char *at = text_string(text); *at; at++) {
        if (*at == '\x1b') {
            at += strcspn(at, "m");
            continue;
        }
        column += (*at & 0xc0) != 0x80; /* not for the later bytes of a UTF-8 character */
        if (*at == '\n' || column > style->width) {
            count++;
            column = *at != '\n';
        }
    }
    return count;
}

/* ---- the ladder ---- */

static void append_rung_line(struct text *text, const struct report_style *style,
                             const struct brevity *brevity, enum outcome_mark mark,
                             const char *rungs, const char *words)
{
    size_t length = strlen(rungs) > RUNG_WIDTH ? strlen(rungs) : RUNG_WIDTH;

    text_append(text, "  ");
    size_t indent = 2 + append_mark(text, style, mark);
    text_append_format(text, " %-*s  ", RUNG_WIDTH, rungs);
    append_line(text, words, indent + length + 3, brevity->cut, style->width);
}

static void append_rung_lines(struct text *text, const struct report_style *style,
                              const struct brevity *brevity, const struct ladder_line *lines,
                              size_t count)
{
    for (size_t i = 0; i < count; i++)
        append_rung_line(text, style, brevity, lines[i].mark, i ? "" : lines[i].rung,
                         lines[i].words);
}

/* Order in which lines are shown: first failures on the path that pulls use, then the rest of that
 * path, then other failures. */
static int line_rank(const struct ladder_line *line)
{
    return (line->decides ? 0 : 2) + (line->mark != MARK_FAILED);
}

/* The lines in the order of line_rank(), and how many are left out if there are more than wanted.
 */
static void append_rung(struct text *text, const struct report_style *style,
                        const struct brevity *brevity, const struct ladder_line *lines,
                        size_t count)
{
    struct ladder_line shown[LADDER_MAX_LINES];
    struct text last = TEXT_WITH_LIMIT(REPORT_LIMIT);
    size_t kept = brevity->rung_lines;
    size_t ordered = 0;
    size_t failed = 0;
    char more[64];

    if (count <= kept) {
        append_rung_lines(text, style, brevity, lines, count);
        return;
    }
    for (int rank = 0; rank < 4; rank++)
        for (size_t i = 0; i < count; i++)
            if (line_rank(&lines[i]) == rank)
                shown[ordered++] = lines[i];
    for (size_t i = kept; i < count; i++)
        failed += shown[i].mark == MARK_FAILED;
    snprintf(more, sizeof(more), failed ? " (and %zu more, %zu failed)" : " (and %zu more)",
             count - kept, failed);
    report_cut(&last, shown[kept - 1].words, style->width - RUNG_INDENT - strlen(more));
    text_append(&last, more);
    shown[kept - 1].words = text_string(&last);
    shown[0].rung = lines[0].rung;
    append_rung_lines(text, style, brevity, shown, kept);
    text_free(&last);
}

static size_t rung_length(const struct ladder *ladder, size_t first)
{
    size_t count = 1;

    while (first + count < ladder->count &&
           strcmp(ladder->lines[first + count].rung, ladder->lines[first].rung) == 0)
        count++;
    return count;
}

/* Names the rungs of the lines from `first` on that have this mark, as "tls, api", and returns how
 * many lines there are. A line without a mark counts only if its rung was not reached. */
static size_t join_rungs(struct text *rungs, const struct ladder *ladder, size_t first,
                         enum outcome_mark mark)
{
    size_t count = 0;

    for (; first + count < ladder->count; count++) {
        const struct ladder_line *line = &ladder->lines[first + count];
        if (line->mark != mark || (mark == MARK_NONE && strcmp(line->words, "not reached") != 0))
            break;
        if (!count || strcmp(line->rung, line[-1].rung) != 0)
            text_append_format(rungs, "%s%s", count ? ", " : "", line->rung);
    }
    return count;
}

/* The words for joined rungs that are fine: the address that was reached, else the last ones. */
static const char *joined_words(const struct ladder_line *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(lines[i].rung, "tcp") == 0)
            return lines[i].words;
    return lines[count - 1].words;
}

static void append_ladder(struct text *text, const struct report_style *style,
                          const struct brevity *brevity, const struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->count;) {
        const struct ladder_line *line = &ladder->lines[i];
        struct text rungs = TEXT_WITH_LIMIT(128);
        bool join = line->mark == MARK_NONE ? brevity->dense : brevity->joined && i == 0;
        size_t joined = join ? join_rungs(&rungs, ladder, i, line->mark) : 0;
        size_t count = rung_length(ladder, i);
        if (joined > 1)
            append_rung_line(text, style, brevity, line->mark, text_string(&rungs),
                             joined_words(line, joined));
        else
            append_rung(text, style, brevity, line, count);
        i += joined > 1 ? joined : count;
        text_free(&rungs);
    }
}

/* ---- findings ---- */

static bool at_line_start(const struct text *text)
{
    return !text->length || text->bytes[text->length - 1] == '\n';
}

/* Steps are numbered, and each titled block starts from 1. Without `every` only the first block of
 * several is whole. */
static void append_steps(struct text *text, const struct report_style *style,
                         const struct finding *finding, bool every, bool tight)
{
    size_t number = 0;
    size_t blocks = 0;

    for (size_t i = 0; i < finding->remedy_count; i++) {
        const char *step = finding->remedy[i] ? finding->remedy[i] : "";
        bool title = step_is_title(step);
        blocks += title;
        if (title && blocks > 1 && !every) {
            text_append_format(text, "  %s tcr-probe explain %s\n", step,
                               cause_name(finding->cause));
            continue;
        }
        if (blocks > 1 && !every)
            continue;
        number = title ? 0 : number + 1;
        if (title)
            text_append_format(text, "%s%s\n", at_line_start(text) ? "  " : " ", step);
        else
            text_append_format(text, tight ? "%2zu. " : "  %2zu. ", number);
        if (!title)
            report_wrapped(text, step, tight ? 4 : 6, style->width);
    }
}

static void append_list(struct text *text, const struct report_style *style, const char *title,
                        const char *const *lines, size_t count)
{
    if (count)
        text_append_format(text, "\n%s\n", title);
    for (size_t i = 0; i < count; i++) {
        text_append(text, "  - ");
        report_wrapped(text, lines[i] ? lines[i] : "", 4, style->width);
    }
}

static void append_pull_error(struct text *text, const struct report_style *style,
                              const struct finding *finding)
{
    static const char label[] = "Pull error: ";

    if (!finding->pull_error_count || !finding->pull_errors[0])
        return;
    text_append(text, label);
    report_wrapped_from(text, finding->pull_errors[0], sizeof(label) - 1, 2, style->width);
}

static void append_fix(struct text *text, const struct report_style *style,
                       const struct finding *finding, bool tight, const char *same_as)
{
    if (finding->severity == SEVERITY_OK || !finding->remedy_count)
        return;
    text_append(text, tight ? "" : "\n");
    if (same_as) {
        text_append_format(text, "How to fix it: as for %s\n", same_as);
        return;
    }
    text_append(text, "How to fix it:");
    if (!tight || !step_is_title(finding->remedy[0]))
        text_append(text, "\n");
    append_steps(text, style, finding, style->verbose, tight);
}

/* Everything that is known about a finding. */
static void append_whole_finding(struct text *text, const struct report_style *style,
                                 const struct finding *finding, bool primary, const char *same_as)
{
    if (!primary) {
        text_append(text, "\nAlso found: ");
        append_coloured(text, style, severities[finding->severity].colour,
                        cause_name(finding->cause));
        text_append_format(text, " (%s, %s)\n  ", severity_name(finding->severity),
                           confidence_name(finding->confidence));
        report_wrapped(text, finding->summary ? finding->summary : "", 2, style->width);
    }
    append_fix(text, style, finding, false, same_as);
    append_list(text, style, finding->pull_error_count > 1 ? "Pull errors:" : "Pull error:",
                finding->pull_errors, finding->pull_error_count);
    append_list(text, style, "Evidence:", finding->evidence, finding->evidence_count);
}

/* The next further finding after `index` that is not ok, or the number of all. */
static size_t next_further(const struct diagnosis *diagnosis, size_t index)
{
    do
        index++;
    while (index < diagnosis->count && diagnosis->findings[index].severity == SEVERITY_OK);
    return index;
}

/* "Also found: ID, ID (tcr-probe explain ID)" */
static void append_further_ids(struct text *text, const struct report_style *style,
                               const struct diagnosis *diagnosis)
{
    struct text line = TEXT_WITH_LIMIT(SUMMARY_LIMIT);
    size_t first = next_further(diagnosis, 0);
    bool several = next_further(diagnosis, first) < diagnosis->count;

    for (size_t i = first; i < diagnosis->count; i = next_further(diagnosis, i))
        text_append_format(&line, "%s%s", i == first ? "Also found: " : ", ",
                           cause_name(diagnosis->findings[i].cause));
    text_append_format(&line, " (tcr-probe explain %s)",
                       several ? "ID" : cause_name(diagnosis->findings[first].cause));
    report_wrapped(text, text_string(&line), 0, style->width);
    text_free(&line);
}

static void append_further(struct text *text, const struct report_style *style,
                           const struct brevity *brevity, const struct diagnosis *diagnosis)
{
    struct text line = TEXT_WITH_LIMIT(SUMMARY_LIMIT);
    size_t first = next_further(diagnosis, 0);

    if (first >= diagnosis->count)
        return;
    if (brevity->dense) {
        append_further_ids(text, style, diagnosis);
        return;
    }
    text_append(text, "Also found (tcr-probe explain ID tells more):\n");
    for (size_t i = first; i < diagnosis->count; i = next_further(diagnosis, i)) {
        const struct finding *finding = &diagnosis->findings[i];
        text_clear(&line);
        text_append_format(&line, "%s: %s", cause_name(finding->cause),
                           finding->summary ? finding->summary : "");
        text_append(text, "  ");
        append_coloured(text, style, severities[finding->severity].colour,
                        severity_name(finding->severity));
        text_append(text, " ");
        append_line(text, text_string(&line), 3 + strlen(severity_name(finding->severity)), true,
                    style->width);
    }
    text_free(&line);
}

/* ---- one target ---- */

static void append_summary(struct text *text, const struct target_report *report)
{
    const struct finding *first = &report->diagnosis->findings[0];

    text_append_format(text, " - %s: %s (%s)", report->target->name,
                       first->summary ? first->summary : "", cause_name(first->cause));
}

void report_summary_line(struct text *text, const struct target_report *report)
{
    text_append(text, severities[report->diagnosis->status].state);
    append_summary(text, report);
}

void report_headline(struct text *text, const struct report_style *style, enum severity status,
                     const char *rest)
{
    const char *state = severities[status].state;
    struct text wrapped = TEXT_WITH_LIMIT(REPORT_LIMIT);

    text_append_format(&wrapped, "%s%s", state, rest);
    append_coloured(text, style, severities[status].colour, state);
    if (style->terminal) {
        struct text lines = TEXT_WITH_LIMIT(REPORT_LIMIT);
        report_wrapped(&lines, text_string(&wrapped), 0, style->width);
        text_append(text, text_string(&lines) + (lines.length ? strlen(state) : 0));
        text_free(&lines);
    } else {
        text_append_format(text, "%s\n", rest);
    }
    text_free(&wrapped);
}

static void append_target_headline(struct text *text, const struct report_style *style,
                                   const struct target_report *report)
{
    struct text rest = TEXT_WITH_LIMIT(SUMMARY_LIMIT);

    append_summary(&rest, report);
    report_headline(text, style, report->diagnosis->status, text_string(&rest));
    text_free(&rest);
}

static void append_preface(struct text *text, const struct report_style *style, const char *end)
{
    if (style->preface && *style->preface)
        text_append_format(text, "%s%s", style->preface, end);
}

static void append_body(struct text *text, const struct report_style *style,
                        const struct brevity *brevity, const struct target_report *report,
                        const struct ladder *ladder, const char *same_as)
{
    const struct diagnosis *diagnosis = report->diagnosis;

    text_append(text, brevity->tight ? "" : "\n");
    append_preface(text, style, brevity->tight ? "" : "\n");
    append_ladder(text, style, brevity, ladder);
    if (style->verbose) {
        for (size_t i = 0; i < diagnosis->count; i++)
            append_whole_finding(text, style, &diagnosis->findings[i], i == 0, i ? NULL : same_as);
        return;
    }
    append_fix(text, style, &diagnosis->findings[0], brevity->tight, same_as);
    if (!brevity->tight &&
        (diagnosis->findings[0].pull_error_count || next_further(diagnosis, 0) < diagnosis->count))
        text_append(text, "\n");
    append_pull_error(text, style, &diagnosis->findings[0]);
    append_further(text, style, brevity, diagnosis);
}

/* The report at the first brevity with which it fits the screen, else at the last. */
static void append_report(struct text *text, const struct report_style *style,
                          const struct target_report *report, const char *same_as)
{
    struct ladder *ladder = NULL;
    struct arena *arena = arena_new(ARENA_LIMIT);
    struct text made = TEXT_WITH_LIMIT(REPORT_LIMIT);
    size_t height = style->height - PROMPT_LINES;

    if (arena)
        ladder = arena_allocate(arena, sizeof(*ladder));
    if (ladder) {
        ladder->arena = arena;
        ladder_fill(ladder, report->target, report->evidence);
    }
    if (!ladder || arena_failed(arena))
        text->truncated = true;
    for (size_t i = 0; ladder && i < sizeof(brevities) / sizeof(brevities[0]); i++) {
        text_clear(&made);
        append_target_headline(&made, style, report);
        append_body(&made, style, style->verbose ? &whole : &brevities[i], report, ladder, same_as);
        if (style->verbose || line_count(&made, style) <= height)
            break;
    }
    text_append(text, text_string(&made));
    text->truncated = text->truncated || text_truncated(&made);
    text_free(&made);
    arena_free(arena);
}

static struct report_style usable(const struct report_style *style)
{
    struct report_style result = *style;

    if (result.width < MIN_WIDTH)
        result.width = MIN_WIDTH;
    if (result.height < MIN_HEIGHT)
        result.height = MIN_HEIGHT;
    return result;
}

/* The answer again, because it has scrolled away. */
static void append_answer(struct text *text, const struct target_report *report,
                          const struct report_style *style)
{
    static const char label[] = "First step: ";
    const struct finding *first = &report->diagnosis->findings[0];
    size_t step = 0;

    text_append(text, "\n");
    append_target_headline(text, style, report);
    while (step < first->remedy_count && step_is_title(first->remedy[step]))
        step++;
    if (step == first->remedy_count)
        return;
    text_append(text, label);
    report_wrapped_from(text, first->remedy[step], sizeof(label) - 1, 2, style->width);
}

static void append_single(struct text *text, const struct target_report *report,
                          const struct report_style *style)
{
    if (style->quiet) {
        append_target_headline(text, style, report);
        return;
    }
    append_report(text, style, report, NULL);
    if (style->terminal && line_count(text, style) > style->height - PROMPT_LINES)
        append_answer(text, report, style);
}

/* ---- several targets ---- */

/* ": nat_missing (7), dns_timeout", of the targets with the status `status`. */
static void append_causes(struct text *text, const struct target_report *reports, size_t count,
                          enum severity status)
{
    size_t numbers[CAUSE_COUNT] = {0};
    const char *separator = ": ";

    for (size_t i = 0; i < count; i++)
        if (reports[i].diagnosis->status == status)
            numbers[reports[i].diagnosis->findings[0].cause]++;
    for (size_t cause = 0; cause < CAUSE_COUNT; cause++) {
        if (!numbers[cause])
            continue;
        text_append_format(text, "%s%s", separator, cause_name((enum cause)cause));
        if (numbers[cause] > 1)
            text_append_format(text, " (%zu)", numbers[cause]);
        separator = ", ";
    }
}

/* CRITICAL - 10 of 14 fail: ..., 1 of 14 warns: ... */
static void append_totals(struct text *text, const struct report_style *style,
                          const struct target_report *reports, size_t count, enum severity worst)
{
    static const char *const verbs[][2] = {
        [SEVERITY_OK] = {"is ok", "are ok"},
        [SEVERITY_WARN] = {"works with a warning", "work with warnings"},
        [SEVERITY_FAIL] = {"fails", "fail"},
        [SEVERITY_UNKNOWN] = {"is unknown", "are unknown"},
    };
    struct text rest = TEXT_WITH_LIMIT(REPORT_LIMIT);
    const char *separator = "";

    text_append_format(&rest, " - %s", style->subject ? style->subject : "");
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        size_t number = 0;
        for (size_t j = 0; j < count; j++)
            number += reports[j].diagnosis->status == order[i];
        if (!number)
            continue;
        text_append_format(&rest, "%s%zu of %zu %s", separator, number, count,
                           verbs[order[i]][number > 1]);
        if (order[i] != SEVERITY_OK)
            append_causes(&rest, reports, count, order[i]);
        separator = "; ";
    }
    report_headline(text, style, worst, text_string(&rest));
    text_free(&rest);
}

/* The sentence behind the name of its target: "acme.example is reachable" becomes "is reachable".
 */
static const char *without_name(const char *summary, const struct target *target)
{
    size_t length = strlen(target->host);

    return strncmp(summary, target->host, length) == 0 && summary[length] == ' '
               ? summary + length + 1
               : summary;
}

static void append_target_line(struct text *text, const struct report_style *style,
                               const struct target_report *report)
{
    const struct finding *first = &report->diagnosis->findings[0];
    const struct severity_words *words = &severities[report->diagnosis->status];
    struct text line = TEXT_WITH_LIMIT(SUMMARY_LIMIT);

    text_append_format(&line, "%s (%s): %s", report->target->name, cause_name(first->cause),
                       without_name(first->summary ? first->summary : "", report->target));
    text_append(text, "  ");
    append_coloured(text, style, words->colour, severity_name(report->diagnosis->status));
    text_append_format(text, "%*s ", (int)(7 - strlen(severity_name(report->diagnosis->status))),
                       "");
    append_line(text, text_string(&line), 10, !style->verbose, style->width);
    text_free(&line);
}

/* How many bytes at the beginning of `text` name the target. */
static size_t target_name_length(const char *text, const struct target *target)
{
    const char *names[] = {target->host, target->instance};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i] && *names[i] && strncmp(text, names[i], strlen(names[i])) == 0)
            return strlen(names[i]);
    return 0;
}

/* True if the steps are the same but for the name of the target. */
static bool same_step(const char *a, const struct target *target_a, const char *b,
                      const struct target *target_b)
{
    while (*a && *b) {
        size_t length_a = target_name_length(a, target_a);
        size_t length_b = target_name_length(b, target_b);
        if (!length_a && !length_b && *a != *b)
            return false;
        if (!length_a != !length_b)
            return false;
        a += length_a ? length_a : 1;
        b += length_b ? length_b : 1;
    }
    return *a == *b;
}

static bool same_steps(const struct target_report *a, const struct target_report *b)
{
    const struct finding *finding_a = &a->diagnosis->findings[0];
    const struct finding *finding_b = &b->diagnosis->findings[0];

    if (finding_a->cause != finding_b->cause || finding_a->remedy_count != finding_b->remedy_count)
        return false;
    for (size_t i = 0; i < finding_a->remedy_count; i++)
        if (!finding_a->remedy[i] || !finding_b->remedy[i] ||
            !same_step(finding_a->remedy[i], a->target, finding_b->remedy[i], b->target))
            return false;
    return true;
}

/* The name of an earlier target whose steps are the same, or NULL. */
static const char *steps_printed_for(const struct target_report *reports, size_t index)
{
    for (size_t i = 0; i < index && i < MAX_COMPARED; i++)
        if (same_steps(&reports[i], &reports[index]))
            return reports[i].target->name;
    return NULL;
}

void report_text(struct text *text, const struct target_report *reports, size_t count,
                 const struct report_style *style)
{
    struct report_style adjusted = usable(style);
    struct report_style details = adjusted;
    enum severity worst = report_worst(reports, count);

    details.height = UINT_MAX; /* they do not fit the screen anyway */
    details.preface = NULL;
    if (count == 1) {
        append_single(text, &reports[0], &adjusted);
        return;
    }
    append_totals(text, &adjusted, reports, count, worst);
    if (style->quiet)
        return;
    text_append(text, "\n");
    append_preface(text, style, "\n");
    for (size_t i = 0; i < ORDER_COUNT; i++)
        for (size_t j = 0; j < count; j++)
            if (reports[j].diagnosis->status == order[i])
                append_target_line(text, &adjusted, &reports[j]);
    for (size_t i = 0; i < ORDER_COUNT; i++)
        for (size_t j = 0; j < count; j++) {
            if (reports[j].diagnosis->status != order[i] ||
                (order[i] == SEVERITY_OK && !style->verbose))
                continue;
            text_append(text, "\n");
            append_report(text, &details, &reports[j], steps_printed_for(reports, j));
        }
    report_text_annotations(text, reports, count);
    if (style->terminal && line_count(text, &adjusted) >= adjusted.height) {
        text_append(text, "\n");
        append_totals(text, &adjusted, reports, count, worst);
    }
}
