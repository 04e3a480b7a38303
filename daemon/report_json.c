#include "daemon/report.h"

#include <string.h>
#include <time.h>

#include "daemon/vantage.h"

json_t *report_json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *report_json_seconds(usec_t duration)
{
    return json_real((double)duration / (double)USEC_PER_SEC);
}

json_t *report_json_time(int64_t seconds)
{
    char buffer[32];
    struct tm tm;
    time_t when = (time_t)seconds;

    if (!seconds || !gmtime_r(&when, &tm) ||
        !strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return json_null();
    return json_string(buffer);
}

static json_t *text_list(const char *const *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, report_json_text(list[i]));
    return array;
}

static json_t *addresses(const struct dns_evidence *dns)
{
    char buffer[ADDRESS_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < dns->address_count; i++) {
        const struct dns_address *found = &dns->addresses[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:I}", "address",
                                              address_format(&found->address, buffer), "class",
                                              address_class_name(found->address_class), "rule",
                                              report_json_text(found->rule), "ttl",
                                              (json_int_t)found->ttl));
    }
    return list;
}

static json_t *dns_list(const struct evidence *evidence)
{
    char buffer[ENDPOINT_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:b, s:b, s:o, s:o, s:o, s:o}",
                            "role", resolver_role_name(dns->role), "resolver",
                            endpoint_format(&dns->resolver, buffer), "queried",
                            dns->queried == NAME_VPC ? "vpc" : "target", "name",
                            dns->name ? dns->name : "", "type", record_type_name(dns->type),
                            "outcome", dns_outcome_name(dns->outcome), "rcode", (int)dns->rcode,
                            "truncated", (int)dns->truncated, "repeated", (int)dns->repeated,
                            "error", report_json_text(dns->error), "duration_seconds",
                            report_json_seconds(dns->duration), "cnames",
                            text_list(dns->cnames, dns->cname_count), "addresses", addresses(dns)));
    }
    return list;
}

static json_t *control_list(const struct evidence *evidence)
{
    char buffer[ADDRESS_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < evidence->control_count; i++) {
        const struct control_evidence *control = &evidence->controls[i];
        const char *address =
            control->address.family != AF_UNSPEC ? address_format(&control->address, buffer) : NULL;
        json_array_append_new(
            list,
            json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:o}", "name",
                      report_json_text(control->name), "kind", control_kind_name(control->kind),
                      "endpoint", report_json_text(control->endpoint), "address",
                      report_json_text(address), "outcome", control_outcome_name(control->outcome),
                      "error", report_json_text(control->error ? strerror(control->error) : NULL),
                      "duration_seconds", report_json_seconds(control->duration)));
    }
    return list;
}

static json_t *finding_list(const struct diagnosis *diagnosis)
{
    json_t *list = json_array();

    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "cause",
                      cause_name(finding->cause), "severity", severity_name(finding->severity),
                      "confidence", confidence_name(finding->confidence), "summary",
                      report_json_text(finding->summary), "evidence",
                      text_list(finding->evidence, finding->evidence_count), "remedy",
                      text_list(finding->remedy, finding->remedy_count), "pull_errors",
                      text_list(finding->pull_errors, finding->pull_error_count), "docs",
                      cause_docs(finding->cause)));
    }
    return list;
}

static json_t *range_list(const struct range *ranges, size_t count)
{
    char buffer[RANGE_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(range_format(&ranges[i], buffer)));
    return list;
}

static json_t *endpoint_list(const struct endpoint *endpoints, size_t count)
{
    char buffer[ENDPOINT_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(endpoint_format(&endpoints[i], buffer)));
    return list;
}

static json_t *configured_controls(const struct network_settings *network)
{
    json_t *list = json_array();

    for (size_t i = 0; i < network->control_count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:i}", "name", network->controls[i].name, "kind",
                            control_kind_name(network->controls[i].kind), "host",
                            network->controls[i].host, "port", (int)network->controls[i].port));
    return list;
}

/* Everything that diagnose() reads of the target. */
static json_t *settings_of(const struct target *target)
{
    const struct network_settings *network = target->network;
    char buffer[ADDRESS_TEXT_SIZE];

    return json_pack(
        "{s:s, s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:o, s:o, s:o, s:b, s:b}",
        "expect", expect_name(target->expect), "timeout_seconds",
        report_json_seconds(target->timeout), "certificate_warning_days",
        (json_int_t)target->certificate_warning_days, "profile", profile_name(network->profile),
        "linkage_address",
        report_json_text(
            target->has_linkage_address ? address_format(&target->linkage_address, buffer) : NULL),
        "private_ranges", range_list(network->private_ranges, network->private_range_count),
        "provider_ranges", range_list(network->provider_ranges, network->provider_range_count),
        "controls", configured_controls(network), "resolvers", "pod",
        endpoint_list(network->pod_resolvers, network->pod_resolver_count), "host",
        endpoint_list(network->host_resolvers, network->host_resolver_count), "ca_file",
        report_json_text(target->ca_file), "images", text_list(target->images, target->image_count),
        "registry_interval_seconds", report_json_seconds(target->registry_interval),
        "docker_config", report_json_text(target->docker_config), "token_hosts",
        text_list(target->token_hosts, target->token_host_count), "plain_http",
        (int)target->plain_http, "insecure_skip_verify", (int)target->insecure_skip_verify);
}

json_t *report_json_target(const struct target_report *report)
{
    const struct target *target = report->target;
    const struct evidence *evidence = report->evidence;
    const struct diagnosis *diagnosis = report->diagnosis;

    return json_pack(
        "{s:s, s:s, s:i, s:o, s:b, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, "
        "s:o, s:o, s:b, s:b, s:o}",
        "name", target->name, "host", target->host, "port", (int)target->port, "instance",
        report_json_text(target->instance), "vpc_name", (int)target->is_vpc_name, "expect",
        expect_name(target->expect), "status", severity_name(diagnosis->status), "cause",
        cause_name(diagnosis->findings[0].cause), "findings", finding_list(diagnosis), "dns",
        dns_list(evidence), "paths", report_json_paths(evidence), "controls",
        control_list(evidence), "auth", report_json_auth(report), "images",
        report_json_images(report), "egress_address", report_json_text(evidence->egress_address),
        "egress_error", report_json_text(evidence->egress_error), "settings", settings_of(target),
        "measured_at", report_json_time(evidence->measured_at), "duration_seconds",
        report_json_seconds(evidence->duration), "deadline_reached",
        (int)evidence->deadline_reached, "allocation_failed", (int)evidence->allocation_failed,
        "local_error", report_json_text(evidence->local_error));
}

json_t *report_json(enum severity status, json_t *targets)
{
    return json_pack("{s:i, s:s, s:o, s:o, s:s, s:o}", "schema_version", 1, "version",
                     TCRPROBE_VERSION, "generated_at",
                     report_json_time(clock_wall() / (int64_t)USEC_PER_SEC), "vantage",
                     vantage_json(), "status", severity_name(status), "targets", targets);
}

static int append_piece(const char *bytes, size_t length, void *text)
{
    text_append_bytes(text, bytes, length);
    return text_truncated(text) ? -1 : 0;
}

bool report_json_append(struct text *text, json_t *document, size_t flags)
{
    bool whole = document && json_dump_callback(document, append_piece, text, flags) == 0;

    json_decref(document);
    return whole;
}
