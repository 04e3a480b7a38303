/* SPDX-License-Identifier: MIT */
/*
 * The part of a run above /v2/: when it begins, and which stage follows which. With images it
 * begins as soon as an address of the deciding view takes requests, because clients ask for the
 * manifest first; with a key alone once an address answers /v2/ as a registry. At most once per
 * registry_interval; in between the evidence of the last run above /v2/ is used again.
 *
 * States of an image: manifest, token (one image at a time), layers, over. stage_registry_advance()
 * alone moves it, from the run's own event. An attempt that is refused is repeated with the next
 * key that fits, as the kubelet does.
 */

#include <string.h>

#include "config/base/memory.h"
#include "probes/evidence/view.h"
#include "probes/run/registry_request.h"
#include "probes/run/stages.h"

#define SECRETS_LIMIT ((size_t)16 * 1024 * 1024) /* all answers, each with the longest headers */

/* ---- the beginning ---- */

static bool has_same_images(const struct registry_evidence *standing, const struct target *target)
{
    if (standing->image_count != target->image_count)
        return false;
    for (size_t i = 0; i < target->image_count; i++)
        if (strcmp(standing->images[i].reference, target->images[i]) != 0)
            return false;
    return true;
}

static uint64_t key_stamp(const struct target *target)
{
    return credentials_stamp(target->docker_configs, target->docker_config_count);
}

static bool is_recent(const struct probe_run *run)
{
    const struct registry_evidence *standing = run->standing;
    const struct target *target = run->target;

    return standing && standing->measured &&
           run->started + run->asleep - standing->measured < target->registry_interval &&
           standing->key_stamp == key_stamp(target) && has_same_images(standing, target);
}

/* False while the host's answer may still come, because it would decide. */
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

static bool takes_requests(const struct path_evidence *path, const struct target *target)
{
    if (!target->image_count)
        return path->api.outcome == API_REGISTRY;
    return path->tcp.outcome == TCP_OK && (target->plain_http || path->tls.outcome == TLS_OK);
}

static struct path_run *find_registry(struct probe_run *run)
{
    for (size_t i = 0; i < run->evidence->path_count; i++)
        if (takes_requests(run->paths[i].evidence, run->target) &&
            evidence_path_decides(run->evidence, run->paths[i].evidence))
            return &run->paths[i];
    return NULL;
}

/* The host as images are named, which for Docker Hub, and for a mirror, is not the one that is
 * asked. */
static const char *image_host(const struct probe_run *run, struct arena *arena)
{
    const struct target *target = run->target;
    char host[HOST_PORT_SIZE];

    if (run->puller->mirrored)
        return run->puller->mirrored;
    if (strcmp(target->host, "registry-1.docker.io") == 0)
        return "docker.io";
    if (target->port_is_written) /* which keys fit depends on it */
        return arena_copy_text(arena, host_port_format(target->host, target->port, host));
    return arena_copy_text(
        arena, host_port_short(target->host, target->port, target->plain_http ? 80 : 443, host));
}

/* The key of the node's config.toml: containerd uses it if the kubelet gives it none. */
static struct keys find_node_key(const struct puller *puller, struct arena *secrets)
{
    const struct puller_key *given = &puller->key;
    struct credentials *key = arena_allocate(secrets, sizeof(*key));

    if (!key || !given->is_set ||
        !credentials_of_parts(given->username, given->password, given->auth, secrets, key))
        return (struct keys){.list = key};
    key->entry = "config.toml";
    return (struct keys){.count = 1, .list = key};
}

/* repository[:tag][@digest]; the digest counts. */
static bool name_image(struct registry_run *registry, size_t index)
{
    const struct target *target = registry->run->target;
    struct image_run *image = &registry->images[index];
    const char *reference = target->images[index];
    const char *digest = strchr(reference, '@');
    size_t length = strcspn(reference, ":@");
    const char *host = image_host(registry->run, registry->secrets);

    image->registry = registry;
    image->evidence = &registry->evidence->images[index];
    image->evidence->reference = arena_copy_text(registry->run->evidence->arena, reference);
    image->evidence->size = -1;
    image->repository = arena_copy_bytes(registry->secrets, reference, length);
    image->version = digest                     ? digest + 1
                     : reference[length] == ':' ? reference + length + 1
                                                : "latest";
    const char *name = arena_format(registry->secrets, "%s/%s", host ? host : "",
                                    image->repository ? image->repository : "");
    if (!host || !name || !image->repository || !image->evidence->reference)
        return false;
    image->keys = keyring_find(&registry->keyring, name, registry->secrets);
    if (!image->keys.count)
        image->keys = find_node_key(registry->run->puller, registry->secrets);
    registry->evidence->auth.has_key |= image->keys.count > 0;
    return image->keys.list != NULL;
}

