/* What a saved report says was measured, up to /v2/. */

#include <string.h>

#include "daemon/replay_fields.h"

READING_NAME_OF(dns_outcome, dns_outcome)
READING_NAME_OF(tcp_outcome, tcp_outcome)
READING_NAME_OF(tls_outcome, tls_outcome)
READING_NAME_OF(api_outcome, api_outcome)
READING_NAME_OF(control_outcome, control_outcome)
READING_NAME_OF(challenge_kind, challenge_kind)
READING_NAME_OF(address_class, address_class)
READING_NAME_OF(resolver_role, resolver_role)
READING_NAME_OF(record_type, record_type)
READING_NAME_OF(control_kind, control_kind)
READING_NAME_OF(trial_outcome, trial_outcome)

static void read_dns(struct reading *reading, const json_t *object, struct dns_evidence *dns)
{
    const json_t *list = json_object_get(object, "addresses");
    const char *queried = json_string_value(json_object_get(object, "queried"));
    const char *resolver = json_string_value(json_object_get(object, "resolver"));

    dns->role = reading_enum(reading, object, "role", name_of_resolver_role, ROLE_HOST + 1);
    dns->type = reading_enum(reading, object, "type", name_of_record_type, RECORD_AAAA + 1);
    dns->outcome = reading_enum(reading, object, "outcome", name_of_dns_outcome, DNS_OUTCOME_COUNT);
    dns->queried = queried && strcmp(queried, "vpc") == 0 ? NAME_VPC : NAME_TARGET;
    dns->name = reading_text(reading, object, "name");
    if (!dns->name)
        reading_fail(reading, "name", "(missing)");
    dns->error = reading_text(reading, object, "error");
    dns->rcode = (uint16_t)reading_count(object, "rcode");
    dns->truncated = reading_flag(object, "truncated");
    dns->repeated = reading_flag(object, "repeated");
    dns->duration = reading_duration(object, "duration_seconds");
    if (!resolver || !endpoint_parse(resolver, 53, &dns->resolver))
        reading_fail(reading, "resolver", resolver ? resolver : "(missing)");
    dns->cname_count = reading_texts(reading, object, "cnames", dns->cnames, EVIDENCE_MAX_CNAMES);
    dns->addresses =
        arena_allocate(reading->arena, EVIDENCE_MAX_ADDRESSES * sizeof(*dns->addresses));
    for (size_t i = 0; dns->addresses && i < json_array_size(list) && i < EVIDENCE_MAX_ADDRESSES;
         i++) {
        const json_t *entry = json_array_get(list, i);
        struct dns_address *found = &dns->addresses[dns->address_count++];
        found->address = reading_address(reading, entry, "address");
        found->address_class =
            reading_enum(reading, entry, "class", name_of_address_class, CLASS_COUNT);
        found->rule = reading_text(reading, entry, "rule");
        found->ttl = reading_count(entry, "ttl");
    }
}

static void read_tls(struct reading *reading, const json_t *object, struct tls_evidence *tls)
{
    const json_t *defects = json_object_get(object, "defects");
    const json_t *certificate = json_object_get(object, "certificate");

    tls->outcome = reading_enum(reading, object, "outcome", name_of_tls_outcome, TLS_OUTCOME_COUNT);
    tls->reason = reading_text(reading, object, "reason");
    tls->duration = reading_duration(object, "duration_seconds");
    tls->version = reading_text(reading, object, "version");
    tls->cipher = reading_text(reading, object, "cipher");
    tls->detail = reading_text(reading, object, "detail");
    for (size_t i = 0; i < json_array_size(defects); i++)
        for (unsigned bit = 0; bit < TLS_DEFECT_COUNT; bit++) {
            const char *name = json_string_value(json_array_get(defects, i));
            if (name && strcmp(name, tls_defect_name(bit)) == 0)
                tls->defects |= 1u << bit;
        }
    tls->certificate.present = json_is_object(certificate);
    tls->certificate.subject = reading_text(reading, certificate, "subject");
    tls->certificate.issuer = reading_text(reading, certificate, "issuer");
    tls->certificate.not_before = reading_time(certificate, "not_before");
    tls->certificate.not_after = reading_time(certificate, "not_after");
    tls->certificate.fingerprint_sha256 = reading_text(reading, certificate, "fingerprint_sha256");
    tls->certificate.name_count =
        reading_texts(reading, certificate, "names", tls->certificate.names, EVIDENCE_MAX_NAMES);
}

static void read_api(struct reading *reading, const json_t *object, struct api_evidence *api)
{
    api->outcome = reading_enum(reading, object, "outcome", name_of_api_outcome, API_OUTCOME_COUNT);
    api->challenge = reading_enum(reading, object, "challenge", name_of_challenge_kind,
                                  CHALLENGE_UNPARSABLE + 1);
    api->reason = reading_text(reading, object, "reason");
    api->duration = reading_duration(object, "duration_seconds");
    api->status = reading_count(object, "status");
    api->content_type = reading_text(reading, object, "content_type");
    api->server = reading_text(reading, object, "server");
    api->registry_version = reading_text(reading, object, "registry_version");
    api->location = reading_text(reading, object, "location");
    api->retry_after = reading_count(object, "retry_after_seconds");
    api->peer_time = reading_time(object, "peer_time");
    api->local_time = reading_time(object, "local_time");
    api->client_address = reading_text(reading, object, "client_address");
    api->detail = reading_text(reading, object, "detail");
}

