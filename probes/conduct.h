/* SPDX-License-Identifier: MIT */
#pragma once

/* One run at one place, the registry or a mirror of it, under one deadline: the ladder that
 * architecture.md describes. For probe.c, which puts these runs together. */

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/evidence/evidence.h"
#include "probes/run/environment.h"
#include "probes/transport/puller.h"

struct probe_run;

/* Called from the loop exactly once, never from inside conduct_start(), never after
 * conduct_cancel(). The evidence is the callee's to free. The run is gone when it returns. */
typedef void conduct_done_fn(struct evidence *evidence, void *context);

/* `target` and `puller` are borrowed until the run ends. `earlier` is copied; probe.h says when it
 * is used. NULL:
 * memory is short. */
struct probe_run *conduct_start(struct probe_environment *environment, const struct target *target,
                                const struct puller *puller,
                                const struct registry_evidence *earlier, conduct_done_fn *done,
                                void *context);
void conduct_cancel(struct probe_run *run); /* without calling `done`; NULL is allowed */
void conduct_stop(struct probe_run *run, const char *why);
void conduct_awaited(const struct probe_run *run, struct text *text, const char **separator);
