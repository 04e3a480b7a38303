/* SPDX-License-Identifier: MIT */
/* Questions that the stages ask about their run. */

#include "probes/run/run.h"

#include <string.h>

#include "probes/evidence/view.h"

struct event_base *run_base(const struct probe_run *run)
{
    return environment_base(run->environment);
}

enum resolver_role run_deciding_role(const struct probe_run *run)
{
    unsigned view = evidence_deciding_view(run->evidence);
    bool host =
        view == VIEW_HOST || ((view & VIEW_GIVEN) && run->target->network->host_resolver_count > 0);

    return host ? ROLE_HOST : ROLE_POD;
}

const struct resolv_conf *run_search_list(const struct probe_run *run, enum resolver_role role)
{
    bool pulls_here = run->target->network->profile != PROFILE_TKE_SERVERLESS;

    return role == ROLE_POD && pulls_here ? &run->conf : NULL;
}

void run_progressed(struct probe_run *run)
{
    event_active(run->progress, EV_TIMEOUT, 0);
}

enum probe_mode run_mode(const struct probe_run *run)
{
    return environment_mode(run->environment);
}

void run_local_error(struct probe_run *run, const char *what, int error)
{
    if (!run->evidence->local_error)
        run->evidence->local_error =
            arena_format(run->evidence->arena, "%s: %s", what, strerror(error));
}
