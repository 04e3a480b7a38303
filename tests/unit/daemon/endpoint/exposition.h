/* SPDX-License-Identifier: MIT */
#pragma once

/* Returns NULL if `text` is a scrape in Prometheus text exposition format 0.0.4, or
 * OpenMetrics 1.0: each family once and in one piece, after its HELP and TYPE; no series twice;
 * labels escaped; values that are numbers. Otherwise returns one line with the fault, valid until
 * the next call. */

#include <stdbool.h>

const char *exposition_fault(const char *text, bool openmetrics);
