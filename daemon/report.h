#pragma once

/*
 * What one run found, as JSON (the schema of DESIGN section 7) and as text for a person. The JSON
 * holds everything diagnose() reads, so that replay.h can make the evidence again from it.
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

/* From where it was measured; gathered once per report (daemon/vantage.c). */
struct vantage;

/* One element of targets[]. NULL when memory is short. */
json_t *report_json_target(const struct target_report *report);

/* The whole document: schema_version, version, generated_at, vantage, status, targets[]. Takes over
 * the reference to `targets` (an array of report_json_target()). NULL when memory is short. */
json_t *report_json(const struct vantage *vantage, json_t *targets);

struct report_style {
    bool colour;
    unsigned width; /* columns to wrap at; 0: no wrapping */
};

/* The report of one target for a person: summary line, ladder, causes, remedies. */
void report_text_target(struct text *text, const struct target_report *report,
                        const struct report_style *style);

/* "OK - ...", "WARNING - ...", "CRITICAL - ..." or "UNKNOWN - ...": one line, no newline. */
void report_summary_line(struct text *text, const struct target_report *report);
