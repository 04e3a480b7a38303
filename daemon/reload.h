#pragma once

/*
 * Settings anew while the daemon runs: on demand, and by itself when the configuration file changes
 * (written in place, replaced, or swapped below by a symbolic link, as Kubernetes does with a
 * mounted ConfigMap). Targets that stay keep their state and history; a file that does not load
 * changes nothing, and the log, /status and a metric say so.
 */

#include <event2/event.h>

#include "config/invocation.h"
#include "daemon/http_server.h"
#include "daemon/notify.h"
#include "daemon/watcher.h"

struct reload;

struct reload_options {
    struct event_base *base;
    const struct invocation *invocation; /* this and the next are borrowed */
    struct watcher *watcher;
    struct http_server *server;
    const struct notify *notify;
    void (*done)(void *context); /* after each, whether it worked or not */
    void *context;
};

/* Watches the configuration file, if there is one. NULL when memory or descriptors are short. */
struct reload *reload_start(const struct reload_options *options);
void reload_free(struct reload *reload); /* NULL is allowed */

/* Loads everything again, whether the file has changed or not: at once, or when the replies of the
 * status endpoint that are under way are whole, which is waited for three seconds at most. */
void reload_soon(struct reload *reload);
