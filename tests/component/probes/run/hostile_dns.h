/* SPDX-License-Identifier: MIT */
#pragma once

/* Resolvers that lie, each on a port of its own, over UDP and TCP. A row of the table says how
 * one of them answers, and which verdict a run must reach. */

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"

#define HOSTILE_DNS_SIZE 65535

struct hostile_answer {
    uint8_t bytes[HOSTILE_DNS_SIZE];
    size_t length;
    size_t question_end;
    size_t record; /* where the address's record starts; the end without one */
    bool is_a;
    bool over_tcp;
};

enum hostile_sending {
    SENT_ONCE,
    SENT_TWICE,
    SENT_LATE,         /* half a second later */
    SENT_BEFORE_RIGHT, /* and the right one follows */
    SENT_AFTER_RIGHT,
    SENT_OVER_TCP, /* over UDP only "truncated" */
    SENT_NEVER,
    /* over TCP, without the frame of RFC 7766 */
    SENT_BARE,
    SENT_BARE_BY_BYTES, /* one every millisecond */
    SENT_BARE_AND_END,
    SENT_BARE_AND_RESET,
    SENT_AND_TCP_REFUSED, /* over UDP; nobody listens for TCP */
};

/* Changes the right answer into another one. */
typedef void hostile_change_fn(struct hostile_answer *answer, unsigned number);

struct hostile_dns_row {
    const char *name;
    const char *cause; /* of the run, whose registry is healthy */
    hostile_change_fn *change;
    unsigned number; /* for it */
    enum hostile_sending sending;
};

extern const struct hostile_dns_row hostile_dns_rows[];
extern const size_t hostile_dns_row_count;

struct hostile_dns;

/* `row` is borrowed. NULL: no port. */
struct hostile_dns *hostile_dns_start(struct event_base *base, const struct hostile_dns_row *row,
                                      struct endpoint *ret_endpoint);
