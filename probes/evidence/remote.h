/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of the evidence about a host that the registry named. See evidence_registry.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"
#include "probes/evidence/path.h"

#define EVIDENCE_MAX_REMOTE_PATHS 4 /* addresses dialled of a host that a peer named */

/* A host that the registry named: of its token service, or of the store that has its layers. */
struct remote_host_evidence {
    const char *host; /* NULL: the registry itself */
    uint16_t port;
    bool plain_http;
    enum dns_outcome
        dns; /* of A and AAAA together, in the deciding view; DNS_SKIPPED: no question */
    usec_t dns_duration;
    size_t path_count;
    struct path_evidence *paths; /* room for EVIDENCE_MAX_REMOTE_PATHS; their api is skipped */
};
