/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The findings of a run, as JSON (schema_version 1) and as text for people. The JSON contains
 * everything diagnose() reads.
 */

#include <jansson.h>
#include <stdbool.h>

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/evidence/evidence.h"

struct target_report {
    const struct target *target;
    const struct evidence *evidence;
    const struct diagnosis *diagnosis;
};

/* One element of targets[]. NULL when memory is short. */
json_t *report_json_target(const struct target_report *report);

/* RFC 3339 UTC; null for 0. `seconds` since 1970. */
json_t *report_json_time(int64_t seconds);
json_t *report_json_text(const char *text); /* null for NULL */
json_t *report_json_seconds(usec_t duration);

/* The whole document: schema_version, version, generated_at, vantage, status, targets[]. Takes over
 * the reference to `targets` (an array of report_json_target()). NULL when memory is short. */
json_t *report_json(enum severity status, json_t *targets);

/* A document as text, by jansson's `flags`; takes over the reference to it. False if there is no
 * document, or if memory is short. */
bool report_json_append(struct text *text, json_t *document, size_t flags);

struct report_style {
    bool colour;
    bool utf8;           /* the marks are characters beyond ASCII */
    bool terminal;       /* wrap the summary line, which is one line for programs */
    bool verbose;        /* with the evidence, all steps, and whole further findings */
    bool quiet;          /* the summary line only */
    unsigned width;      /* columns to wrap at */
    unsigned height;     /* lines of the screen that the report of one target should fit */
    const char *subject; /* of several targets, in the first line: "shop/web-0: "; NULL: none */
    const char *preface; /* lines to print below the first one; NULL: none */
};

/* The worst status of `count` reports; ok without any. */
enum severity report_worst(const struct target_report *reports, size_t count);

/* The report for people. For one target: summary line, ladder, steps of the primary cause, pull
 * error, one line per further finding. For several: totals, one line per target, and then the
 * reports of those that are not ok, worst first. */
void report_text(struct text *text, const struct target_report *reports, size_t count,
                 const struct report_style *style);

/* Appends `sentence`, wrapped before `width`, and a newline. The cursor is at `column`, and further
 * lines begin at `indent`; report_wrapped() has both at `indent`. */
void report_wrapped_from(struct text *text, const char *sentence, size_t column, size_t indent,
                         size_t width);
void report_wrapped(struct text *text, const char *sentence, size_t indent, size_t width);

/* Appends `line`, or as much of it as fits into `room` columns with "..." behind it. */
void report_cut(struct text *text, const char *line, size_t room);

/* One line for all registries that need the same annotation, if there are several. */
void report_text_annotations(struct text *text, const struct target_report *reports, size_t count);

/* The first line of a report: the state in colour, then `rest`, which begins with " - ". */
void report_headline(struct text *text, const struct report_style *style, enum severity status,
                     const char *rest);

/* "CRITICAL - NAME: sentence (cause)": one line, no newline. */
void report_summary_line(struct text *text, const struct target_report *report);
