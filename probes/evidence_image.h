#pragma once

/* The part of the evidence that one image gave: manifest and blob. See evidence_registry.h. */

#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"
#include "probes/evidence_remote.h"

enum manifest_outcome {
    MANIFEST_SKIPPED,
    MANIFEST_FOUND,
    MANIFEST_NOT_FOUND,
    MANIFEST_INSUFFICIENT_SCOPE, /* 401 that says so, or 403 */
    MANIFEST_INVALID_TOKEN,      /* 401 that says so */
    MANIFEST_UNAUTHORIZED,       /* 401 that does not say why */
    MANIFEST_BLOCKED_BY_POLICY,
    MANIFEST_RATE_LIMITED,
    MANIFEST_UNAVAILABLE, /* 5xx */
    MANIFEST_REDIRECTED,  /* to where it is refused without the token, which is never sent there */
    MANIFEST_UNEXPECTED,  /* any other status */
    MANIFEST_UNREACHABLE, /* no connection this time */
    MANIFEST_STALLED,
    MANIFEST_MALFORMED,
    MANIFEST_OTHER_PLATFORM, /* an index without a manifest for this machine */
    MANIFEST_TOO_LARGE,      /* found; larger than is read here */
    MANIFEST_LOCAL,
    MANIFEST_CANCELLED,
    MANIFEST_OUTCOME_COUNT,
};
const char *manifest_outcome_name(enum manifest_outcome outcome);

enum blob_outcome {
    BLOB_SKIPPED,
    BLOB_OK,             /* the store that the registry redirects to gives it */
    BLOB_NOT_REDIRECTED, /* the registry gives it itself */
    BLOB_UNREACHABLE,
    BLOB_REFUSED, /* `status` says how, of the last host asked */
    BLOB_RATE_LIMITED,
    BLOB_STALLED,
    BLOB_MALFORMED,
    BLOB_LOCAL,
    BLOB_CANCELLED,
    BLOB_OUTCOME_COUNT,
};
const char *blob_outcome_name(enum blob_outcome outcome);

struct blob_evidence {
    enum blob_outcome outcome;
    const char *reason;
    const char *digest; /* of the smallest layer or config */
    int64_t size;
    unsigned status; /* HTTP status of the last answer */
    unsigned redirects;
    const char *location; /* of the last redirect, without its query */
    uint32_t retry_after;
    usec_t duration;
    struct remote_host_evidence remote; /* of the last redirect */
};

enum pull_grant { GRANT_UNKNOWN, GRANT_PULL, GRANT_LESS }; /* what the token says of this image */
const char *pull_grant_name(enum pull_grant grant);

struct image_evidence {
    const char *reference; /* repository:tag or repository@digest, no host */
    enum manifest_outcome outcome;
    const char *reason; /* why it was skipped */
    usec_t duration;
    unsigned status;
    enum pull_grant grant;
    const char *digest;
    const char *media_type;
    int64_t size; /* of the manifest in bytes; -1 unknown */
    uint32_t retry_after;
    const char *location; /* where it was redirected to, if to another host; without its query */
    const char *detail;   /* code and message of the error, or what was wrong */
    struct blob_evidence blob;
};
