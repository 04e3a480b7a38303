/* SPDX-License-Identifier: MIT */
#pragma once

/* The part of the evidence that one image gave: token, manifest, config and layers. See registry.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "config/base/clock.h"
#include "probes/evidence/remote.h"

/* ---- auth ---- */

enum auth_outcome {
    AUTH_SKIPPED,
    AUTH_NOT_REQUIRED,            /* the registry asks for no authorization */
    AUTH_ACCEPTED,                /* the tokens grant the request, as far as they tell */
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
const char *auth_outcome_words(enum auth_outcome outcome);

/* ---- manifest ---- */

#define EVIDENCE_MAX_PLATFORMS 16

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
    MANIFEST_OTHER_PLATFORM, /* found, but not for the platform */
    MANIFEST_TOO_LARGE,      /* there; larger than is read here */
    MANIFEST_DAMAGED,        /* the bytes are not those of the digest */
    MANIFEST_UNSUPPORTED,    /* no image that containerd takes */
    MANIFEST_LOCAL,
    MANIFEST_CANCELLED,
    MANIFEST_OUTCOME_COUNT,
};
const char *manifest_outcome_name(enum manifest_outcome outcome);
const char *manifest_outcome_words(enum manifest_outcome outcome);

enum blob_outcome {
    BLOB_SKIPPED,
    BLOB_OK,             /* the store that the registry redirects to gives it */
    BLOB_NOT_REDIRECTED, /* the registry gives it itself */
    BLOB_UNREACHABLE,
    BLOB_REFUSED, /* `status` says how, of the last host asked */
    BLOB_DAMAGED, /* it differs from the manifest */
    BLOB_RATE_LIMITED,
    BLOB_STALLED,
    BLOB_MALFORMED,
    BLOB_LOCAL,
    BLOB_CANCELLED,
    BLOB_OUTCOME_COUNT,
};
const char *blob_outcome_name(enum blob_outcome outcome);
const char *blob_outcome_words(enum blob_outcome outcome);

struct blob_evidence {
    enum blob_outcome outcome;
    const char *reason;
    const char *digest;
    int64_t size;
    unsigned status; /* HTTP status of the last answer */
    unsigned redirects;
    const char *location; /* of the last redirect, without its query */
    uint32_t retry_after;
    usec_t duration;
    struct remote_host_evidence remote; /* of the last redirect */
};

/* Why other clients than containerd fail, or may fail, with this image. */
enum client_difference {
    DIFFERENCE_CHALLENGE, /* /v2/ asks for another authorization than the manifest, or for none */
    DIFFERENCE_SCOPE,     /* the challenge's scope is not the one made from the path */
    DIFFERENCE_LAYERS,    /* the manifest is open, and layers want a token */
    DIFFERENCE_KEY_ORDER, /* the most specific key is refused, and a later one is good */
    DIFFERENCE_HEADERS,   /* an answer has a header that newer Go refuses */
    DIFFERENCE_TOKEN_END, /* the answer with the token is damaged, or does not end, behind it */
    DIFFERENCE_URLS,      /* a layer's own URLs fail, and the registry has it */
    DIFFERENCE_CUT,       /* an answer is cut off, and containerd asks for the rest of it */
    DIFFERENCE_BROKEN,    /* an answer was a 5xx, and only newer clients ask again */
    DIFFERENCE_LATE,      /* an answer was a 408, and only containerd asks again */
    DIFFERENCE_STATUS,    /* an answer has a status of success other than 200 */
    DIFFERENCE_TOKENS,    /* `token` and `access_token` of one answer are not the same */
    DIFFERENCE_NESTED,    /* the index leads to a further index */
    DIFFERENCE_PLATFORM,  /* no entry of the index has the platform as it is written mostly */
    DIFFERENCE_TYPE,      /* the manifest's own media type is not that of Docker, its header's is */
    DIFFERENCE_OFFER,     /* Basic is offered before Bearer */
    DIFFERENCE_REFUSED,   /* a 401 to the token, which is good when containerd asks again */
    DIFFERENCE_REDIRECT,  /* older and newer clients send the token to different places */
    CLIENT_DIFFERENCE_COUNT,
};
const char *client_difference_name(enum client_difference difference);

enum pull_grant { GRANT_UNKNOWN, GRANT_PULL, GRANT_LESS }; /* for this image, by its token */
const char *pull_grant_name(enum pull_grant grant);

struct image_evidence {
    const char *reference; /* repository:tag or repository@digest, no host */
    enum manifest_outcome outcome;
    const char *reason; /* why it was skipped */
    usec_t duration;
    unsigned status;
    enum auth_outcome auth; /* for this image; skipped: no token was asked for */
    const char *key;        /* the docker config's entry that was used last; NULL: none */
    unsigned keys_refused;  /* entries that fit and failed before it */
    unsigned differences;   /* bits of enum client_difference */
    enum pull_grant grant;
    const char *digest;
    const char *media_type;
    int64_t size; /* of the manifest in bytes; -1 unknown */
    uint32_t retry_after;
    const char *location;  /* target of a redirect to another host, without its query */
    const char *detail;    /* code and message of the error, or the defect */
    size_t platform_count; /* of an index that lacks the platform */
    const char *platforms[EVIDENCE_MAX_PLATFORMS];
    struct blob_evidence config;
    unsigned layer_count;
    unsigned layers_asked;     /* the smallest also where it is redirected to */
    struct blob_evidence blob; /* the smallest layer, or one that is missing */
};
