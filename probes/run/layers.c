/* SPDX-License-Identifier: MIT */
/*
 * The config and the layers of a manifest, each from wherever the registry redirects to. The config
 * comes whole and its digest is checked. The smallest layer is asked for as a pull asks for it, by
 * a plain GET, because servers and proxies treat ranges otherwise. It is cut off behind its first
 * bytes, which mostly are all of it. Every other layer is asked for in the same way, at the
 * registry alone: only a redirect to a store that no other blob comes from is followed. A blob with
 * URLs of its own is fetched from there, without an authorization, and from the registry if all
 * answer 404.
 *
 * States of one blob: whole, first, here, done. Answers move it; a 401 with a challenge makes it
 * wait until registry.c has a token.
 */

#include <string.h>

#include "probes/run/registry_request.h"
#include "probes/run/secrets.h"
#include "probes/transport/http_fields.h"

#define MAX_CONFIG  HTTP_MAX_BODY
#define FIRST_BYTES (16 * 1024) /* a TLS record: no less is sent anyway */

static void ask_blob(struct blob_run *blob, enum blob_step step);

/* ---- the end of one blob ---- */

static bool is_further(const struct blob_run *blob)
{
    return blob >= &blob->image->blobs[BLOB_FURTHER];
}

static bool uses_url(const struct blob_run *blob)
{
    return blob->url < blob->wanted.url_count;
}

static bool is_good(const struct blob_evidence *evidence)
{
    return evidence->outcome == BLOB_OK || evidence->outcome == BLOB_NOT_REDIRECTED;
}

/* A further layer is kept in the place of the smallest if it fails and that one does not. */
static void keep_further(struct blob_run *blob)
{
    struct blob_evidence *shown = &blob->image->evidence->blob;

    if (!is_good(blob->evidence) && (is_good(shown) || shown->outcome == BLOB_SKIPPED))
        *shown = *blob->evidence;
}

static void end_blob(struct blob_run *blob, enum blob_outcome outcome, const char *reason)
{
    struct registry_run *registry = blob->image->registry;

    blob->evidence->outcome = outcome;
    blob->evidence->reason = registry_keep(registry, reason);
    blob->evidence->duration = clock_monotonic() - blob->started;
    pull_request_free(blob->request);
    blob->request = NULL;
    blob->step = BLOB_DONE;
    if (is_further(blob)) {
        keep_further(blob);
        blob->image->further_host = blob->evidence->remote.host;
    }
    run_progressed(registry->run);
}

static void end_well(struct blob_run *blob)
{
    if (blob->wanted.url_count && !uses_url(blob))
        blob->image->evidence->differences |= 1u << DIFFERENCE_URLS;
    end_blob(blob, blob->evidence->remote.host ? BLOB_OK : BLOB_NOT_REDIRECTED, NULL);
}

/* ---- the bytes that arrived ---- */

/* If a web page came in place of the blob, say so, because a person can act on that. */
static const char *describe_difference(struct blob_run *blob, const struct http_response *response,
                                       const char *what)
{
    const char *type = http_response_header(response, "content-type", 0);

    if (!type || strncasecmp(type, "text/", 5) != 0)
        return what;
    return arena_format(blob->image->registry->secrets, "%s; a page of type %s came in its place",
                        what, type);
}

static const char *size_difference(struct blob_run *blob, const struct http_response *response)
{
    int64_t told = http_content_length(response);

    if ((told < 0 && !response->body_too_large) ||
        (blob->wanted.size >= 0 && (int64_t)response->body_length > blob->wanted.size))
        told = (int64_t)response->body_length;
    if (told < 0 || blob->wanted.size < 0 || told == blob->wanted.size)
        return NULL;
    return arena_format(blob->image->registry->secrets,
                        "it has %lld bytes where the manifest says %lld", (long long)told,
                        (long long)blob->wanted.size);
}

/* True if the answer holds every byte of the blob. */
static bool is_whole(const struct blob_run *blob, const struct http_response *response)
{
    return !response->body_too_large && blob->wanted.size >= 0 &&
           (int64_t)response->body_length == blob->wanted.size;
}

