/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A pod as far as the pulls of its images go, read from the JSON of the API (core/v1 Pod). Texts
 * are printable ASCII, with other bytes escaped, unless their comment says otherwise.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"
#include "daemon/kubernetes/annotations.h"

#define POD_MAX_CONTAINERS 64
#define POD_MAX_SECRETS    16
#define POD_MAX_ALIASES    32

/* A sidecar is an init container that restarts always (a native sidecar). */
enum container_kind { CONTAINER_INIT, CONTAINER_SIDECAR, CONTAINER_ORDINARY, CONTAINER_EPHEMERAL };
const char *container_kind_name(enum container_kind kind); /* "init", "sidecar", ... */

struct pod_container {
    const char *name;  /* NULL: it has none */
    const char *image; /* that the pod asks for */
    enum container_kind kind;
    bool never_pulled;   /* imagePullPolicy: Never */
    bool started;        /* it runs or ran, so its image was there */
    const char *waiting; /* the reason, if it waits for its image: "ErrImagePull"; NULL: no */
    const char *message; /* of that; the peer's bytes; NULL: none */
};

struct host_alias {
    const char *address;
    const char *name;
};

struct pod {
    const char *name;
    const char *namespace;
    const char *uid;
    const char *node; /* NULL: not scheduled yet */
    const char *service_account;
    size_t container_count;
    struct pod_container containers[POD_MAX_CONTAINERS]; /* init containers first, as they start */
    bool more_containers;                                /* than POD_MAX_CONTAINERS */
    size_t secret_count;
    const char *secrets[POD_MAX_SECRETS]; /* imagePullSecrets; names that are valid */
    size_t alias_count;
    struct host_alias aliases[POD_MAX_ALIASES]; /* hostAliases, one entry a name */
    struct pull_annotations annotations;
};

/* Reads a pod, with its texts in `arena`. False if the document is of another kind; arena_failed()
 * tells if memory was short. */
bool pod_read(const json_t *document, struct arena *arena, struct pod *ret);

/* The names in a list of imagePullSecrets, of a pod or of a service account; how many. */
size_t pod_read_secret_names(const json_t *list, struct arena *arena,
                             const char *ret[POD_MAX_SECRETS]);

/* True if name and namespace are valid, so that they may stand in a command and in a path. */
bool pod_is_addressable(const struct pod *pod);

/* True if a container waits for its image. */
bool pod_waits_for_image(const struct pod *pod);

/* True if the pod runs on a super node of TKE Serverless. */
bool pod_is_serverless(const struct pod *pod);
