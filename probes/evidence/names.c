/* SPDX-License-Identifier: MIT */
/* The ids of every enum of the evidence, for the JSON, the metrics and the log, and the words of
 * every outcome, for people. */

#include <stddef.h>
#include <string.h>

#include "probes/evidence/evidence.h"
#include "probes/evidence/wording.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *look_up(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "invalid";
}

/* An outcome: its id, its words, which follow a subject and a colon, and if it is a success. */
struct outcome_text {
    const char *id;
    const char *words;
    bool good;
};

static enum outcome_mark mark_of(const struct outcome_text *outcome)
{
    static const char *const unknown[] = {"skipped", "local", "cancelled"};

    for (size_t i = 0; i < COUNT(unknown); i++)
        if (strcmp(outcome->id, unknown[i]) == 0)
            return MARK_NONE;
    return outcome->good ? MARK_OK : MARK_FAILED;
}

/* clang-format off */
#define NAMES(function, type, ...)                                                      \
    const char *function(enum type value)                                               \
    {                                                                                   \
        static const char *const names[] = {__VA_ARGS__};                               \
        return look_up(names, COUNT(names), value);                                     \
    }

#define OUTCOMES(type, ...)                                                             \
    static const struct outcome_text type##_texts[] = {__VA_ARGS__};                    \
    const char *type##_name(enum type value)                                            \
    {                                                                                   \
        return value < COUNT(type##_texts) ? type##_texts[value].id : "invalid";        \
    }                                                                                   \
    const char *type##_words(enum type value)                                           \
    {                                                                                   \
        return value < COUNT(type##_texts) ? type##_texts[value].words : "invalid";     \
    }                                                                                   \
    enum outcome_mark type##_mark(enum type value)                                      \
    {                                                                                   \
        return value < COUNT(type##_texts) ? mark_of(&type##_texts[value]) : MARK_NONE; \
    }
/* clang-format on */

NAMES(phase_name, phase, [PHASE_DNS] = "dns", [PHASE_TCP] = "tcp", [PHASE_PROXY] = "proxy",
      [PHASE_TLS] = "tls", [PHASE_API] = "api", [PHASE_AUTH] = "auth",
      [PHASE_MANIFEST] = "manifest", [PHASE_BLOB] = "blob")

NAMES(address_class_name, address_class, [CLASS_PUBLIC] = "public", [CLASS_PRIVATE] = "private",
      [CLASS_PROVIDER] = "provider", [CLASS_BOGUS] = "bogus")

OUTCOMES(
    dns_outcome, [DNS_SKIPPED] = {"skipped", "not asked"},
    [DNS_NOERROR] = {"noerror", "answered", true}, [DNS_NODATA] = {"nodata", "no address"},
    [DNS_NXDOMAIN] = {"nxdomain", "no such name"},
    [DNS_SERVFAIL] = {"servfail", "server failure (SERVFAIL)"},
    [DNS_REFUSED] = {"refused", "query refused (REFUSED)"},
    [DNS_LAME] = {"lame", "no lookup done (lame server)"},
    [DNS_OTHER_RCODE] = {"other_rcode", "error code of the resolver"},
    [DNS_MALFORMED] = {"malformed", "malformed answer"}, [DNS_TIMEOUT] = {"timeout", "no answer"},
    [DNS_RESOLVER_PORT_CLOSED] = {"resolver_port_closed", "port closed"},
    [DNS_RESOLVER_UNREACHABLE] = {"resolver_unreachable", "resolver unreachable"},
    [DNS_LOCAL] = {"local", "this machine could not ask"},
    [DNS_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

OUTCOMES(
    proxy_outcome, [PROXY_SKIPPED] = {"skipped", "no proxy is set"},
    [PROXY_OK] = {"ok", "connected", true},
    [PROXY_NAME_NOT_FOUND] = {"name_not_found", "no such name"},
    [PROXY_UNREACHABLE] = {"unreachable", "unreachable"},
    [PROXY_TLS_FAILED] = {"tls_failed", "its TLS fails"}, [PROXY_REFUSED] = {"refused", "refused"},
    [PROXY_WANTS_KEY] = {"wants_key", "wants user and password"},
    [PROXY_STALLED] = {"stalled", "no answer to CONNECT"},
    [PROXY_INVALID] = {"invalid", "no valid answer"},
    [PROXY_LOCAL] = {"local", "this machine could not use it"})

NAMES(mirror_capability_name, mirror_capability, [MIRROR_PULL] = "pull",
      [MIRROR_RESOLVE] = "resolve", [MIRROR_PUSH] = "push", [MIRROR_REFERRERS] = "referrers")

OUTCOMES(mirror_outcome, [MIRROR_SKIPPED] = {"skipped", "not asked"},
         [MIRROR_OK] = {"ok", "serves the image", true},
         [MIRROR_NO_ADDRESS] = {"no_address", "no address"},
         [MIRROR_UNREACHABLE] = {"unreachable", "does not accept connections"},
         [MIRROR_TLS_FAILED] = {"tls_failed", "no TLS session that containerd accepts"},
         [MIRROR_PROXY_FAILED] = {"proxy_failed", "not reached through the proxy"},
         [MIRROR_REFUSED] = {"refused", "does not serve the image"},
         [MIRROR_NO_TOKEN] = {"no_token", "gives no token"},
         [MIRROR_INCOMPLETE] = {"incomplete", "has not the whole image"},
         [MIRROR_INVALID] = {"invalid", "serves something else than the image"},
         [MIRROR_STALLED] = {"stalled", "does not answer a request"},
         [MIRROR_UNKNOWN] = {"unknown", "not known, because this check keeps the key back"},
         [MIRROR_LOCAL] = {"local", "this machine could not ask"},
         [MIRROR_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

NAMES(node_state_name, node_state, [NODE_READ] = "read", [NODE_UNREAD] = "unread",
      [NODE_IGNORES] = "ignores", [NODE_REFUSES] = "refuses")

NAMES(resolver_role_name, resolver_role, [ROLE_POD] = "pod", [ROLE_HOST] = "host")

NAMES(queried_name_name, queried_name, [NAME_TARGET] = "target", [NAME_VPC] = "vpc")

NAMES(record_type_name, record_type, [RECORD_A] = "A", [RECORD_AAAA] = "AAAA")

OUTCOMES(
    tcp_outcome, [TCP_SKIPPED] = {"skipped", "not tried"}, [TCP_OK] = {"ok", "connected", true},
    [TCP_TIMEOUT] = {"timeout", "timed out"}, [TCP_REFUSED] = {"refused", "connection refused"},
    [TCP_RESET] = {"reset", "connection reset"}, [TCP_UNREACHABLE] = {"unreachable", "unreachable"},
    [TCP_LOCAL] = {"local", "this machine could not try"},
    [TCP_CANCELLED] = {"cancelled", "not connected yet when the run ended"})

OUTCOMES(
    tls_outcome, [TLS_SKIPPED] = {"skipped", "not tried"}, [TLS_OK] = {"ok", "handshake ok", true},
    [TLS_TIMEOUT] = {"timeout", "handshake timed out"},
    [TLS_RESET] = {"reset", "connection reset in the handshake"},
    [TLS_EOF] = {"eof", "connection closed in the handshake"},
    [TLS_PLAIN_HTTP] = {"plain_http", "plain HTTP instead of TLS"},
    [TLS_NOT_TLS] = {"not_tls", "the answer is not TLS"},
    [TLS_ALERT] = {"alert", "handshake refused with an alert"},
    [TLS_UNTRUSTED_ISSUER] = {"untrusted_issuer", "certificate from an untrusted issuer"},
    [TLS_SELF_SIGNED] = {"self_signed", "self-signed certificate"},
    [TLS_NAME_MISMATCH] = {"name_mismatch", "certificate for another name"},
    [TLS_EXPIRED] = {"expired", "certificate expired"},
    [TLS_NOT_YET_VALID] = {"not_yet_valid", "certificate not valid yet"},
    [TLS_UNSUPPORTED_PROTOCOL] = {"unsupported_protocol", "unsupported protocol, cipher or key"},
    [TLS_INVALID_CERTIFICATE] = {"invalid_certificate", "invalid certificate"},
    [TLS_LOCAL] = {"local", "this machine could not try"},
    [TLS_CANCELLED] = {"cancelled", "handshake not finished when the run ended"})

NAMES(trial_outcome_name,
      trial_outcome, [TRIAL_NOT_MADE] = "not_made", [TRIAL_COMPLETED] = "completed",
      [TRIAL_ANSWERED] = "answered", [TRIAL_SILENT] = "silent", [TRIAL_CLOSED] = "closed")

OUTCOMES(api_outcome, [API_SKIPPED] = {"skipped", "not asked"},
         [API_REGISTRY] = {"registry", "answers as a registry", true},
         [API_FORBIDDEN] = {"forbidden", "access forbidden"},
         [API_NOT_A_REGISTRY] = {"not_a_registry", "does not answer as a registry"},
         [API_RATE_LIMITED] = {"rate_limited", "too many requests"},
         [API_SERVER_ERROR] = {"server_error", "server error"},
         [API_MALFORMED] = {"malformed", "malformed answer"},
         [API_STALLED] = {"stalled", "no complete answer in time"},
         [API_CLOSED] = {"closed", "connection closed before the answer"},
         [API_LOCAL] = {"local", "this machine could not ask"},
         [API_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

NAMES(
    challenge_kind_name, challenge_kind, [CHALLENGE_NONE] = "none", [CHALLENGE_BEARER] = "bearer",
    [CHALLENGE_BASIC] = "basic", [CHALLENGE_EMPTY] = "empty", [CHALLENGE_UNPARSABLE] = "unparsable")

OUTCOMES(control_outcome, [CONTROL_SKIPPED] = {"skipped", "not tried"},
         [CONTROL_OK] = {"ok", "connected", true}, [CONTROL_TIMEOUT] = {"timeout", "timed out"},
         [CONTROL_REFUSED] = {"refused", "connection refused", true},
         [CONTROL_UNREACHABLE] = {"unreachable", "unreachable"},
         [CONTROL_UNRESOLVED] = {"unresolved", "no address"},
         [CONTROL_LOCAL] = {"local", "this machine could not try"},
         [CONTROL_CANCELLED] = {"cancelled", "not needed"})

OUTCOMES(auth_outcome, [AUTH_SKIPPED] = {"skipped", "not asked"},
         [AUTH_NOT_REQUIRED] = {"not_required", "not required", true},
         [AUTH_ACCEPTED] = {"accepted", "accepted", true},
         [AUTH_GRANTED_LESS_THAN_ASKED] = {"granted_less_than_asked",
                                           "the token grants less than was asked for"},
         [AUTH_NO_CREDENTIALS] = {"no_credentials", "refused without a key"},
         [AUTH_REJECTED] = {"rejected", "key rejected"},
         [AUTH_REALM_UNREACHABLE] = {"realm_unreachable", "token service unreachable"},
         [AUTH_MALFORMED] = {"malformed", "malformed answer"},
         [AUTH_FAILED] = {"failed", "token service failed"},
         [AUTH_RATE_LIMITED] = {"rate_limited", "too many requests"},
         [AUTH_STALLED] = {"stalled", "no complete answer in time"},
         [AUTH_TOO_LARGE] = {"too_large", "answer too large"},
         [AUTH_LOCAL] = {"local", "this machine could not ask"},
         [AUTH_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

OUTCOMES(
    manifest_outcome, [MANIFEST_SKIPPED] = {"skipped", "not asked"},
    [MANIFEST_FOUND] = {"found", "found", true}, [MANIFEST_NOT_FOUND] = {"not_found", "not found"},
    [MANIFEST_INSUFFICIENT_SCOPE] = {"insufficient_scope", "access refused"},
    [MANIFEST_INVALID_TOKEN] = {"invalid_token", "token refused"},
    [MANIFEST_UNAUTHORIZED] = {"unauthorized", "not authorized"},
    [MANIFEST_BLOCKED_BY_POLICY] = {"blocked_by_policy", "blocked by a policy"},
    [MANIFEST_RATE_LIMITED] = {"rate_limited", "too many requests"},
    [MANIFEST_UNAVAILABLE] = {"unavailable", "server error"},
    [MANIFEST_REDIRECTED] = {"redirected", "redirected to a host that gets no key"},
    [MANIFEST_UNEXPECTED] = {"unexpected", "unexpected answer"},
    [MANIFEST_UNREACHABLE] = {"unreachable", "no connection"},
    [MANIFEST_STALLED] = {"stalled", "no complete answer in time"},
    [MANIFEST_MALFORMED] = {"malformed", "malformed manifest"},
    [MANIFEST_OTHER_PLATFORM] = {"other_platform", "not for this platform"},
    [MANIFEST_DAMAGED] = {"damaged", "other bytes than promised"},
    [MANIFEST_UNSUPPORTED] = {"unsupported", "no image that containerd runs"},
    [MANIFEST_TOO_LARGE] = {"too_large", "too large to read"},
    [MANIFEST_LOCAL] = {"local", "this machine could not ask"},
    [MANIFEST_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

OUTCOMES(blob_outcome, [BLOB_SKIPPED] = {"skipped", "not asked"}, [BLOB_OK] = {"ok", "ok", true},
         [BLOB_NOT_REDIRECTED] = {"not_redirected", "ok, from the registry itself", true},
         [BLOB_UNREACHABLE] = {"unreachable", "storage host unreachable"},
         [BLOB_REFUSED] = {"refused", "refused"},
         [BLOB_DAMAGED] = {"damaged", "other bytes than promised"},
         [BLOB_RATE_LIMITED] = {"rate_limited", "too many requests"},
         [BLOB_STALLED] = {"stalled", "no complete answer in time"},
         [BLOB_MALFORMED] = {"malformed", "malformed answer"},
         [BLOB_LOCAL] = {"local", "this machine could not ask"},
         [BLOB_CANCELLED] = {"cancelled", "no answer yet when the run ended"})

NAMES(pull_grant_name,
      pull_grant, [GRANT_UNKNOWN] = "unknown", [GRANT_PULL] = "pull", [GRANT_LESS] = "less")

NAMES(client_difference_name, client_difference, [DIFFERENCE_CHALLENGE] = "challenge",
      [DIFFERENCE_SCOPE] = "scope", [DIFFERENCE_LAYERS] = "layers",
      [DIFFERENCE_KEY_ORDER] = "key_order", [DIFFERENCE_HEADERS] = "headers",
      [DIFFERENCE_TOKEN_END] = "token_end", [DIFFERENCE_URLS] = "urls", [DIFFERENCE_CUT] = "cut",
      [DIFFERENCE_BROKEN] = "broken", [DIFFERENCE_LATE] = "late", [DIFFERENCE_STATUS] = "status",
      [DIFFERENCE_TOKENS] = "tokens", [DIFFERENCE_PLATFORM] = "platform",
      [DIFFERENCE_NESTED] = "nested", [DIFFERENCE_TYPE] = "type", [DIFFERENCE_OFFER] = "offer",
      [DIFFERENCE_REFUSED] = "refused", [DIFFERENCE_REDIRECT] = "redirect")

const char *tls_defect_name(unsigned index)
{
    static const char *const names[] = {
        "self_signed", "untrusted_issuer", "name_mismatch", "expired", "not_yet_valid", "weak",
        "other",
    };
    return look_up(names, COUNT(names), index);
}
