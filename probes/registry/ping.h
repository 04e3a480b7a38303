/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * GET /v2/, which asks if a registry is there (OCI Distribution Specification 1.1, "API version
 * check"; the challenge: RFC 9110 section 11.6.1). Reads an HTTP answer into evidence.
 */

#include "config/base/arena.h"
#include "config/settings.h"
#include "probes/evidence/path.h"
#include "probes/transport/http_exchange.h"

#define REGISTRY_PING_PATH "/v2/" /* some registries answer 404 without the last slash */

/* Returns the Host header: with the port if it is not 443, an IPv6 address in brackets. NULL if
 * memory is short. */
const char *registry_host_header(const struct target *target, struct arena *arena);

/* True if clients see a registry in these headers; they then do not read the body. */
bool registry_head_is_enough(const struct http_response *head);

/* Classifies the answer and keeps its words, escaped and cut, in `arena`; diagnosis judges it
 * later. `peer` is the address that answered: a refusal that quotes this address quotes no client.
 * */
void registry_read_ping(const struct http_response *response, const struct address *peer,
                        struct arena *scratch, struct arena *arena, struct api_evidence *ret);

/* Keeps the part of a stalled answer that had arrived. Leaves the outcome as it is. */
void registry_read_partial(const struct http_response *response, struct arena *scratch,
                           struct arena *arena, struct api_evidence *ret);
