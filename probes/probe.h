#pragma once

/*
 * The ladder: one run of one target under one deadline. Everything that needs no earlier answer
 * starts at once; a run ends when nothing outstanding can change a finding. It measures and never
 * judges.
 */

#include <event2/event.h>

#include "config/base/text.h"
#include "config/settings.h"
#include "probes/evidence.h"

struct probe_environment; /* what all runs share: the loop, trust stores, the system's resolvers */
struct probe_run;

enum probe_mode {
    PROBE_ONCE,  /* a person waits: controls from the start, further source ports */
    PROBE_WATCH, /* a daemon: controls once the path looks blocked */
};

/* `base` is borrowed. NULL when memory is short. */
struct probe_environment *probe_environment_new(struct event_base *base, enum probe_mode mode);
void probe_environment_free(struct probe_environment *environment);

/* Lets go of kept trust stores, so that the next runs open them anew. A changed ca_file is noticed
 * without this; a changed system store is not. */
void probe_environment_forget(struct probe_environment *environment);

/* The pod's resolvers as /etc/resolv.conf says now (at most SETTINGS_MAX_RESOLVERS). */
size_t probe_environment_system_resolvers(struct probe_environment *environment,
                                          struct endpoint resolvers[SETTINGS_MAX_RESOLVERS]);

/*
 * Called from the loop exactly once, never from inside probe_start(), never after probe_cancel().
 * The evidence is the callee's to free. The run is gone when it returns.
 */
typedef void probe_done_fn(struct evidence *evidence, void *context);

/* `target` is borrowed until the run ends. NULL when memory is short. */
struct probe_run *probe_start(struct probe_environment *environment, const struct target *target,
                              probe_done_fn *done, void *context);

/* What an earlier run of the target found above /v2/, which is copied: while it is younger than
 * registry_interval and the docker config is the same, it stands instead of being asked for again.
 * Right after probe_start(); NULL is allowed, as is a NULL run. */
void probe_set_standing(struct probe_run *run, const struct registry_evidence *standing);
void probe_cancel(struct probe_run *run); /* NULL is allowed */

/* One line of what is still awaited, e.g. "dns 10.0.0.2 AAAA, tcp 203.0.113.7:443". */
void probe_awaited(const struct probe_run *run, struct text *text);
