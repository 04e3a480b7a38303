/* SPDX-License-Identifier: MIT */
#pragma once

/* One non-blocking TCP connect to one address. */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "probes/evidence/evidence.h"

struct dial;

struct dial_result {
    enum tcp_outcome outcome;
    int error;             /* errno, 0 when none */
    usec_t duration;       /* from connect() to the callback's own reading of the clock */
    struct address source; /* of the connected socket */
    int fd;                /* a connected, non-blocking socket that `done` now owns; -1 otherwise */
};

typedef void dial_done_fn(const struct dial_result *result, void *context);

/*
 * Starts to connect. `done` is called from the loop exactly once, never from inside dial_start()
 * and never after dial_free(). A dial has no timeout: the caller has one deadline for everything,
 * and frees the dial when that comes.
 *
 * The outcome is TCP_SKIPPED if connect() fails at once because this host has no route for the
 * family (ENETUNREACH, or EADDRNOTAVAIL for IPv6), TCP_UNREACHABLE for EHOSTUNREACH and a later
 * ENETUNREACH, and TCP_LOCAL for EMFILE, ENOMEM, no free port and the like. NULL: memory is short.
 *
 * `max_segment` is TCP_MAXSEG, set before connect; 0: the kernel's choice.
 */
struct dial *dial_start(struct event_base *base, const struct endpoint *endpoint, int max_segment,
                        dial_done_fn *done, void *context);

/* Closes the socket unless it was handed over. Allowed inside the callback; NULL is allowed. */
void dial_free(struct dial *dial);

/* Writes a result as evidence. */
void dial_describe(const struct dial_result *result, struct tcp_evidence *ret);

/* Time since dial_start(). */
usec_t dial_elapsed(const struct dial *dial);
