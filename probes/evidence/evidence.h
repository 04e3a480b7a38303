/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The measurements of one run of one target: plain data, no judgement. The probe fills it,
 * diagnose() reads it, the report prints it, and --replay reads it from a saved report. Each member
 * has a row in fields.c.
 *
 * Strings and address lists live in the evidence's arena. Text that came from a peer (certificate
 * names, headers, alerts) is kept as escaped printable ASCII, already cut to a limit.
 * Durations are microseconds on the monotonic clock; wall times are seconds since 1970 UTC.
 * A zeroed evidence is valid: nothing was measured, every outcome is "skipped".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"
#include "config/base/clock.h"
#include "config/base/kept_bytes.h"
#include "config/settings.h"
#include "probes/evidence/dns.h"
#include "probes/evidence/node.h"
#include "probes/evidence/path.h"
#include "probes/evidence/registry.h"

#define EVIDENCE_MAX_DNS   40  /* (4 + 4 resolvers) x 2 names x 2 types, and some */
#define EVIDENCE_MAX_PATHS 16  /* addresses dialled in one run */
#define EVIDENCE_MAX_TEXT  256 /* bytes kept of any peer text */

enum phase {
    PHASE_DNS,
    PHASE_TCP,   /* to the registry, or to the proxy in front of it */
    PHASE_PROXY, /* asking that proxy for a tunnel */
    PHASE_TLS,
    PHASE_API,
    PHASE_AUTH,
    PHASE_MANIFEST,
    PHASE_BLOB,
    PHASE_COUNT,
};
const char *phase_name(enum phase phase); /* "dns", "tcp", ... */

enum control_outcome {
    CONTROL_SKIPPED,
    CONTROL_OK,
    CONTROL_TIMEOUT,
    CONTROL_REFUSED,
    CONTROL_UNREACHABLE,
    CONTROL_UNRESOLVED, /* its name gave no address */
    CONTROL_LOCAL,
    CONTROL_CANCELLED,
    CONTROL_OUTCOME_COUNT,
};
const char *control_outcome_name(enum control_outcome outcome);
const char *control_outcome_words(enum control_outcome outcome);

struct control_evidence {
    const char *name;
    enum control_kind kind;
    bool only_helps;        /* that it does not connect shows nothing */
    const char *endpoint;   /* host:port as configured */
    struct address address; /* that was dialled; AF_UNSPEC when none */
    enum control_outcome outcome;
    usec_t duration;
    int error;
};

enum proxy_outcome {
    PROXY_SKIPPED, /* no proxy is set for this registry */
    PROXY_OK,
    PROXY_NAME_NOT_FOUND,
    PROXY_UNREACHABLE, /* the paths of view "proxy" say how */
    PROXY_TLS_FAILED,  /* TLS with the proxy itself: `tls` says how */
    PROXY_REFUSED,     /* CONNECT: `status` says how */
    PROXY_WANTS_KEY,   /* 407 */
    PROXY_STALLED,
    PROXY_INVALID, /* no valid answer to CONNECT or SOCKS; `detail` says why */
    PROXY_LOCAL,   /* this machine, or a proxy that this program does not use */
    PROXY_OUTCOME_COUNT,
};
const char *proxy_outcome_name(enum proxy_outcome outcome);
const char *proxy_outcome_words(enum proxy_outcome outcome);

/* The HTTP proxy that the puller's settings name for this registry. */
struct proxy_evidence {
    enum proxy_outcome outcome;
    const char *url;        /* without user information; NULL: no proxy */
    const char *source;     /* the variable or option that names it */
    const char *older_host; /* which clients of Go 1.22 or older ask instead; NULL: the same */
    unsigned status;        /* of the answer to CONNECT; 0: none */
    const char *detail;
    usec_t duration;         /* of asking for the tunnel */
    bool over_tls;           /* its URL is https, and it was connected to */
    struct tls_evidence tls; /* with the proxy itself */
};

struct evidence {
    struct arena *arena;

    int64_t measured_at; /* wall time at the end of the run */
    usec_t duration;
    bool deadline_reached;
    bool allocation_failed;  /* during this run, anywhere in the process */
    const char *local_error; /* a failure of this machine; NULL: none */

    usec_t resolver_timeout; /* clients wait so long for one answer of a nameserver of the pod, */
    unsigned resolver_attempts; /* and ask all of them so often; 0: not known */
    const char *name_sources;   /* the hosts line of nsswitch.conf, if it names no dns, or sources
                                 * that   only libc knows */
    size_t dns_count;
    struct dns_evidence dns[EVIDENCE_MAX_DNS];
    size_t path_count;
    struct path_evidence paths[EVIDENCE_MAX_PATHS];
    size_t addresses_dropped; /* beyond EVIDENCE_MAX_PATHS */
    size_t control_count;
    struct control_evidence controls[SETTINGS_MAX_CONTROLS];
    struct proxy_evidence proxy;
    struct node_evidence node;
    struct registry_evidence *registry; /* NULL: not asked, and no earlier run did */
    const char *egress_address;         /* of this network, as egress_address_url saw it */
    const char *egress_error;           /* why that is not known though it was asked */
};

/* An empty one with its arena (bounded), or NULL. */
struct evidence *evidence_new(void);
void evidence_free(struct evidence *evidence); /* NULL is allowed */

/* Calls `visit` for each text that was allocated from the evidence's arena, which may change it in
 * place: all that a peer said, and copies of our own. */
void evidence_each_text(struct evidence *evidence, void (*visit)(char *text, void *context),
                        void *context);

/* Holds one unpacked evidence at a time. A zeroed buffer is valid. */
struct evidence_buffer {
    struct evidence evidence;
    char *bytes; /* its lists and texts */
    size_t size; /* enough for every evidence that was packed with this buffer */
};
void evidence_buffer_free(struct evidence_buffer *buffer); /* not the struct itself */

/*
 * Packs the used parts of an evidence, because a daemon keeps one for every target, and the struct
 * has room for the most that a run can measure. NULL when memory is short; free the result with
 * kept_bytes_free(). Unpack it with the same buffer: the result is valid until the buffer is used
 * again.
 */
struct kept_bytes *evidence_pack(const struct evidence *evidence, struct evidence_buffer *room);
const struct evidence *evidence_unpack(const struct kept_bytes *packed,
                                       struct evidence_buffer *room);
