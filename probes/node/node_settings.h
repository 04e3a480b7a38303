/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The settings that pulls of a node use for one registry, from the node's files below host_root:
 * the environment of containerd's unit, config.toml (config_path, or the older mirrors and
 * configs), and certs.d/HOST/hosts.toml or the certificates beside it. Each run reads them
 * again, because they are small and may change at any time.
 */

#include "config/settings.h"
#include "probes/evidence/node.h"
#include "probes/node/hosts_toml.h"
#include "probes/node/unit_environment.h"
#include "probes/transport/puller.h"

struct node_settings {
    struct node_hosts hosts;
    struct puller pullers[NODE_MAX_HOSTS]; /* one for each of them */
    size_t own;                            /* which of them is the target; `hosts.count`: none is */
    struct puller puller;                  /* for the target if none is */
    struct unit_environment unit;
    struct proxy_variables proxies;
    struct node_evidence evidence; /* its mirrors are not measured yet */
};

/* Everything is in `arena`, which must wipe what it holds, or borrowed from `target`. */
void node_settings_read(const struct target *target, struct arena *arena,
                        struct node_settings *ret);
