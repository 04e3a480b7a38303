/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/pull_events.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/kubernetes/document.h"

#define MAX_TEXT 256

/* The first of several members that is there: the two API groups name them differently. */
static const json_t *either(const json_t *object, const char *first, const char *second)
{
    const json_t *found = peer_json_member(object, first);

    return found && !json_is_null(found) ? found : peer_json_member(object, second);
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool is_about(const json_t *object, const struct pod *pod)
{
    const char *uid = peer_json_text(object, "uid");

    if (!same_text(peer_json_text(object, "kind"), "Pod"))
        return false;
    if (uid && pod->uid)
        return strcmp(uid, pod->uid) == 0;
    return same_text(peer_json_text(object, "name"), pod->name) &&
           same_text(peer_json_text(object, "namespace"), pod->namespace);
}

/* The reasons of the kubelet that bring the error of a pull. */
static bool is_of_failed_pull(const char *reason)
{
    static const char *const reasons[] = {"Failed", "InspectFailed", "ErrImageNeverPull",
                                          "FailedToRetrieveImagePullSecret"};

    for (size_t i = 0; reason && i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strcmp(reason, reasons[i]) == 0)
            return true;
    return false;
}

/* "spec.containers{app}" names the container app. */
static const char *container_in(const char *path, const struct pod *pod)
{
    const char *open = path ? strchr(path, '{') : NULL;

    for (size_t i = 0; open && i < pod->container_count; i++) {
        const char *name = pod->containers[i].name;
        size_t length = name ? strlen(name) : 0;
        if (length && strncmp(open + 1, name, length) == 0 && strcmp(open + 1 + length, "}") == 0)
            return name;
    }
    return NULL;
}

/* The time at which the Event happened last: a series has its own; else the old or the new form. */
static const char *time_of(const json_t *event, struct arena *arena)
{
    static const char *const keys[] = {"lastTimestamp", "deprecatedLastTimestamp", "eventTime",
                                       "firstTimestamp"};
    const char *time =
        document_printable(peer_json_member(event, "series"), "lastObservedTime", MAX_TEXT, arena);

    for (size_t i = 0; !time && i < sizeof(keys) / sizeof(keys[0]); i++)
        time = document_printable(event, keys[i], MAX_TEXT, arena);
    return time ? time : "";
}

static struct pull_event *room_for_one(struct pull_events *events)
{
    struct pull_event *oldest = &events->list[0];

    if (events->count < PULL_EVENTS_MAX)
        return &events->list[events->count++];
    for (size_t i = 1; i < events->count; i++)
        if (strcmp(events->list[i].time, oldest->time) < 0)
            oldest = &events->list[i];
    return oldest;
}

void pull_events_add(struct pull_events *events, const json_t *event, const struct pod *pod,
                     struct arena *arena)
{
    const json_t *object = either(event, "involvedObject", "regarding");
    const char *message = json_string_value(either(event, "message", "note"));
    const char *reason = peer_json_text(event, "reason");

    if (!message || !is_of_failed_pull(reason) || !is_about(object, pod))
        return;
    struct pull_event added = {
        .container = container_in(peer_json_text(object, "fieldPath"), pod),
        .reason = arena_copy_text(arena, reason),
        .message = arena_copy_text(arena, message),
        .time = time_of(event, arena),
    };
    if (added.reason && added.message)
        *room_for_one(events) = added;
}

static int compare_times(const void *left, const void *right)
{
    const struct pull_event *a = left;
    const struct pull_event *b = right;

    return strcmp(b->time, a->time);
}

void pull_events_sort(struct pull_events *events)
{
    qsort(events->list, events->count, sizeof(events->list[0]), compare_times);
}
