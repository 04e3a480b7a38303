/* The paths[] of a report: one address each, with its tcp, tls and api. */

#include <string.h>

#include "daemon/report.h"

static json_t *views_of(unsigned views)
{
    static const struct {
        unsigned view;
        const char *name;
    } names[] = {{VIEW_POD, "pod"}, {VIEW_HOST, "host"}, {VIEW_LINKAGE, "linkage"}};
    json_t *list = json_array();

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (views & names[i].view)
            json_array_append_new(list, json_string(names[i].name));
    return list;
}

static json_t *tcp_of(const struct tcp_evidence *tcp)
{
    return json_pack(
        "{s:s, s:o, s:o, s:i, s:o, s:I, s:I}", "outcome", tcp_outcome_name(tcp->outcome), "reason",
        report_json_text(tcp->reason), "duration_seconds", report_json_seconds(tcp->duration),
        "errno", tcp->error, "error", report_json_text(tcp->error ? strerror(tcp->error) : NULL),
        "trials", (json_int_t)tcp->trials, "trials_connected", (json_int_t)tcp->trials_connected);
}

static json_t *trials_of(const struct handshake_trials *trials)
{
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "clamped", trial_outcome_name(trials->clamped),
        "control_sni", trial_outcome_name(trials->control_sni), "send_mss",
        (json_int_t)trials->send_mss, "receive_mss", (json_int_t)trials->receive_mss, "path_mtu",
        (json_int_t)trials->path_mtu, "retransmits", (json_int_t)trials->retransmits,
        "interface_mtu", (json_int_t)trials->interface_mtu);
}

static json_t *defects_of(unsigned defects)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < TLS_DEFECT_COUNT; i++)
        if (defects & (1u << i))
            json_array_append_new(list, json_string(tls_defect_name(i)));
    return list;
}

static json_t *certificate_of(const struct certificate_evidence *certificate)
{
    json_t *names = json_array();

    if (!certificate->present) {
        json_decref(names);
        return json_null();
    }
    for (size_t i = 0; i < certificate->name_count; i++)
        json_array_append_new(names, report_json_text(certificate->names[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "subject",
                     report_json_text(certificate->subject), "issuer",
                     report_json_text(certificate->issuer), "names", names, "not_before",
                     report_json_time(certificate->not_before), "not_after",
                     report_json_time(certificate->not_after), "fingerprint_sha256",
                     report_json_text(certificate->fingerprint_sha256));
}

static json_t *tls_of(const struct tls_evidence *tls)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "outcome",
                     tls_outcome_name(tls->outcome), "reason", report_json_text(tls->reason),
                     "duration_seconds", report_json_seconds(tls->duration), "version",
                     report_json_text(tls->version), "cipher", report_json_text(tls->cipher),
                     "defects", defects_of(tls->defects), "detail", report_json_text(tls->detail),
                     "certificate", certificate_of(&tls->certificate));
}

static json_t *api_of(const struct api_evidence *api)
{
    return json_pack(
        "{s:s, s:o, s:i, s:o, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "outcome",
        api_outcome_name(api->outcome), "reason", report_json_text(api->reason), "status",
        (int)api->status, "duration_seconds", report_json_seconds(api->duration), "challenge",
        challenge_kind_name(api->challenge), "content_type", report_json_text(api->content_type),
        "server", report_json_text(api->server), "registry_version",
        report_json_text(api->registry_version), "location", report_json_text(api->location),
        "retry_after_seconds", (json_int_t)api->retry_after, "peer_time",
        report_json_time(api->peer_time), "local_time", report_json_time(api->local_time),
        "client_address", report_json_text(api->client_address), "detail",
        report_json_text(api->detail));
}

json_t *report_json_path_list(const struct path_evidence *paths, size_t count)
{
    char buffer[ADDRESS_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct path_evidence *path = &paths[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "address",
                                              address_format(&path->address, buffer), "class",
                                              address_class_name(path->address_class), "rule",
                                              report_json_text(path->rule), "views",
                                              views_of(path->views), "tcp", tcp_of(&path->tcp),
                                              "tls", tls_of(&path->tls), "trials",
                                              trials_of(&path->trials), "api", api_of(&path->api)));
    }
    return list;
}

json_t *report_json_paths(const struct evidence *evidence)
{
    return report_json_path_list(evidence->paths, evidence->path_count);
}
