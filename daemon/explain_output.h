#pragma once

/* What `explain` says of the pull errors of a text: as JSON (schema_version 1), and for a person.
 */

#include <jansson.h>

#include "config/base/text.h"
#include "daemon/report.h"
#include "probes/diagnosis/pull_error.h"

/* NULL when memory is short. */
json_t *explain_json(const struct pull_errors *errors);

void explain_text(struct text *text, const struct pull_errors *errors,
                  const struct report_style *style);
