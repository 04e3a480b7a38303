#pragma once

/* The inside of the watcher, shared by its files. Not for others. */

#include "daemon/watcher.h"

/* Not scheduled yet. NULL when memory is short. `target` is borrowed. */
struct watch *watch_new(struct watcher *watcher, const struct target *target);
void watch_free(struct watch *watch); /* cancels its run */

void watch_begin(struct watch *watch);  /* a run now, and the grid from now on */
void watch_cancel(struct watch *watch); /* the run under way, if there is one */

/* For a free place among the runs. */
void watch_set_waiting(struct watch *watch, bool waiting);

/* As many as the settings have targets, every element NULL; or NULL. */
struct watch **watch_list_new(const struct settings *settings);

/* Fills free places with those that wait for one. */
void watcher_start_waiting(struct watcher *watcher);
