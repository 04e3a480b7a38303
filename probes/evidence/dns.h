/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of the evidence that resolvers gave: one entry per question. See evidence.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/clock.h"

#define EVIDENCE_MAX_ADDRESSES 16 /* kept of one answer */
#define EVIDENCE_MAX_CNAMES    8  /* kept of one chain */

enum address_class { CLASS_PUBLIC, CLASS_PRIVATE, CLASS_PROVIDER, CLASS_BOGUS, CLASS_COUNT };
const char *address_class_name(enum address_class address_class);

enum resolver_role { ROLE_POD, ROLE_HOST };
enum queried_name { NAME_TARGET, NAME_VPC }; /* the registry's name; TCR's <name>-vpc twin */
enum record_type { RECORD_A, RECORD_AAAA };

enum dns_outcome {
    DNS_SKIPPED,
    DNS_NOERROR, /* at least one address */
    DNS_NODATA,
    DNS_NXDOMAIN,
    DNS_SERVFAIL,
    DNS_REFUSED,
    DNS_OTHER_RCODE, /* `rcode` says which: FORMERR 1, NOTIMP 4, BADVERS 16, ... */
    DNS_LAME, /* neither an answer nor a referral: no recursion, no authority, nothing in it */
    DNS_MALFORMED,
    DNS_TIMEOUT,
    DNS_RESOLVER_PORT_CLOSED,
    DNS_RESOLVER_UNREACHABLE, /* no route, or filtered with an ICMP error */
    DNS_LOCAL,                /* this machine could not ask: descriptors, memory */
    DNS_CANCELLED,            /* the run ended before an answer; nothing is known */
    DNS_OUTCOME_COUNT,
};
const char *dns_outcome_name(enum dns_outcome outcome);
const char *dns_outcome_words(enum dns_outcome outcome);
const char *resolver_role_name(enum resolver_role role);
const char *queried_name_name(enum queried_name queried);
const char *record_type_name(enum record_type type);

struct dns_address {
    struct address address;
    enum address_class address_class;
    const char *rule; /* the range that gave the class, as printed */
    uint32_t ttl;     /* seconds */
};

/* One question put to one resolver. */
struct dns_evidence {
    enum resolver_role role;
    struct endpoint resolver;
    enum queried_name queried;
    const char *name; /* as asked, no trailing dot */
    enum record_type type;
    enum dns_outcome outcome;
    uint16_t rcode; /* of 12 bits: with those that EDNS adds (RFC 6891) */
    bool truncated; /* the UDP answer was; the outcome is that of asking again over TCP */
    bool repeated;  /* asked a second time, since nothing came for half of the wait */
    unsigned unanswered_names; /* names of the search list before this one that nobody answered */
    usec_t duration;
    const char *error; /* text of an errno, or NULL */
    size_t cname_count;
    const char *cnames[EVIDENCE_MAX_CNAMES];
    size_t address_count;
    struct dns_address *addresses; /* in the arena */
};