/* NULL, or why the kubelet would not take a docker config. */
static const char *fill_keyring(struct registry_run *registry)
{
    const struct target *target = registry->run->target;
    const struct docker_config_content *contents = target->docker_config_contents;
    const char *wrong = NULL;

    if (!contents)
        return keyring_read(&registry->keyring, target->docker_configs, target->docker_config_count,
                            registry->secrets);
    for (size_t i = 0; !wrong && i < target->docker_config_count; i++) {
        wrong = keyring_parse(&registry->keyring, contents[i].bytes, contents[i].length,
                              registry->secrets);
        const char *named = wrong ? arena_format(registry->secrets, "docker config %s: %s",
                                                 target->docker_configs[i], wrong)
                                  : NULL;
        wrong = named ? named : wrong;
    }
    return wrong;
}

/* False if a docker config cannot be used; the images are then not asked for. */
static bool read_keys(struct registry_run *registry)
{
    const struct target *target = registry->run->target;
    struct auth_evidence *auth = &registry->evidence->auth;
    const char *wrong = fill_keyring(registry);
    const char *host = image_host(registry->run, registry->secrets);

    if (wrong) {
        auth->outcome = AUTH_LOCAL;
        auth->reason = registry_keep(registry, wrong);
        return false;
    }
    auth->has_helpers = registry->keyring.has_helpers;
    if (!target->image_count && host) {
        registry->keys = keyring_find_host(&registry->keyring, host, registry->secrets);
        auth->has_key = registry->keys.count > 0;
    }
    return true;
}

static void skip_images(struct registry_run *registry, const char *why)
{
    for (size_t i = 0; i < registry->evidence->image_count; i++) {
        registry->images[i].over = true;
        registry->images[i].evidence->reason =
            arena_format(registry->run->evidence->arena, "auth: %s", why);
    }
}

static bool begin_registry(struct probe_run *run, const struct path_run *path)
{
    const struct target *target = run->target;
    struct registry_run *registry = memory_allocate(sizeof(*registry));

    if (!registry)
        return false;
    run->registry = registry;
    registry->run = run;
    registry->secrets = arena_new(SECRETS_LIMIT);
    registry->path = path;
    registry->address = path->evidence->address;
    registry->evidence = registry_evidence_new(run->evidence->arena, target->image_count);
    if (!registry->secrets || !registry->evidence)
        return false;
    (void)platform_parse(target->platform ? target->platform : platform_default(),
                         &registry->platform);
    bool usable = read_keys(registry);
    for (size_t i = 0; i < target->image_count; i++)
        if (!name_image(registry, i))
            return false;
    registry->evidence->address = path->evidence->address;
    registry->evidence->key_stamp = key_stamp(target);
    run->evidence->registry = registry->evidence;
    registry->begun = true;
    registry->keys_over = !usable || target->image_count > 0;
    if (!usable)
        skip_images(registry, auth_outcome_name(AUTH_LOCAL));
    for (size_t i = 0; usable && i < target->image_count; i++)
        stage_image_start(&registry->images[i]);
    return true;
}

static void consider_registry(struct probe_run *run)
{
    if (run->registry_begun || !view_is_settled(run))
        return;
    struct path_run *path = find_registry(run);
    if (!path)
        return;
    run->registry_begun = true;
    stage_registry_keep_standing(run); /* not at the end alone: the key may change until then */
    if (run->evidence->registry ||
        (!run->target->image_count && !run->target->docker_config_count) ||
        begin_registry(run, path))
        return;
    run_local_error(run, "asking the registry", ENOMEM);
    path->evidence->api.outcome = API_LOCAL; /* or all that was asked for would seem well */
}

/* ---- a key without an image ---- */

