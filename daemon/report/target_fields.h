/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A target in a report: who it is, and every setting that diagnose() reads, as field rows (see
 * probes/evidence/fields.h). A report can be diagnosed again only if its settings are complete.
 */

#include "probes/evidence/fields.h"

/* Both of struct target. */
extern const struct field_table target_fields;
extern const struct field_table target_settings_fields; /* the object "settings" */
