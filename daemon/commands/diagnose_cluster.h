/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads a pod and everything that its pulls depend on from the cluster in which this program runs.
 */

#include "daemon/commands/diagnose_case.h"
#include "daemon/kubernetes/cluster_call.h"

/*
 * Reads "[NAMESPACE/]POD", its Events, the Secrets (unless `no_secrets`) and the annotations of its
 * node and of eks-config. Missing rights and other trouble are in `known`. False if the pod itself
 * could not be read, or memory is short. `account` is how this program reaches the API server.
 */
bool pod_case_read_cluster(struct pod_case *known, const struct service_account *account,
                           const char *namespace, const char *name, bool no_secrets);

/* Keeps why a request failed: a missing right, or the first other trouble. */
void pod_case_add_failure(struct pod_case *known, const struct service_account *account,
                          const struct cluster_request *request,
                          const struct cluster_status *status);
