/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Evidence about auth, manifest and blob; see evidence.h for the rest. It is measured at most once
 * per registry_interval, and the last measurement is valid until the next. It never holds a secret,
 * nor the query of a URL, because that may be a signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/evidence/image.h"
#include "probes/evidence/remote.h"

#define EVIDENCE_MAX_GRANTS 16 /* access entries kept of all tokens together */

/* ---- auth ---- */

struct auth_evidence {
    enum auth_outcome outcome;
    const char *reason; /* why it was skipped, or the exact defect */
    usec_t duration;
    bool has_key;        /* the docker config has one for the images, or for this registry */
    bool has_helpers;    /* the docker config names credential helpers, which are not asked */
    bool key_unverified; /* withheld, because the session was not verified */
    bool key_sent;       /* to the realm, or to the registry itself by Basic */
    bool host_listed;    /* the realm is on the registry's own host, or on one of token_hosts */
    const char *realm;   /* without its query */
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
    int64_t measured_at;    /* wall seconds */
    usec_t measured;        /* monotonic plus sleep, for the interval; 0 in a replay */
    bool standing;          /* measured by an earlier run */
    uint64_t key_stamp;     /* of the docker config that was used: differs once it was changed */
    struct address address; /* of the registry, where images were asked for; AF_UNSPEC: none */
    struct auth_evidence auth;
    size_t image_count;
    struct image_evidence *images; /* in the order of the target */
};

/* Zeroed, with room for `image_count` images; NULL when memory is short. */
struct registry_evidence *registry_evidence_new(struct arena *arena, size_t image_count);

/* A copy that needs nothing but `arena`; NULL when memory is short. */
struct registry_evidence *registry_evidence_copy(const struct registry_evidence *evidence,
                                                 struct arena *arena);
