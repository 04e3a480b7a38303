#pragma once

/*
 * What tells a path that drops large packets from one that drops a server name: when a handshake
 * stalls or is reset, two more to the same address, one with small segments (TCP_MAXSEG 536) and
 * one with another server name (SNI example.com). Neither is verified, nothing is sent over them.
 */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/settings.h"
#include "probes/evidence_tls.h"
#include "probes/transport/trust_store.h"

struct handshake_trials_run;

/* From the loop, once, when both have ended. */
typedef void handshake_trials_done_fn(void *context);

/*
 * `result` gets what each gave as soon as it is known; it and `target` are borrowed and must
 * outlive the trials. There is no timeout: handshake_trials_end() is the caller's deadline.
 * NULL: memory is short.
 */
struct handshake_trials_run *handshake_trials_start(
    struct event_base *base, struct trust_store *store, const struct endpoint *endpoint,
    const struct target *target, struct arena *arena, struct handshake_trials *result,
    handshake_trials_done_fn *done, void *context);

bool handshake_trials_pending(const struct handshake_trials_run *trials);

/* What is still under way is written down as it stands. Frees; NULL is allowed. */
void handshake_trials_end(struct handshake_trials_run *trials);
