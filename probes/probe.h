/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The ladder: one run of one target under one deadline. Everything that needs no earlier answer
 * starts at once; a run ends when nothing outstanding can change a finding. It measures and never
 * judges. With profile node the node's files are read first, and the mirrors that they name are
 * measured beside the registry, at the same time.
 */

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/evidence/evidence.h"
#include "probes/run/environment.h"

struct probe;

/*
 * Called from the loop exactly once, never from inside probe_start(), never after probe_cancel().
 * The evidence is the callee's to free. The run is gone when it returns.
 */
typedef void probe_done_fn(struct evidence *evidence, void *context);

/*
 * Starts a run. `target` is borrowed until the run ends. `earlier` is the evidence of an earlier
 * run of this target, or NULL; its part about the registry is copied. The run uses that instead of
 * asking the registry again if it is younger than registry_interval and was measured with the same
 * docker config. Returns NULL when memory is short.
 */
struct probe *probe_start(struct probe_environment *environment, const struct target *target,
                          const struct evidence *earlier, probe_done_fn *done, void *context);

/* Ends and frees a run without calling `done`. NULL is allowed. */
void probe_cancel(struct probe *probe);

/* Ends a run at once and calls `done` with the evidence so far. The rest counts as cancelled, and
 * `why` becomes the local error: nobody is blamed for an answer that was not awaited. */
void probe_stop(struct probe *probe, const char *why);

/* Describes in one line the answers that are still pending, e.g. "dns 10.0.0.2 AAAA, tcp
 * 203.0.113.7:443". */
void probe_awaited(const struct probe *probe, struct text *text);
