/*
 * One image: HEAD of its manifest, the words of a refusal, the manifest itself (of an index one of
 * its manifests), and one byte of its smallest blob, each from wherever the registry redirects to.
 * The token goes to the registry only, never after a redirect.
 */

#include <stdlib.h>
#include <string.h>

#include "probes/registry/manifest.h"
#include "probes/registry_run.h"
#include "probes/transport/http_fields.h"

#define MAX_REDIRECTS 9   /* containerd, as Go, makes ten requests */
#define MAX_INDEXES   4   /* within one another */
#define BLOB_PEEK     512 /* one byte is asked for; of a refusal its first words are kept */

static void next(struct image_run *image, enum image_step step);
static void repeat(struct image_run *image);

static struct arena *arena_of(const struct image_run *image)
{
    return image->registry->run->evidence->arena;
}

static void end_step(struct image_run *image)
{
    fetch_free(image->fetch);
    image->fetch = NULL;
    image->step = IMAGE_DONE;
    run_progressed(image->registry->run);
}

static void end_manifest(struct image_run *image, enum manifest_outcome outcome, const char *detail)
{
    image->evidence->outcome = outcome;
    if (detail)
        image->evidence->detail = registry_keep(image->registry, detail);
    image->evidence->duration = clock_monotonic() - image->started;
    end_step(image);
}

static void end_blob(struct image_run *image, enum blob_outcome outcome, const char *reason)
{
    image->evidence->blob.outcome = outcome;
    image->evidence->blob.reason = registry_keep(image->registry, reason);
    image->evidence->blob.duration = clock_monotonic() - image->started;
    end_step(image);
}

static void end_redirects(struct image_run *image, bool malformed, const char *reason)
{
    if (image->step == IMAGE_BLOB)
        end_blob(image, malformed ? BLOB_MALFORMED : BLOB_REFUSED, reason);
    else if (image->step == IMAGE_ERROR) /* the refusal itself is known */
        end_manifest(image, image->evidence->outcome, NULL);
    else
        end_manifest(image, MANIFEST_MALFORMED, reason);
}

/* ---- redirects ---- */

/* NULL: memory. */
static const char *path_of(const struct image_run *image)
{
    bool blob = image->step == IMAGE_BLOB;

    if (image->redirected)
        return image->location.path;
    return arena_format(image->registry->secrets, "/v2/%s/%s/%s", image->repository,
                        blob ? "blobs" : "manifests",
                        blob ? image->evidence->blob.digest : image->version);
}

static void go_elsewhere(struct image_run *image, const struct url *url, const char *published)
{
    bool blob = image->step == IMAGE_BLOB;
    bool own = registry_is(image->registry, url);
    struct remote_host_evidence *remote = blob ? &image->evidence->blob.remote : &image->elsewhere;

    *remote = (struct remote_host_evidence){0};
    if (!own) {
        remote->host = registry_keep(image->registry, url->host);
        remote->port = url->port;
        remote->plain_http = !url->tls;
    }
    if (!blob && image->step != IMAGE_ERROR) /* there who refused is known */
        image->evidence->location = own ? NULL : published;
    image->location = *url;
    image->redirected = true;
    repeat(image);
}

static void follow(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;
    bool blob = image->step == IMAGE_BLOB;
    unsigned *redirects = blob ? &evidence->blob.redirects : &image->manifest_redirects;
    const char *location = http_response_header(response, "location", 0);
    const struct url *from = image->redirected ? &image->location : NULL;
    struct url url = {0};
    const char *absolute = registry_location_url(image->registry, from, path_of(image), location);
    const char *published = registry_keep_url(image->registry, absolute);
    if (blob) {
        evidence->blob.status = response->status;
        evidence->blob.location = published;
    } else if (image->step != IMAGE_ERROR) { /* there the refusal itself is known */
        evidence->status = response->status;
    }
    if (!absolute || url_parse(absolute, image->registry->secrets, &url))
        end_redirects(image, true, "it redirects to no URL that can be used");
    else if (++*redirects > MAX_REDIRECTS)
        end_redirects(image, false, "it redirects without end");
    else
        go_elsewhere(image, &url, published);
}

/* ---- the manifest ---- */

static enum manifest_outcome outcome_of(const struct http_response *response, struct arena *arena)
{
    struct challenge challenge;

