/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How a pod reaches its API server and proves who it is, as client-go's rest.InClusterConfig()
 * finds it: the address from KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, the token and the
 * authority from the folder that the kubelet mounts.
 */

#include "config/base/address.h"
#include "config/base/text.h"

#define SERVICE_ACCOUNT_FOLDER     "/var/run/secrets/kubernetes.io/serviceaccount"
#define SERVICE_ACCOUNT_TOKEN_SIZE ((size_t)16 * 1024) /* most bytes of a token */

struct service_account {
    struct endpoint server;
    const char *folder; /* holds token and ca.crt; borrowed */
};

/* Fills `ret` from the environment. `folder` is borrowed; NULL: SERVICE_ACCOUNT_FOLDER. Returns
 * NULL, or a static text that says what is missing. */
const char *service_account_find(const char *folder, struct service_account *ret);

/* Reads the token into `ret`, which must be empty, have a limit and be marked as secret. The
 * kubelet replaces the file while the pod runs, so read it for every request. Returns NULL, or a
 * static text that says why there is none. */
const char *service_account_token(const struct service_account *account, struct text *ret);
