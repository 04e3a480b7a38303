/*
 * One image: HEAD of its manifest, the words of a refusal, the manifest itself (of an index one of
 * its manifests), and one byte of its smallest blob from wherever the registry redirects to. The
 * token goes to the registry only, never after a redirect.
 */

#include <stdlib.h>
#include <string.h>

#include "probes/registry/manifest.h"
#include "probes/registry_run.h"
#include "probes/transport/http_fields.h"

#define MAX_REDIRECTS 5
#define BLOB_PEEK     512 /* one byte is asked for; of a refusal its first words are kept */

static void next(struct image_run *image, enum image_step step);

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
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return MANIFEST_REDIRECTED;
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

static const char *header_of(const struct image_run *image, const struct http_response *response,
                             const char *name)
{
    return registry_keep(image->registry, http_response_header(response, name, 0));
}

static void keep_found(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;

    evidence->digest = header_of(image, response, "docker-content-digest");
    evidence->media_type = header_of(image, response, "content-type");
    evidence->size = length_of(response);
}

static void take_head(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;

    if (response->status == 405) { /* clients then ask by GET */
        next(image, IMAGE_MANIFEST);
        return;
    }
    evidence->status = response->status;
    evidence->outcome = outcome_of(response, image->registry->secrets);
    evidence->retry_after = http_retry_after(response);
    if (evidence->outcome == MANIFEST_FOUND) {
        keep_found(image, response);
        next(image, IMAGE_MANIFEST);
    } else if (evidence->outcome == MANIFEST_REDIRECTED) {
        evidence->detail =
            registry_keep_url(image->registry, http_response_header(response, "location", 0));
        end_manifest(image, MANIFEST_REDIRECTED, NULL);
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
        if (image->step == IMAGE_CHILD) {
            end_manifest(image, MANIFEST_MALFORMED, "an index within an index");
        } else if (manifest.digest) {
            image->version = manifest.digest;
            next(image, IMAGE_CHILD);
        } else {
            end_manifest(image, MANIFEST_MALFORMED, "the index names no manifest");
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
    const char *detail = response ? response->detail : NULL;

    if (image->step == IMAGE_ERROR) /* the refusal itself is known */
        end_manifest(image, image->evidence->outcome, NULL);
    else if (outcome == FETCH_LOCAL)
        end_manifest(image, MANIFEST_LOCAL, "the request could not be sent");
    else if (outcome == FETCH_UNREACHABLE)
        end_manifest(image, MANIFEST_UNREACHABLE, "no connection");
    else
        end_manifest(image, MANIFEST_MALFORMED, detail);
}

/* ---- the blob ---- */

static const char *location_url(struct image_run *image, const char *location)
{
    const struct target *target = image->registry->run->target;
    struct fetch_place here = registry_place(image->registry);
    bool first = image->step == IMAGE_BLOB;
    bool plain = first ? target->plain_http : !image->location.tls;
    const char *host = http_host_header(first ? here.host : image->location.host,
                                        first ? here.port : image->location.port, plain ? 80 : 443,
                                        image->registry->secrets);

    if (strncmp(location, "//", 2) == 0)
        return arena_format(image->registry->secrets, "%s:%s", plain ? "http" : "https", location);
    if (*location == '/')
        return arena_format(image->registry->secrets, "%s://%s%s", plain ? "http" : "https",
                            host ? host : "", location);
    return location;
}

static void follow(struct image_run *image, const struct http_response *response)
{
    struct blob_evidence *blob = &image->evidence->blob;
    const char *location = http_response_header(response, "location", 0);
    struct url url = {0};

    const char *absolute = location ? location_url(image, location) : NULL;
    blob->location = registry_keep_url(image->registry, absolute);
    if (!absolute || url_parse(absolute, image->registry->secrets, &url)) {
        end_blob(image, BLOB_MALFORMED, "it redirects to no URL that can be used");
        return;
    }
    if (++blob->redirects > MAX_REDIRECTS) {
        end_blob(image, BLOB_REFUSED, "it redirects without end");
        return;
    }
    image->location = url;
    blob->remote = (struct remote_host_evidence){0};
    if (!registry_is(image->registry, &url)) {
        blob->remote.host = registry_keep(image->registry, url.host);
        blob->remote.port = url.port;
        blob->remote.plain_http = !url.tls;
    }
    next(image, IMAGE_STORE);
}

static void take_blob(struct image_run *image, const struct http_response *response)
{
    struct blob_evidence *blob = &image->evidence->blob;
    unsigned status = response->status;

    blob->status = status;
    if (status == 200 || status == 206)
        end_blob(image, blob->remote.host ? BLOB_OK : BLOB_NOT_REDIRECTED, NULL);
    else if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)
        follow(image, response);
    else if (status == 429) {
        blob->retry_after = http_retry_after(response);
        end_blob(image, BLOB_RATE_LIMITED, NULL);
    } else
        end_blob(image, BLOB_REFUSED,
                 response->body_length
                     ? arena_copy_bytes(image->registry->secrets, response->body,
                                        strnlen(response->body, response->body_length))
                     : NULL);
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
    case IMAGE_STORE:
        if (complete)
            take_blob(image, response);
        else
            blob_failed(image, outcome, response);
        return;
    }
}

