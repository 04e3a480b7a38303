/* SPDX-License-Identifier: MIT */
#pragma once

/* Internal header of the watcher, shared by its files. */

#include "daemon/watch/watcher.h"

/* Does not schedule it yet. Borrows `target`. NULL if memory is short. */
struct watch *watch_new(struct watcher *watcher, const struct target *target);
void watch_free(struct watch *watch); /* cancels its run */

void watch_begin(struct watch *watch);  /* starts a run now, and its grid */
void watch_cancel(struct watch *watch); /* cancels its run, if there is one */

/* Sets whether it waits for a place among the runs, and keeps the watcher's count. */
void watch_set_waiting(struct watch *watch, bool waiting);

/* A list with a NULL for each target of the settings. NULL if memory is short. */
struct watch **watch_list_new(const struct settings *settings);

/* Starts waiting runs while there are free places. */
void watcher_start_waiting(struct watcher *watcher);
