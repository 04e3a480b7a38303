/* SPDX-License-Identifier: MIT */
#pragma once

/* The answers of the status endpoint: /, /livez, /readyz, /healthz, /status, /metrics and POST
 * /probe. All come from memory, and large ones are rendered in slices. */

#include "daemon/endpoint/http_server.h"
#include "daemon/watch/watcher.h"

#define ENDPOINT_MAX_NAME 512 /* bytes of a target's name in a query */

/* POST /probe is allowed for so many at once, then one per PROBE_REFILL, and for each target one
 * per PROBE_GAP. */
#define ENDPOINT_PROBE_BURST  10
#define ENDPOINT_PROBE_REFILL USEC_PER_SEC
#define ENDPOINT_PROBE_GAP    (5 * USEC_PER_SEC)

struct status_endpoint {
    struct watcher *watcher; /* borrowed */
    usec_t probes_until;     /* monotonic: when the full burst of POST /probe is allowed again */
};

/* An http_server_handler_fn; `context` is the struct status_endpoint. */
void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context);
