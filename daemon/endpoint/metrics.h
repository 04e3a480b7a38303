/* SPDX-License-Identifier: MIT */
#pragma once

/* Renders the watcher's figures as Prometheus text exposition 0.0.4 or OpenMetrics 1.0. */

#include <stdbool.h>

#include "config/base/text.h"
#include "daemon/watch/watcher.h"

/* The position in a rendering. Zero all but the format at the start. */
struct metrics_cursor {
    bool openmetrics;
    size_t family;
    size_t next; /* target */
};

/* Appends about `enough` bytes and returns true if more follows. The list of targets must not
 * change between the first slice and the last. */
bool metrics_render_slice(const struct watcher *watcher, struct metrics_cursor *cursor,
                          struct text *text, size_t enough);

/* Appends the process_* metrics of this process. */
void metrics_render_process(struct text *text, bool openmetrics);

/* True if an Accept field (RFC 9110, section 12.5.1) prefers OpenMetrics 1.0 to plain text. */
bool metrics_wants_openmetrics(const char *accept);
