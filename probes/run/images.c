/* SPDX-License-Identifier: MIT */
/*
 * The manifest of one image, as containerd asks for it: HEAD of the tag (GET where HEAD tells too
 * little), then GET of the digest that it named, and of an index the entry for the platform.
 *
 * States: head, tag, error (GET of a refused HEAD, for its words), manifest, done. Answers move it;
 * a 401 with a challenge keeps the state and sets wants_token, and registry.c resumes it with a
 * token or starts it again with the next key.
 */

#include <string.h>

#include "probes/run/registry_request.h"
#include "probes/transport/http_fields.h"

#define MAX_INDEXES 4 /* within one another */

static void ask_manifest(struct image_run *image, enum image_step step);

static struct arena *texts_of(const struct image_run *image)
{
    return image->registry->run->evidence->arena;
}

static void end_manifest(struct image_run *image, enum manifest_outcome outcome, const char *detail)
{
    image->evidence->outcome = outcome;
    if (detail)
        image->evidence->detail = registry_keep(image->registry, detail);
    image->evidence->duration = clock_monotonic() - image->started;
    pull_request_free(image->request);
    image->request = NULL;
    image->step = IMAGE_DONE;
    run_progressed(image->registry->run);
}

/* ---- refusals ---- */

static enum manifest_outcome outcome_of_refusal(const struct http_response *response,
                                                struct arena *secrets)
{
    struct challenge challenge;

