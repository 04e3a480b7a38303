/* SPDX-License-Identifier: MIT */
#pragma once

/* All targets in one line, for the hourly log line and for the STATUS of systemd. */

#include "config/base/text.h"
#include "daemon/watch/watcher.h"

/* The counters at the time of the last logged summary. */
struct summary {
    uint64_t runs;
    uint64_t changes;
    uint64_t late_runs;
};

/* Appends "3 targets: 2 ok, 1 fail; acme-prod: nat_missing: ...": counts and the worst target. */
void summary_line(const struct watcher *watcher, struct text *text);

/* Logs the present states and the difference to `since`, and updates `since`. */
void summary_log(const struct watcher *watcher, struct summary *since);
