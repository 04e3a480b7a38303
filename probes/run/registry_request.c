/* SPDX-License-Identifier: MIT */
/* Parts that all requests of an image share. */

#include "probes/run/registry_request.h"

#include <string.h>

const char *registry_keep(struct registry_run *registry, const char *text)
{
    return pull_keep_text(registry->run, text);
}

bool registry_was_fair(const struct registry_run *registry, const struct pull_request *request)
{
    const struct probe_run *run = registry->run;
    const struct path_evidence *path = registry->path->evidence;
    usec_t connected = run->evidence->proxy.duration + path->tcp.duration + path->tls.duration;
    usec_t slowest = connected > run->slowest_answer ? connected : run->slowest_answer;
    usec_t least = run->target->timeout / 10;

    return request && pull_request_elapsed(request) >= (least > 2 * slowest ? least : 2 * slowest);
}

const char *image_path(const struct image_run *image, const char *kind, const char *reference)
{
    const struct puller *puller = image->registry->run->puller;
    struct arena *secrets = image->registry->secrets;
    const char *ns = puller->mirrored;
    const char *query = ns ? "?ns=" : "";

    for (; ns && *ns && query; ns++)
        query = arena_format(secrets, strchr(":[]", *ns) ? "%s%%%02X" : "%s%c", query, *ns);
    return query
               ? arena_format(secrets, "%s/%s/%s/%s%s", puller->api_root ? puller->api_root : "/v2",
                              image->repository, kind, reference, query)
               : NULL;
}

void image_note_trail(struct image_run *image, const struct pull_trail *trail)
{
    if (trail->was_resumed)
        image->evidence->differences |= 1u << DIFFERENCE_CUT;
    if (trail->was_broken)
        image->evidence->differences |= 1u << DIFFERENCE_BROKEN;
    if (trail->was_refused)
        image->evidence->differences |= 1u << DIFFERENCE_REFUSED;
    if (trail->ways_differ)
        image->evidence->differences |= 1u << DIFFERENCE_REDIRECT;
    if (trail->was_late)
        image->evidence->differences |= 1u << DIFFERENCE_LATE;
}

void image_note_status(struct image_run *image, unsigned status)
{
    if (status != 200)
        image->evidence->differences |= 1u << DIFFERENCE_STATUS;
}

struct pull_request *image_ask(struct image_run *image, struct pull_request_options *options,
                               const char *path, struct remote_host_evidence *elsewhere,
                               pull_request_done_fn *done, void *context)
{
    struct registry_run *registry = image->registry;

    if (!path)
        return NULL;
    options->at = pull_target_url(registry->run, path);
    options->authorizations = image->authorizations;
    options->authorization_count = image->authorization_count;
    options->known = &registry->address;
    options->own = &registry->own;
    options->elsewhere = elsewhere;
    return pull_request_start(registry->run, options, registry->secrets, done, context);
}

/* The place of the authorization for this host, or behind the last one. */
static size_t find_answer(const struct image_run *image, const struct url *asked_by)
{
    size_t place = 0;

    while (place < image->authorization_count &&
           !pull_same_origin(&image->authorizations[place].asked_by, asked_by))
        place++;
    return place;
}

/* Newer containerd asks for another token if the registry says why it refuses one that was good.
 * Older containerd uses it once more, and that was in vain. */
static bool is_renewed(struct image_run *image, const struct challenge *challenge,
                       const struct pull_trail *trail)
{
    if (image->renewed || !trail->was_refused || !challenge->error)
        return false;
    image->authorizations[find_answer(image, &trail->at)] =
        image->authorizations[image->authorization_count - 1];
    image->authorization_count--;
    return image->renewed = true;
}

bool image_takes_challenge(struct image_run *image, const struct http_response *response,
                           const struct pull_trail *trail)
{
    struct challenge challenge;

    if (response->status != 401 || trail->answers >= PULL_MAX_ANSWERS)
        return false;
    challenge_read(response, image->registry->secrets, &challenge);
    if (find_answer(image, &trail->at) < image->authorization_count &&
        !is_renewed(image, &challenge, trail))
        return !trail->authorized && !trail->withheld;
    if (image->authorization_count == IMAGE_MAX_AUTHORIZATIONS)
        return false;
    if (image->wants_token) /* a further request of the image met it at the same time */
        return pull_same_origin(&image->asked_by, &trail->at);
    if (challenge.kind != CHALLENGE_BEARER && challenge.kind != CHALLENGE_BASIC) {
        image->evidence->auth = AUTH_MALFORMED;
        image->registry->evidence->auth.reason = "the challenge names no way to authorize";
        return false;
    }
    image->wants_token = true;
    image->challenge = challenge;
    image->asked_by = trail->at;
    return true;
}
