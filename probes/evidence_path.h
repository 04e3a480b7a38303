#pragma once

/* The part of the evidence that one address gave: tcp, tls, api. See evidence.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/clock.h"
#include "probes/evidence_dns.h"

#define EVIDENCE_MAX_NAMES 16 /* certificate names kept */

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

struct tcp_evidence {
    enum tcp_outcome outcome;
    const char *reason; /* why it was skipped; static text or arena, NULL */
    usec_t duration;
    int error; /* errno, 0 when there was none */
    /* Further connects from other source ports, made when a SYN stays unanswered (one-shot mode) */
    unsigned trials;
    unsigned trials_connected;
};

/* ---- tls ---- */

enum tls_outcome {
    TLS_SKIPPED,
    TLS_OK,
    TLS_TIMEOUT,
    TLS_RESET,
    TLS_EOF,
    TLS_PLAIN_HTTP,
    TLS_NOT_TLS,
    TLS_ALERT,
    TLS_UNTRUSTED_ISSUER,
    TLS_SELF_SIGNED,
    TLS_NAME_MISMATCH,
    TLS_EXPIRED,
    TLS_NOT_YET_VALID,
    TLS_UNSUPPORTED_PROTOCOL, /* weak or unsupported version, cipher, key or signature */
    TLS_INVALID_CERTIFICATE,  /* any other defect OpenSSL names; `detail` has it */
    TLS_LOCAL,
    TLS_CANCELLED,
    TLS_OUTCOME_COUNT,
};
const char *tls_outcome_name(enum tls_outcome outcome);

/* Everything found wrong with the certificate, as a set; the outcome is the first of these. */
enum tls_defect {
    DEFECT_SELF_SIGNED = 1 << 0,
    DEFECT_UNTRUSTED_ISSUER = 1 << 1,
    DEFECT_NAME_MISMATCH = 1 << 2,
    DEFECT_EXPIRED = 1 << 3,
    DEFECT_NOT_YET_VALID = 1 << 4,
    DEFECT_WEAK = 1 << 5,
    DEFECT_OTHER = 1 << 6,
};
#define TLS_DEFECT_COUNT 7
const char *tls_defect_name(unsigned index); /* of bit `index`: "self_signed", ... */

struct certificate_evidence {
    bool present;
    const char *subject;
    const char *issuer;
    size_t name_count;
    const char *names[EVIDENCE_MAX_NAMES]; /* DNS names and addresses it is valid for */
    int64_t not_before;
    int64_t not_after;
    const char *fingerprint_sha256; /* 64 hex digits */
};

struct tls_evidence {
    enum tls_outcome outcome;
    const char *reason; /* why it was skipped */
    usec_t duration;
    const char *version; /* "TLSv1.3", NULL before one was agreed */
    const char *cipher;
    unsigned defects;
    const char *detail; /* alert name, OpenSSL's reason, or the peer's first bytes, escaped */
    struct certificate_evidence certificate;
};

/* What was tried when a handshake stalled or was reset (probes/handshake_trials.c). */
enum trial_outcome { TRIAL_NOT_MADE, TRIAL_COMPLETED, TRIAL_ANSWERED, TRIAL_SILENT, TRIAL_CLOSED };
const char *trial_outcome_name(enum trial_outcome outcome);

struct handshake_trials {
    enum trial_outcome clamped;     /* the same handshake with TCP_MAXSEG 536 */
    enum trial_outcome control_sni; /* with SNI example.com; ANSWERED: any TLS record came back */
    unsigned send_mss;              /* TCP_INFO of the stalled connection; 0 unknown */
    unsigned receive_mss;
    unsigned path_mtu;
    unsigned retransmits;
    unsigned interface_mtu;
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
    int64_t local_time;           /* ours when that header was read */
    const char *client_address;   /* quoted by the registry in a 403 */
    const char *detail;           /* what was wrong with the answer, or the error's message */
};

/* ---- one address ---- */

enum { VIEW_POD = 1 << 0, VIEW_HOST = 1 << 1, VIEW_LINKAGE = 1 << 2, VIEW_LITERAL = 1 << 3 };

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