static void take_bytes(struct blob_run *blob, const struct http_response *response)
{
    struct arena *secrets = blob->image->registry->secrets;
    const char *wrong = size_difference(blob, response);

    if (!wrong && is_whole(blob, response) &&
        !digest_fits(blob->wanted.digest, response->body, response->body_length))
        wrong = arena_format(secrets, "the bytes that came have the digest %s",
                             digest_of(response->body, response->body_length, secrets));
    if (!wrong && response->body_length == 0 && blob->wanted.size != 0)
        wrong = "nothing came";
    if (wrong) {
        end_blob(blob, BLOB_DAMAGED, describe_difference(blob, response, wrong));
        return;
    }
    wrong = blob == &blob->image->blobs[BLOB_CONFIG]
                ? NULL
                : layer_error(blob->wanted.media_type, response->body, response->body_length);
    if (wrong) {
        blob->image->evidence->outcome = MANIFEST_UNSUPPORTED;
        blob->image->evidence->detail = registry_keep(blob->image->registry, wrong);
    }
    end_well(blob);
}

/* The config also tells whether clients can make an image of it. */
static void take_config(struct blob_run *blob, const struct http_response *response)
{
    struct image_run *image = blob->image;
    bool other = false;

    if (is_whole(blob, response) &&
        digest_fits(blob->wanted.digest, response->body, response->body_length)) {
        const char *wrong = image_config_error(
            response->body, response->body_length, &image->manifest, &image->registry->platform,
            image->check_platform, image->registry->secrets, &other);
        if (wrong) {
            image->evidence->outcome = other ? MANIFEST_OTHER_PLATFORM : MANIFEST_UNSUPPORTED;
            image->evidence->detail = registry_keep(image->registry, wrong);
        }
    }
    take_bytes(blob, response);
}

/* ---- refusals ---- */

static void take_blob_refusal(struct blob_run *blob, const struct http_response *response)
{
    struct blob_evidence *evidence = blob->evidence;
    unsigned status = response->status;
    struct arena *secrets = blob->image->registry->secrets;
    const char *words = manifest_error(response->body, response->body_length, secrets);

    if (pull_was_withheld(blob->request, status)) {
        end_blob(blob, BLOB_SKIPPED, "asked for without the key, which is not sent there");
    } else if (status == 429) {
        evidence->retry_after = http_retry_after(response);
        end_blob(blob, BLOB_RATE_LIMITED, NULL);
    } else {
        end_blob(blob, BLOB_REFUSED, words);
    }
}

static bool is_host_of(const struct blob_run *blob, const char *host)
{
    const char *known = blob->evidence ? blob->evidence->remote.host : NULL;

    return known && strcmp(known, host) == 0;
}

/* True if the layer is redirected to a host that no other blob of this image is asked of. */
static bool leads_to_new_host(const struct blob_run *blob, const struct http_response *response)
{
    const struct image_run *image = blob->image;
    const char *location = http_response_header(response, "location", 0);
    struct url url = {0};

    location = location ? url_clean_location(location, image->registry->secrets) : NULL;
    if (!location || url_parse(location, image->registry->secrets, &url))
        return true;
    struct url target = pull_target_url(image->registry->run, "/");
    return !pull_same_origin(&url, &target) && !is_host_of(&image->blobs[BLOB_CONFIG], url.host) &&
           !is_host_of(&image->blobs[BLOB_LAYER], url.host) &&
           (!image->further_host || strcmp(image->further_host, url.host) != 0);
}

/* True if a further layer is there: its redirect needs no look, because other blobs come from the
 * same store. */
static bool is_redirected_alike(const struct blob_run *blob, const struct http_response *response)
{
    const char *location = http_response_header(response, "location", 0);

    return blob->step == BLOB_HERE && http_is_redirect(response->status) && location && *location;
}

/* ---- requests ---- */

static void keep_trail(struct blob_run *blob)
{
    const struct pull_trail *trail = pull_request_trail(blob->request);
    struct registry_run *registry = blob->image->registry;
    struct url target = pull_target_url(registry->run, "/");

    image_note_trail(blob->image, trail);
    blob->evidence->redirects = trail->redirects;
    blob->evidence->location = pull_keep_url(registry->run, registry->secrets, trail->location);
    if (trail->redirects)
        blob->evidence->status = trail->redirect_status;
    if (pull_same_origin(&trail->at, &target)) /* it led back here */
        blob->evidence->remote = (struct remote_host_evidence){0};
}

