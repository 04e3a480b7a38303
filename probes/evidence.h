#pragma once

/*
 * What one run of one target measured: plain data, no judgement. The probe fills it, diagnose()
 * reads it, the report prints it, and --replay makes one again from a saved report.
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
#include "probes/evidence_dns.h"
#include "probes/evidence_path.h"
#include "probes/evidence_registry.h"

#define EVIDENCE_MAX_DNS   40  /* (4 + 4 resolvers) x 2 names x 2 types, and some */
#define EVIDENCE_MAX_PATHS 16  /* addresses dialled in one run */
#define EVIDENCE_MAX_TEXT  256 /* bytes kept of any peer text */

enum phase {
    PHASE_DNS,
    PHASE_TCP,
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

struct control_evidence {
    const char *name;
    enum control_kind kind;
    const char *endpoint;   /* host:port as configured */
    struct address address; /* that was dialled; AF_UNSPEC when none */
    enum control_outcome outcome;
    usec_t duration;
    int error;
};

struct evidence {
    struct arena *arena;

    int64_t measured_at; /* wall time at the end of the run */
    usec_t duration;
    bool deadline_reached;
    bool allocation_failed;  /* during this run, anywhere in the process */
    const char *local_error; /* what this machine could not do; NULL when nothing */

    size_t dns_count;
    struct dns_evidence dns[EVIDENCE_MAX_DNS];
    size_t path_count;
    struct path_evidence paths[EVIDENCE_MAX_PATHS];
    size_t addresses_dropped; /* beyond EVIDENCE_MAX_PATHS */
    size_t control_count;
    struct control_evidence controls[SETTINGS_MAX_CONTROLS];
    struct registry_evidence *registry; /* NULL: not asked in this run, and none stands */
    const char *egress_address;         /* this network as the echo service saw it */
    const char *egress_error;           /* why that is not known though it was asked */
};

/* An empty one with its arena (bounded), or NULL. */
struct evidence *evidence_new(void);
void evidence_free(struct evidence *evidence); /* NULL is allowed */

/* Where packed evidence is unpacked, one at a time. A zeroed one is valid. */
struct evidence_room {
    struct evidence evidence;
    char *bytes; /* its lists and texts */
    size_t size; /* enough for all that were packed with this room */
};
void evidence_room_free(struct evidence_room *room); /* not the struct itself */

/*
 * A copy as bytes, and only of what is used: a run's evidence is made for the most that can be
 * measured, and a daemon keeps one of every target. NULL when memory is short; free it with
 * kept_bytes_free(). evidence_unpack(), with the same room, gives what is valid until that is used
 * again.
 */
struct kept_bytes *evidence_pack(const struct evidence *evidence, struct evidence_room *room);
const struct evidence *evidence_unpack(const struct kept_bytes *packed, struct evidence_room *room);
