#pragma once

/*
 * GET /v2/, the way to ask whether a registry is there (OCI Distribution Specification 1.1, "API
 * version check"; the challenge: RFC 9110 section 11.6.1). Reads an HTTP answer into evidence.
 */

#include "config/base/arena.h"
#include "config/settings.h"
#include "probes/evidence_path.h"
#include "probes/transport/http_exchange.h"

#define REGISTRY_PING_PATH "/v2/" /* some registries answer 404 without the last slash */

/* The Host header: the port only where it is not 443, an IPv6 address in brackets. NULL: memory. */
const char *registry_host_header(const struct target *target, struct arena *arena);

/* Judges nothing: says what kind of answer it was and keeps what it said, escaped and cut, in
 * `arena`. `peer` is whose answer it is; a refusal that quotes it quotes no client. */
void registry_read_ping(const struct http_response *response, const struct address *peer,
                        struct arena *scratch, struct arena *arena, struct api_evidence *ret);

/* Keeps what a stalled answer had said so far; the outcome is left alone. */
void registry_read_partial(const struct http_response *response, struct arena *scratch,
                           struct arena *arena, struct api_evidence *ret);
