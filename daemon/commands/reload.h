/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Loads the settings again while the daemon runs: on demand, and when the configuration file
 * changes (written in place, replaced, or swapped by a symbolic link, as Kubernetes does with a
 * mounted ConfigMap). Targets that stay keep their state and history. A file with errors changes
 * nothing, and the log, /status and a metric report it.
 */

#include <event2/event.h>

#include "config/invocation.h"
#include "daemon/endpoint/http_server.h"
#include "daemon/system/notify.h"
#include "daemon/watch/watcher.h"

struct reload;

struct reload_options {
    struct event_base *base;
    const struct invocation *invocation; /* this and the other pointers are borrowed */
    struct watcher *watcher;
    struct http_server *server;
    const struct notify *notify;
    void (*done)(void *context); /* called after each reload, also a failed one */
    void *context;
};

/* Watches the configuration file, if there is one. NULL when memory or descriptors are short. */
struct reload *reload_start(const struct reload_options *options);
void reload_free(struct reload *reload); /* NULL is allowed */

/* Loads the settings again, even if the file has not changed. If the status endpoint has begun
 * replies, the load waits for their end, at most for the deadline of a request. */
void reload_soon(struct reload *reload);