static void blob_answered(enum fetch_outcome outcome, const struct http_response *response,
                          void *context)
{
    struct blob_run *blob = context;
    const struct pull_trail *trail = pull_request_trail(blob->request);

    keep_trail(blob);
    if (outcome == FETCH_LOCAL) {
        end_blob(blob, BLOB_LOCAL, response ? response->detail : "the request could not be sent");
        return;
    }
    if (outcome == FETCH_UNREACHABLE) {
        end_blob(blob, BLOB_UNREACHABLE, NULL);
        return;
    }
    if (outcome != FETCH_ANSWERED) {
        if (response && response->status)
            blob->evidence->status = response->status;
        end_blob(blob, BLOB_MALFORMED,
                 trail->trouble ? trail->trouble
                 : response     ? response->detail
                                : NULL);
        return;
    }
    blob->evidence->status = response->status;
    if (uses_url(blob) && response->status == 404) {
        blob->url++;
        ask_blob(blob, blob->step);
    } else if (!uses_url(blob) && image_takes_challenge(blob->image, response, trail)) {
        blob->waits = true;
        blob->answers = trail->answers;
        run_progressed(blob->image->registry->run);
    } else if (is_redirected_alike(blob, response)) {
        if (leads_to_new_host(blob, response))
            ask_blob(blob, BLOB_FIRST);
        else
            end_well(blob);
    } else if (response->status > 299 || pull_was_withheld(blob->request, response->status)) {
        take_blob_refusal(blob, response);
    } else {
        image_note_status(blob->image, response->status);
        if (blob == &blob->image->blobs[BLOB_CONFIG])
            take_config(blob, response);
        else
            take_bytes(blob, response);
    }
}

/* False if the URL in use is none. */
static bool read_url(const struct blob_run *blob, struct url *ret)
{
    struct arena *secrets = blob->image->registry->secrets;
    const char *clean = url_clean_location(blob->wanted.urls[blob->url], secrets);

    return clean && !url_parse(clean, secrets, ret);
}

static struct pull_request *ask_url(struct blob_run *blob, struct pull_request_options *options)
{
    struct registry_run *registry = blob->image->registry;

    options->elsewhere = &blob->evidence->remote;
    options->own = &registry->own;
    run_add_query(registry->run, &options->at);
    return pull_request_start(registry->run, options, registry->secrets, blob_answered, blob);
}

static void ask_blob(struct blob_run *blob, enum blob_step step)
{
    struct image_run *image = blob->image;
    struct arena *secrets = image->registry->secrets;
    bool is_cut = step != BLOB_WHOLE && blob->wanted.size > FIRST_BYTES;
    struct pull_request_options options = {.method = "GET",
                                           .keeps_redirect = step == BLOB_HERE,
                                           .answers = blob->answers,
                                           .max_body = step == BLOB_WHOLE ? 0 : FIRST_BYTES,
                                           .size = is_cut ? FIRST_BYTES : blob->wanted.size};

    options.accept =
        blob->wanted.media_type ? arena_format(secrets, "%s, */*", blob->wanted.media_type) : NULL;
    blob->step = step;
    blob->waits = false;
    blob->answers = 0;
    pull_request_free(blob->request);
    while (uses_url(blob) && !read_url(blob, &options.at))
        blob->url++;
    if (uses_url(blob))
        blob->request = ask_url(blob, &options);
    else
        blob->request = image_ask(image, &options, image_path(image, "blobs", blob->wanted.digest),
                                  &blob->evidence->remote, blob_answered, blob);
    if (!blob->request)
        end_blob(blob, BLOB_LOCAL, "out of memory");
}

static void start_blob(struct blob_run *blob, struct image_run *image,
                       const struct descriptor *wanted, struct blob_evidence *evidence,
                       enum blob_step step)
{
    *blob = (struct blob_run){.image = image, .wanted = *wanted, .started = clock_monotonic()};
    blob->evidence = evidence ? evidence : &blob->own;
    *blob->evidence = (struct blob_evidence){
        .digest = registry_keep(image->registry, wanted->digest), .size = wanted->size};
    if (wanted->size <= 0)
        end_blob(blob, BLOB_DAMAGED, "the manifest gives it a size that no blob has");
    else
        ask_blob(blob, step);
}

/* ---- all of an image ---- */

static size_t find_smallest(const struct manifest *manifest)
{
    size_t best = manifest->layer_count;

    for (size_t i = 0; i < manifest->layer_count; i++) {
        const struct descriptor *layer = &manifest->layers[i];
        if (best == manifest->layer_count ||
            (layer->size >= 0 && layer->size < manifest->layers[best].size))
            best = i;
    }
    return best;
}