static void advance_key(struct registry_run *registry)
{
    struct auth_evidence *evidence = &registry->evidence->auth;
    const struct auth_run *auth = &registry->auth;

    if (registry->keys_over || stage_auth_pending(registry))
        return;
    if (!registry->keys.count) {
        registry->keys_over = true;
        evidence->outcome = AUTH_SKIPPED;
        evidence->reason = "no image to ask for and no key for this registry";
        return;
    }
    if (auth->registry) { /* one was looked at */
        evidence->outcome = auth->outcome;
        bool refused = auth->outcome == AUTH_REJECTED || auth->outcome == AUTH_NO_CREDENTIALS;
        registry->keys_over = !refused || ++registry->key == registry->keys.count;
    }
    if (!registry->keys_over)
        stage_auth_start(registry, NULL);
}

/* ---- one image ---- */

/* How far an attempt came: the one to show if none succeeds. */
static int progress_of(const struct image_evidence *evidence)
{
    if (evidence->outcome == MANIFEST_FOUND)
        return 4;
    if (evidence->outcome == MANIFEST_NOT_FOUND) /* the key itself was taken */
        return 3;
    if (evidence->outcome != MANIFEST_SKIPPED)
        return 2;
    return evidence->auth == AUTH_GRANTED_LESS_THAN_ASKED;
}

/* After any failure of a pull, whatever it was, the kubelet tries the next key. */
static bool attempt_failed(const struct image_evidence *evidence)
{
    const struct blob_evidence *blob = evidence_blob(evidence);

    if (evidence->outcome == MANIFEST_FOUND)
        return blob->outcome != BLOB_SKIPPED && blob->outcome != BLOB_LOCAL &&
               blob->outcome != BLOB_CANCELLED && !blob_is_there(blob);
    return evidence->outcome != MANIFEST_TOO_LARGE && evidence->outcome != MANIFEST_REDIRECTED &&
           evidence->outcome != MANIFEST_LOCAL && evidence->outcome != MANIFEST_CANCELLED;
}

static void free_image_requests(struct image_run *image)
{
    pull_request_free(image->request);
    for (size_t i = 0; i < IMAGE_BLOB_COUNT; i++)
        pull_request_free(image->blobs[i].request);
}

static void restart_image(struct image_run *image)
{
    struct image_evidence *evidence = image->evidence;

    image->registry->evidence->auth.scope_status = 0; /* of the key before */
    image->registry->evidence->auth.key_status = 0;
    if (!image->has_best || progress_of(evidence) > progress_of(&image->best))
        image->best = *evidence;
    image->has_best = true;
    stage_image_end(image, false);
    stage_layers_end(image, false);
    free_image_requests(image);
    struct image_run next = {.registry = image->registry,
                             .evidence = evidence,
                             .repository = image->repository,
                             .version = image->version,
                             .keys = image->keys,
                             .key = image->key + 1,
                             .has_best = true,
                             .best = image->best};
    *image = next;
    *evidence = (struct image_evidence){
        .reference = evidence->reference, .size = -1, .keys_refused = evidence->keys_refused + 1};
    stage_image_start(image);
}

/* The attempt is over: with the next key, or for good. */
static void end_attempt(struct image_run *image)
{
    struct image_evidence *evidence = image->evidence;

    if (attempt_failed(evidence) && evidence->key && image->key + 1 < image->keys.count) {
        restart_image(image);
        return;
    }
    image->over = true;
    if (evidence->outcome == MANIFEST_FOUND && evidence->auth == AUTH_REJECTED)
        evidence->auth =
            AUTH_ACCEPTED; /* the image needs no key, so a refused one does not matter */
    if (image->has_best && attempt_failed(evidence) &&
        progress_of(&image->best) > progress_of(evidence)) {
        unsigned refused = evidence->keys_refused;
        *evidence = image->best;
        evidence->keys_refused = refused;
    }
    if (evidence->outcome == MANIFEST_FOUND && evidence->keys_refused)
        evidence->differences |= 1u << DIFFERENCE_KEY_ORDER;
}

static bool has_answer_to(const struct image_run *image, const struct url *asked_by)
{
    size_t count = image->authorization_count;

    return count && pull_same_origin(&image->authorizations[count - 1].asked_by, asked_by);
}

