/* SPDX-License-Identifier: MIT */
#pragma once

/* From a pod to the targets that its puller would ask, with the pod's keys and annotations. */

#include "daemon/commands/diagnose_case.h"

/* How the image of one container is checked. */
struct planned_image {
    const char *why_not; /* one sentence; NULL: it is checked */
    size_t target;       /* index in settings->targets */
    size_t image;        /* index in the target's images */
};

struct check_plan {
    bool keyless; /* keys of the pod may exist that this check does not have */
    struct planned_image images[POD_MAX_CONTAINERS]; /* one for each container */
};

/* Sets the targets of `settings`, and the resolvers and profile that the pod brings, unless options
 * gave others. Adds notes to `known`. False when memory is short. */
bool check_plan_make(struct check_plan *plan, struct pod_case *known, struct settings *settings);
