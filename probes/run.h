#pragma once

/* The inside of one run, shared by the stages of the ladder (probes/stage_*.c). Not for others. */

#include <event2/event.h>
#include <stdint.h>

#include "config/settings.h"
#include "probes/evidence.h"
#include "probes/probe.h"
#include "probes/run_parts.h"
#include "probes/transport/trust_store.h"

#define RUN_MAX_RESOLVERS (2 * SETTINGS_MAX_RESOLVERS)

struct probe_run {
    struct probe_environment *environment;
    const struct target *target;
    struct evidence *evidence;
    struct arena *scratch; /* answers and what is read out of them; gone with the run */
    struct trust_store *store;
    probe_done_fn *done;
    void *context;

    struct event *deadline;
    struct event *controls_due; /* watch mode: the path has been silent for long enough */
    struct event *finish;       /* made active when the run is complete */
    usec_t started;
    uint64_t memory_failures; /* before the run */
    bool controls_started;

    size_t resolver_count;
    struct resolver *resolvers[RUN_MAX_RESOLVERS];
    enum resolver_role resolver_roles[RUN_MAX_RESOLVERS];
    size_t question_count;
    struct question questions[EVIDENCE_MAX_DNS];
    struct path_run paths[EVIDENCE_MAX_PATHS];
    struct control_run controls[SETTINGS_MAX_CONTROLS];
    struct egress_run egress;

    struct registry_evidence *standing; /* of an earlier run, in the evidence's arena, or NULL */
    bool registry_begun;
    struct registry_run *registry; /* NULL: nothing above /v2/ is under way */
    struct fetch *dead_fetches;
};

/* Whose resolvers decide where a host that a peer names is. */
enum resolver_role run_deciding_role(const struct probe_run *run);

struct event_base *run_base(const struct probe_run *run);
enum probe_mode run_mode(const struct probe_run *run);

/* Every stage calls this when something of it ended: ends the run if nothing else can matter. */
void run_progressed(struct probe_run *run);

/* Remembers the first thing that this machine could not do. */
void run_local_error(struct probe_run *run, const char *what, int error);

/* dns: asks every resolver of the target everything at once; of a target that is an address
 * nothing, but controls may ask these resolvers. */
void stage_dns_start(struct probe_run *run);
bool stage_dns_pending(const struct probe_run *run);
void stage_dns_expire(struct probe_run *run);

/* path: tcp, tls and api of one address, given by `views`; a known address gets the views added. */
void stage_path_start(struct probe_run *run, const struct address *address, unsigned views);
bool stage_path_pending(const struct probe_run *run, unsigned views);
void stage_path_expire(struct probe_run *run);
void stage_path_cancel(struct probe_run *run);
const char *stage_path_awaited(const struct path_run *path); /* NULL: nothing */

/* controls */
void stage_controls_start(struct probe_run *run); /* once; further calls do nothing */
bool stage_controls_pending(const struct probe_run *run);
void stage_controls_end(struct probe_run *run, enum control_outcome outcome);

/* egress: the address this network shows; nothing without egress_address_url */
void stage_egress_start(struct probe_run *run); /* once; further calls do nothing */
bool stage_egress_pending(const struct probe_run *run);
void stage_egress_end(struct probe_run *run, const char *why);

/* registry: auth, manifests and blobs, once an address of the deciding view answers as one */
void stage_registry_consider(struct probe_run *run);
bool stage_registry_pending(const struct probe_run *run);
void stage_registry_end(struct probe_run *run, bool expired);
void stage_registry_keep_standing(struct probe_run *run); /* where nothing was asked this time */
void stage_registry_awaited(const struct probe_run *run, struct text *text, const char **separator);
