/* SPDX-License-Identifier: MIT */
#include "daemon/watch/pod_events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/base/memory.h"
#include "daemon/kubernetes/event_sender.h"
#include "daemon/system/log.h"
#include "probes/diagnosis/words.h"

#define NUMBER_SIZE 16
#define PATH_SIZE   300
#define RIGHT_LIMIT 400

struct pod_events {
    struct event_base *base;
    struct event_sender *sender; /* NULL: this pod cannot be told of */
    bool troubled;
    enum cluster_outcome trouble; /* the one that was logged */
    uint64_t requests[CLUSTER_OUTCOME_COUNT];
};

/* ---- trouble ---- */

/* A conflict or an Event that has expired is a step of the conversation. */
static bool is_trouble(const struct cluster_request *request, enum cluster_outcome outcome)
{
    return outcome != CLUSTER_OK && outcome != CLUSTER_EXISTS &&
           !(outcome == CLUSTER_NOT_FOUND && request->verb == CLUSTER_PATCH);
}

static void log_trouble(const struct cluster_request *request, const struct cluster_status *status)
{
    char room[RIGHT_LIMIT + 1] = "";
    struct text right = TEXT_IN(room);
    char number[NUMBER_SIZE];

    snprintf(number, sizeof(number), "%u", status->status);
    if (status->outcome == CLUSTER_FORBIDDEN)
        cluster_request_right(request, &right);
    LOG(LOG_LEVEL_WARN, "the pod's Events cannot be written; retrying",
        {"outcome", cluster_outcome_name(status->outcome)},
        {"http_status", status->status ? number : NULL}, {"error", status->detail},
        {"missing_right", right.length ? text_string(&right) : NULL});
}

static void pod_event_answered(const struct cluster_request *request,
                               const struct cluster_status *status, void *context)
{
    struct pod_events *events = context;
    bool trouble = is_trouble(request, status->outcome);

    events->requests[status->outcome]++;
    if (trouble && !(events->troubled && events->trouble == status->outcome))
        log_trouble(request, status);
    if (!trouble && events->troubled)
        LOG(LOG_LEVEL_INFO, "the pod's Events are written again", {"outcome", "ok"});
    events->troubled = trouble;
    events->trouble = status->outcome;
}

/* ---- start and end ---- */

static const char *environment_value(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

/* "app" stands for "spec.containers{app}". */
static const char *container_path(char buffer[PATH_SIZE])
{
    const char *container = environment_value("POD_CONTAINER");

    if (!container || strchr(container, '{'))
        return container;
    snprintf(buffer, PATH_SIZE, "spec.containers{%s}", container);
    return buffer;
}

/* NULL, or what is missing. */
static const char *start_sender(struct pod_events *events)
{
    char path[PATH_SIZE];
    struct event_sender_options options = {
        .pod = {.name = environment_value("POD_NAME"),
                .space = environment_value("POD_NAMESPACE"),
                .uid = environment_value("POD_UID"),
                .field_path = container_path(path)},
        .answered = pod_event_answered,
        .context = events,
    };
    const char *missing = service_account_find(NULL, &options.account);

    if (missing)
        return missing;
    if (!options.pod.name || !options.pod.space || !options.pod.uid)
        return "POD_NAME, POD_NAMESPACE and POD_UID are not all set";
    if (!event_pod_is_valid(&options.pod))
        return "POD_NAME, POD_NAMESPACE, POD_UID or POD_CONTAINER is not valid";
    events->sender = event_sender_new(events->base, &options);
    return events->sender ? NULL : "memory is short";
}

struct pod_events *pod_events_new(struct event_base *base)
{
    struct pod_events *events = memory_allocate(sizeof(*events));

    if (!events)
        return NULL;
    events->base = base;
    const char *missing = start_sender(events);
    if (missing) {
        events->requests[CLUSTER_NO_ACCOUNT]++;
        LOG(LOG_LEVEL_WARN, "kubernetes_events is on, but Events cannot be written",
            {"error", missing});
    }
    return events;
}

void pod_events_free(struct pod_events *events)
{
    if (!events)
        return;
    event_sender_free(events->sender);
    memory_release(events);
}

/* ---- news ---- */

void pod_events_tell(struct pod_events *events, const char *target, enum severity status,
                     enum cause cause, const struct finding *finding)
{
    bool same = finding->cause == cause; /* else the state believes an earlier run */
    const struct event_news news = {
        .target = target,
        .blocked = status == SEVERITY_FAIL,
        .cause = cause_name(cause),
        .sentence = same ? finding->summary : cause_words(cause)->title,
        .step = same && status != SEVERITY_OK ? finding_first_step(finding) : NULL,
        .at = clock_wall(),
    };

    if (!events || !events->sender || status == SEVERITY_UNKNOWN)
        return;
    if (!event_sender_tell(events->sender, &news))
        LOG(LOG_LEVEL_WARN, "an Event is left out: too many targets, or memory is short",
            {"target", target});
}

void pod_events_forget(struct pod_events *events, const char *target)
{
    if (events && events->sender)
        event_sender_forget(events->sender, target);
}

void pod_events_flush(struct pod_events *events, usec_t limit)
{
    struct timeval wait = clock_timeval(limit);

    if (!events || !events->sender || event_base_loopexit(events->base, &wait))
        return;
    while (!event_sender_is_idle(events->sender)) {
        if (event_base_loop(events->base, EVLOOP_ONCE) || event_base_got_exit(events->base) ||
            event_base_got_break(events->base))
            return;
    }
}

uint64_t pod_events_requests(const struct pod_events *events, enum cluster_outcome outcome)
{
    return events ? events->requests[outcome] : 0;
}
