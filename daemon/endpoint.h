#pragma once

/* What the status endpoint answers: /livez, /readyz, /healthz, /status, /metrics, POST /probe. From
 * memory, large answers in slices. */

#include "daemon/http_server.h"
#include "daemon/watcher.h"

#define ENDPOINT_MAX_NAME 512 /* bytes of a target's name in a query */

/* POST /probe: so many at once, then one every PROBE_REFILL; of one target one every PROBE_GAP. */
#define ENDPOINT_PROBE_BURST  10
#define ENDPOINT_PROBE_REFILL USEC_PER_SEC
#define ENDPOINT_PROBE_GAP    (5 * USEC_PER_SEC)

struct status_endpoint {
    struct watcher *watcher; /* borrowed */
    usec_t probes_until;     /* the bucket of POST /probe, as the time at which it is full again */
};

/* A http_server_handler_fn; `context` is the struct status_endpoint. */
void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context);

/* Fills `reply` with the JSON of all targets, or of `only` (daemon/endpoint_status.c). */
void endpoint_reply_status(const struct watcher *watcher, const struct watch *only,
                           struct http_server_reply *reply);
