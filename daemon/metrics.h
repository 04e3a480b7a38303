#pragma once

/* Prometheus text exposition 0.0.4 of what the watcher knows. */

#include "config/base/text.h"
#include "daemon/watcher.h"

void metrics_render(const struct watcher *watcher, struct text *text);
void metrics_render_process(struct text *text); /* process_*, of this process */
