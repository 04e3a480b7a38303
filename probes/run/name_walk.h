/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One name looked up at one resolver for addresses of both kinds, along the search list as Go's
 * resolver walks it (net/dnsclient_unix.go): the first name with an address ends the walk, and
 * without any the answers for the name itself count. Not for others than the stages.
 */

#include "probes/run/run.h"

/* Called from the loop, once per question that was asked. The answer's name is the one that was
 * asked last; its role and classes are not set. */
typedef void name_walk_fn(const struct dns_evidence *answer, void *context);

/* Asks for `host`; with `conf` along its search list, NULL: just the name. `contexts` are those of
 * the two kinds of records. Returns a set of bits, 1 << RECORD_A and 1 << RECORD_AAAA: the
 * questions that were asked. The walk ends with the run; leave it before a context is gone. */
struct name_walk;
unsigned name_walk_start(struct probe_run *run, struct resolver *resolver, const char *host,
                         const struct resolv_conf *conf, name_walk_fn *answered,
                         void *const contexts[2]);

/* Looks up a host beside the target's at every resolver of this role, along the search list of the
 * pod's. Returns how many answers follow; 0: none could be asked. */
unsigned name_walk_start_all(struct probe_run *run, const char *host, enum resolver_role role,
                             name_walk_fn *answered, void *context);

/* No walk calls back with this context any more. */
void name_walk_leave(struct probe_run *run, const void *context);

/* Call after the resolvers are freed. */
void name_walk_release(struct probe_run *run);
