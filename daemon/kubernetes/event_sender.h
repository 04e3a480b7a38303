/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Keeps the Events of one pod true: what was told last of each target is created, or counted in the
 * series of the Event that exists. It never blocks and tells its trouble to a callback. At most one
 * request is in progress, and older news of a target gives way to newer.
 *
 * Each target is in one of these states. A failure keeps the state and tries again after a pause
 * that doubles from 5 s to 5 min, or as long as the server asks for:
 *
 *   told -> CREATE -> (created) -> RESTING    -> (30 min, still blocked) -> PATCH
 *                  -> (exists)  -> READ -> PATCH -> RESTING
 *   told again of a series of the last hours -> PATCH
 *   READ, PATCH -> (not found: it has expired) -> CREATE
 *
 * A series gets at most one patch in 30 minutes. Events live for an hour, so a pod that stays
 * blocked keeps its Event.
 */

#include <event2/event.h>

#include "daemon/kubernetes/cluster_call.h"
#include "daemon/kubernetes/event_document.h"

#define EVENT_PATCH_INTERVAL (30 * 60 * USEC_PER_SEC)
#define EVENT_MAX_TARGETS    256 /* further ones are not told of */
#define EVENT_MAX_KNOWN      64  /* series remembered, for the interval of their patches */

struct event_sender;

struct event_sender_options {
    struct service_account account;
    struct event_pod pod; /* copied */
    /* Called after each request, with what it was. */
    void (*answered)(const struct cluster_request *request, const struct cluster_status *status,
                     void *context);
    void *context;
};

/* NULL: memory is short. */
struct event_sender *event_sender_new(struct event_base *base,
                                      const struct event_sender_options *options);
void event_sender_free(struct event_sender *sender); /* what is pending is not sent; NULL too */

/* Copies the news. False if memory is short or there are too many targets. */
bool event_sender_tell(struct event_sender *sender, const struct event_news *news);

/* A target is watched no more: nothing further is sent of it. */
void event_sender_forget(struct event_sender *sender, const char *target);

/* True if no request is in progress or due; one that waits after a failure is not due. */
bool event_sender_is_idle(const struct event_sender *sender);
