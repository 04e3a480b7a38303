#pragma once

/* What the watcher knows, as Prometheus text exposition 0.0.4 or OpenMetrics 1.0. */

#include <stdbool.h>

#include "config/base/text.h"
#include "daemon/watcher.h"

/* Where rendering goes on; zeroed but for the format at the start. */
struct metrics_cursor {
    bool openmetrics;
    size_t family;
    size_t next; /* target */
};

/* Appends until about `enough` bytes; true when there is more. The targets of the watcher must be
 * the same ones from the first slice to the last. */
bool metrics_render_slice(const struct watcher *watcher, struct metrics_cursor *cursor,
                          struct text *text, size_t enough);

/* process_*, of this process */
void metrics_render_process(struct text *text, bool openmetrics);

/* Whether an Accept field (RFC 9110, 12.5.1) prefers OpenMetrics 1.0 to plain text. */
bool metrics_wants_openmetrics(const char *accept);
