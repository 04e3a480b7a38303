/* SPDX-License-Identifier: MIT */
#pragma once

/* The Events of a pod that tell about pulls (core/v1 and events.k8s.io/v1). They live for an hour.
 * An API server before 1.32 has the error of a pull nowhere else while the kubelet backs off. */

#include "daemon/kubernetes/pod.h"

#define PULL_EVENTS_MAX 128

struct pull_event {
    const char *container; /* of the pod; NULL: the Event names none */
    const char *reason;    /* "Failed"; printable */
    const char *message;   /* the peer's bytes */
    const char *time;      /* RFC 3339 of the last occurrence, so that texts compare as times */
};

struct pull_events {
    size_t count;
    struct pull_event list[PULL_EVENTS_MAX];
};

/* Adds an Event if it is about this pod and about a failed pull. Texts are in `arena`. If the list
 * is full, the oldest makes room. */
void pull_events_add(struct pull_events *events, const json_t *event, const struct pod *pod,
                     struct arena *arena);

/* Orders the Events, newest first. */
void pull_events_sort(struct pull_events *events);
