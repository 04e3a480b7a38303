/* The ids of every enum of evidence.h, as the JSON, the metrics and the log spell them. */

#include "probes/evidence.h"

#include <stddef.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *look_up(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "invalid";
}

const char *phase_name(enum phase phase)
{
    static const char *const names[] = {
        [PHASE_DNS] = "dns",   [PHASE_TCP] = "tcp",   [PHASE_TLS] = "tls",
        [PHASE_API] = "api",   [PHASE_AUTH] = "auth", [PHASE_MANIFEST] = "manifest",
        [PHASE_BLOB] = "blob",
    };
    return look_up(names, COUNT(names), (size_t)phase);
}

const char *address_class_name(enum address_class address_class)
{
    static const char *const names[] = {
        [CLASS_PUBLIC] = "public",
        [CLASS_PRIVATE] = "private",
        [CLASS_PROVIDER] = "provider",
        [CLASS_BOGUS] = "bogus",
    };
    return look_up(names, COUNT(names), (size_t)address_class);
}

const char *dns_outcome_name(enum dns_outcome outcome)
{
    static const char *const names[] = {
        [DNS_SKIPPED] = "skipped",
        [DNS_NOERROR] = "noerror",
        [DNS_NODATA] = "nodata",
        [DNS_NXDOMAIN] = "nxdomain",
        [DNS_SERVFAIL] = "servfail",
        [DNS_REFUSED] = "refused",
        [DNS_OTHER_RCODE] = "other_rcode",
        [DNS_MALFORMED] = "malformed",
        [DNS_TIMEOUT] = "timeout",
        [DNS_RESOLVER_PORT_CLOSED] = "resolver_port_closed",
        [DNS_RESOLVER_UNREACHABLE] = "resolver_unreachable",
        [DNS_LOCAL] = "local",
        [DNS_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *resolver_role_name(enum resolver_role role)
{
    static const char *const names[] = {
        [ROLE_POD] = "pod",
        [ROLE_HOST] = "host",
    };
    return look_up(names, COUNT(names), (size_t)role);
}

const char *record_type_name(enum record_type type)
{
    static const char *const names[] = {
        [RECORD_A] = "A",
        [RECORD_AAAA] = "AAAA",
    };
    return look_up(names, COUNT(names), (size_t)type);
}

const char *tcp_outcome_name(enum tcp_outcome outcome)
{
    static const char *const names[] = {
        [TCP_SKIPPED] = "skipped", [TCP_OK] = "ok",
        [TCP_TIMEOUT] = "timeout", [TCP_REFUSED] = "refused",
        [TCP_RESET] = "reset",     [TCP_UNREACHABLE] = "unreachable",
        [TCP_LOCAL] = "local",     [TCP_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *tls_outcome_name(enum tls_outcome outcome)
{
    static const char *const names[] = {
        [TLS_SKIPPED] = "skipped",
        [TLS_OK] = "ok",
        [TLS_TIMEOUT] = "timeout",
        [TLS_RESET] = "reset",
        [TLS_EOF] = "eof",
        [TLS_PLAIN_HTTP] = "plain_http",
        [TLS_NOT_TLS] = "not_tls",
        [TLS_ALERT] = "alert",
        [TLS_UNTRUSTED_ISSUER] = "untrusted_issuer",
        [TLS_SELF_SIGNED] = "self_signed",
        [TLS_NAME_MISMATCH] = "name_mismatch",
        [TLS_EXPIRED] = "expired",
        [TLS_NOT_YET_VALID] = "not_yet_valid",
        [TLS_UNSUPPORTED_PROTOCOL] = "unsupported_protocol",
        [TLS_INVALID_CERTIFICATE] = "invalid_certificate",
        [TLS_LOCAL] = "local",
        [TLS_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *trial_outcome_name(enum trial_outcome outcome)
{
    static const char *const names[] = {
        [TRIAL_NOT_MADE] = "not_made", [TRIAL_COMPLETED] = "completed",
        [TRIAL_ANSWERED] = "answered", [TRIAL_SILENT] = "silent",
        [TRIAL_CLOSED] = "closed",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *api_outcome_name(enum api_outcome outcome)
{
    static const char *const names[] = {
        [API_SKIPPED] = "skipped",
        [API_REGISTRY] = "registry",
        [API_FORBIDDEN] = "forbidden",
        [API_NOT_A_REGISTRY] = "not_a_registry",
        [API_RATE_LIMITED] = "rate_limited",
        [API_SERVER_ERROR] = "server_error",
        [API_MALFORMED] = "malformed",
        [API_STALLED] = "stalled",
        [API_CLOSED] = "closed",
        [API_LOCAL] = "local",
        [API_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *challenge_kind_name(enum challenge_kind kind)
{
    static const char *const names[] = {
        [CHALLENGE_NONE] = "none",
        [CHALLENGE_BEARER] = "bearer",
        [CHALLENGE_BASIC] = "basic",
        [CHALLENGE_EMPTY] = "empty",
        [CHALLENGE_UNPARSABLE] = "unparsable",
    };
    return look_up(names, COUNT(names), (size_t)kind);
}

const char *control_outcome_name(enum control_outcome outcome)
{
    static const char *const names[] = {
        [CONTROL_SKIPPED] = "skipped",
        [CONTROL_OK] = "ok",
        [CONTROL_TIMEOUT] = "timeout",
        [CONTROL_REFUSED] = "refused",
        [CONTROL_UNREACHABLE] = "unreachable",
        [CONTROL_UNRESOLVED] = "unresolved",
        [CONTROL_LOCAL] = "local",
        [CONTROL_CANCELLED] = "cancelled",
    };
    return look_up(names, COUNT(names), (size_t)outcome);
}

const char *tls_defect_name(unsigned index)
{
    static const char *const names[TLS_DEFECT_COUNT] = {
        "self_signed", "untrusted_issuer", "name_mismatch", "expired", "not_yet_valid", "weak",
        "other",
    };
    return look_up(names, COUNT(names), index);
}
