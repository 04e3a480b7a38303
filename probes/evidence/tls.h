/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of the evidence that a TLS handshake with one address gave. See evidence.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"

#define EVIDENCE_MAX_NAMES 16 /* certificate names kept */

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
const char *tls_outcome_words(enum tls_outcome outcome);

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
    bool short_hello;           /* the long ClientHello of newer clients had no answer before */
    const char *clients_differ; /* why some clients refuse the session; NULL: none do */
    unsigned defects;
    const char *detail; /* alert name, OpenSSL's reason, or the peer's first bytes, escaped */
    struct certificate_evidence certificate;
};

/* Further handshakes after one that stalled or was reset (probes/run/handshake_trials.c). */
enum trial_outcome { TRIAL_NOT_MADE, TRIAL_COMPLETED, TRIAL_ANSWERED, TRIAL_SILENT, TRIAL_CLOSED };
const char *trial_outcome_name(enum trial_outcome outcome);

struct handshake_trials {
    enum trial_outcome clamped;     /* the same handshake with TCP_MAXSEG 536 */
    enum trial_outcome control_sni; /* with SNI example.com; ANSWERED: any TLS record came back */
    enum trial_outcome short_hello; /* with a ClientHello of one segment */
    unsigned send_mss;              /* TCP_INFO of the stalled connection; 0 unknown */
    unsigned receive_mss;
    unsigned path_mtu;
    unsigned retransmits;
    unsigned interface_mtu;
};
