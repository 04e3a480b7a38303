/* SPDX-License-Identifier: MIT */
#pragma once

/* The answer of `explain` about a text: as JSON (schema_version 1), and for a person. */

#include <jansson.h>

#include "config/base/text.h"
#include "daemon/report/report.h"
#include "probes/explain/pull_error.h"

/* NULL when memory is short. */
json_t *explain_json(const struct pull_errors *errors, const char *docs_url);

/* One element of errors[]. */
json_t *explain_json_error(const struct pull_error *error, const char *docs);

void explain_text(struct text *text, const struct pull_errors *errors,
                  const struct report_style *style);