static const char *registry_path(struct image_run *image)
{
    bool blob = image->step == IMAGE_BLOB;

    return arena_format(image->registry->secrets, "/v2/%s/%s/%s", image->repository,
                        blob ? "blobs" : "manifests",
                        blob ? image->evidence->blob.digest : image->version);
}

static bool start(struct image_run *image)
{
    struct registry_run *registry = image->registry;
    struct fetch_place place = registry_place(registry);
    struct remote_host_evidence *remote = &registry->own;
    struct http_request request = {.method = image->step == IMAGE_HEAD ? "HEAD" : "GET"};

    if (image->step == IMAGE_STORE) {
        place = (struct fetch_place){.host = image->location.host,
                                     .port = image->location.port,
                                     .plain_http = !image->location.tls,
                                     .host_is_address = image->location.host_is_address,
                                     .address = image->location.address};
        remote = image->evidence->blob.remote.host ? &image->evidence->blob.remote : remote;
        if (!image->evidence->blob.remote.host)
            place.known = &registry->address;
        request.path = image->location.path;
        request.extra_headers = "Range: bytes=0-0\r\n";
        request.max_body = BLOB_PEEK;
    } else if (image->step == IMAGE_BLOB) {
        request.path = registry_path(image);
        request.extra_headers = arena_format(registry->secrets, "%sRange: bytes=0-0\r\n",
                                             image->authorization ? image->authorization : "");
        request.max_body = BLOB_PEEK;
        request.secret = true;
    } else {
        request.path = registry_path(image);
        request.accept = MANIFEST_ACCEPT;
        request.extra_headers = image->authorization;
        request.secret = true;
    }
    if (!request.path || (image->step == IMAGE_BLOB && !request.extra_headers))
        return false;
    image->fetch =
        fetch_start(registry->run, &place, &request, registry->secrets, remote, answered, image);
    return image->fetch != NULL;
}

static bool is_blob_step(enum image_step step)
{
    return step == IMAGE_BLOB || step == IMAGE_STORE;
}

static void next(struct image_run *image, enum image_step step)
{
    fetch_free(image->fetch);
    image->fetch = NULL;
    image->step = step;
    if (start(image))
        return;
    if (is_blob_step(step))
        end_blob(image, BLOB_LOCAL, "out of memory");
    else
        end_manifest(image, MANIFEST_LOCAL, "out of memory");
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
    bool fair = expired && registry_was_fair(image->registry, image->started);
    usec_t duration = clock_monotonic() - image->started;

    if (is_blob_step(image->step)) {
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
