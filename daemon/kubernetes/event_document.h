/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Events of the API group events.k8s.io/v1 about a pod (kubernetes/api, events/v1/types.go), as
 * `kubectl describe pod` shows them. Pure functions.
 *
 * The name of an Event is a hash of the pod, the target and the cause. So a second POST of the same
 * news is a conflict, and the Event that exists gets a series.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/base/text.h"
#include "daemon/kubernetes/cluster_request.h"

#define EVENT_MAX_NOTE   1024 /* bytes; the API server refuses a longer note */
#define EVENT_MAX_SERIES 1000000

/* The pod that Events are about; texts are borrowed. */
struct event_pod {
    const char *name;
    const char *space; /* namespace */
    const char *uid;
    const char *field_path; /* "spec.containers{app}": whose image it is; NULL: not known */
};

struct event_news {
    const char *target; /* its name */
    bool blocked;       /* else pulls are possible */
    const char *cause;  /* id */
    const char *sentence;
    const char *step; /* the first of the remedy; NULL: none */
    int64_t at;       /* microseconds since 1970 */
};

/* True if the names can stand in a request, and the uid and the path in an Event. */
bool event_pod_is_valid(const struct event_pod *pod);

/* The name of the Event. */
void event_name(const struct event_pod *pod, const struct event_news *news,
                char ret[CLUSTER_NAME_SIZE]);

/* Appends "TARGET: SENTENCE First step: STEP Details: tcr-probe explain CAUSE", at most
 * EVENT_MAX_NOTE bytes, without TARGET if the sentence names it. Sentence and step are cut between
 * characters. */
void event_note(const struct event_news *news, struct text *ret);

/* The document to create, and the patch of its series. Free them with event_text_free(). NULL:
 * memory is short. */
char *event_document(const struct event_pod *pod, const struct event_news *news);
char *event_series_patch(unsigned count, int64_t at);
void event_text_free(char *text);

/* Reads an Event that the server sent: how often it was seen (1 without a series), and when last,
 * in microseconds since 1970 (0: never again, or not readable). */
unsigned event_series_read(const json_t *event, int64_t *ret_last);
