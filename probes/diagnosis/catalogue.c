#include "probes/diagnosis/catalogue.h"

#include <string.h>

#define ANCHOR "docs/causes.md#"

/* The anchor is kept whole and the name is its tail, so that the two cannot drift apart. */
static const char *const anchors[CAUSE_COUNT] = {
    [CAUSE_POD_NETWORK_BLOCKED] = ANCHOR "pod_network_blocked",
    [CAUSE_DNS_TIMEOUT] = ANCHOR "dns_timeout",
    [CAUSE_DNS_SERVER_FAILURE] = ANCHOR "dns_server_failure",
    [CAUSE_DNS_NAME_NOT_FOUND] = ANCHOR "dns_name_not_found",
    [CAUSE_DNS_NO_ADDRESS] = ANCHOR "dns_no_address",
    [CAUSE_DNS_BOGUS_ADDRESS] = ANCHOR "dns_bogus_address",
    [CAUSE_DNS_ANSWERS_DIFFER] = ANCHOR "dns_answers_differ",
    [CAUSE_PRIVATE_DNS_NOT_ENABLED] = ANCHOR "private_dns_not_enabled",
    [CAUSE_PRIVATE_LINKAGE_MISSING] = ANCHOR "private_linkage_missing",
    [CAUSE_NAT_MISSING] = ANCHOR "nat_missing",
    [CAUSE_ALLOWLIST_MISSING] = ANCHOR "allowlist_missing",
    [CAUSE_PUBLIC_PATH_BLOCKED] = ANCHOR "public_path_blocked",
    [CAUSE_PRIVATE_PATH_BLOCKED] = ANCHOR "private_path_blocked",
    [CAUSE_CONNECTION_REFUSED] = ANCHOR "connection_refused",
    [CAUSE_TLS_TIMEOUT] = ANCHOR "tls_timeout",
    [CAUSE_MTU_BLACK_HOLE] = ANCHOR "mtu_black_hole",
    [CAUSE_SNI_FILTERED] = ANCHOR "sni_filtered",
    [CAUSE_TLS_CONNECTION_CLOSED] = ANCHOR "tls_connection_closed",
    [CAUSE_TLS_PLAIN_HTTP] = ANCHOR "tls_plain_http",
    [CAUSE_TLS_UNTRUSTED_ISSUER] = ANCHOR "tls_untrusted_issuer",
    [CAUSE_TLS_NAME_MISMATCH] = ANCHOR "tls_name_mismatch",
    [CAUSE_TLS_CERTIFICATE_EXPIRED] = ANCHOR "tls_certificate_expired",
    [CAUSE_TLS_CERTIFICATE_NOT_YET_VALID] = ANCHOR "tls_certificate_not_yet_valid",
    [CAUSE_TLS_HANDSHAKE_FAILED] = ANCHOR "tls_handshake_failed",
    [CAUSE_CLOCK_SKEW] = ANCHOR "clock_skew",
    [CAUSE_NOT_A_REGISTRY] = ANCHOR "not_a_registry",
    [CAUSE_REGISTRY_UNAVAILABLE] = ANCHOR "registry_unavailable",
    [CAUSE_RATE_LIMITED] = ANCHOR "rate_limited",
    [CAUSE_API_FORBIDDEN] = ANCHOR "api_forbidden",
    [CAUSE_HTTP_TIMEOUT] = ANCHOR "http_timeout",
    [CAUSE_HTTP_INVALID] = ANCHOR "http_invalid",
    [CAUSE_TOKEN_SERVICE_UNREACHABLE] = ANCHOR "token_service_unreachable",
    [CAUSE_TOKEN_SERVICE_FAILED] = ANCHOR "token_service_failed",
    [CAUSE_TOKEN_REJECTED] = ANCHOR "token_rejected",
    [CAUSE_CREDENTIALS_MISSING] = ANCHOR "credentials_missing",
    [CAUSE_CREDENTIALS_REJECTED] = ANCHOR "credentials_rejected",
    [CAUSE_INSUFFICIENT_SCOPE] = ANCHOR "insufficient_scope",
    [CAUSE_IMAGE_NOT_FOUND] = ANCHOR "image_not_found",
    [CAUSE_IMAGE_BLOCKED_BY_POLICY] = ANCHOR "image_blocked_by_policy",
    [CAUSE_BLOB_STORE_UNREACHABLE] = ANCHOR "blob_store_unreachable",
    [CAUSE_BLOB_STORE_REFUSED] = ANCHOR "blob_store_refused",
    [CAUSE_TOKEN_HOST_NOT_LISTED] = ANCHOR "token_host_not_listed",
    [CAUSE_LOCAL_ERROR] = ANCHOR "local_error",
    [CAUSE_SOME_ADDRESSES_UNREACHABLE] = ANCHOR "some_addresses_unreachable",
    [CAUSE_SOME_RESOLVERS_UNREACHABLE] = ANCHOR "some_resolvers_unreachable",
    [CAUSE_PUBLIC_INSTEAD_OF_PRIVATE] = ANCHOR "public_instead_of_private",
    [CAUSE_PRIVATE_INSTEAD_OF_PUBLIC] = ANCHOR "private_instead_of_public",
    [CAUSE_TLS_CERTIFICATE_EXPIRING] = ANCHOR "tls_certificate_expiring",
    [CAUSE_INTERMITTENT] = ANCHOR "intermittent",
    [CAUSE_VERIFICATION_SKIPPED] = ANCHOR "verification_skipped",
    [CAUSE_OK_PRIVATE] = ANCHOR "ok_private",
    [CAUSE_OK_PUBLIC] = ANCHOR "ok_public",
};

const char *cause_docs(enum cause cause)
{
    return (size_t)cause < CAUSE_COUNT ? anchors[cause] : ANCHOR "invalid";
}

const char *cause_name(enum cause cause)
{
    return cause_docs(cause) + sizeof(ANCHOR) - 1;
}

bool cause_from_name(const char *name, enum cause *ret)
{
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        if (strcmp(cause_name((enum cause)i), name) == 0) {
            *ret = (enum cause)i;
            return true;
        }
    }
    return false;
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {
        [SEVERITY_OK] = "ok",
        [SEVERITY_WARN] = "warn",
        [SEVERITY_FAIL] = "fail",
        [SEVERITY_UNKNOWN] = "unknown",
    };
    return (size_t)severity < sizeof(names) / sizeof(names[0]) ? names[severity] : "invalid";
}

const char *confidence_name(enum confidence confidence)
{
    static const char *const names[] = {
        [CONFIDENCE_POSSIBLE] = "possible",
        [CONFIDENCE_LIKELY] = "likely",
        [CONFIDENCE_CERTAIN] = "certain",
    };
    return (size_t)confidence < sizeof(names) / sizeof(names[0]) ? names[confidence] : "invalid";
}

int severity_rank(enum severity severity)
{
    switch (severity) {
    case SEVERITY_OK:
        return 0;
    case SEVERITY_WARN:
        return 1;
    case SEVERITY_UNKNOWN:
        return 2;
    case SEVERITY_FAIL:
        return 3;
    }
    return 2;
}
