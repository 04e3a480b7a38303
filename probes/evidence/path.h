/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of the evidence that one address gave: tcp, tls, api. See evidence.h. */

#include <stdint.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "probes/evidence/dns.h"
#include "probes/evidence/tls.h"

/* ---- tcp ---- */

enum tcp_outcome {
    TCP_SKIPPED,
    TCP_OK,
    TCP_TIMEOUT,
    TCP_REFUSED,
    TCP_RESET,
    TCP_UNREACHABLE,
    TCP_LOCAL,
    TCP_CANCELLED, /* the run ended first; nothing is known */
    TCP_OUTCOME_COUNT,
};
const char *tcp_outcome_name(enum tcp_outcome outcome);
const char *tcp_outcome_words(enum tcp_outcome outcome);

struct tcp_evidence {
    enum tcp_outcome outcome;
    const char *reason; /* why it was skipped; static text or arena, NULL */
    usec_t duration;
    int error;             /* errno, 0 when there was none */
    struct address source; /* this machine's, if it connected; clients sort addresses by it */
    /* Further connects from other source ports, made when a SYN stays unanswered (one-shot mode) */
    unsigned trials;
    unsigned trials_connected;
};

/* ---- api ---- */

enum api_outcome {
    API_SKIPPED,
    API_REGISTRY,
    API_FORBIDDEN,
    API_NOT_A_REGISTRY,
    API_RATE_LIMITED,
    API_SERVER_ERROR,
    API_MALFORMED,
    API_STALLED,
    API_CLOSED,
    API_LOCAL,
    API_CANCELLED,
    API_OUTCOME_COUNT,
};
const char *api_outcome_name(enum api_outcome outcome);
const char *api_outcome_words(enum api_outcome outcome);

enum challenge_kind {
    CHALLENGE_NONE,
    CHALLENGE_BEARER,
    CHALLENGE_BASIC,
    CHALLENGE_EMPTY,
    CHALLENGE_UNPARSABLE,
};
const char *challenge_kind_name(enum challenge_kind kind);

struct api_evidence {
    enum api_outcome outcome;
    const char *reason; /* why it was skipped */
    usec_t duration;    /* from the request to the end of the answer */
    unsigned status;    /* HTTP status, 0 before one was read */
    enum challenge_kind challenge;
    const char *content_type;
    const char *server;
    const char *registry_version; /* Docker-Distribution-Api-Version */
    const char *location;         /* of a redirect, without its query */
    uint32_t retry_after;         /* seconds, 0 none */
    int64_t peer_time;            /* the Date header, 0 none */
    int64_t local_time;           /* ours in the exchange, where it is nearest to that */
    const char *client_address;   /* quoted by the registry in a 403 */
    const char *detail;           /* the defect of the answer, or the error's message */
};

/* ---- one address ---- */

enum {
    VIEW_POD = 1 << 0,
    VIEW_HOST = 1 << 1,
    VIEW_LINKAGE = 1 << 2,
    VIEW_HOSTS = 1 << 3, /* the hosts file */
    VIEW_PROXY = 1 << 4, /* the address of the proxy; tls and api are inside its tunnel */
    VIEW_LITERAL = 1 << 5,
    VIEW_GIVEN = VIEW_HOSTS | VIEW_PROXY | VIEW_LITERAL, /* no resolver of the target decides */
};

struct path_evidence {
    struct address address;
    enum address_class address_class;
    const char *rule;
    unsigned views; /* who gave this address; VIEW_LITERAL: the target is written as an address */
    struct tcp_evidence tcp;
    struct tls_evidence tls;
    struct handshake_trials trials;
    struct api_evidence api;
};
