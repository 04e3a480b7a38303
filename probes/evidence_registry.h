#pragma once

/*
 * The part of the evidence that speaking to the registry gave: auth, manifest, blob. See
 * evidence.h. Measured at most once a registry_interval; in between the last one stands. No
 * secret is ever kept here, nor the query of a URL, which may hold a signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/evidence_image.h"
#include "probes/evidence_remote.h"

#define EVIDENCE_MAX_GRANTS 16 /* access entries kept of all tokens together */

/* ---- auth ---- */

enum auth_outcome {
    AUTH_SKIPPED,
    AUTH_NOT_REQUIRED,            /* the registry asks for no authorization */
    AUTH_ACCEPTED,                /* what was asked for was granted, as far as tokens tell */
    AUTH_GRANTED_LESS_THAN_ASKED, /* a token without the right to pull, or none for the scope */
    AUTH_NO_CREDENTIALS,          /* refused without a key, for every image */
    AUTH_REJECTED,                /* the key: 401 or 403 to a request without a scope */
    AUTH_REALM_UNREACHABLE,
    AUTH_MALFORMED, /* the challenge or the token service's answer */
    AUTH_FAILED,    /* any other status of the token service */
    AUTH_RATE_LIMITED,
    AUTH_STALLED, /* connected, and then no whole answer */
    AUTH_TOO_LARGE,
    AUTH_LOCAL, /* this machine: the docker config cannot be read, memory */
    AUTH_CANCELLED,
    AUTH_OUTCOME_COUNT,
};
const char *auth_outcome_name(enum auth_outcome outcome);

struct auth_evidence {
    enum auth_outcome outcome;
    const char *reason; /* why it was skipped, or what exactly was wrong */
    usec_t duration;
    bool has_key;      /* the docker config has one for this registry */
    bool key_sent;     /* to the realm, or to the registry itself by Basic */
    bool host_listed;  /* the realm is on the registry's own host, or on one of token_hosts */
    const char *realm; /* without its query */
    const char *service;
    unsigned key_status;   /* HTTP status to the request without a scope; 0: not made */
    unsigned scope_status; /* with a scope: of the last, or last refused; 0: not made */
    uint32_t retry_after;  /* seconds, 0 none */
    size_t granted_count;
    const char *granted[EVIDENCE_MAX_GRANTS]; /* "repository:team/app:pull", of the tokens' JWT */
    struct remote_host_evidence remote;       /* of the realm */
};

/* ---- all of it ---- */

struct registry_evidence {
    int64_t measured_at; /* wall seconds */
    usec_t measured;     /* monotonic, for the interval; 0 in a replay */
    bool standing;       /* measured by an earlier run */
    uint64_t key_stamp;  /* of the docker config that was used: differs once it was changed */
    struct auth_evidence auth;
    size_t image_count;
    struct image_evidence *images; /* in the order of the target */
};

/* Zeroed, with room for `image_count` images; NULL when memory is short. */
struct registry_evidence *registry_evidence_new(struct arena *arena, size_t image_count);

/* A copy that needs nothing but `arena`; NULL when memory is short. */
struct registry_evidence *registry_evidence_copy(const struct registry_evidence *evidence,
                                                 struct arena *arena);
