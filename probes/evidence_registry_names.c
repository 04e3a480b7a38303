/* The ids of the enums of evidence_registry.h. */

#include "probes/evidence_registry.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *look_up(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "invalid";
}

const char *auth_outcome_name(enum auth_outcome outcome)
{
    static const char *const names[] = {
        [AUTH_SKIPPED] = "skipped",
        [AUTH_NOT_REQUIRED] = "not_required",
        [AUTH_ACCEPTED] = "accepted",
        [AUTH_GRANTED_LESS_THAN_ASKED] = "granted_less_than_asked",
        [AUTH_NO_CREDENTIALS] = "no_credentials",
        [AUTH_REJECTED] = "rejected",
        [AUTH_REALM_UNREACHABLE] = "realm_unreachable",
        [AUTH_MALFORMED] = "malformed",
        [AUTH_FAILED] = "failed",
        [AUTH_RATE_LIMITED] = "rate_limited",
        [AUTH_STALLED] = "stalled",
        [AUTH_TOO_LARGE] = "too_large",
        [AUTH_LOCAL] = "local",
        [AUTH_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *manifest_outcome_name(enum manifest_outcome outcome)
{
    static const char *const names[] = {
        [MANIFEST_SKIPPED] = "skipped",
        [MANIFEST_FOUND] = "found",
        [MANIFEST_NOT_FOUND] = "not_found",
        [MANIFEST_INSUFFICIENT_SCOPE] = "insufficient_scope",
        [MANIFEST_INVALID_TOKEN] = "invalid_token",
        [MANIFEST_UNAUTHORIZED] = "unauthorized",
        [MANIFEST_BLOCKED_BY_POLICY] = "blocked_by_policy",
        [MANIFEST_RATE_LIMITED] = "rate_limited",
        [MANIFEST_UNAVAILABLE] = "unavailable",
        [MANIFEST_REDIRECTED] = "redirected",
        [MANIFEST_UNEXPECTED] = "unexpected",
        [MANIFEST_UNREACHABLE] = "unreachable",
        [MANIFEST_STALLED] = "stalled",
        [MANIFEST_MALFORMED] = "malformed",
        [MANIFEST_OTHER_PLATFORM] = "other_platform",
        [MANIFEST_TOO_LARGE] = "too_large",
        [MANIFEST_LOCAL] = "local",
        [MANIFEST_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *blob_outcome_name(enum blob_outcome outcome)
{
    static const char *const names[] = {
        [BLOB_SKIPPED] = "skipped",
        [BLOB_OK] = "ok",
        [BLOB_NOT_REDIRECTED] = "not_redirected",
        [BLOB_UNREACHABLE] = "unreachable",
        [BLOB_REFUSED] = "refused",
        [BLOB_RATE_LIMITED] = "rate_limited",
        [BLOB_STALLED] = "stalled",
        [BLOB_MALFORMED] = "malformed",
        [BLOB_LOCAL] = "local",
        [BLOB_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *pull_grant_name(enum pull_grant grant)
{
    static const char *const names[] = {
        [GRANT_UNKNOWN] = "unknown",
        [GRANT_PULL] = "pull",
        [GRANT_LESS] = "less",
    };
    return look_up(names, COUNT(names), (size_t)grant);
}
