/* SPDX-License-Identifier: MIT */
#pragma once

/* A watcher without a loop, whose targets had the runs of literal scenarios. */

#include "daemon/watch/watcher.h"
#include "tests/unit/probes/diagnosis/scenario.h"

#define WATCH_SCENE_MAX 64

struct watch_scene {
    struct settings settings;
    struct target targets[WATCH_SCENE_MAX];
    struct watch watches[WATCH_SCENE_MAX];
    struct watch *list[WATCH_SCENE_MAX];
    struct watcher watcher;
};

void watch_scene_open(struct watch_scene *scene);
void watch_scene_close(struct watch_scene *scene);

/* One more target, without a run. `name` is borrowed. */
struct watch *watch_scene_add(struct watch_scene *scene, const char *name);

/* A run of it that ended at `at`. */
void watch_scene_run(struct watch *watch, const struct scenario *scenario, int64_t at);

/* Every scenario of the diagnosis. */
typedef void watch_scene_visit_fn(const struct scenario *scenario);
void each_scenario(watch_scene_visit_fn *visit);
