/* SPDX-License-Identifier: MIT */
#pragma once

/* Measures every target of the settings once, for commands that then report. */

#include "config/invocation.h"
#include "config/settings.h"
#include "probes/evidence/evidence.h"

struct measurement;

/* Runs until every target was probed, with a live line on a terminal; Ctrl-C ends it early. NULL,
 * after a message, if memory or descriptors are short. Free with measurement_free(). */
struct measurement *measure(const struct invocation *invocation, const struct settings *settings);

/* Gets the evidence of the target at `index`, owned by the measurement; NULL: memory was too short
 * to measure. False if the target was not probed, because the measurement was interrupted. */
bool measurement_get(const struct measurement *measurement, size_t index,
                     const struct evidence **ret);

void measurement_free(struct measurement *measurement); /* NULL is allowed */
