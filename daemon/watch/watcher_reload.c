/* SPDX-License-Identifier: MIT */
/* Replaces the settings of a running watcher: decides which targets stay, come and go. */

#include <stdlib.h>
#include <string.h>

#include "config/base/memory.h"
#include "config/effective.h"
#include "daemon/watch/watcher_parts.h"

static int compare_targets(const void *left, const void *right)
{
    const struct target *a = (*(struct watch *const *)left)->target;
    const struct target *b = (*(struct watch *const *)right)->target;
    int by_name = strcmp(a->name, b->name);
    int by_host = by_name ? by_name : strcmp(a->host, b->host);

    return by_host ? by_host : (int)a->port - (int)b->port;
}

/* `sorted` is the present list, in the order of compare_targets(). */
static struct watch *find_kept(struct watch **sorted, size_t count, const struct target *target)
{
    struct watch *key = &(struct watch){.target = target};
    struct watch **found = bsearch(&key, sorted, count, sizeof(struct watch *), compare_targets);

    return found ? *found : NULL;
}

/* Fills `list` with the watches that stay and with new ones. False if memory is short. */
static bool fill_list(struct watcher *watcher, const struct settings *settings,
                      struct watch **sorted, struct watch **list)
{
    for (size_t i = 0; i < settings->target_count; i++) {
        const struct target *target = &settings->targets[i];
        struct watch *kept = find_kept(sorted, watcher->count, target);
        list[i] = kept ? kept : watch_new(watcher, target);
        if (!list[i])
            return false;
        list[i]->keep = kept != NULL;
    }
    return true;
}

/* Gives a kept watch its new target. True if the settings of the target differ. */
static bool change_target(struct watch *watch, const struct target *target, bool same_rest)
{
    bool changed = !same_rest || !target_equal(watch->target, target);

    watch->target = target;
    watch->keep = false;
    if (changed) {
        watch_cancel(watch);
        watch_set_waiting(watch, false);
        watch->renewed = true;
    }
    return changed;
}

/* Starts or ends the Events, if the new settings differ in that. */
static void change_events(struct watcher *watcher, bool told_before)
{
    bool tells = watcher->settings->kubernetes_events;

    if (!tells) {
        pod_events_free(watcher->events);
        watcher->events = NULL;
    }
    for (size_t i = 0; tells && !told_before && i < watcher->count; i++)
        watch_tell_events(watcher->watches[i], watch_diagnosis(watcher->watches[i]));
}

static void replace_list(struct watcher *watcher, struct settings *settings, struct watch **list,
                         struct watcher_changes *ret_changes)
{
    bool same_rest = network_equal(&watcher->settings->network, &settings->network);
    struct settings *old = watcher->settings;
    bool told_before = old->kubernetes_events;

    for (size_t i = 0; i < watcher->count; i++) {
        if (watcher->watches[i]->keep)
            continue;
        ret_changes->removed++;
        watch_free(watcher->watches[i]);
    }
    memory_release(watcher->watches);
    watcher->watches = list;
    watcher->count = settings->target_count;
    watcher->settings = settings_hold(settings);
    watcher->first_waiting = 0;
    watcher->generation++;
    watcher->loaded_at = clock_wall() / (int64_t)USEC_PER_SEC;
    probe_environment_forget(watcher->environment);
    for (size_t i = 0; i < watcher->count; i++) {
        bool added = !list[i]->keep;
        bool changed = !added && change_target(list[i], &settings->targets[i], same_rest);
        ret_changes->added += added;
        ret_changes->changed += changed;
        if (added || changed)
            watch_begin(list[i]);
    }
    settings_release(old);
    change_events(watcher, told_before);
    watcher_start_waiting(watcher);
}

static void drop_new(struct watch **list, size_t count)
{
    for (size_t i = 0; i < count && list[i]; i++) {
        if (!list[i]->keep)
            watch_free(list[i]);
        else
            list[i]->keep = false;
    }
}

int watcher_reload(struct watcher *watcher, struct settings *settings,
                   struct watcher_changes *ret_changes)
{
    struct watch **sorted = memory_allocate((watcher->count + 1) * sizeof(struct watch *));
    struct watch **list = watch_list_new(settings);
    int status = -1;

    *ret_changes = (struct watcher_changes){0};
    if (sorted && list) {
        memcpy(sorted, watcher->watches, watcher->count * sizeof(struct watch *));
        qsort(sorted, watcher->count, sizeof(struct watch *), compare_targets);
        if (fill_list(watcher, settings, sorted, list)) {
            replace_list(watcher, settings, list, ret_changes);
            list = NULL;
            status = 0;
        } else {
            drop_new(list, settings->target_count);
        }
    }
    memory_release(list);
    memory_release(sorted);
    return status;
}