    switch (response->status) {
    case 200:
        return MANIFEST_FOUND;
    case 401:
        challenge_read(response, arena, &challenge);
        if (challenge.error && strcmp(challenge.error, "insufficient_scope") == 0)
            return MANIFEST_INSUFFICIENT_SCOPE;
        if (challenge.error && strcmp(challenge.error, "invalid_token") == 0)
            return MANIFEST_INVALID_TOKEN;
        return MANIFEST_UNAUTHORIZED;
    case 403:
        return MANIFEST_INSUFFICIENT_SCOPE;
    case 404:
        return MANIFEST_NOT_FOUND;
    case 412:
        return MANIFEST_BLOCKED_BY_POLICY;
    case 429:
        return MANIFEST_RATE_LIMITED;
    default:
        return response->status >= 500 ? MANIFEST_UNAVAILABLE : MANIFEST_UNEXPECTED;
    }
}

static int64_t length_of(const struct http_response *response)
{
    const char *text = http_response_header(response, "content-length", 0);
    size_t digits = text ? strspn(text, "0123456789") : 0;

    return digits && digits < 16 && !text[digits] ? (int64_t)strtoll(text, NULL, 10) : -1;
}

static void keep_found(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;

    evidence->digest =
        registry_keep(image->registry, http_response_header(response, "docker-content-digest", 0));
    evidence->media_type =
        registry_keep(image->registry, http_response_header(response, "content-type", 0));
    evidence->size = length_of(response);
}

/* Refused where the token does not go, though clients may get one for there: nothing is known. */
static bool needs_token_elsewhere(const struct image_run *image,
                                  const struct http_response *response)
{
    return image->redirected && image->authorization &&
           (response->status == 401 || response->status == 403 || response->status == 404);
}

/* Registries that let /v2/ pass ask here; clients then take this challenge for all that follows. */
static bool asks_for_token_late(struct image_run *image, const struct http_response *response)
{
    struct registry_run *registry = image->registry;
    struct challenge challenge;

    if (response->status != 401 || image->redirected ||
        registry->evidence->auth.outcome != AUTH_NOT_REQUIRED)
        return false;
    challenge_read(response, registry->secrets, &challenge);
    if (challenge.kind != CHALLENGE_BEARER && challenge.kind != CHALLENGE_BASIC)
        return false;
    registry->challenge = challenge;
    return true;
}

static void begin_again_with_token(struct registry_run *registry)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++) {
        struct image_run *image = &registry->images[i];
        fetch_free(image->fetch);
        *image = (struct image_run){.registry = registry,
                                    .evidence = image->evidence,
                                    .repository = image->repository,
                                    .version = image->version};
        *image->evidence =
            (struct image_evidence){.reference = image->evidence->reference, .size = -1};
    }
    stage_auth_start(registry);
    run_progressed(registry->run);
}

static void take_head(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;

    if (response->status == 405) { /* clients then ask by GET */
        next(image, IMAGE_MANIFEST);
        return;
    }
    if (asks_for_token_late(image, response)) {
        begin_again_with_token(image->registry);
        return;
    }
    evidence->status = response->status;
    if (needs_token_elsewhere(image, response)) {
        end_manifest(image, MANIFEST_REDIRECTED, NULL);
        return;
    }
    evidence->outcome = outcome_of(response, image->registry->secrets);
    evidence->retry_after = http_retry_after(response);
    if (evidence->outcome == MANIFEST_FOUND) {
        keep_found(image, response);
        next(image, IMAGE_MANIFEST);
    } else if (response->status < 500 && evidence->outcome != MANIFEST_RATE_LIMITED) {
        next(image, IMAGE_ERROR); /* HEAD has no body with the reason in it */
    } else {
        end_manifest(image, evidence->outcome, NULL);
    }
}

