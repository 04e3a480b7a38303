/* SPDX-License-Identifier: MIT */
#pragma once

/* A registry, its token service and the store of its layers on one fake site, route by route. */

#include <pthread.h>

#include "fake_site.h"

#define FAKE_MAX_ROUTES 24
#define FAKE_LOG_SIZE   65536

/* Bytes that follow the reply's own. */
enum fake_tail {
    TAIL_NONE,
    TAIL_ENDLESS, /* `unit` again and again until the peer has enough */
    TAIL_DRIP,    /* a byte of the reply now and then */
    TAIL_LATE,    /* none; the reply itself comes late */
};

struct fake_route {
    const char *start; /* of the request */
    const char *needs; /* somewhere in it; NULL: nothing */
    const char *reply; /* %P stands for the site's port, %Q for the other site's */
    enum fake_tail tail;
    const char *unit;
};

struct fake_registry {
    struct fake_site site;
    uint16_t other_port;
    size_t route_count;
    struct fake_route routes[FAKE_MAX_ROUTES]; /* of those that fit the first counts */
    pthread_mutex_t lock;
    char log[FAKE_LOG_SIZE]; /* every request */
};

bool fake_registry_open(struct fake_registry *registry, SSL_CTX *context);
void fake_registry_close(struct fake_registry *registry);

/* Goes before the routes that are there. */
void fake_registry_first(struct fake_registry *registry, const struct fake_route *route);
void fake_registry_last(struct fake_registry *registry, const struct fake_route *route);

/* How often `text` stands in the requests so far. */
unsigned fake_registry_count(struct fake_registry *registry, const char *text);
void fake_registry_forget(struct fake_registry *registry);
