/* SPDX-License-Identifier: MIT */
#pragma once

/* The stages of the ladder, one file each in probes/run. Only the conductor (probes/conduct.c)
 * starts and ends them. */

#include "probes/run/run.h"

/* dns: asks every resolver of the target everything at once; of a target that is an address
 * nothing, but controls may ask these resolvers. */
void stage_dns_start(struct probe_run *run);
bool stage_dns_pending(const struct probe_run *run);
void stage_dns_expire(struct probe_run *run);

/* proxy: if one is set for the target, its addresses. Choose before any other stage starts, and
 * start once the resolvers are there. */
bool stage_proxy_choose(struct probe_run *run);
void stage_proxy_start(struct probe_run *run);
bool stage_proxy_is_used(const struct probe_run *run);
bool stage_proxy_pending(const struct probe_run *run);
void stage_proxy_note(struct probe_run *run, const struct tunnel_result *result);
void stage_proxy_end(struct probe_run *run);

/* path: tcp, tls and api of one address that `views` gave. If the address is known, the views are
 * added to it. */
void stage_path_start(struct probe_run *run, const struct address *address, unsigned views);
bool stage_path_pending(const struct probe_run *run, unsigned views);
void stage_path_expire(struct probe_run *run);
void stage_path_cancel(struct probe_run *run);
const char *stage_path_awaited(const struct path_run *path); /* NULL: nothing */

/* controls */
void stage_controls_start(struct probe_run *run);         /* once; further calls do nothing */
bool stage_controls_pending(const struct probe_run *run); /* but for those that only help */
void stage_controls_end(struct probe_run *run, enum control_outcome outcome);

/* egress: the address this network shows; nothing without egress_address_url */
void stage_egress_start(struct probe_run *run); /* once; further calls do nothing */
bool stage_egress_pending(const struct probe_run *run);
void stage_egress_end(struct probe_run *run, const char *why);

/* registry: auth, manifests and blobs, once an address of the deciding view answers as one */
void stage_registry_advance(struct probe_run *run);
bool stage_registry_pending(const struct probe_run *run);
void stage_registry_end(struct probe_run *run, bool expired);
void stage_registry_keep_standing(struct probe_run *run); /* if nothing was asked in this run */
void stage_registry_awaited(const struct probe_run *run, struct text *text, const char **separator);