/* Auth is over for this image. */
static void take_auth_outcome(struct image_run *image)
{
    struct registry_run *registry = image->registry;
    enum auth_outcome outcome = registry->auth.outcome;

    image->wants_token = false;
    registry->auth.image = NULL;
    run_progressed(registry->run); /* so that the next image gets its turn */
    if (has_answer_to(image, &registry->auth.asked_by)) {
        image->authorized_manifest |= !image->layers_begun;
        stage_image_resume(image);
        stage_layers_resume(image);
        return;
    }
    stage_image_end(image, false);
    stage_layers_refuse(image, auth_outcome_name(outcome));
    if (!image->layers_begun) {
        image->evidence->outcome = MANIFEST_SKIPPED;
        image->evidence->reason =
            arena_format(registry->run->evidence->arena, "auth: %s", auth_outcome_words(outcome));
    }
    end_attempt(image);
}

static void advance_image(struct image_run *image)
{
    struct registry_run *registry = image->registry;

    if (image->over)
        return;
    if (image->wants_token) {
        if (stage_auth_pending(registry))
            return;
        if (registry->auth.image == image)
            take_auth_outcome(image);
        else if (!registry->auth.image)
            stage_auth_start(registry, image);
        return;
    }
    if (stage_image_pending(image))
        return;
    if (image->evidence->outcome == MANIFEST_FOUND && !image->layers_begun) {
        image->layers_begun = true;
        stage_layers_start(image);
    }
    stage_layers_resume(image); /* further layers */
    if (!stage_layers_pending(image))
        end_attempt(image);
}

/* ---- all of it ---- */

void stage_registry_advance(struct probe_run *run)
{
    consider_registry(run);
    struct registry_run *registry = run->registry;
    if (!registry || !registry->begun)
        return;
    advance_key(registry);
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        advance_image(&registry->images[i]);
}

bool stage_registry_pending(const struct probe_run *run)
{
    const struct registry_run *registry = run->registry;

    if (!registry || !registry->begun)
        return false;
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        if (!registry->images[i].over)
            return true;
    return !registry->keys_over;
}

/* ---- the end ---- */

/* Combines the authorization outcomes of all images: the worst one that stopped an image counts. */
static void sum_up_auth(struct registry_run *registry)
{
    static const unsigned char ranks[AUTH_OUTCOME_COUNT] = {
        [AUTH_SKIPPED] = 0,
        [AUTH_NOT_REQUIRED] = 1,
        [AUTH_ACCEPTED] = 2,
        [AUTH_GRANTED_LESS_THAN_ASKED] = 3,
        [AUTH_NO_CREDENTIALS] = 4,
        [AUTH_REJECTED] = 5,
        [AUTH_CANCELLED] = 6,
        [AUTH_TOO_LARGE] = 7,
        [AUTH_RATE_LIMITED] = 8,
        [AUTH_FAILED] = 9,
        [AUTH_MALFORMED] = 10,
        [AUTH_STALLED] = 11,
        [AUTH_REALM_UNREACHABLE] = 12,
        [AUTH_LOCAL] = 13,
    };
    struct auth_evidence *auth = &registry->evidence->auth;
    bool any_open = false;

    for (size_t i = 0; i < registry->evidence->image_count; i++) {
        const struct image_evidence *image = &registry->evidence->images[i];
        any_open |= image->auth == AUTH_SKIPPED && image->outcome != MANIFEST_SKIPPED;
        if (ranks[image->auth] > ranks[auth->outcome])
            auth->outcome = image->auth;
    }
    if (auth->outcome == AUTH_SKIPPED && any_open)
        auth->outcome = AUTH_NOT_REQUIRED;
    /* If no token was granted for one of several images, the grant is less than was asked for. */
    bool some = false;
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        some |= registry->evidence->images[i].outcome != MANIFEST_SKIPPED;
    if (auth->outcome == AUTH_NO_CREDENTIALS && some)
        auth->outcome = AUTH_GRANTED_LESS_THAN_ASKED;
}

static bool texts_differ(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") != 0;
}

