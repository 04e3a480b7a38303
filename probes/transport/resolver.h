/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * DNS questions to one resolver: a c-ares channel on libevent, made for one run and freed with it,
 * so that every run has fresh source ports, no history and no cache. All questions of the run to
 * that resolver share the channel (a channel costs 75 kB, a further question 160 B). TCP has a
 * channel of its own, opened when an answer was truncated.
 *
 * Names are absolute here: hosts file and search list are the caller's. A question goes out over
 * UDP with EDNS, once more without it after a FORMERR (RFC 6891 section 7), once more after half of
 * the timeout, and over TCP if the answer was truncated (RFC 7766). The raw answer is read (RFC
 * 1035), because c-ares hides QR, TC, the rcode, the question and the owner names along the CNAME
 * chain.
 */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/evidence/evidence.h"

struct resolver;

struct resolver_options {
    usec_t timeout; /* per question, over UDP and TCP together */
    uint32_t scope; /* interface of a link-local server; 0: none */
    bool use_vc;    /* TCP only (resolv.conf(5)) */
};

/*
 * Called from the loop exactly once per question, never from inside resolver_ask() and never after
 * resolver_free(). `answer` is complete except for role, queried and the classes of the addresses;
 * its texts and lists live in the arena given to resolver_new().
 */
typedef void resolver_answer_fn(const struct dns_evidence *answer, void *context);

/* NULL if memory or descriptors are short, with the reason in errno; report that as a local error.
 */
struct resolver *resolver_new(struct event_base *base, const struct endpoint *server,
                              const struct resolver_options *options, struct arena *arena);

/* `name` has no trailing dot and is borrowed until the answer. 0, or a negative errno and then no
 * callback. */
int resolver_ask(struct resolver *resolver, const char *name, enum record_type type,
                 resolver_answer_fn *answered, void *context);

/*
 * Cancels all questions without a callback. Allowed inside the callback: the loop destroys the
 * channel then, because c-ares 1.18 must not be destroyed inside its own callback.
 */
void resolver_free(struct resolver *resolver);
