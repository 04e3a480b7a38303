/* SPDX-License-Identifier: MIT */
#include "probes/evidence/fields.h"

#define NAMED(function, number) .name = (function), .limit = (number)

/* ---- dns ---- */

static const struct field dns_address_rows[] = {
    FIELD(dns_address, address, "address", FIELD_ADDRESS),
    FIELD(dns_address, address_class, "class", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(address_class_name, CLASS_COUNT)),
    FIELD(dns_address, rule, "rule", FIELD_TEXT),
    FIELD(dns_address, ttl, "ttl", FIELD_NUMBER),
};
static const struct field_table dns_address_fields = FIELD_TABLE(dns_address_rows, dns_address);

static const struct field dns_rows[] = {
    FIELD(dns_evidence, role, "role", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(resolver_role_name, ROLE_HOST + 1)),
    FIELD(dns_evidence, resolver, "resolver", FIELD_ENDPOINT, FIELD_REQUIRED),
    FIELD(dns_evidence, queried, "queried", FIELD_ENUM, NAMED(queried_name_name, NAME_VPC + 1)),
    FIELD(dns_evidence, name, "name", FIELD_TEXT, FIELD_REQUIRED),
    FIELD(dns_evidence, type, "type", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(record_type_name, RECORD_AAAA + 1)),
    FIELD(dns_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(dns_outcome_name, DNS_OUTCOME_COUNT)),
    FIELD(dns_evidence, rcode, "rcode", FIELD_NUMBER),
    FIELD(dns_evidence, truncated, "truncated", FIELD_FLAG),
    FIELD(dns_evidence, repeated, "repeated", FIELD_FLAG),
    FIELD(dns_evidence, unanswered_names, "unanswered_names", FIELD_NUMBER),
    FIELD(dns_evidence, error, "error", FIELD_TEXT),
    FIELD(dns_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD_ARRAY(dns_evidence, cnames, cname_count, "cnames", FIELD_TEXT),
    FIELD_LIST(dns_evidence, addresses, address_count, EVIDENCE_MAX_ADDRESSES, "addresses",
               FIELD_STRUCT, .of = &dns_address_fields),
};
static const struct field_table dns_fields = FIELD_TABLE(dns_rows, dns_evidence);

/* ---- one address ---- */

static const struct field tcp_rows[] = {
    FIELD(tcp_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(tcp_outcome_name, TCP_OUTCOME_COUNT)),
    FIELD(tcp_evidence, reason, "reason", FIELD_TEXT),
    FIELD(tcp_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(tcp_evidence, error, "errno", FIELD_NUMBER),
    FIELD(tcp_evidence, error, "error", FIELD_ERROR_TEXT, FIELD_DERIVED),
    FIELD(tcp_evidence, source, "source", FIELD_ADDRESS),
    FIELD(tcp_evidence, trials, "trials", FIELD_NUMBER),
    FIELD(tcp_evidence, trials_connected, "trials_connected", FIELD_NUMBER),
};
static const struct field_table tcp_fields = FIELD_TABLE(tcp_rows, tcp_evidence);

static const struct field certificate_rows[] = {
    FIELD(certificate_evidence, subject, "subject", FIELD_TEXT),
    FIELD(certificate_evidence, issuer, "issuer", FIELD_TEXT),
    FIELD_ARRAY(certificate_evidence, names, name_count, "names", FIELD_TEXT),
    FIELD(certificate_evidence, not_before, "not_before", FIELD_TIME),
    FIELD(certificate_evidence, not_after, "not_after", FIELD_TIME),
    FIELD(certificate_evidence, fingerprint_sha256, "fingerprint_sha256", FIELD_TEXT),
};
static const struct field_table certificate_fields =
    FIELD_TABLE(certificate_rows, certificate_evidence);

static const struct field tls_rows[] = {
    FIELD(tls_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(tls_outcome_name, TLS_OUTCOME_COUNT)),
    FIELD(tls_evidence, reason, "reason", FIELD_TEXT),
    FIELD(tls_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(tls_evidence, version, "version", FIELD_TEXT),
    FIELD(tls_evidence, cipher, "cipher", FIELD_TEXT),
    FIELD(tls_evidence, short_hello, "short_hello", FIELD_FLAG),
    FIELD(tls_evidence, clients_differ, "clients_differ", FIELD_TEXT),
    FIELD(tls_evidence, defects, "defects", FIELD_SET, NAMED(tls_defect_name, TLS_DEFECT_COUNT)),
    FIELD(tls_evidence, detail, "detail", FIELD_TEXT),
    FIELD(tls_evidence, certificate, "certificate", FIELD_STRUCT, .of = &certificate_fields,
          .present = offsetof(struct tls_evidence, certificate.present)),
};
static const struct field_table tls_fields = FIELD_TABLE(tls_rows, tls_evidence);

static const struct field trials_rows[] = {
    FIELD(handshake_trials, clamped, "clamped", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(trial_outcome_name, TRIAL_CLOSED + 1)),
    FIELD(handshake_trials, control_sni, "control_sni", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(trial_outcome_name, TRIAL_CLOSED + 1)),
    FIELD(handshake_trials, short_hello, "short_hello", FIELD_ENUM,
          NAMED(trial_outcome_name, TRIAL_CLOSED + 1)),
    FIELD(handshake_trials, send_mss, "send_mss", FIELD_NUMBER),
    FIELD(handshake_trials, receive_mss, "receive_mss", FIELD_NUMBER),
    FIELD(handshake_trials, path_mtu, "path_mtu", FIELD_NUMBER),
    FIELD(handshake_trials, retransmits, "retransmits", FIELD_NUMBER),
    FIELD(handshake_trials, interface_mtu, "interface_mtu", FIELD_NUMBER),
};
static const struct field_table trials_fields = FIELD_TABLE(trials_rows, handshake_trials);

static const struct field api_rows[] = {
    FIELD(api_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(api_outcome_name, API_OUTCOME_COUNT)),
    FIELD(api_evidence, reason, "reason", FIELD_TEXT),
    FIELD(api_evidence, status, "status", FIELD_NUMBER),
    FIELD(api_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(api_evidence, challenge, "challenge", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(challenge_kind_name, CHALLENGE_UNPARSABLE + 1)),
    FIELD(api_evidence, content_type, "content_type", FIELD_TEXT),
    FIELD(api_evidence, server, "server", FIELD_TEXT),
    FIELD(api_evidence, registry_version, "registry_version", FIELD_TEXT),
    FIELD(api_evidence, location, "location", FIELD_TEXT),
    FIELD(api_evidence, retry_after, "retry_after_seconds", FIELD_NUMBER),
    FIELD(api_evidence, peer_time, "peer_time", FIELD_TIME),
    FIELD(api_evidence, local_time, "local_time", FIELD_TIME),
    FIELD(api_evidence, client_address, "client_address", FIELD_TEXT),
    FIELD(api_evidence, detail, "detail", FIELD_TEXT),
};
static const struct field_table api_fields = FIELD_TABLE(api_rows, api_evidence);

/* The target written as an address has no view, and so no id: its list is empty. */
static const char *view_name(unsigned bit)
{
    static const char *const names[] = {"pod", "host", "linkage", "hosts", "proxy"};

    return names[bit];
}

static const struct field path_rows[] = {
    FIELD(path_evidence, address, "address", FIELD_ADDRESS),
    FIELD(path_evidence, address_class, "class", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(address_class_name, CLASS_COUNT)),
    FIELD(path_evidence, rule, "rule", FIELD_TEXT),
    FIELD(path_evidence, views, "views", FIELD_SET, NAMED(view_name, 5), .empty = VIEW_LITERAL),
    FIELD(path_evidence, tcp, "tcp", FIELD_STRUCT, FIELD_REQUIRED, .of = &tcp_fields),
    FIELD(path_evidence, tls, "tls", FIELD_STRUCT, FIELD_REQUIRED, .of = &tls_fields),
    FIELD(path_evidence, trials, "trials", FIELD_STRUCT, .of = &trials_fields),
    FIELD(path_evidence, api, "api", FIELD_STRUCT, FIELD_REQUIRED, .of = &api_fields),
};
static const struct field_table path_fields = FIELD_TABLE(path_rows, path_evidence);

/* ---- controls ---- */

static const struct field control_rows[] = {
    FIELD(control_evidence, name, "name", FIELD_TEXT),
    FIELD(control_evidence, kind, "kind", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(control_kind_name, CONTROL_INTERNET + 1)),
    FIELD(control_evidence, only_helps, "only_helps", FIELD_FLAG),
    FIELD(control_evidence, endpoint, "endpoint", FIELD_TEXT),
    FIELD(control_evidence, address, "address", FIELD_ADDRESS),
    FIELD(control_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(control_outcome_name, CONTROL_OUTCOME_COUNT)),
    FIELD(control_evidence, error, "errno", FIELD_NUMBER),
    FIELD(control_evidence, error, "error", FIELD_ERROR_TEXT, FIELD_DERIVED),
    FIELD(control_evidence, duration, "duration_seconds", FIELD_SECONDS),
};
static const struct field_table control_fields = FIELD_TABLE(control_rows, control_evidence);

/* ---- auth, manifest, blob ---- */

static const struct field remote_rows[] = {
    FIELD(remote_host_evidence, host, "host", FIELD_TEXT),
    FIELD(remote_host_evidence, port, "port", FIELD_NUMBER),
    FIELD(remote_host_evidence, plain_http, "plain_http", FIELD_FLAG),
    FIELD(remote_host_evidence, dns, "dns", FIELD_ENUM, NAMED(dns_outcome_name, DNS_OUTCOME_COUNT)),
    FIELD(remote_host_evidence, dns_duration, "dns_duration_seconds", FIELD_SECONDS),
    /* A path begins with its address. */
    FIELD_LIST(remote_host_evidence, paths, path_count, EVIDENCE_MAX_REMOTE_PATHS, "addresses",
               FIELD_ADDRESS, FIELD_DERIVED),
    FIELD_LIST(remote_host_evidence, paths, path_count, EVIDENCE_MAX_REMOTE_PATHS, "paths",
               FIELD_STRUCT, .of = &path_fields),
};
static const struct field_table remote_fields = FIELD_TABLE(remote_rows, remote_host_evidence);
_Static_assert(offsetof(struct path_evidence, address) == 0, "see remote_rows");

static const struct field auth_rows[] = {
    FIELD(auth_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(auth_outcome_name, AUTH_OUTCOME_COUNT)),
    FIELD(auth_evidence, reason, "reason", FIELD_TEXT),
    FIELD(auth_evidence, realm, "realm", FIELD_TEXT),
    FIELD_ARRAY(auth_evidence, granted, granted_count, "granted", FIELD_TEXT),
    FIELD(auth_evidence, service, "service", FIELD_TEXT),
    FIELD(auth_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(auth_evidence, has_key, "has_key", FIELD_FLAG),
    FIELD(auth_evidence, has_helpers, "has_helpers", FIELD_FLAG),
    FIELD(auth_evidence, key_unverified, "key_unverified", FIELD_FLAG),
    FIELD(auth_evidence, key_sent, "key_sent", FIELD_FLAG),
    FIELD(auth_evidence, host_listed, "host_listed", FIELD_FLAG),
    FIELD(auth_evidence, key_status, "key_status", FIELD_NUMBER),
    FIELD(auth_evidence, scope_status, "scope_status", FIELD_NUMBER),
    FIELD(auth_evidence, retry_after, "retry_after_seconds", FIELD_NUMBER),
    FIELD(auth_evidence, remote, "remote", FIELD_STRUCT, .of = &remote_fields),
};
static const struct field_table auth_fields = FIELD_TABLE(auth_rows, auth_evidence);

static const struct field blob_rows[] = {
    FIELD(blob_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(blob_outcome_name, BLOB_OUTCOME_COUNT)),
    FIELD(blob_evidence, reason, "reason", FIELD_TEXT),
    FIELD(blob_evidence, digest, "digest", FIELD_TEXT),
    FIELD(blob_evidence, size, "size", FIELD_NUMBER),
    FIELD(blob_evidence, status, "status", FIELD_NUMBER),
    FIELD(blob_evidence, redirects, "redirects", FIELD_NUMBER),
    FIELD(blob_evidence, location, "location", FIELD_TEXT),
    FIELD(blob_evidence, retry_after, "retry_after_seconds", FIELD_NUMBER),
    FIELD(blob_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(blob_evidence, remote, NULL, FIELD_STRUCT, .of = &remote_fields),
};
static const struct field_table blob_fields = FIELD_TABLE(blob_rows, blob_evidence);

static const struct field image_rows[] = {
    FIELD(image_evidence, reference, "image", FIELD_TEXT, FIELD_REQUIRED),
    FIELD(image_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(manifest_outcome_name, MANIFEST_OUTCOME_COUNT)),
    FIELD(image_evidence, reason, "reason", FIELD_TEXT),
    FIELD(image_evidence, status, "status", FIELD_NUMBER),
    FIELD(image_evidence, auth, "auth", FIELD_ENUM, NAMED(auth_outcome_name, AUTH_OUTCOME_COUNT)),
    FIELD(image_evidence, key, "key", FIELD_TEXT),
    FIELD(image_evidence, keys_refused, "keys_refused", FIELD_NUMBER),
    FIELD(image_evidence, differences, "differences", FIELD_SET,
          NAMED(client_difference_name, CLIENT_DIFFERENCE_COUNT)),
    FIELD(image_evidence, grant, "grant", FIELD_ENUM, NAMED(pull_grant_name, GRANT_LESS + 1)),
    FIELD(image_evidence, digest, "digest", FIELD_TEXT),
    FIELD(image_evidence, media_type, "media_type", FIELD_TEXT),
    FIELD(image_evidence, size, "size", FIELD_NUMBER),
    FIELD(image_evidence, retry_after, "retry_after_seconds", FIELD_NUMBER),
    FIELD(image_evidence, location, "location", FIELD_TEXT),
    FIELD(image_evidence, detail, "detail", FIELD_TEXT),
    FIELD(image_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD_ARRAY(image_evidence, platforms, platform_count, "platforms", FIELD_TEXT),
    FIELD(image_evidence, config, "config", FIELD_STRUCT, .of = &blob_fields),
    FIELD(image_evidence, layer_count, "layer_count", FIELD_NUMBER),
    FIELD(image_evidence, layers_asked, "layers_asked", FIELD_NUMBER),
    FIELD(image_evidence, blob, "blob", FIELD_STRUCT, .of = &blob_fields),
};
static const struct field_table image_fields = FIELD_TABLE(image_rows, image_evidence);

/* The object "auth" also tells when all of this was measured. */
static const struct field registry_auth_rows[] = {
    FIELD(registry_evidence, auth, NULL, FIELD_STRUCT, .of = &auth_fields),
    FIELD(registry_evidence, measured_at, "measured_at", FIELD_TIME),
    FIELD(registry_evidence, address, "address", FIELD_ADDRESS),
};
static const struct field_table registry_auth_fields =
    FIELD_TABLE(registry_auth_rows, registry_evidence);

static const struct field registry_rows[] = {
    {0, sizeof(struct registry_evidence), "auth", FIELD_STRUCT, .of = &registry_auth_fields},
    FIELD_LIST(registry_evidence, images, image_count, SETTINGS_MAX_IMAGES, "images", FIELD_STRUCT,
               .of = &image_fields),
    FIELD(registry_evidence, measured, NULL, FIELD_INTERNAL),
    FIELD(registry_evidence, standing, NULL, FIELD_INTERNAL),
    FIELD(registry_evidence, key_stamp, NULL, FIELD_INTERNAL),
};
const struct field_table registry_fields = FIELD_TABLE(registry_rows, registry_evidence);

/* ---- all of it; the arrays in the order of the struct, see pack.c ---- */

static const struct field proxy_rows[] = {
    FIELD(proxy_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(proxy_outcome_name, PROXY_OUTCOME_COUNT)),
    FIELD(proxy_evidence, url, "url", FIELD_TEXT),
    FIELD(proxy_evidence, source, "source", FIELD_TEXT),
    FIELD(proxy_evidence, older_host, "older_host", FIELD_TEXT),
    FIELD(proxy_evidence, status, "status", FIELD_NUMBER),
    FIELD(proxy_evidence, detail, "detail", FIELD_TEXT),
    FIELD(proxy_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(proxy_evidence, tls, "tls", FIELD_STRUCT, .of = &tls_fields,
          .present = offsetof(struct proxy_evidence, over_tls)),
};
static const struct field_table proxy_fields = FIELD_TABLE(proxy_rows, proxy_evidence);

/* ---- the node and its mirrors ---- */

static const struct field mirror_rows[] = {
    FIELD(mirror_evidence, url, "url", FIELD_TEXT),
    FIELD(mirror_evidence, is_registry, "is_registry", FIELD_FLAG),
    FIELD(mirror_evidence, capabilities, "capabilities", FIELD_SET,
          NAMED(mirror_capability_name, MIRROR_CAPABILITY_COUNT)),
    FIELD(mirror_evidence, skips_verify, "skips_verify", FIELD_FLAG),
    FIELD(mirror_evidence, has_ca, "has_ca", FIELD_FLAG),
    FIELD(mirror_evidence, has_client, "has_client", FIELD_FLAG),
    FIELD(mirror_evidence, has_headers, "has_headers", FIELD_FLAG),
    FIELD(mirror_evidence, outcome, "outcome", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(mirror_outcome_name, MIRROR_OUTCOME_COUNT)),
    FIELD(mirror_evidence, detail, "detail", FIELD_TEXT),
    FIELD(mirror_evidence, dial_timeout, "dial_timeout_seconds", FIELD_SECONDS),
    FIELD(mirror_evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(mirror_evidence, status, "status", FIELD_NUMBER),
    FIELD(mirror_evidence, remote, NULL, FIELD_STRUCT, .of = &remote_fields),
    {offsetof(struct mirror_evidence, registry), sizeof(struct registry_evidence), NULL,
     FIELD_STRUCT, .shape = SHAPE_POINTER, .of = &registry_fields},
};
static const struct field_table mirror_fields = FIELD_TABLE(mirror_rows, mirror_evidence);

static const struct field node_rows[] = {
    FIELD(node_evidence, present, NULL, FIELD_INTERNAL),
    FIELD(node_evidence, state, "state", FIELD_ENUM, FIELD_REQUIRED,
          NAMED(node_state_name, NODE_STATE_COUNT)),
    FIELD(node_evidence, problem, "problem", FIELD_TEXT),
    FIELD(node_evidence, root, "root", FIELD_TEXT),
    FIELD(node_evidence, config, "config", FIELD_TEXT),
    FIELD(node_evidence, config_path, "config_path", FIELD_TEXT),
    FIELD(node_evidence, hosts, "hosts", FIELD_TEXT),
    FIELD(node_evidence, environment, "environment", FIELD_TEXT),
    FIELD(node_evidence, registry_is_asked, "registry_is_asked", FIELD_FLAG),
    FIELD(node_evidence, skips_verify, "skips_verify", FIELD_FLAG),
    FIELD(node_evidence, plain_http, "plain_http", FIELD_FLAG),
    FIELD_LIST(node_evidence, mirrors, mirror_count, EVIDENCE_MAX_MIRRORS, "mirrors", FIELD_STRUCT,
               .of = &mirror_fields),
};
const struct field_table node_fields = FIELD_TABLE(node_rows, node_evidence);

static const struct field evidence_rows[] = {
    FIELD(evidence, arena, NULL, FIELD_INTERNAL), /* NOLINT(bugprone-sizeof-expression) */
    FIELD(evidence, resolver_timeout, "resolver_timeout_seconds", FIELD_SECONDS),
    FIELD(evidence, resolver_attempts, "resolver_attempts", FIELD_NUMBER),
    FIELD(evidence, name_sources, "name_sources", FIELD_TEXT),
    FIELD_ARRAY(evidence, dns, dns_count, "dns", FIELD_STRUCT, .of = &dns_fields),
    FIELD_ARRAY(evidence, paths, path_count, "paths", FIELD_STRUCT, .of = &path_fields),
    FIELD(evidence, addresses_dropped, "addresses_dropped", FIELD_NUMBER),
    FIELD_ARRAY(evidence, controls, control_count, "controls", FIELD_STRUCT, .of = &control_fields),
    {offsetof(struct evidence, registry), sizeof(struct registry_evidence), NULL, FIELD_STRUCT,
     .shape = SHAPE_POINTER, .of = &registry_fields},
    FIELD(evidence, proxy, "proxy", FIELD_STRUCT, .of = &proxy_fields),
    FIELD(evidence, node, "node", FIELD_STRUCT, .of = &node_fields,
          .present = offsetof(struct evidence, node.present)),
    FIELD(evidence, egress_address, "egress_address", FIELD_TEXT),
    FIELD(evidence, egress_error, "egress_error", FIELD_TEXT),
    FIELD(evidence, measured_at, "measured_at", FIELD_TIME),
    FIELD(evidence, duration, "duration_seconds", FIELD_SECONDS),
    FIELD(evidence, deadline_reached, "deadline_reached", FIELD_FLAG),
    FIELD(evidence, allocation_failed, "allocation_failed", FIELD_FLAG),
    FIELD(evidence, local_error, "local_error", FIELD_TEXT),
};
const struct field_table evidence_fields = FIELD_TABLE(evidence_rows, evidence);

void *field_elements(const struct field *field, const void *base)
{
    char *at = (char *)(uintptr_t)base + field->offset;

    return field->shape == SHAPE_LIST || field->shape == SHAPE_POINTER ? *(void **)at : at;
}

size_t field_element_count(const struct field *field, const void *base)
{
    switch (field->shape) {
    case SHAPE_ARRAY:
    case SHAPE_LIST:
        return *(const size_t *)((const char *)base + field->count);
    case SHAPE_POINTER:
        return *(void *const *)((const char *)base + field->offset) != NULL;
    case SHAPE_ONE:
        break;
    }
    return 1;
}
