/* Registry evidence outlives the run that measured it, so it can be copied whole. */

#include "probes/evidence_registry.h"

#include <string.h>

struct registry_evidence *registry_evidence_new(struct arena *arena, size_t image_count)
{
    struct registry_evidence *evidence = arena_allocate(arena, sizeof(*evidence));

    if (!evidence)
        return NULL;
    evidence->images = arena_allocate(arena, (image_count + 1) * sizeof(*evidence->images));
    evidence->image_count = evidence->images ? image_count : 0;
    return evidence->images ? evidence : NULL;
}

static void renew(struct arena *arena, const char **text)
{
    *text = arena_copy_text(arena, *text);
}

static void renew_path(struct arena *arena, struct path_evidence *path)
{
    struct certificate_evidence *certificate = &path->tls.certificate;
    const char **const texts[] = {
        &path->rule,           &path->tcp.reason,    &path->tls.reason,
        &path->tls.version,    &path->tls.cipher,    &path->tls.detail,
        &certificate->subject, &certificate->issuer, &certificate->fingerprint_sha256};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        renew(arena, texts[i]);
    for (size_t i = 0; i < certificate->name_count; i++)
        renew(arena, &certificate->names[i]);
    path->api = (struct api_evidence){0}; /* never measured of a remote host */
}

static void renew_remote(struct arena *arena, struct remote_host_evidence *remote)
{
    const struct path_evidence *paths = remote->paths;

    renew(arena, &remote->host);
    remote->paths = NULL;
    if (!remote->path_count)
        return;
    remote->paths = arena_allocate(arena, remote->path_count * sizeof(*paths));
    if (!remote->paths) {
        remote->path_count = 0;
        return;
    }
    memcpy(remote->paths, paths, remote->path_count * sizeof(*paths));
    for (size_t i = 0; i < remote->path_count; i++)
        renew_path(arena, &remote->paths[i]);
}

static void renew_image(struct arena *arena, struct image_evidence *image)
{
    const char **const texts[] = {&image->reference,   &image->reason,       &image->digest,
                                  &image->media_type,  &image->detail,       &image->blob.reason,
                                  &image->blob.digest, &image->blob.location};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        renew(arena, texts[i]);
    renew_remote(arena, &image->blob.remote);
}

struct registry_evidence *registry_evidence_copy(const struct registry_evidence *evidence,
                                                 struct arena *arena)
{
    struct registry_evidence *copy = registry_evidence_new(arena, evidence->image_count);
    struct image_evidence *images = copy ? copy->images : NULL;

    if (!copy)
        return NULL;
    *copy = *evidence;
    copy->images = images;
    memcpy(images, evidence->images, evidence->image_count * sizeof(*images));
    renew(arena, &copy->auth.reason);
    renew(arena, &copy->auth.realm);
    renew(arena, &copy->auth.service);
    for (size_t i = 0; i < copy->auth.granted_count; i++)
        renew(arena, &copy->auth.granted[i]);
    renew_remote(arena, &copy->auth.remote);
    for (size_t i = 0; i < copy->image_count; i++)
        renew_image(arena, &images[i]);
    return arena_failed(arena) ? NULL : copy;
}
