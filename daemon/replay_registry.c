/* What a saved report says of auth, manifests and blobs. */

#include <string.h>

#include "daemon/replay_fields.h"

READING_NAME_OF(auth_outcome, auth_outcome)
READING_NAME_OF(manifest_outcome, manifest_outcome)
READING_NAME_OF(blob_outcome, blob_outcome)
READING_NAME_OF(dns_outcome, dns_outcome)
READING_NAME_OF(pull_grant, pull_grant)

static void read_remote(struct reading *reading, const json_t *object,
                        struct remote_host_evidence *remote)
{
    const json_t *paths = json_object_get(object, "paths");

    remote->host = reading_text(reading, object, "host");
    if (!remote->host)
        return;
    remote->port = (uint16_t)reading_count(object, "port");
    remote->plain_http = reading_flag(object, "plain_http");
    remote->dns = reading_enum(reading, object, "dns", name_of_dns_outcome, DNS_OUTCOME_COUNT);
    remote->dns_duration = reading_duration(object, "dns_duration_seconds");
    remote->paths =
        arena_allocate(reading->arena, EVIDENCE_MAX_REMOTE_PATHS * sizeof(*remote->paths));
    for (size_t i = 0; remote->paths && i < json_array_size(paths) && i < EVIDENCE_MAX_REMOTE_PATHS;
         i++)
        reading_path(reading, json_array_get(paths, i), &remote->paths[remote->path_count++]);
}

static void read_auth(struct reading *reading, const json_t *object, struct auth_evidence *auth)
{
    auth->outcome =
        reading_enum(reading, object, "outcome", name_of_auth_outcome, AUTH_OUTCOME_COUNT);
    auth->reason = reading_text(reading, object, "reason");
    auth->duration = reading_duration(object, "duration_seconds");
    auth->has_key = reading_flag(object, "has_key");
    auth->key_sent = reading_flag(object, "key_sent");
    auth->host_listed = reading_flag(object, "host_listed");
    auth->realm = reading_text(reading, object, "realm");
    auth->service = reading_text(reading, object, "service");
    auth->key_status = reading_count(object, "key_status");
    auth->scope_status = reading_count(object, "scope_status");
    auth->retry_after = reading_count(object, "retry_after_seconds");
    auth->granted_count =
        reading_texts(reading, object, "granted", auth->granted, EVIDENCE_MAX_GRANTS);
    read_remote(reading, json_object_get(object, "remote"), &auth->remote);
}

static void read_blob(struct reading *reading, const json_t *object, struct blob_evidence *blob)
{
    if (!object)
        return;
    blob->outcome =
        reading_enum(reading, object, "outcome", name_of_blob_outcome, BLOB_OUTCOME_COUNT);
    blob->reason = reading_text(reading, object, "reason");
    blob->digest = reading_text(reading, object, "digest");
    blob->size = (int64_t)json_integer_value(json_object_get(object, "size"));
    blob->status = reading_count(object, "status");
    blob->redirects = reading_count(object, "redirects");
    blob->location = reading_text(reading, object, "location");
    blob->retry_after = reading_count(object, "retry_after_seconds");
    blob->duration = reading_duration(object, "duration_seconds");
    read_remote(reading, object, &blob->remote);
}

static void read_image(struct reading *reading, const json_t *object, struct image_evidence *image)
{
    const char *reference = reading_text(reading, object, "image");

    image->reference = reference ? reference : "";
    image->outcome =
        reading_enum(reading, object, "outcome", name_of_manifest_outcome, MANIFEST_OUTCOME_COUNT);
    image->reason = reading_text(reading, object, "reason");
    image->duration = reading_duration(object, "duration_seconds");
    image->status = reading_count(object, "status");
    image->grant = reading_enum(reading, object, "grant", name_of_pull_grant, GRANT_LESS + 1);
    image->digest = reading_text(reading, object, "digest");
    image->media_type = reading_text(reading, object, "media_type");
    image->size = (int64_t)json_integer_value(json_object_get(object, "size"));
    image->retry_after = reading_count(object, "retry_after_seconds");
    image->location = reading_text(reading, object, "location");
    image->detail = reading_text(reading, object, "detail");
    read_blob(reading, json_object_get(object, "blob"), &image->blob);
}

/* Without a time of measurement nothing of it was measured. */
void reading_registry(struct reading *reading, const json_t *object, struct evidence *evidence)
{
    const json_t *auth = json_object_get(object, "auth");
    const json_t *images = json_object_get(object, "images");
    size_t count = json_array_size(images);

    if (!reading_time(auth, "measured_at"))
        return;
    evidence->registry = registry_evidence_new(
        reading->arena, count < SETTINGS_MAX_IMAGES ? count : SETTINGS_MAX_IMAGES);
    if (!evidence->registry)
        return;
    reading_locate(reading, "auth", 0);
    evidence->registry->measured_at = reading_time(auth, "measured_at");
    read_auth(reading, auth, &evidence->registry->auth);
    for (size_t i = 0; i < evidence->registry->image_count; i++) {
        reading_locate(reading, "images", i);
        read_image(reading, json_array_get(images, i), &evidence->registry->images[i]);
    }
}