/* Absent in a report of an earlier version: then no trial was made. */
static void read_trials(struct reading *reading, const json_t *object,
                        struct handshake_trials *trials)
{
    if (!object)
        return;
    trials->clamped =
        reading_enum(reading, object, "clamped", name_of_trial_outcome, TRIAL_CLOSED + 1);
    trials->control_sni =
        reading_enum(reading, object, "control_sni", name_of_trial_outcome, TRIAL_CLOSED + 1);
    trials->send_mss = reading_count(object, "send_mss");
    trials->receive_mss = reading_count(object, "receive_mss");
    trials->path_mtu = reading_count(object, "path_mtu");
    trials->retransmits = reading_count(object, "retransmits");
    trials->interface_mtu = reading_count(object, "interface_mtu");
}

static unsigned read_views(const json_t *object)
{
    const json_t *list = json_object_get(object, "views");
    unsigned views = 0;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (name)
            views |= strcmp(name, "pod") == 0       ? VIEW_POD
                     : strcmp(name, "host") == 0    ? VIEW_HOST
                     : strcmp(name, "linkage") == 0 ? VIEW_LINKAGE
                                                    : 0;
    }
    return views ? views : VIEW_LITERAL;
}

void reading_path(struct reading *reading, const json_t *object, struct path_evidence *path)
{
    const json_t *tcp = json_object_get(object, "tcp");

    path->address = reading_address(reading, object, "address");
    path->address_class =
        reading_enum(reading, object, "class", name_of_address_class, CLASS_COUNT);
    path->rule = reading_text(reading, object, "rule");
    path->views = read_views(object);
    path->tcp.outcome =
        reading_enum(reading, tcp, "outcome", name_of_tcp_outcome, TCP_OUTCOME_COUNT);
    path->tcp.reason = reading_text(reading, tcp, "reason");
    path->tcp.duration = reading_duration(tcp, "duration_seconds");
    path->tcp.error = (int)reading_count(tcp, "errno");
    path->tcp.trials = reading_count(tcp, "trials");
    path->tcp.trials_connected = reading_count(tcp, "trials_connected");
    read_trials(reading, json_object_get(object, "trials"), &path->trials);
    read_tls(reading, json_object_get(object, "tls"), &path->tls);
    read_api(reading, json_object_get(object, "api"), &path->api);
}

static void read_control(struct reading *reading, const json_t *object,
                         struct control_evidence *control)
{
    control->name = reading_text(reading, object, "name");
    control->kind =
        reading_enum(reading, object, "kind", name_of_control_kind, CONTROL_INTERNET + 1);
    control->endpoint = reading_text(reading, object, "endpoint");
    control->address = reading_address(reading, object, "address");
    control->outcome =
        reading_enum(reading, object, "outcome", name_of_control_outcome, CONTROL_OUTCOME_COUNT);
    control->duration = reading_duration(object, "duration_seconds");
}

void reading_evidence(struct reading *reading, const json_t *object, struct evidence *evidence)
{
    const json_t *dns = json_object_get(object, "dns");
    const json_t *paths = json_object_get(object, "paths");
    const json_t *controls = json_object_get(object, "controls");

    evidence->measured_at = reading_time(object, "measured_at");
    evidence->duration = reading_duration(object, "duration_seconds");
    evidence->deadline_reached = reading_flag(object, "deadline_reached");
    evidence->allocation_failed = reading_flag(object, "allocation_failed");
    evidence->local_error = reading_text(reading, object, "local_error");
    evidence->egress_address = reading_text(reading, object, "egress_address");
    evidence->egress_error = reading_text(reading, object, "egress_error");
    for (size_t i = 0; i < json_array_size(dns) && i < EVIDENCE_MAX_DNS; i++) {
        reading_locate(reading, "dns", i);
        read_dns(reading, json_array_get(dns, i), &evidence->dns[evidence->dns_count++]);
    }
    for (size_t i = 0; i < json_array_size(paths) && i < EVIDENCE_MAX_PATHS; i++) {
        reading_locate(reading, "paths", i);
        reading_path(reading, json_array_get(paths, i), &evidence->paths[evidence->path_count++]);
    }
    for (size_t i = 0; i < json_array_size(controls) && i < SETTINGS_MAX_CONTROLS; i++) {
        reading_locate(reading, "controls", i);
        read_control(reading, json_array_get(controls, i),
                     &evidence->controls[evidence->control_count++]);
    }
    reading_registry(reading, object, evidence);
}
