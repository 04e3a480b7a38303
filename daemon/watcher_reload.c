/* New settings under a running watcher: which targets stay, which come and which go. */

#include <stdlib.h>
#include <string.h>

#include "config/base/memory.h"
#include "config/print.h"
#include "daemon/watcher_parts.h"

#define MAX_PRINTED ((size_t)64 * 1024) /* bytes of one target, or of the network, as YAML */

static int compare_targets(const void *left, const void *right)
{
    const struct target *a = (*(struct watch *const *)left)->target;
    const struct target *b = (*(struct watch *const *)right)->target;
    int by_name = strcmp(a->name, b->name);
    int by_host = by_name ? by_name : strcmp(a->host, b->host);

    return by_host ? by_host : (int)a->port - (int)b->port;
}

/* `sorted` are the watches there are, by compare_targets(). */
static struct watch *find_kept(struct watch **sorted, size_t count, const struct target *target)
{
    struct watch *key = &(struct watch){.target = target};
    struct watch **found = bsearch(&key, sorted, count, sizeof(struct watch *), compare_targets);

    return found ? *found : NULL;
}

static bool same_text(const struct text *a, const struct text *b)
{
    return !text_truncated(a) && strcmp(text_string(a), text_string(b)) == 0;
}

static bool same_target(const struct target *a, const struct target *b)
{
    struct text one = TEXT_WITH_LIMIT(MAX_PRINTED);
    struct text other = TEXT_WITH_LIMIT(MAX_PRINTED);

    settings_print_target(a, &one);
    settings_print_target(b, &other);
    bool same =
        same_text(&one, &other) && a->certificate_warning_days == b->certificate_warning_days;
    text_free(&one);
    text_free(&other);
    return same;
}

static bool same_network(const struct network_settings *a, const struct network_settings *b)
{
    struct text one = TEXT_WITH_LIMIT(MAX_PRINTED);
    struct text other = TEXT_WITH_LIMIT(MAX_PRINTED);

    settings_print_network(a, &one);
    settings_print_network(b, &other);
    bool same = same_text(&one, &other);
    text_free(&one);
    text_free(&other);
    return same;
}

/* Fills `list` with watches that stay and new ones; false when memory is short. */
static bool make_list(struct watcher *watcher, const struct settings *settings,
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

/* Points a watch that stays at its new target; true when that one says something else. */
static bool follow(struct watch *watch, const struct target *target, bool same_rest)
{
    bool changed = !same_rest || !same_target(watch->target, target);

    watch->target = target;
    watch->keep = false;
    if (changed) {
        watch_cancel(watch);
        watch_set_waiting(watch, false);
        watch->renewed = true;
    }
    return changed;
}

static void replace_list(struct watcher *watcher, struct settings *settings, struct watch **list,
                         struct watcher_changes *ret_changes)
{
    bool same_rest = same_network(&watcher->settings->network, &settings->network);
    struct settings *old = watcher->settings;

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
        bool changed = !added && follow(list[i], &settings->targets[i], same_rest);
        ret_changes->added += added;
        ret_changes->changed += changed;
        if (added || changed)
            watch_begin(list[i]);
    }
    settings_release(old);
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
        if (make_list(watcher, settings, sorted, list)) {
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
