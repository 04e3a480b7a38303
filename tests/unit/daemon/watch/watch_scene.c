/* SPDX-License-Identifier: MIT */
#include "tests/unit/daemon/watch/watch_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/probes/diagnosis/scenarios.h"

static const struct network_settings network;

void watch_scene_open(struct watch_scene *scene)
{
    *scene = (struct watch_scene){.settings = {.failure_threshold = 2, .success_threshold = 1}};
    scene->watcher.settings = &scene->settings;
    scene->watcher.watches = scene->list;
    log_configure((enum log_level)(LOG_LEVEL_ERROR + 1), LOG_FORMAT_LOGFMT); /* nothing */
}

void watch_scene_close(struct watch_scene *scene)
{
    for (size_t i = 0; i < scene->watcher.count; i++)
        watch_result_release(&scene->watches[i].last);
    diagnosis_free(scene->watcher.meaning);
    evidence_buffer_free(&scene->watcher.room);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
}

struct watch *watch_scene_add(struct watch_scene *scene, const char *name)
{
    size_t at = scene->watcher.count++;

    assert_true(at < WATCH_SCENE_MAX);
    scene->targets[at] = (struct target){.name = name, .host = name, .port = 443};
    scene->watches[at].target = &scene->targets[at];
    scene->watches[at].watcher = &scene->watcher;
    scene->list[at] = &scene->watches[at];
    return scene->list[at];
}

void watch_scene_run(struct watch *watch, const struct scenario *scenario, int64_t at)
{
    struct target *target = (struct target *)(uintptr_t)watch->target; /* the scene's own */
    const char *name = target->name;
    struct evidence *evidence = scenario_measure(scenario, target);
    struct diagnosis *diagnosis;

    target->name = name;
    target->network = &network;
    evidence->measured_at = at;
    diagnosis = diagnose(evidence, target);
    assert_non_null(diagnosis);
    watch_observe(watch, evidence, diagnosis, NULL, target);
}

void each_scenario(watch_scene_visit_fn *visit)
{
    const struct {
        const struct scenario *list;
        size_t count;
    } tables[] = {{scenarios_network, scenarios_network_count},
                  {scenarios_registry, scenarios_registry_count},
                  {scenarios_pull, scenarios_pull_count},
                  {scenarios_texts, scenarios_texts_count}};

    for (size_t table = 0; table < sizeof(tables) / sizeof(tables[0]); table++)
        for (size_t i = 0; i < tables[table].count; i++)
            visit(&tables[table].list[i]);
}
