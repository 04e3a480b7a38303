#pragma once

/* What the status endpoint answers: /livez, /readyz, /healthz, /status, /metrics. From memory. */

#include "daemon/http_server.h"
#include "daemon/watcher.h"

/* A http_server_handler_fn; `context` is the struct watcher. */
void endpoint_handle(const struct http_server_request *request, struct http_server_reply *reply,
                     void *context);
