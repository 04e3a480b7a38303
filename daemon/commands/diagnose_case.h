/* SPDX-License-Identifier: MIT */
#pragma once

/* Everything that is known about the pulls of one pod: from a document, or from the cluster. */

#include "config/settings.h"
#include "daemon/kubernetes/pull_events.h"
#include "probes/explain/pull_error.h"

#define CASE_MAX_RIGHTS 8
#define CASE_MAX_NOTES  16

enum secret_state {
    SECRET_READ,
    SECRET_NOT_READ,  /* none can be read here: from a document, or --no-secrets */
    SECRET_NOT_FOUND, /* the kubelet pulls without it */
    SECRET_REFUSED,   /* the right to read it is missing */
    SECRET_FAILED,    /* the API server did not give it */
    SECRET_NO_KEY,    /* it has another type, so the kubelet skips it */
    SECRET_INVALID,   /* its content is no docker config, so the kubelet refuses every pull */
};
const char *secret_state_name(enum secret_state state); /* "read", "not_read", ... */

struct pull_secret {
    const char *name; /* valid as the name of an object */
    enum secret_state state;
    const char *why;                      /* of failed and invalid; NULL */
    struct docker_config_content content; /* in `keys`; of one that was read */
};

/* A right that the service account lacks. */
struct missing_right {
    const char *verb;      /* "get" */
    const char *group;     /* "" for the core group */
    const char *resource;  /* "secrets" */
    const char *namespace; /* NULL: of the cluster */
    const char *name;      /* NULL: any */
};

struct pod_case {
    struct arena *arena; /* owns every text */
    struct arena *keys;  /* owns contents of Secrets, and is wiped */
    bool from_cluster;
    struct pod pod;
    struct pull_events events;
    const char *other_pods; /* further pods of the document that wait for images; NULL: none */
    const char *account_of_secrets; /* the pod names no Secret, and this service account does */
    size_t secret_count;
    struct pull_secret secrets[POD_MAX_SECRETS];
    size_t right_count;
    struct missing_right rights[CASE_MAX_RIGHTS];
    size_t note_count; /* sentences about what could not be read, or will surprise */
    const char *notes[CASE_MAX_NOTES];
    const char *trouble; /* why the cluster could not be read to the end; NULL */
    /* One for each container: the errors of its pull; NULL: no failure is known. */
    struct pull_errors *pulls[POD_MAX_CONTAINERS];
};

/* NULL when memory is short. */
struct pod_case *pod_case_new(void);
void pod_case_free(struct pod_case *known); /* NULL is allowed */

/* Adds a sentence; what does not fit is left out. */
void pod_case_note(struct pod_case *known, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads the output of `kubectl get pod -o json`, of one pod or of a list, with or without Events.
 * If there are several pods, the first whose image is awaited counts. Returns NULL, or one sentence
 * that says what is wrong with the document.
 */
const char *pod_case_read_document(struct pod_case *known, const char *bytes, size_t length);

/* Takes the Secrets that the pod names, all in this state. */
void pod_case_take_secrets(struct pod_case *known, enum secret_state state);

/* True if keys of the pod may exist that were not read. */
bool pod_case_lacks_keys(const struct pod_case *known);

/* Fills `pulls`. `network` gives configured address ranges. False when memory is short. */
bool pod_case_read_pulls(struct pod_case *known, const struct network_settings *network);

/* The current error of a container's pull: the first that is recognised, else the first. NULL: no
 * failure is known. */
const struct pull_error *pod_case_pull(const struct pod_case *known, size_t container);
