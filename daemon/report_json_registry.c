/* The auth and images[] of a report: what was found above /v2/, and how old it is. */

#include "daemon/report.h"

static json_t *addresses_of(const struct remote_host_evidence *remote)
{
    char buffer[ADDRESS_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < remote->path_count; i++)
        json_array_append_new(list, json_string(address_format(&remote->paths[i].address, buffer)));
    return list;
}

/* Puts the host into `object`. */
static json_t *with_remote(json_t *object, const struct remote_host_evidence *remote)
{
    json_t *fields =
        json_pack("{s:o, s:i, s:b, s:s, s:o, s:o, s:o}", "host", report_json_text(remote->host),
                  "port", (int)remote->port, "plain_http", (int)remote->plain_http, "dns",
                  dns_outcome_name(remote->dns), "dns_duration_seconds",
                  report_json_seconds(remote->dns_duration), "addresses", addresses_of(remote),
                  "paths", report_json_path_list(remote->paths, remote->path_count));

    if (!object || !fields || json_object_update(object, fields)) {
        json_decref(fields);
        json_decref(object);
        return NULL;
    }
    json_decref(fields);
    return object;
}

static json_t *grants_of(const struct auth_evidence *auth)
{
    json_t *list = json_array();

    for (size_t i = 0; i < auth->granted_count; i++)
        json_array_append_new(list, report_json_text(auth->granted[i]));
    return list;
}

static const char *why_not_asked(const struct target_report *report)
{
    if (!report->target->image_count && !report->target->docker_config)
        return "no image and no docker config";
    return "the registry did not answer at /v2/";
}

json_t *report_json_auth(const struct target_report *report)
{
    const struct registry_evidence *registry = report->evidence->registry;

    if (!registry)
        return json_pack("{s:s, s:s, s:n, s:[], s:n, s:n}", "outcome",
                         auth_outcome_name(AUTH_SKIPPED), "reason", why_not_asked(report), "realm",
                         "granted", "measured_at", "age_seconds");
    const struct auth_evidence *auth = &registry->auth;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:i, s:i, s:I, s:o, s:I, s:o}",
                     "outcome", auth_outcome_name(auth->outcome), "reason",
                     report_json_text(auth->reason), "realm", report_json_text(auth->realm),
                     "granted", grants_of(auth), "service", report_json_text(auth->service),
                     "duration_seconds", report_json_seconds(auth->duration), "has_key",
                     (int)auth->has_key, "key_sent", (int)auth->key_sent, "host_listed",
                     (int)auth->host_listed, "key_status", (int)auth->key_status, "scope_status",
                     (int)auth->scope_status, "retry_after_seconds", (json_int_t)auth->retry_after,
                     "measured_at", report_json_time(registry->measured_at), "age_seconds",
                     (json_int_t)(report->evidence->measured_at - registry->measured_at), "remote",
                     with_remote(json_object(), &auth->remote));
}

static json_t *blob_of(const struct blob_evidence *blob)
{
    return with_remote(json_pack("{s:s, s:o, s:o, s:I, s:i, s:i, s:o, s:I, s:o}", "outcome",
                                 blob_outcome_name(blob->outcome), "reason",
                                 report_json_text(blob->reason), "digest",
                                 report_json_text(blob->digest), "size", (json_int_t)blob->size,
                                 "status", (int)blob->status, "redirects", (int)blob->redirects,
                                 "location", report_json_text(blob->location),
                                 "retry_after_seconds", (json_int_t)blob->retry_after,
                                 "duration_seconds", report_json_seconds(blob->duration)),
                       &blob->remote);
}

static json_t *image_of(const struct image_evidence *image)
{
    return json_pack("{s:s, s:s, s:o, s:i, s:s, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o}", "image",
                     image->reference, "outcome", manifest_outcome_name(image->outcome), "reason",
                     report_json_text(image->reason), "status", (int)image->status, "grant",
                     pull_grant_name(image->grant), "digest", report_json_text(image->digest),
                     "media_type", report_json_text(image->media_type), "size",
                     (json_int_t)image->size, "retry_after_seconds", (json_int_t)image->retry_after,
                     "location", report_json_text(image->location), "detail",
                     report_json_text(image->detail), "duration_seconds",
                     report_json_seconds(image->duration), "blob", blob_of(&image->blob));
}

json_t *report_json_images(const struct target_report *report)
{
    const struct registry_evidence *registry = report->evidence->registry;
    const struct target *target = report->target;
    json_t *list = json_array();

    for (size_t i = 0; registry && i < registry->image_count; i++)
        json_array_append_new(list, image_of(&registry->images[i]));
    for (size_t i = 0; !registry && i < target->image_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "image", target->images[i],
                                              "outcome", manifest_outcome_name(MANIFEST_SKIPPED),
                                              "reason", why_not_asked(report)));
    return list;
}
