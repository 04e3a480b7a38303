#pragma once

/* One non-blocking TCP connect to one address. */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "probes/evidence.h"

struct dial;

struct dial_result {
    enum tcp_outcome outcome;
    int error;       /* errno, 0 when none */
    usec_t duration; /* from connect() to the callback's own reading of the clock */
    int fd;          /* a connected, non-blocking socket that the callee now owns; -1 otherwise */
};

typedef void dial_done_fn(const struct dial_result *result, void *context);

struct dial_options {
    int max_segment; /* TCP_MAXSEG set before connect; 0: the kernel's choice */
};

/*
 * Starts; `done` is called from the loop exactly once, never from inside dial_start(), never after
 * dial_free(). There is no timeout of its own: the caller has one deadline for everything and says
 * dial_expire() then. ENETUNREACH or, of IPv6, EADDRNOTAVAIL at once gives TCP_SKIPPED (a family
 * without a route), EHOSTUNREACH and a later ENETUNREACH TCP_UNREACHABLE, EMFILE, ENOMEM, no free
 * port and the like TCP_LOCAL. NULL when memory is short.
 */
struct dial *dial_start(struct event_base *base, const struct endpoint *endpoint,
                        const struct dial_options *options, dial_done_fn *done, void *context);

/* Closes the socket unless it was handed over. Allowed inside the callback; NULL is allowed. */
void dial_free(struct dial *dial);

/* How long it has been trying. */
usec_t dial_elapsed(const struct dial *dial);