/* Clients that ask /v2/ first take the authorization that it asks for. */
static void compare_with_ping(struct image_run *image)
{
    const struct path_run *path = image->registry->path;
    const struct challenge *manifest = &image->challenge;
    const struct challenge *ping = &path->challenge;

    if (image->evidence->auth == AUTH_SKIPPED || path->evidence->api.outcome != API_REGISTRY ||
        manifest->kind == CHALLENGE_NONE)
        return;
    if (manifest->kind == CHALLENGE_BEARER && ping->basic_first)
        image->evidence->differences |= 1u << DIFFERENCE_OFFER;
    if (manifest->kind != ping->kind || texts_differ(manifest->realm, ping->realm) ||
        texts_differ(manifest->service, ping->service))
        image->evidence->differences |=
            1u << (image->layers_begun && !image->authorized_manifest ? DIFFERENCE_LAYERS
                                                                      : DIFFERENCE_CHALLENGE);
}

static bool is_conclusive(const struct registry_evidence *evidence)
{
    if (evidence->auth.outcome == AUTH_LOCAL || evidence->auth.outcome == AUTH_CANCELLED)
        return false;
    for (size_t i = 0; i < evidence->image_count; i++) {
        const struct image_evidence *image = &evidence->images[i];
        if (image->outcome == MANIFEST_LOCAL || image->outcome == MANIFEST_CANCELLED ||
            image->blob.outcome == BLOB_LOCAL || image->blob.outcome == BLOB_CANCELLED ||
            image->config.outcome == BLOB_LOCAL || image->config.outcome == BLOB_CANCELLED)
            return false;
    }
    return true;
}

/* True if the image's turn at the token service, or its request with a token, was just to start. */
static bool awaits_its_turn(const struct image_run *image)
{
    const struct auth_run *auth = &image->registry->auth;

    return image->wants_token && !image->layers_begun && !stage_auth_pending(image->registry) &&
           (auth->image != image || has_answer_to(image, &auth->asked_by));
}

/* A step that was just to start has no answer either, or the image would seem well. */
static void end_image(struct image_run *image, bool expired)
{
    struct image_evidence *evidence = image->evidence;
    bool awaited = !image->over && awaits_its_turn(image);

    stage_image_end(image, expired);
    stage_layers_end(image, expired);
    if (awaited) {
        evidence->outcome = MANIFEST_CANCELLED;
        evidence->reason = NULL;
    } else if (!image->over && evidence->outcome == MANIFEST_FOUND && !image->layers_begun) {
        evidence->blob.outcome = BLOB_CANCELLED;
    }
}

static void end_registry_stages(struct registry_run *registry, bool expired)
{
    /* before the authorization ends, which tells who awaited it and who awaited a turn */
    for (size_t i = 0; i < registry->evidence->image_count; i++)
        end_image(&registry->images[i], expired);
    stage_auth_end(registry, expired);
    for (size_t i = 0; i < registry->evidence->image_count; i++) {
        compare_with_ping(&registry->images[i]);
        if (registry->run->odd_headers)
            registry->evidence->images[i].differences |= 1u << DIFFERENCE_HEADERS;
    }
    if (registry->evidence->image_count)
        sum_up_auth(registry);
    else if (registry->auth.registry && !registry->keys_over)
        registry->evidence->auth.outcome = registry->auth.outcome;
}

void stage_registry_end(struct probe_run *run, bool expired)
{
    struct registry_run *registry = run->registry;

    if (!registry)
        return;
    if (registry->begun && run->evidence) {
        end_registry_stages(registry, expired);
        registry->evidence->measured_at = clock_wall() / (int64_t)USEC_PER_SEC;
        registry->evidence->measured =
            is_conclusive(registry->evidence) ? run->started + run->asleep : 0;
    }
    pull_request_free(registry->auth.request);
    for (size_t i = 0; i < SETTINGS_MAX_IMAGES; i++)
        free_image_requests(&registry->images[i]);
    arena_free(registry->secrets);
    memory_release(registry);
    run->registry = NULL;
}

void stage_registry_keep_standing(struct probe_run *run)
{
    if (run->evidence->registry || !is_recent(run))
        return;
    run->evidence->registry = run->standing;
    run->standing->standing = true;
}

void stage_registry_awaited(const struct probe_run *run, struct text *text, const char **separator)
{
    if (!stage_registry_pending(run))
        return;
    text_append_format(text, "%s%s", *separator,
                       stage_auth_pending(run->registry) ? "auth" : "manifests and blobs");
    *separator = ", ";
}
