/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Shares the event loop between the clients of the status endpoint and the probes. Work that a
 * client causes waits in a queue, and each pass of the loop does a bounded amount of it after the
 * events of the probes. Quick work (reading, health checks, sending) goes before rendering, so that
 * /livez stays quick while other clients ask for large documents.
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

enum turn_kind { TURN_QUICK, TURN_RENDER, TURN_KIND_COUNT };

/* A piece of work, part of its owner's struct. A zeroed one is valid and does not wait. */
struct turn {
    struct turn *next;
    bool waiting;
    void (*work)(void *context); /* does one bounded piece; may add this turn again, or free it */
    void *context;
};

struct turn_queue {
    size_t count;
    struct turn *first;
    struct turn *last;
};

struct turns {
    struct event *soon;    /* of the lowest priority of the loop */
    struct event *overdue; /* of the default priority: ends a long wait for an idle loop */
    struct turn_queue queues[TURN_KIND_COUNT];
};

/* Returns 0, or -1 if memory is short. */
int turns_open(struct turns *turns, struct event_base *base);
void turns_close(struct turns *turns); /* no work may wait; a zeroed one is allowed */

/* Appends the work to a queue, unless it waits already. Its previous work is replaced. */
void turns_add(struct turns *turns, struct turn *turn, enum turn_kind kind,
               void (*work)(void *context), void *context);
void turns_remove(struct turns *turns, struct turn *turn); /* if it waits */