    switch (response->status) {
    case 401:
        challenge_read(response, secrets, &challenge);
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

static void take_refusal(struct image_run *image, const struct http_response *response)
{
    struct image_evidence *evidence = image->evidence;
    bool had_body = image->step != IMAGE_HEAD;

    evidence->status = response->status;
    evidence->retry_after = http_retry_after(response);
    evidence->outcome = outcome_of_refusal(response, image->registry->secrets);
    if (pull_was_withheld(image->request, response->status)) {
        end_manifest(image, MANIFEST_REDIRECTED, NULL);
    } else if (had_body) {
        evidence->detail = manifest_error(response->body, response->body_length, texts_of(image));
        end_manifest(image, evidence->outcome, NULL);
    } else if (response->status < 500 && evidence->outcome != MANIFEST_RATE_LIMITED) {
        ask_manifest(image, IMAGE_ERROR); /* HEAD has no body with the reason in it */
    } else {
        end_manifest(image, evidence->outcome, NULL);
    }
}

/* ---- the tag's digest ---- */

static bool is_pinned(const struct image_run *image)
{
    return strchr(image->version, ':') != NULL;
}

/* Goes on to the manifest that `wanted` describes, if containerd would. */
static void take_descriptor(struct image_run *image)
{
    struct image_evidence *evidence = image->evidence;
    const char *media_type = image->wanted.media_type;

    evidence->digest = registry_keep(image->registry, image->wanted.digest);
    evidence->media_type = registry_keep(image->registry, media_type);
    evidence->size = image->wanted.size;
    if (image->wanted.size == 0) {
        end_manifest(image, MANIFEST_DAMAGED, "the registry says that it has no bytes");
    } else if (image->wanted.size > MANIFEST_MAX_SIZE) {
        end_manifest(image, MANIFEST_UNSUPPORTED, "it is larger than containerd takes");
    } else if (!digest_is_stored(image->wanted.digest)) {
        end_manifest(image, MANIFEST_UNSUPPORTED, MANIFEST_NOT_STORED);
    } else if (media_kind_of(media_type) == MEDIA_SCHEMA1) {
        end_manifest(image, MANIFEST_UNSUPPORTED,
                     strcmp(media_type, "text/plain") == 0
                         ? "its media type is text/plain, which is no manifest"
                         : "it is a manifest of schema 1, which newer clients refuse");
    } else if (media_kind_of(media_type) != MEDIA_MANIFEST &&
               media_kind_of(media_type) != MEDIA_INDEX) {
        end_manifest(image, MANIFEST_UNSUPPORTED,
                     arena_format(image->registry->secrets,
                                  "its media type is %s, which is no image manifest",
                                  media_type && *media_type ? media_type : "missing"));
    } else {
        ask_manifest(image, IMAGE_MANIFEST);
    }
}

/* Reads the descriptor from the answer to HEAD, or to GET in its place. containerd takes the digest
 * of the header only if the answer has a length too. Otherwise it sends a GET and computes the
 * digest from the body. */
static void take_tag(struct image_run *image, const struct http_response *response)
{
    struct arena *secrets = image->registry->secrets;
    const char *named = http_response_header(response, "docker-content-digest", 0);
    bool whole = image->step == IMAGE_TAG;
    struct descriptor *wanted = &image->wanted;
    int64_t told = http_content_length(response);

    image->evidence->status = response->status;
    if (whole && response->body_too_large) {
        end_manifest(image, MANIFEST_TOO_LARGE, "more than is read here");
        return;
    }
    if (!whole)
        image->head_length = told < 0 ? http_written_length(response) : 0;
    else if (image->head_length > 0 && image->head_length != (int64_t)response->body_length)
        image->registry->run->odd_headers = true; /* newer clients go by the length of the HEAD */
    *wanted = (struct descriptor){.size = whole ? (int64_t)response->body_length : told};
    wanted->media_type = media_type_of(http_response_header(response, "content-type", 0), secrets);
    if (is_pinned(image))
        wanted->digest = image->version;
    else if (named && *named && told >= 0 && (!whole || image->by_get))
        wanted->digest = named;
    else if (whole)
        wanted->digest = digest_of(response->body, response->body_length, secrets);
    if (wanted->digest && !digest_is_valid(wanted->digest))
        end_manifest(image, MANIFEST_MALFORMED,
                     arena_format(secrets, "the registry calls its digest %s, which is none",
                                  wanted->digest));
    else if (!whole && (!wanted->digest || wanted->size < 0))
        ask_manifest(image, IMAGE_TAG);
    else
        take_descriptor(image);
}

/* ---- the manifest itself ---- */

static void keep_platforms(struct image_run *image)
{
    struct image_evidence *evidence = image->evidence;
    const struct manifest *manifest = &image->manifest;

    for (size_t i = 0; i < manifest->platform_count && i < EVIDENCE_MAX_PLATFORMS; i++) {
        const char *kept = registry_keep(image->registry, manifest->platforms[i]);
        if (kept)
            evidence->platforms[evidence->platform_count++] = kept;
    }
}

/* "no image for linux/amd64, only for linux/arm64, windows/amd64" */
static const char *describe_platforms(struct image_run *image)
{
    struct arena *secrets = image->registry->secrets;
    const struct platform *platform = &image->registry->platform;
    const struct manifest *manifest = &image->manifest;
    const char *text =
        arena_format(secrets, "no image for %s/%s%s%s", platform->os, platform->architecture,
                     *platform->variant ? "/" : "", platform->variant);

    for (size_t i = 0; text && i < manifest->platform_count; i++)
        text =
            arena_format(secrets, "%s%s%s", text, i ? ", " : ", only for ", manifest->platforms[i]);
    return text;
}

/* Notes where containerd takes an index that podman and skopeo do not take. */
static void note_index(struct image_run *image)
{
    if (!image->manifest.has_written_platform)
        image->evidence->differences |= 1u << DIFFERENCE_PLATFORM;
    if (media_kind_of(image->manifest.child.media_type) == MEDIA_INDEX)
        image->evidence->differences |= 1u << DIFFERENCE_NESTED;
}

/* docker, podman and skopeo want Docker's type inside a manifest that is called one of Docker's. */
static void note_type(struct image_run *image, const struct http_response *response)
{
    static const char docker[] = "application/vnd.docker.distribution.manifest.v2+json";
    const char *header =
        media_type_of(http_response_header(response, "content-type", 0), image->registry->secrets);
    const char *inside = image->manifest.media_type;

    bool differs = !inside || strcmp(inside, docker) != 0;
    for (size_t i = 0; i < image->manifest.layer_count; i++) {
        const char *type = image->manifest.layers[i].media_type;
        differs |= !type || strncmp(type, docker, strlen("application/vnd.docker.")) != 0;
    }
    if (header && strcmp(header, docker) == 0 && differs)
        image->evidence->differences |= 1u << DIFFERENCE_TYPE;
}

static void take_index(struct image_run *image)
{
    if (!image->manifest.child.digest) {
        keep_platforms(image);
        end_manifest(image, MANIFEST_OTHER_PLATFORM, describe_platforms(image));
    } else if (image->indexes++ == MAX_INDEXES) {
        end_manifest(image, MANIFEST_TOO_LARGE, "more indexes within indexes than are read");
    } else {
        note_index(image);
        image->check_platform = image->manifest.child_has_no_platform;
        image->wanted = image->manifest.child;
        if (media_kind_of(image->wanted.media_type) == MEDIA_OTHER)
            end_manifest(image, MANIFEST_UNSUPPORTED, "the index names something that is no image");
        else if (!digest_is_stored(image->wanted.digest))
            end_manifest(image, MANIFEST_UNSUPPORTED, MANIFEST_NOT_STORED);
        else
            ask_manifest(image, IMAGE_MANIFEST);
    }
}

/* Nothing of more than is read here can be judged, except that it is more than was promised. */
static void end_oversized(struct image_run *image, int64_t promised)
{
    if (promised < 0 || promised > HTTP_MAX_BODY)
        end_manifest(image, MANIFEST_TOO_LARGE, "more than is read here");
    else
        end_manifest(image, MANIFEST_DAMAGED,
                     arena_format(image->registry->secrets,
                                  "more than %d KiB came, not %lld bytes as the registry says",
                                  HTTP_MAX_BODY / 1024, (long long)promised));
}

/* False, and the image is over, if the bytes are not those that were asked for. */
static bool bytes_are_right(struct image_run *image, const struct http_response *response)
{
    struct arena *secrets = image->registry->secrets;
    const struct descriptor *wanted = &image->wanted;
    const char *wrong = NULL;

    if (wanted->size >= 0 && (int64_t)response->body_length != wanted->size)
        wrong = arena_format(secrets, "%zu bytes came, not %lld as the registry says",
                             response->body_length, (long long)wanted->size);
    else if (!digest_fits(wanted->digest, response->body, response->body_length))
        wrong =
            arena_format(secrets, "the bytes that came have the digest %s, not %s",
                         digest_of(response->body, response->body_length, secrets), wanted->digest);
    else
        return true;
    end_manifest(image, MANIFEST_DAMAGED, wrong);
    return false;
}

static void take_manifest(struct image_run *image, const struct http_response *response)
{
    const char *error = NULL;

    image->evidence->status = response->status;
    if (response->body_too_large) {
        end_oversized(image, image->wanted.size);
        return;
    }
    if (!bytes_are_right(image, response))
        return;
    switch (manifest_parse(response->body, response->body_length,
                           media_kind_of(image->wanted.media_type), &image->registry->platform,
                           image->registry->secrets, &image->manifest, &error)) {
    case MANIFEST_IS_INDEX:
        take_index(image);
        return;
    case MANIFEST_IS_IMAGE:
        note_type(image, response);
        end_manifest(image, MANIFEST_FOUND, NULL);
        return;
    case MANIFEST_IS_UNSUPPORTED:
    case MANIFEST_IS_NEITHER:
        end_manifest(image, MANIFEST_UNSUPPORTED, error);
        return;
    case MANIFEST_IS_TOO_LARGE:
        end_manifest(image, MANIFEST_TOO_LARGE, error);
        return;
    case MANIFEST_NO_MEMORY:
        end_manifest(image, MANIFEST_LOCAL, error);
        return;
    }
}

/* ---- requests ---- */

/* There the refusal itself is known, and the words are all that is missing. */
static void take_words(struct image_run *image, enum fetch_outcome outcome,
                       const struct http_response *response)
{
    if (outcome == FETCH_ANSWERED)
        image->evidence->detail =
            manifest_error(response->body, response->body_length, texts_of(image));
    end_manifest(image, image->evidence->outcome, NULL);
}

static void keep_redirect(struct image_run *image)
{
    const struct pull_trail *trail = pull_request_trail(image->request);
    struct url target = pull_target_url(image->registry->run, "/");
    bool away = trail->redirects && !pull_same_origin(&trail->at, &target);

    if (trail->redirects)
        image->evidence->status = trail->redirect_status;
    image_note_trail(image, trail);
    image->evidence->location =
        away ? pull_keep_url(image->registry->run, image->registry->secrets, trail->location)
             : NULL;
}

static void manifest_answered(enum fetch_outcome outcome, const struct http_response *response,
                              void *context)
{
    struct image_run *image = context;
    const struct pull_trail *trail = pull_request_trail(image->request);

    if (image->step == IMAGE_ERROR) {
        take_words(image, outcome, response);
        return;
    }
    keep_redirect(image);
    if (outcome == FETCH_LOCAL) {
        end_manifest(image, MANIFEST_LOCAL,
                     response ? response->detail : "the request could not be sent");
    } else if (outcome == FETCH_UNREACHABLE) {
        end_manifest(image, MANIFEST_UNREACHABLE, NULL);
    } else if (outcome != FETCH_ANSWERED) {
        image->evidence->status = response ? response->status : 0;
        end_manifest(image, MANIFEST_MALFORMED,
                     trail->trouble ? trail->trouble
                     : response     ? response->detail
                                    : NULL);
    } else if (response->status == 405 && image->step == IMAGE_HEAD) {
        image->by_get = true;
        image->answers = trail->answers;
        ask_manifest(image, IMAGE_TAG);
    } else if (image_takes_challenge(image, response, trail)) {
        image->answers = trail->answers;
        run_progressed(image->registry->run);
    } else if (response->status > 299 || pull_was_withheld(image->request, response->status)) {
        take_refusal(image, response);
    } else {
        if (image->step != IMAGE_HEAD) /* which is containerd's alone */
            image_note_status(image, response->status);
        if (image->step == IMAGE_MANIFEST)
            take_manifest(image, response);
        else
            take_tag(image, response);
    }
}

static void ask_manifest(struct image_run *image, enum image_step step)
{
    bool by_digest = step == IMAGE_MANIFEST;
    struct arena *secrets = image->registry->secrets;
    struct pull_request_options options = {.method = step == IMAGE_HEAD ? "HEAD" : "GET",
                                           .accept = MANIFEST_ACCEPT,
                                           .answers = image->answers,
                                           .asks_once = step == IMAGE_ERROR};

    if (by_digest) {
        options.accept = arena_format(secrets, "%s, */*", image->wanted.media_type);
        options.size = image->wanted.size;
        /* containerd begins anew here: without the token, which it asks for again */
        if (!image->indexes && !options.answers)
            options.answers = image->authorization_count > 0;
    }
    image->answers = 0;
    image->step = step;
    pull_request_free(image->request);
    image->request =
        image_ask(image, &options,
                  image_path(image, "manifests", by_digest ? image->wanted.digest : image->version),
                  &image->elsewhere, manifest_answered, image);
    if (!image->request)
        end_manifest(image, MANIFEST_LOCAL, "out of memory");
}

/* ---- start and end ---- */

void stage_image_start(struct image_run *image)
{
    image->started = clock_monotonic();
    ask_manifest(image, IMAGE_HEAD);
}

void stage_image_resume(struct image_run *image)
{
    if (image->step != IMAGE_DONE)
        ask_manifest(image, image->step);
}

bool stage_image_pending(const struct image_run *image)
{
    return image->step != IMAGE_DONE;
}

void stage_image_end(struct image_run *image, bool expired)
{
    struct image_evidence *evidence = image->evidence;

    if (image->step == IMAGE_DONE)
        return;
    if (image->request)
        (void)pull_request_end(image->request, expired);
    if (image->wants_token)
        evidence->reason = "auth: no token came in time";
    else if (image->step != IMAGE_ERROR) /* else the refusal itself is known */
        evidence->outcome = expired && registry_was_fair(image->registry, image->request)
                                ? MANIFEST_STALLED
                                : MANIFEST_CANCELLED;
    evidence->duration = clock_monotonic() - image->started;
    image->step = IMAGE_DONE;
}
