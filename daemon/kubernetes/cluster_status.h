/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The meaning of an API server's answer: its HTTP status and its document, which is a Status object
 * (apimachinery, meta/v1/types.go) when something went wrong. Pure, and the document is hostile.
 */

#include <jansson.h>

#include "config/base/arena.h"
#include "probes/transport/http_response.h"

#define CLUSTER_MAX_DOCUMENT ((size_t)1536 * 1024)      /* bytes of text; etcd takes 1.5 MiB */
#define CLUSTER_MAX_MEMORY   ((size_t)16 * 1024 * 1024) /* allocated while it is parsed */

enum cluster_outcome {
    CLUSTER_OK,
    CLUSTER_UNAUTHORIZED, /* 401: the token is not valid */
    CLUSTER_FORBIDDEN,    /* 403: a right is missing, see cluster_request_right() */
    CLUSTER_NOT_FOUND,    /* 404 */
    CLUSTER_EXISTS,       /* 409: an object of this name is there */
    CLUSTER_CONFLICT,     /* 409: it was changed meanwhile */
    CLUSTER_EXPIRED,      /* 410: the page of a list is gone */
    CLUSTER_INVALID,      /* 400, 413, 422 and every other refusal of the request */
    CLUSTER_RATE_LIMITED, /* 429 */
    CLUSTER_SERVER_ERROR, /* 5xx */
    CLUSTER_UNREACHABLE,  /* no address, no connection, no TLS, or no complete answer in time */
    CLUSTER_UNTRUSTED,    /* its certificate does not verify */
    CLUSTER_NOT_AN_API,   /* the answer is no API server's: not HTTP, not JSON, a redirect */
    CLUSTER_TOO_LARGE,    /* its text, or the memory that it needs */
    CLUSTER_NO_ACCOUNT,   /* the service account's token or authority cannot be read */
    CLUSTER_LOCAL,        /* memory or descriptors are short here */
    CLUSTER_OUTCOME_COUNT,
};

/* "ok", "forbidden", "rate_limited", ...: a closed set for metrics and JSON. */
const char *cluster_outcome_name(enum cluster_outcome outcome);

struct cluster_status {
    enum cluster_outcome outcome;
    unsigned status;    /* of HTTP; 0: none */
    json_t *document;   /* of CLUSTER_OK; owned by whoever reads the answer; else NULL */
    usec_t retry_after; /* of a Retry-After header, at most an hour; 0: none */
    const char *reason; /* of a Status object, e.g. "AlreadyExists", escaped; NULL: none */
    const char *detail; /* for people: its message, escaped and cut; NULL: none */
};

/* Reads an answer. Texts go into `arena`. Drop `ret->document` with json_decref(). */
void cluster_status_read(const struct http_response *response, struct arena *arena,
                         struct cluster_status *ret);
