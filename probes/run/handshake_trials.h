/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Tells a path that drops large packets from a path that drops a server name or a long ClientHello:
 * when a handshake stalls or is reset, three more to the same address, one with small segments
 * (TCP_MAXSEG 536), one with another server name (SNI example.com), one with a ClientHello of one
 * segment, as older clients send it. Nothing is sent over the first two, and they are not verified.
 */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/settings.h"
#include "probes/evidence/tls.h"
#include "probes/transport/trust_store.h"

struct handshake_trials_run;

/* From the loop, once, when all have ended. */
typedef void handshake_trials_done_fn(void *context);

/*
 * Each outcome is written to `result` as soon as it is known. `result` and `target` are borrowed
 * and must outlive the trials. There is no timeout: the caller ends the trials with
 * handshake_trials_end(). NULL: memory is short.
 */
struct handshake_trials_run *handshake_trials_start(
    struct event_base *base, struct trust_store *store, const struct endpoint *endpoint,
    const struct target *target, struct arena *arena, struct handshake_trials *result,
    handshake_trials_done_fn *done, void *context);

bool handshake_trials_pending(const struct handshake_trials_run *trials);

/* The session of the short ClientHello if its handshake completed while the other server name had
 * no answer, else NULL. It is the caller's from now on, may be used until the trials end, and `ret`
 * gets its evidence. */
struct tls_session *handshake_trials_take_short_hello(struct handshake_trials_run *trials,
                                                      struct tls_evidence *ret);

/* Records the state of trials that are still in progress, and frees. NULL is allowed. */
void handshake_trials_end(struct handshake_trials_run *trials);
