/* SPDX-License-Identifier: MIT */
#pragma once

/* The output of `kubectl get pod -o json`, one pod or a list, as input of explain. */

#include "daemon/kubernetes/pod.h"
#include "probes/explain/pull_error.h"

#define EXPLAIN_PODS_MAX ((size_t)16 * 1024 * 1024) /* bytes of a document that are kept */

/* True if a text begins like such a document. */
bool explain_pods_begin(const char *bytes, size_t length);

/*
 * Adds the waiting message of every container, init container and ephemeral container whose pull
 * failed. False if the text is not such a document; then nothing was added.
 */
bool explain_pods_add(struct pull_error_reader *reader, const char *bytes, size_t length);

/* Adds the waiting message of one container, if its pull failed. */
void explain_pods_add_container(struct pull_error_reader *reader, const char *pod,
                                const struct pod_container *container);
