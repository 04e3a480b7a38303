#pragma once

/* All targets in one line: for the hourly log line and for systemd's STATUS. */

#include "config/base/text.h"
#include "daemon/watcher.h"

/* What was counted when the last summary was logged. */
struct summary {
    uint64_t runs;
    uint64_t changes;
    uint64_t late_runs;
};

/* "3 targets: 2 ok, 1 fail; acme-prod: nat_missing: ...": how many, and the worst one's cause. */
void summary_line(const struct watcher *watcher, struct text *text);

/* One log line of how things stand and what happened since `since`, which is brought up to date. */
void summary_log(const struct watcher *watcher, struct summary *since);
