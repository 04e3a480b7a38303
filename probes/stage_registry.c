/*
 * What is above /v2/: auth, then the images. Begun once an address of the deciding view has
 * answered as a registry, at most once a registry_interval; in between the last answers stand.
 */

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/evidence_view.h"
#include "probes/registry/base64.h"
#include "probes/registry_run.h"
#include "probes/transport/http_fields.h"

#define SECRETS_LIMIT                                                           \
    ((size_t)8 * 1024 * 1024) /* every answer with its headers at their longest \
                               */

struct fetch_place registry_place(const struct registry_run *registry)
{
    const struct target *target = registry->run->target;

    return (struct fetch_place){
        .host = target->host,
        .port = target->port,
        .plain_http = target->plain_http,
        .host_is_address = target->host_is_address,
        .known = &registry->address,
    };
}

bool registry_is(const struct registry_run *registry, const struct url *url)
{
    const struct target *target = registry->run->target;

    return url->port == target->port && strcmp(url->host, target->host) == 0;
}

const char *registry_location_url(struct registry_run *registry, const struct url *from,
                                  const char *path, const char *location)
{
    const struct target *target = registry->run->target;
    struct arena *arena = registry->secrets;
    bool plain = from ? !from->tls : target->plain_http;
    const char *scheme = plain ? "http" : "https";

    if (!path || !location || !*location)
        return NULL;
    if (url_has_scheme(location))
        return location;
    if (strncmp(location, "//", 2) == 0)
        return arena_format(arena, "%s:%s", scheme, location);
    const char *host = http_host_header(from ? from->host : target->host,
                                        from ? from->port : target->port, plain ? 80 : 443, arena);
    const char *resolved = url_resolve_path(path, location, arena);
    return host && resolved ? arena_format(arena, "%s://%s%s", scheme, host, resolved) : NULL;
}

const char *registry_authorization(struct registry_run *registry, const char *scheme,
                                   const char *text)
{
    return arena_format(registry->secrets, "Authorization: %s %s\r\n", scheme, text);
}

const char *registry_keep(struct registry_run *registry, const char *text)
{
    struct text escaped = TEXT_WITH_LIMIT((size_t)EVIDENCE_MAX_TEXT * 4);

    if (!text)
        return NULL;
    text_append_peer(&escaped, text, strlen(text), EVIDENCE_MAX_TEXT);
    const char *kept = arena_copy_text(registry->run->evidence->arena, text_string(&escaped));
    text_free(&escaped);
    return kept;
}

const char *registry_keep_url(struct registry_run *registry, const char *url)
{
    const char *bare = url ? arena_copy_bytes(registry->secrets, url, strcspn(url, "?#")) : NULL;

    return registry_keep(registry, bare);
}

bool registry_was_fair(const struct registry_run *registry, const struct fetch *request)
{
    return request && fetch_elapsed(request) >= registry->run->target->timeout / 10;
}

/* ---- whether it is time ---- */

static bool same_images(const struct registry_evidence *standing, const struct target *target)
{
    if (standing->image_count != target->image_count)
        return false;
    for (size_t i = 0; i < target->image_count; i++)
        if (strcmp(standing->images[i].reference, target->images[i]) != 0)
            return false;
    return true;
}

static bool stands(const struct probe_run *run)
{
    const struct registry_evidence *standing = run->standing;
    const struct target *target = run->target;

    return standing && standing->measured &&
           run->started - standing->measured < target->registry_interval &&
           standing->key_stamp == credentials_stamp(target->docker_config) &&
           same_images(standing, target);
}

/* The host's answer may still come, and would decide. */
static bool view_is_settled(const struct probe_run *run)
{
    if (evidence_deciding_view(run->evidence) != VIEW_POD)
        return true;
    for (size_t i = 0; i < run->question_count; i++)
        if (run->questions[i].pending && run->questions[i].evidence->role == ROLE_HOST &&
            run->questions[i].evidence->queried == NAME_TARGET)
            return false;
    return true;
}

static struct path_run *find_registry(struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (run->paths[i].evidence->api.outcome == API_REGISTRY &&
            evidence_path_decides(run->evidence, run->paths[i].evidence))
            return &run->paths[i];
    return NULL;
}

