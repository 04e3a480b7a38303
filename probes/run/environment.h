/* SPDX-License-Identifier: MIT */
#pragma once

/* State shared by all runs of a program. See probes/probe.h for a run. */

#include <event2/event.h>
#include <stddef.h>

#include "config/settings.h"
#include "probes/transport/hosts_file.h"
#include "probes/transport/name_sources.h"
#include "probes/transport/puller.h"
#include "probes/transport/resolv_conf.h"
#include "probes/transport/trust_store.h"

struct probe_environment; /* shared by all runs: the loop, trust stores, the system's resolvers */
enum probe_mode {
    PROBE_ONCE,  /* a person waits: controls from the start, further source ports */
    PROBE_WATCH, /* a daemon: controls once the path looks blocked */
};

/* `base` is borrowed. NULL when memory is short. */
struct probe_environment *probe_environment_new(struct event_base *base, enum probe_mode mode);
void probe_environment_free(struct probe_environment *environment);

/* Releases the kept trust stores, so that the next runs open them anew. A changed file is noticed
 * without this; changed variables SSL_CERT_FILE and SSL_CERT_DIR are not. */
void probe_environment_forget(struct probe_environment *environment);

/* The pod's resolvers as /etc/resolv.conf says now (at most SETTINGS_MAX_RESOLVERS). */
size_t probe_environment_system_resolvers(struct probe_environment *environment,
                                          struct endpoint resolvers[SETTINGS_MAX_RESOLVERS]);

/* The certificates that pulls from the target trust. A store is opened at first need and kept,
 * because loading certificates is the most expensive work of a probe. The caller releases it. NULL
 * with the reason in `error` if it cannot be opened. */
struct trust_store *environment_trust_store(struct probe_environment *environment,
                                            const struct target *target,
                                            const struct puller *puller, char *error,
                                            size_t error_size);

/* The names of clients in this place: resolv.conf with the defaults that clients have for what it
 * does not say: nameservers at 127.0.0.1 and ::1, the domain of this machine's own name. */
void environment_resolv_conf(struct resolv_conf *ret);

/* Where the puller looks the host up. Under tke-serverless pulls happen outside the pod, and its
 * files decide nothing. The text is in `arena`; NULL: none is kept. */
void environment_name_sources(const struct target *target, const struct puller *puller,
                              const char *host, struct arena *arena, struct name_sources *ret);

/* Addresses of the host in the puller's /etc/hosts. None under tke-serverless. */
size_t environment_hosts(const struct target *target, const struct puller *puller, const char *host,
                         struct address ret[HOSTS_FILE_MAX_ADDRESSES]);

struct event_base *environment_base(const struct probe_environment *environment);
enum probe_mode environment_mode(const struct probe_environment *environment);