static void take_manifest(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;
    struct manifest manifest;
    const char *error = NULL;

    evidence->status = response->status;
    if (needs_token_elsewhere(image, response)) {
        end_manifest(image, MANIFEST_REDIRECTED, NULL);
        return;
    }
    if (response->status != 200) {
        evidence->detail = manifest_error(response->body, response->body_length, arena_of(image));
        evidence->retry_after = http_retry_after(response);
        end_manifest(image, outcome_of(response, image->registry->secrets), NULL);
        return;
    }
    if (evidence->outcome != MANIFEST_FOUND && image->step == IMAGE_MANIFEST)
        keep_found(image, response);
    enum manifest_result result = response->body_too_large
                                      ? MANIFEST_IS_TOO_LARGE
                                      : manifest_parse(response->body, response->body_length,
                                                       arena_of(image), &manifest, &error);
    switch (result) {
    case MANIFEST_IS_IMAGE:
        break;
    case MANIFEST_IS_INDEX:
        if (!manifest.digest) {
            end_manifest(image, MANIFEST_OTHER_PLATFORM, error);
        } else if (image->indexes++ == MAX_INDEXES) {
            end_manifest(image, MANIFEST_TOO_LARGE, "more indexes within indexes than are read");
        } else {
            image->version = manifest.digest;
            next(image, IMAGE_CHILD);
        }
        return;
    case MANIFEST_IS_NEITHER:
        end_manifest(image, MANIFEST_MALFORMED, error);
        return;
    case MANIFEST_IS_TOO_LARGE:
        end_manifest(image, MANIFEST_TOO_LARGE, "more than is read here");
        return;
    case MANIFEST_NO_MEMORY:
        end_manifest(image, MANIFEST_LOCAL, error);
        return;
    }
    evidence->outcome = MANIFEST_FOUND;
    evidence->duration = clock_monotonic() - image->started;
    evidence->blob.digest = manifest.digest;
    evidence->blob.size = manifest.size;
    image->started = clock_monotonic();
    if (manifest.digest)
        next(image, IMAGE_BLOB);
    else
        end_blob(image, BLOB_SKIPPED, "the manifest names no blob");
}

static void manifest_failed(struct image_run *image, enum fetch_outcome outcome,
                            const struct http_response *response)
{
    if (image->step == IMAGE_ERROR) /* the refusal itself is known */
        end_manifest(image, image->evidence->outcome, NULL);
    else if (outcome == FETCH_LOCAL)
        end_manifest(image, MANIFEST_LOCAL, "the request could not be sent");
    else if (outcome == FETCH_UNREACHABLE)
        end_manifest(image, MANIFEST_UNREACHABLE, NULL);
    else
        end_manifest(image, MANIFEST_MALFORMED, response ? response->detail : NULL);
}

/* ---- the blob ---- */

static void take_blob(struct image_run *image, const struct http_response *response)
{
    struct blob_evidence *blob = &image->evidence->blob;

    blob->status = response->status;
    if (blob->status == 200 || blob->status == 206)
        end_blob(image, blob->remote.host ? BLOB_OK : BLOB_NOT_REDIRECTED, NULL);
    else if (!blob->remote.host && needs_token_elsewhere(image, response))
        end_blob(image, BLOB_SKIPPED,
                 "refused without the token, which does not follow a redirect");
    else if (blob->status == 429) {
        blob->retry_after = http_retry_after(response);
        end_blob(image, BLOB_RATE_LIMITED, NULL);
    } else
        end_blob(image, BLOB_REFUSED, response->body_length ? response->body : NULL);
}

static void blob_failed(struct image_run *image, enum fetch_outcome outcome,
                        const struct http_response *response)
{
    if (outcome == FETCH_LOCAL)
        end_blob(image, BLOB_LOCAL, "the request could not be sent");
    else if (outcome == FETCH_UNREACHABLE)
        end_blob(image, BLOB_UNREACHABLE, NULL);
    else
        end_blob(image, BLOB_MALFORMED, response ? response->detail : NULL);
}

/* ---- steps ---- */

static void answered(enum fetch_outcome outcome, const struct http_response *response,
                     void *context)
{
    struct image_run *image = context;
    bool complete = outcome == FETCH_ANSWERED;

    if (complete && http_is_redirect(response->status)) {
        follow(image, response);
        return;
    }
    switch (image->step) {
    case IMAGE_DONE:
        return;
    case IMAGE_HEAD:
        if (complete)
            take_head(image, response);
        else
            manifest_failed(image, outcome, response);
        return;
    case IMAGE_ERROR:
        if (complete)
            image->evidence->detail =
                manifest_error(response->body, response->body_length, arena_of(image));
        end_manifest(image, image->evidence->outcome, NULL);
        return;
    case IMAGE_MANIFEST:
    case IMAGE_CHILD:
        if (complete)
            take_manifest(image, response);
        else
            manifest_failed(image, outcome, response);
        return;
    case IMAGE_BLOB:
        if (complete)
            take_blob(image, response);
        else
            blob_failed(image, outcome, response);
        return;
    }
}

