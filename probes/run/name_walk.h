/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One name looked up at the resolvers of one role for addresses of both kinds, along the search
 * list as Go's resolver walks it (net/dnsclient_unix.go): the first name with an address ends the
 * walk, and without any the answers for the name itself count. A name that gets no answer does not
 * end it: clients wait, and ask for the next one (libc, to which Go leaves some files, gives up).
 * Not for others than the stages.
 */

#include "probes/run/run.h"

/* Called from the loop, once per question that was asked. The answer's name is the one that the
 * walk ended with; its resolver may not be set, its role and classes are not. */
typedef void name_walk_fn(const struct dns_evidence *answer, void *context);

/* Looks up `host` at the resolvers of run->resolvers from `first` on, `count` of them, in their
 * order; with `conf` along its search list, NULL: just the name. `contexts`: two for each resolver,
 * that of A first. Returns false, and then no answer follows, if memory is short;
 * else one answer follows for each context. The walk ends with the run; leave it before a context
 * is gone. */
struct name_walk;
bool name_walk_start(struct probe_run *run, size_t first, size_t count, const char *host,
                     const struct resolv_conf *conf, name_walk_fn *answered,
                     void *const contexts[]);

/* Looks up a host beside the target's at every resolver of this role, along the search list of the
 * pod's. Returns how many answers follow; 0: none could be asked. */
unsigned name_walk_start_all(struct probe_run *run, const char *host, enum resolver_role role,
                             name_walk_fn *answered, void *context);

/* No walk calls back with this context any more. */
void name_walk_leave(struct probe_run *run, const void *context);

/* Call after the resolvers are freed. */
void name_walk_release(struct probe_run *run);
