/* SPDX-License-Identifier: MIT */
#pragma once

/* The answer about a pod: for a person, and as JSON (schema_version 1). */

#include "daemon/commands/diagnose_answer.h"

/* Everything that is printed. */
struct diagnose_output {
    const struct pod_case *known;
    const struct check_plan *plan;
    const struct settings *settings;
    const struct pod_answer
        *answer; /* NULL: nothing could be judged, because the pod is not known */
};

void diagnose_text(struct text *text, const struct diagnose_output *output,
                   const struct report_style *style);

/* NULL when memory is short. */
json_t *diagnose_json(const struct diagnose_output *output);