/* Asks for further layers once config and smallest layer have ended, because they show which store
 * the registry redirects to: only a layer in another store is followed there. */
static void start_further(struct image_run *image)
{
    if (image->blobs[BLOB_CONFIG].step != BLOB_DONE || image->blobs[BLOB_LAYER].step != BLOB_DONE)
        return;
    for (size_t i = BLOB_FURTHER; i < IMAGE_BLOB_COUNT; i++) {
        image->next_layer += image->next_layer == image->smallest;
        if (image->next_layer >= image->manifest.layer_count ||
            image->evidence->layers_asked >= IMAGE_MAX_LAYERS_ASKED)
            return;
        if (image->blobs[i].step != BLOB_DONE)
            continue;
        const struct descriptor *layer = &image->manifest.layers[image->next_layer++];
        image->evidence->layers_asked++;
        start_blob(&image->blobs[i], image, layer, NULL, layer->url_count ? BLOB_FIRST : BLOB_HERE);
    }
}

void stage_layers_start(struct image_run *image)
{
    const struct manifest *manifest = &image->manifest;
    struct image_evidence *evidence = image->evidence;

    image->smallest = find_smallest(manifest);
    evidence->layer_count = (unsigned)manifest->layer_count;
    start_blob(&image->blobs[BLOB_CONFIG], image, &manifest->config, &evidence->config,
               manifest->config.size > MAX_CONFIG ? BLOB_FIRST : BLOB_WHOLE);
    if (image->smallest < manifest->layer_count) {
        evidence->layers_asked = 1;
        start_blob(&image->blobs[BLOB_LAYER], image, &manifest->layers[image->smallest],
                   &evidence->blob, BLOB_FIRST);
    } else {
        evidence->blob.outcome = BLOB_NOT_REDIRECTED;
        evidence->blob.reason = "the registry has no layer of this image to give";
    }
    start_further(image);
}

static bool blob_waits(const struct blob_run *blob)
{
    return blob->step != BLOB_DONE && blob->waits;
}

/* Also starts the layers for which there is room again. */
void stage_layers_resume(struct image_run *image)
{
    if (!image->layers_begun)
        return;
    for (size_t i = 0; i < IMAGE_BLOB_COUNT; i++)
        if (blob_waits(&image->blobs[i]))
            ask_blob(&image->blobs[i], image->blobs[i].step);
    start_further(image);
}

bool stage_layers_pending(const struct image_run *image)
{
    for (size_t i = 0; i < IMAGE_BLOB_COUNT; i++)
        if (image->blobs[i].step != BLOB_DONE)
            return true;
    return false;
}

static void expire_blob(struct blob_run *blob, bool expired)
{
    struct blob_evidence *evidence = blob->evidence;

    if (blob->step == BLOB_DONE)
        return;
    enum fetch_outcome reached =
        blob->request ? pull_request_end(blob->request, expired) : FETCH_LOCAL;
    if (blob->request)
        keep_trail(blob);
    if (!expired || blob->waits || !registry_was_fair(blob->image->registry, blob->request))
        evidence->outcome = BLOB_CANCELLED;
    else
        evidence->outcome = reached == FETCH_STALLED ? BLOB_STALLED : BLOB_UNREACHABLE;
    evidence->duration = clock_monotonic() - blob->started;
    if (is_further(blob)) {
        if (blob->step != BLOB_HERE && evidence->outcome != BLOB_CANCELLED)
            keep_further(blob); /* its store is silent */
        else
            blob->image->evidence->layers_asked--; /* not asked to the end */
    }
    blob->step = BLOB_DONE;
}

void stage_layers_end(struct image_run *image, bool expired)
{
    for (size_t i = 0; i < IMAGE_BLOB_COUNT; i++)
        expire_blob(&image->blobs[i], expired);
}

void stage_layers_refuse(struct image_run *image, const char *why)
{
    const struct auth_evidence *auth = &image->registry->evidence->auth;
    bool withheld = image->key < image->keys.count && (!auth->host_listed || auth->key_unverified);

    for (size_t i = 0; i < IMAGE_BLOB_COUNT; i++)
        if (blob_waits(&image->blobs[i]))
            end_blob(&image->blobs[i], withheld ? BLOB_SKIPPED : BLOB_REFUSED,
                     arena_format(image->registry->secrets,
                                  "it wants a token, and there is none: %s", why));
    stage_layers_end(image, false);
}