/* repository[:tag][@digest]; the digest counts. */
static bool name_image(struct registry_run *registry, size_t index)
{
    struct image_run *image = &registry->images[index];
    const char *reference = registry->run->target->images[index];
    const char *digest = strchr(reference, '@');
    size_t length = strcspn(reference, ":@");

    image->registry = registry;
    image->evidence = &registry->evidence->images[index];
    image->evidence->reference = arena_copy_text(registry->run->evidence->arena, reference);
    image->evidence->size = -1;
    image->repository = arena_copy_bytes(registry->secrets, reference, length);
    image->version = digest                     ? digest + 1
                     : reference[length] == ':' ? reference + length + 1
                                                : "latest";
    return image->repository && image->evidence->reference;
}

static bool begin(struct probe_run *run, const struct path_run *path)
{
    const struct target *target = run->target;
    struct registry_run *registry = memory_allocate(sizeof(*registry));

    if (!registry)
        return false;
    run->registry = registry;
    registry->run = run;
    registry->secrets = arena_new_secret(SECRETS_LIMIT);
    registry->challenge = path->challenge;
    registry->ping_status = path->evidence->api.status;
    registry->address = path->evidence->address;
    registry->evidence = registry_evidence_new(run->evidence->arena, target->image_count);
    if (!registry->secrets || !registry->evidence)
        return false;
    for (size_t i = 0; i < target->image_count; i++)
        if (!name_image(registry, i))
            return false;
    registry->evidence->key_stamp = credentials_stamp(target->docker_config);
    run->evidence->registry = registry->evidence;
    stage_auth_start(registry);
    return true;
}

void stage_registry_consider(struct probe_run *run)
{
    if (run->registry_begun || !view_is_settled(run))
        return;
    struct path_run *path = find_registry(run);
    if (!path)
        return;
    run->registry_begun = true;
    stage_registry_keep_standing(run); /* not at the end alone: the key may change until then */
    if (run->evidence->registry || (!run->target->image_count && !run->target->docker_config) ||
        begin(run, path))
        return;
    run_local_error(run, "asking the registry", ENOMEM);
    path->evidence->api.outcome = API_LOCAL; /* or all that was asked for would seem well */
}

bool stage_registry_pending(const struct probe_run *run)
{
    const struct registry_run *registry = run->registry;

    return registry && registry->evidence && /* it could be begun */
           (registry->auth.pending || stage_images_pending(registry));
}

/* ---- the end ---- */

static bool is_conclusive(const struct registry_evidence *evidence)
{
    if (evidence->auth.outcome == AUTH_LOCAL || evidence->auth.outcome == AUTH_CANCELLED)
        return false;
    for (size_t i = 0; i < evidence->image_count; i++) {
        const struct image_evidence *image = &evidence->images[i];
        if (image->outcome == MANIFEST_LOCAL || image->outcome == MANIFEST_CANCELLED ||
            image->blob.outcome == BLOB_LOCAL || image->blob.outcome == BLOB_CANCELLED)
            return false;
    }
    return true;
}

void stage_registry_end(struct probe_run *run, bool expired)
{
    struct registry_run *registry = run->registry;

    if (!registry)
        return;
    if (registry->evidence && run->evidence) {
        stage_auth_end(registry, expired);
        stage_images_end(registry, expired);
        registry->evidence->measured_at = clock_wall() / (int64_t)USEC_PER_SEC;
        registry->evidence->measured = is_conclusive(registry->evidence) ? run->started : 0;
    }
    fetch_free(registry->auth.fetch);
    for (size_t i = 0; i < SETTINGS_MAX_IMAGES; i++)
        fetch_free(registry->images[i].fetch);
    arena_free(registry->secrets);
    memory_release(registry);
    run->registry = NULL;
}

void stage_registry_keep_standing(struct probe_run *run)
{
    if (run->evidence->registry || !stands(run))
        return;
    run->evidence->registry = run->standing;
    run->standing->standing = true;
}

void stage_registry_awaited(const struct probe_run *run, struct text *text, const char **separator)
{
    if (!stage_registry_pending(run))
        return;
    text_append_format(text, "%s%s", *separator,
                       run->registry->auth.pending ? "auth" : "manifests and blobs");
    *separator = ", ";
}
