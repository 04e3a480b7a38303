#pragma once

/*
 * What one run found, as JSON (schema_version 1) and as text for a person. The JSON holds
 * everything diagnose() reads.
 */

#include <jansson.h>
#include <stdbool.h>

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/evidence.h"

struct target_report {
    const struct target *target;
    const struct evidence *evidence;
    const struct diagnosis *diagnosis;
};

/* One element of targets[]. NULL when memory is short. */
json_t *report_json_target(const struct target_report *report);

/* Its paths[] (daemon/report_json_path.c). */
json_t *report_json_paths(const struct evidence *evidence);
json_t *report_json_path_list(const struct path_evidence *paths, size_t count);

/* Its auth and images[] (daemon/report_json_registry.c). */
json_t *report_json_auth(const struct target_report *report);
json_t *report_json_images(const struct target_report *report);

/* RFC 3339 UTC; null for 0. `seconds` since 1970. */
json_t *report_json_time(int64_t seconds);
json_t *report_json_text(const char *text); /* null for NULL */
json_t *report_json_seconds(usec_t duration);

/* The whole document: schema_version, version, generated_at, vantage, status, targets[]. Takes over
 * the reference to `targets` (an array of report_json_target()). NULL when memory is short. */
json_t *report_json(enum severity status, json_t *targets);

/* A document as text, by jansson's `flags`; takes over the reference to it. False where there is no
 * document, or no room for all of it. */
bool report_json_append(struct text *text, json_t *document, size_t flags);

struct report_style {
    bool colour;
    unsigned width; /* columns to wrap at */
};

/* The report of one target for a person: summary line, ladder, causes, remedies. */
void report_text_target(struct text *text, const struct target_report *report,
                        const struct report_style *style);

/* `sentence` from column `indent` on, wrapped before `width`, and a newline; the first line is
 * already begun. */
void report_wrapped(struct text *text, const char *sentence, size_t indent, size_t width);

/* Of several registries that need the same annotation the one line for all of them. */
void report_text_annotations(struct text *text, const struct target_report *reports, size_t count);

/* "OK - ...", "WARNING - ...", "CRITICAL - ..." or "UNKNOWN - ...": one line, no newline. */
void report_summary_line(struct text *text, const struct target_report *report);

/* Its lines of what is above /v2/, without a label (daemon/report_text_registry.c). */
void report_text_auth(struct text *line, const struct evidence *evidence);
void report_text_image(struct text *line, const struct evidence *evidence,
                       const struct image_evidence *image);
void report_text_blob(struct text *line, const struct evidence *evidence,
                      const struct blob_evidence *blob);
