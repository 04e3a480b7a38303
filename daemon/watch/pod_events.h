/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * kubernetes_events: writes the believed state of each target as Events of this pod. The pod is
 * named by POD_NAME, POD_NAMESPACE and POD_UID, which manifests take from the downward API;
 * POD_CONTAINER may name the container whose image the targets check. Trouble with the API server
 * is logged once and counted. It never delays a run, and is no finding.
 */

#include <event2/event.h>
#include <stdint.h>

#include "daemon/kubernetes/cluster_status.h"
#include "probes/diagnosis/diagnose.h"

struct pod_events;

/* Logs what is missing if this pod cannot be told of; telling then does nothing. NULL: memory is
 * short. */
struct pod_events *pod_events_new(struct event_base *base);
void pod_events_free(struct pod_events *events); /* NULL is allowed */

/* Tells that `status` and `cause` are believed. `finding` is of that cause, or another one of the
 * same run if its diagnosis has none. Unknown is not told: it says nothing of the registry. NULL
 * for `events` is allowed. */
void pod_events_tell(struct pod_events *events, const char *target, enum severity status,
                     enum cause cause, const struct finding *finding);

/* A target is watched no more. NULL is allowed. */
void pod_events_forget(struct pod_events *events, const char *target);

/* Runs the loop until what was told has been sent, at most so long, and not after a failure. */
void pod_events_flush(struct pod_events *events, usec_t limit);

/* Requests by their outcome since the start; 0 for NULL. */
uint64_t pod_events_requests(const struct pod_events *events, enum cluster_outcome outcome);
