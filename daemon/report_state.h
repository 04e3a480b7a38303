#pragma once

/* What only a daemon knows of a target, as members of its element in targets[]. */

#include <jansson.h>

#include "daemon/watcher.h"

/* Adds state {status, cause, since, changes, flapping, undecided_runs}, last_run, next_run,
 * last_success, runs, history[] {at, status, cause, duration_seconds} and changes[] {at, status,
 * cause}, both oldest first. state is null before the first run; it is the believed one. */
void report_json_add_state(json_t *target, const struct watch *watch);

/* {file, loaded_at, reload_success, error}: of the settings in force, and of the last reload. */
json_t *report_json_reload(const struct watcher *watcher);

/* Wall seconds of its next run. */
int64_t report_next_run(const struct watch *watch);
