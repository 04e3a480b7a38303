#pragma once

/*
 * DNS questions to one resolver: a c-ares channel on libevent, made for one run and thrown away
 * with it, so that every run has fresh source ports, no history and no cache. All questions of the
 * run to that resolver share the channel (a channel costs 75 kB, a further question 160 B); TCP has
 * one of its own, made when an answer was truncated.
 *
 * Absolute names, no search list, no hosts file; one UDP try with EDNS (without it again after a
 * FORMERR, RFC 6891 section 7; and once more after half of the timeout), then TCP if the answer was
 * truncated (RFC 7766). What c-ares hides is read from the raw answer (RFC 1035): QR, TC, the
 * rcode, the question, owner names along the CNAME chain.
 */

#include <event2/event.h>

#include "config/base/address.h"
#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/evidence.h"

struct resolver;

/*
 * Called from the loop exactly once per question, never from inside resolver_ask(), never after
 * resolver_free(). `answer` has everything but role, queried and the addresses' classes filled in;
 * its texts and lists live in the arena given to resolver_new().
 */
typedef void resolver_answer_fn(const struct dns_evidence *answer, void *context);

/*
 * `timeout` is how long a silent resolver is waited for, per question, over UDP and TCP together.
 * NULL when memory or descriptors are short (errno says which); the caller reports that as local.
 */
struct resolver *resolver_new(struct event_base *base, const struct endpoint *server,
                              usec_t timeout, struct arena *arena);

/* `name` without a trailing dot, borrowed until answered. 0, or a negative errno and no callback.
 */
int resolver_ask(struct resolver *resolver, const char *name, enum record_type type,
                 resolver_answer_fn *answered, void *context);

/*
 * Cancels what is outstanding without calling back. Allowed inside the callback: the channel is
 * then destroyed from the loop, because c-ares 1.18 may not be destroyed inside its own callback.
 */
void resolver_free(struct resolver *resolver);