static struct fetch_place place_of(const struct image_run *image,
                                   const struct remote_host_evidence *remote)
{
    if (!image->redirected)
        return registry_place(image->registry);
    return (struct fetch_place){.host = image->location.host,
                                .port = image->location.port,
                                .plain_http = !image->location.tls,
                                .host_is_address = image->location.host_is_address,
                                .address = image->location.address,
                                .known = remote->host ? NULL : &image->registry->address};
}

static bool start(struct image_run *image)
{
    struct registry_run *registry = image->registry;
    bool blob = image->step == IMAGE_BLOB;
    struct remote_host_evidence *remote = blob ? &image->evidence->blob.remote : &image->elsewhere;
    struct fetch_place place = place_of(image, remote);
    const char *authorization = image->redirected ? NULL : image->authorization;
    struct http_request request = {
        .method = image->step == IMAGE_HEAD ? "HEAD" : "GET",
        .path = path_of(image),
        .accept = blob ? NULL : MANIFEST_ACCEPT,
        .extra_headers = authorization,
        .max_body = blob ? BLOB_PEEK : 0,
        .secret = true,
    };

    if (blob)
        request.extra_headers = arena_format(registry->secrets, "%sRange: bytes=0-0\r\n",
                                             authorization ? authorization : "");
    if (!request.path || (blob && !request.extra_headers))
        return false;
    if (!image->redirected || !remote->host)
        remote = &registry->own;
    image->fetch =
        fetch_start(registry->run, &place, &request, registry->secrets, remote, answered, image);
    return image->fetch != NULL;
}

static void repeat(struct image_run *image)
{
    fetch_free(image->fetch);
    image->fetch = NULL;
    if (start(image))
        return;
    if (image->step == IMAGE_BLOB)
        end_blob(image, BLOB_LOCAL, "out of memory");
    else
        end_manifest(image, MANIFEST_LOCAL, "out of memory");
}

static void next(struct image_run *image, enum image_step step)
{
    image->step = step;
    if (step != IMAGE_ERROR && step != IMAGE_BLOB) /* there who refused or gave it is known */
        image->evidence->location = NULL;
    image->redirected = false;
    image->manifest_redirects = 0;
    repeat(image);
}

/* ---- all of them ---- */

void stage_images_start(struct registry_run *registry)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++) {
        struct image_run *image = &registry->images[i];
        if (image->scope_refused) {
            image->evidence->reason = "auth: the token service refuses this repository";
            continue;
        }
        image->started = clock_monotonic();
        image->step = IMAGE_HEAD;
        if (start(image))
            continue;
        image->step = IMAGE_DONE;
        image->evidence->outcome = MANIFEST_LOCAL;
    }
}

void stage_images_skip(struct registry_run *registry, const char *reason)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        registry->evidence->images[i].reason =
            arena_format(registry->run->evidence->arena, "auth: %s", reason);
}

bool stage_images_pending(const struct registry_run *registry)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        if (registry->images[i].step != IMAGE_DONE)
            return true;
    return false;
}

static void end_image(struct image_run *image, bool expired)
{
    struct image_evidence *evidence = image->evidence;
    enum fetch_outcome reached = image->fetch ? fetch_end(image->fetch, expired) : FETCH_LOCAL;
    bool fair = expired && registry_was_fair(image->registry, image->fetch);
    usec_t duration = clock_monotonic() - image->started;

    if (image->step == IMAGE_BLOB) {
        evidence->blob.outcome = !fair                      ? BLOB_CANCELLED
                                 : reached == FETCH_STALLED ? BLOB_STALLED
                                                            : BLOB_UNREACHABLE;
        evidence->blob.duration = duration;
    } else {
        if (image->step != IMAGE_ERROR) /* else the refusal itself is known */
            evidence->outcome = fair ? MANIFEST_STALLED : MANIFEST_CANCELLED;
        evidence->duration = duration;
    }
    image->step = IMAGE_DONE;
}

void stage_images_end(struct registry_run *registry, bool expired)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        if (registry->images[i].step != IMAGE_DONE)
            end_image(&registry->images[i], expired);
}
