/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/turns.h"

#include "config/base/clock.h"

#define PASS_TIME USEC_PER_MSEC /* after which a pass starts no further work of a kind */
#define LONGEST_WAIT                                                             \
    (5 * USEC_PER_MSEC) /* while the loop always has events of a higher priority \
                         */

static struct turn *take_first(struct turn_queue *queue)
{
    struct turn *turn = queue->first;

    queue->first = turn->next;
    if (!queue->first)
        queue->last = NULL;
    queue->count--;
    turn->next = NULL;
    turn->waiting = false;
    return turn;
}

/* Work that is added meanwhile waits for the next pass, so that no owner has two turns in one. */
static void run_queue(struct turn_queue *queue)
{
    usec_t end = clock_monotonic() + PASS_TIME;
    size_t count = queue->count;

    while (count-- && queue->first) {
        struct turn *turn = take_first(queue);
        turn->work(turn->context);
        if (clock_monotonic() >= end)
            return;
    }
}

/* A timer without delay fires in the next pass, after the loop has looked for events again. An
 * event made active would run in the same pass. */
static void schedule_pass(struct turns *turns)
{
    const struct timeval now = {0};
    const struct timeval latest = clock_timeval(LONGEST_WAIT);

    if (event_pending(turns->soon, EV_TIMEOUT, NULL))
        return;
    event_add(turns->soon, &now);
    event_add(turns->overdue, &latest);
}

static void run_pass(int fd, short what, void *context)
{
    struct turns *turns = context;
    bool more = false;

    (void)fd;
    (void)what;
    event_del(turns->soon);
    event_del(turns->overdue);
    for (size_t kind = 0; kind < TURN_KIND_COUNT; kind++)
        run_queue(&turns->queues[kind]);
    for (size_t kind = 0; kind < TURN_KIND_COUNT; kind++)
        more |= turns->queues[kind].count > 0;
    if (more)
        schedule_pass(turns);
}

int turns_open(struct turns *turns, struct event_base *base)
{
    *turns = (struct turns){.soon = event_new(base, -1, 0, run_pass, turns),
                            .overdue = event_new(base, -1, 0, run_pass, turns)};
    if (!turns->soon || !turns->overdue)
        return -1;
    return event_priority_set(turns->soon, event_base_get_npriorities(base) - 1);
}

void turns_close(struct turns *turns)
{
    if (turns->soon)
        event_free(turns->soon);
    if (turns->overdue)
        event_free(turns->overdue);
}

void turns_add(struct turns *turns, struct turn *turn, enum turn_kind kind,
               void (*work)(void *context), void *context)
{
    struct turn_queue *queue = &turns->queues[kind];

    if (turn->waiting)
        return;
    *turn = (struct turn){.waiting = true, .work = work, .context = context};
    if (queue->last)
        queue->last->next = turn;
    else
        queue->first = turn;
    queue->last = turn;
    queue->count++;
    schedule_pass(turns);
}

static void remove_from(struct turn_queue *queue, const struct turn *turn)
{
    struct turn *before = NULL;

    for (struct turn *at = queue->first; at; before = at, at = at->next) {
        if (at != turn)
            continue;
        if (before)
            before->next = at->next;
        else
            queue->first = at->next;
        if (queue->last == at)
            queue->last = before;
        queue->count--;
        return;
    }
}

void turns_remove(struct turns *turns, struct turn *turn)
{
    if (!turn->waiting)
        return;
    for (size_t kind = 0; kind < TURN_KIND_COUNT; kind++)
        remove_from(&turns->queues[kind], turn);
    turn->waiting = false;
}
