/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The closed catalogue of causes. Ids are contracts: the JSON, the metrics label, the log key and
 * docs/causes.md use them as they are. The order of the enum is the order of findings of equal
 * severity. The words of each cause are in probes/diagnosis/words_*.c.
 */

#include <stdbool.h>

#include "config/base/arena.h"

enum severity { SEVERITY_OK, SEVERITY_WARN, SEVERITY_FAIL, SEVERITY_UNKNOWN };
enum confidence { CONFIDENCE_POSSIBLE, CONFIDENCE_LIKELY, CONFIDENCE_CERTAIN };

const char *severity_name(enum severity severity); /* "ok", "warn", "fail", "unknown" */
const char *confidence_name(enum confidence confidence);

/* Worse is larger, in the order fail, unknown, warn, ok: for "the worst counts". */
int severity_rank(enum severity severity);

enum cause {
    CAUSE_POD_NETWORK_BLOCKED,
    CAUSE_DNS_TIMEOUT,
    CAUSE_DNS_SERVER_FAILURE,
    CAUSE_DNS_NAME_NOT_FOUND,
    CAUSE_DNS_NO_ADDRESS,
    CAUSE_DNS_BOGUS_ADDRESS,
    CAUSE_DNS_ANSWERS_DIFFER,
    CAUSE_PRIVATE_DNS_NOT_ENABLED,
    CAUSE_PRIVATE_LINKAGE_MISSING,
    CAUSE_NAT_MISSING,
    CAUSE_ALLOWLIST_MISSING,
    CAUSE_PUBLIC_PATH_BLOCKED,
    CAUSE_PRIVATE_PATH_BLOCKED,
    CAUSE_PROXY_UNREACHABLE,
    CAUSE_PROXY_REFUSED,
    CAUSE_CONNECTION_REFUSED,
    CAUSE_TLS_TIMEOUT,
    CAUSE_MTU_BLACK_HOLE,
    CAUSE_SNI_FILTERED,
    CAUSE_TLS_CONNECTION_CLOSED,
    CAUSE_TLS_PLAIN_HTTP,
    CAUSE_TLS_UNTRUSTED_ISSUER,
    CAUSE_TLS_NAME_MISMATCH,
    CAUSE_TLS_CERTIFICATE_EXPIRED,
    CAUSE_TLS_CERTIFICATE_NOT_YET_VALID,
    CAUSE_TLS_HANDSHAKE_FAILED,
    CAUSE_CLOCK_SKEW,
    CAUSE_NOT_A_REGISTRY,
    CAUSE_REGISTRY_UNAVAILABLE,
    CAUSE_RATE_LIMITED,
    CAUSE_API_FORBIDDEN,
    CAUSE_HTTP_TIMEOUT,
    CAUSE_HTTP_INVALID,
    CAUSE_TOKEN_SERVICE_UNREACHABLE,
    CAUSE_TOKEN_SERVICE_FAILED,
    CAUSE_TOKEN_REJECTED,
    CAUSE_CREDENTIALS_MISSING,
    CAUSE_CREDENTIALS_REJECTED,
    CAUSE_INSUFFICIENT_SCOPE,
    CAUSE_IMAGE_NOT_FOUND,
    CAUSE_IMAGE_BLOCKED_BY_POLICY,
    CAUSE_IMAGE_PLATFORM_MISSING,
    CAUSE_IMAGE_DAMAGED,
    CAUSE_IMAGE_FORMAT_UNSUPPORTED,
    CAUSE_BLOB_STORE_UNREACHABLE,
    CAUSE_BLOB_STORE_REFUSED,
    CAUSE_CLIENTS_DIFFER,
    CAUSE_DNS_SLOW,
    CAUSE_MIRROR_UNREACHABLE,
    CAUSE_MIRROR_BROKEN,
    CAUSE_CLIENT_HELLO_FILTERED,
    CAUSE_TOKEN_HOST_NOT_LISTED,
    CAUSE_IMAGE_NAME_INVALID,
    CAUSE_IMAGE_NEVER_PULLED,
    CAUSE_CREDENTIAL_HELPER_FAILED,
    CAUSE_NODE_STORAGE_FAILED,
    CAUSE_NODE_CONFIGURATION_INVALID,
    CAUSE_IPV6_MISSING,
    CAUSE_LOCAL_ERROR,
    CAUSE_SOME_ADDRESSES_UNREACHABLE,
    CAUSE_SOME_RESOLVERS_UNREACHABLE,
    CAUSE_PUBLIC_INSTEAD_OF_PRIVATE,
    CAUSE_PRIVATE_INSTEAD_OF_PUBLIC,
    CAUSE_TLS_CERTIFICATE_EXPIRING,
    CAUSE_INTERMITTENT,
    CAUSE_VERIFICATION_SKIPPED,
    CAUSE_OK_PRIVATE,
    CAUSE_OK_PUBLIC,
    CAUSE_COUNT,
};

const char *cause_name(enum cause cause); /* "nat_missing" */
bool cause_from_name(const char *name, enum cause *ret);
const char *cause_docs(enum cause cause); /* "tcr-probe explain nat_missing" */

/* The page of a cause below `docs_url`, as a URL in `arena`: the id is appended, after a '#' if the
 * URL ends in a letter or digit. cause_docs() if `docs_url` is NULL. NULL when memory is short. */
const char *cause_link(enum cause cause, const char *docs_url, struct arena *arena);
