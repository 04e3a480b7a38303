/* SPDX-License-Identifier: MIT */
#pragma once

/* A DNS server on the test's own loop, at a free port of 127.0.0.1, UDP and TCP. */

#include <event2/event.h>
#include <stdbool.h>

#include "config/base/address.h"

enum fake_dns_behaviour {
    FAKE_DNS_ADDRESS,   /* 10.0.3.7 or fd00::7 */
    FAKE_DNS_LOOPBACK,  /* 127.0.0.1, and no AAAA */
    FAKE_DNS_LOOPBACK6, /* ::1, and no A */
    FAKE_DNS_ALIAS,     /* a CNAME to backend.example, which has that address */
    FAKE_DNS_NODATA,
    FAKE_DNS_RCODE,            /* `rcode` */
    FAKE_DNS_TRUNCATED,        /* TC over UDP, the address over TCP */
    FAKE_DNS_TRUNCATED_SILENT, /* TC over UDP, nothing over TCP */
    FAKE_DNS_REFLECTED,        /* the question comes back as it was */
    FAKE_DNS_SILENT,
    FAKE_DNS_CUT,     /* an answer whose last bytes are missing */
    FAKE_DNS_NO_EDNS, /* FORMERR to a question with an OPT record, else the address */
    FAKE_DNS_HALF,    /* TC for A; AAAA is held back until fake_dns_release() */
};

struct fake_dns {
    enum fake_dns_behaviour behaviour;
    unsigned rcode;
    unsigned questions_seen;
    unsigned lost; /* so many of the first datagrams never arrive */
    unsigned
        late; /* so many of the first datagrams are answered together, when all of them are here */
    unsigned junk;      /* datagrams of three bytes before each answer */
    unsigned busy_usec; /* how long the whole loop stands still after the first answer */
    bool busy_always;   /* and after each further one */
    struct endpoint endpoint;
    int udp;
    int listener;
    int connection;
    struct event *udp_event;
    struct event *accept_event;
    struct event *tcp_event;
    struct fake_dns_late {
        size_t length;
        uint8_t bytes[512];
        struct sockaddr_storage to;
    } late_answers[4];
    size_t held_length; /* an answer that waits for its release */
    uint8_t held[1024];
    struct sockaddr_storage held_for;
};

void fake_dns_release(struct fake_dns *server);
void fake_dns_refuse_tcp(struct fake_dns *server); /* nobody listens there any more */

int fake_dns_start(struct fake_dns *server, struct event_base *base);
void fake_dns_stop(struct fake_dns *server);
