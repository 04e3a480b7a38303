/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Further connects to an address whose SYN stays unanswered, each from a source port of its own. A
 * NAT gateway with several addresses picks one by the port. If only some of them are in the
 * registry's allowlist, only some connects succeed.
 */

#include <event2/event.h>

#include "config/base/address.h"
#include "probes/evidence/path.h"

#define SOURCE_PORTS_FURTHER 7 /* with the first connect eight in all */

struct source_ports;

/* `fd` of the first that connects is the callee's, -1 for each further one. `all_ended` once, with
 * the last. From the loop. */
typedef void source_ports_fn(int fd, bool all_ended, void *context);

/* Counts into `result`, which is borrowed and must outlive it. No timeout. NULL: memory is short.
 */
struct source_ports *source_ports_start(struct event_base *base, const struct endpoint *endpoint,
                                        struct tcp_evidence *result, source_ports_fn *changed,
                                        void *context);
void source_ports_free(struct source_ports *ports); /* allowed in the callback; NULL is allowed */
