/* SPDX-License-Identifier: MIT */
/* Facts that tokens, manifests and layers gave. */

#include "probes/diagnosis/facts.h"
#include "probes/evidence/view.h"

static void set_image(struct facts *facts, enum fact fact, enum phase phase,
                      const struct image_evidence *image)
{
    if (image && (!facts->is[fact] || facts->phase[fact] == phase))
        facts->images[fact]++;
    if (facts->is[fact])
        return;
    facts->is[fact] = true;
    facts->phase[fact] = phase;
    facts->image[fact] = image;
}

static bool remote_path_works(const struct remote_host_evidence *remote,
                              const struct path_evidence *path)
{
    return path->tcp.outcome == TCP_OK && (remote->plain_http || path->tls.outcome == TLS_OK);
}

/* The first address that fails; one without a route, or never dialled, only where all are. */
static const struct path_evidence *failing_remote_path(const struct remote_host_evidence *remote)
{
    const struct path_evidence *skipped = NULL;

    for (size_t i = 0; i < remote->path_count; i++) {
        const struct path_evidence *path = &remote->paths[i];
        if (remote_path_works(remote, path))
            continue;
        if (path->tcp.outcome != TCP_SKIPPED)
            return path;
        skipped = skipped ? skipped : path;
    }
    return skipped;
}

/* Remembers the address that fails, because its class decides about the steps. */
static void set_remote(struct facts *facts, enum fact fact,
                       const struct remote_host_evidence *remote, enum fact is_public,
                       enum fact is_internal)
{
    const struct path_evidence *path = failing_remote_path(remote);

    facts->path[fact] = path;
    if (!path)
        return;
    facts->is[FACT_REMOTE_HANDSHAKE] |= path->tcp.outcome == TCP_OK;
    facts->is[is_public] |= path->address_class == CLASS_PUBLIC;
    facts->is[is_internal] |=
        path->address_class == CLASS_PRIVATE || path->address_class == CLASS_PROVIDER;
}

/* With a key that is good the scope is refused, without a key the lack of one. */
static enum fact refusal(const struct auth_evidence *auth, const struct image_evidence *image)
{
    bool with_key =
        image && image->auth != AUTH_SKIPPED ? image->key && auth->key_sent : auth->key_sent;

    if (image && image->auth == AUTH_SKIPPED && image->status == 403 && auth->has_key &&
        !auth->key_sent && !auth->realm)
        return FACT_SCOPE_REFUSED; /* nobody asked for the key, and none would help */
    return with_key ? FACT_SCOPE_REFUSED : FACT_ANONYMOUS_REFUSED;
}

/* The token service refused, so none of these images was asked for. */
static void set_refused(struct facts *facts, enum fact fact,
                        const struct registry_evidence *registry)
{
    for (size_t i = 0; i < registry->image_count; i++)
        if (registry->images[i].outcome == MANIFEST_SKIPPED)
            set_image(facts, fact, PHASE_AUTH, &registry->images[i]);
    set_image(facts, fact, PHASE_AUTH, NULL); /* none was to be asked for */
}

/* Refusals of the token service, image by image. False: the evidence does not tell them. */
static bool collect_image_auth(struct facts *facts, const struct registry_evidence *registry)
{
    bool told = false;

    for (size_t i = 0; i < registry->image_count; i++) {
        const struct image_evidence *image = &registry->images[i];
        told |= image->auth != AUTH_SKIPPED;
        if (image->outcome != MANIFEST_SKIPPED)
            continue;
        if (image->auth == AUTH_NO_CREDENTIALS)
            set_image(facts, FACT_ANONYMOUS_REFUSED, PHASE_AUTH, image);
        else if (image->auth == AUTH_GRANTED_LESS_THAN_ASKED)
            set_image(facts, FACT_SCOPE_REFUSED, PHASE_AUTH, image);
        else if (image->auth == AUTH_REJECTED)
            set_image(facts, FACT_KEY_REJECTED, PHASE_AUTH, NULL);
    }
    return told;
}

static void collect_auth(struct facts *facts, const struct registry_evidence *registry)
{
    const struct auth_evidence *auth = &registry->auth;
    bool told = collect_image_auth(facts, registry);

    facts->is[FACT_REALM_NAMED] = auth->realm != NULL;
    facts->is[FACT_KEY_UNVERIFIED] = auth->key_unverified;
    facts->is[FACT_KEY_WITHHELD] = auth->key_unverified || (auth->has_key && !auth->host_listed &&
                                                            (auth->realm || auth->remote.host));
    facts->is[FACT_KEY_INCOMPLETE] =
        auth->has_key && !auth->key_sent && auth->host_listed && !auth->key_unverified;
    facts->is[FACT_HELPERS_NOT_ASKED] = auth->has_helpers;
    if (told && (auth->outcome == AUTH_GRANTED_LESS_THAN_ASKED ||
                 auth->outcome == AUTH_NO_CREDENTIALS || auth->outcome == AUTH_REJECTED))
        return;
    switch (auth->outcome) {
    case AUTH_SKIPPED:
    case AUTH_NOT_REQUIRED:
    case AUTH_ACCEPTED:
    case AUTH_CANCELLED:
    case AUTH_OUTCOME_COUNT:
        return;
    case AUTH_GRANTED_LESS_THAN_ASKED:
        if (auth->scope_status >= 400) /* else the manifest's answer decides */
            set_refused(facts, refusal(auth, NULL), registry);
        return;
    case AUTH_NO_CREDENTIALS:
        set_refused(facts, FACT_ANONYMOUS_REFUSED, registry);
        return;
    case AUTH_REJECTED:
        set_image(facts, FACT_KEY_REJECTED, PHASE_AUTH, NULL);
        return;
    case AUTH_REALM_UNREACHABLE:
        set_image(facts, FACT_REALM_UNREACHABLE, PHASE_AUTH, NULL);
        set_remote(facts, FACT_REALM_UNREACHABLE, &auth->remote, FACT_REALM_PUBLIC,
                   FACT_REALM_INTERNAL);
        return;
    case AUTH_MALFORMED:
    case AUTH_FAILED:
        facts->is[FACT_TOKEN_UNREADABLE] = auth->outcome == AUTH_MALFORMED;
        set_image(facts, FACT_TOKEN_SERVICE_FAILED, PHASE_AUTH, NULL);
        return;
    case AUTH_RATE_LIMITED:
        set_image(facts, FACT_LATER_RATE_LIMITED, PHASE_AUTH, NULL);
        return;
    case AUTH_STALLED:
        set_image(facts, FACT_TOKEN_SERVICE_STALLED, PHASE_AUTH, NULL);
        return;
    case AUTH_TOO_LARGE:
        set_image(facts, FACT_TOKEN_TOO_LARGE, PHASE_AUTH, NULL);
        return;
    case AUTH_LOCAL:
        set_image(facts, FACT_REGISTRY_LOCAL, PHASE_AUTH, NULL);
        return;
    }
}

static void collect_manifest(struct facts *facts, const struct auth_evidence *auth,
                             const struct image_evidence *image)
{
    if (image->auth == AUTH_REJECTED && (image->outcome == MANIFEST_UNAUTHORIZED ||
                                         image->outcome == MANIFEST_INSUFFICIENT_SCOPE)) {
        set_image(facts, FACT_KEY_REJECTED, PHASE_AUTH, NULL);
        return;
    }
    switch (image->outcome) {
    case MANIFEST_SKIPPED:
    case MANIFEST_FOUND:
    case MANIFEST_CANCELLED:
    case MANIFEST_OUTCOME_COUNT:
        return;
    case MANIFEST_TOO_LARGE:
        set_image(facts, FACT_IMAGE_UNREAD, PHASE_MANIFEST, image);
        return;
    case MANIFEST_REDIRECTED:
        set_image(facts, FACT_IMAGE_WITHHELD, PHASE_MANIFEST, image);
        return;
    case MANIFEST_NOT_FOUND:
        set_image(facts, FACT_IMAGE_NOT_FOUND, PHASE_MANIFEST, image);
        return;
    case MANIFEST_OTHER_PLATFORM:
        set_image(facts, FACT_OTHER_PLATFORM, PHASE_MANIFEST, image);
        return;
    case MANIFEST_DAMAGED:
        set_image(facts, FACT_IMAGE_DAMAGED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNSUPPORTED:
        set_image(facts, FACT_IMAGE_UNSUPPORTED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNAUTHORIZED:
        if (image->auth == AUTH_MALFORMED) /* that is the finding */
            return;
        if (image->key && image->auth != AUTH_SKIPPED && !auth->realm) /* the key itself was sent */
            set_image(facts, FACT_KEY_REJECTED, PHASE_MANIFEST, image);
        else
            set_image(facts,
                      image->grant == GRANT_PULL ? FACT_TOKEN_REJECTED : refusal(auth, image),
                      PHASE_MANIFEST, image);
        return;
    case MANIFEST_INSUFFICIENT_SCOPE:
        set_image(facts, refusal(auth, image), PHASE_MANIFEST, image);
        return;
    case MANIFEST_INVALID_TOKEN:
        set_image(facts, FACT_TOKEN_REJECTED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_BLOCKED_BY_POLICY:
        set_image(facts, FACT_IMAGE_BLOCKED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_RATE_LIMITED:
        set_image(facts, FACT_LATER_RATE_LIMITED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNAVAILABLE:
    case MANIFEST_UNREACHABLE:
        set_image(facts, FACT_LATER_UNAVAILABLE, PHASE_MANIFEST, image);
        return;
    case MANIFEST_STALLED:
        set_image(facts, FACT_LATER_STALLED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNEXPECTED:
    case MANIFEST_MALFORMED:
        set_image(facts, FACT_LATER_INVALID, PHASE_MANIFEST, image);
        return;
    case MANIFEST_LOCAL:
        set_image(facts, FACT_REGISTRY_LOCAL, PHASE_MANIFEST, image);
        return;
    }
}

static void collect_blob(struct facts *facts, const struct image_evidence *image)
{
    const struct blob_evidence *blob = evidence_blob(image);

    switch (blob->outcome) {
    case BLOB_SKIPPED:
        if (blob->status)
            set_image(facts, FACT_IMAGE_WITHHELD, PHASE_BLOB, image);
        return;
    case BLOB_OK:
    case BLOB_NOT_REDIRECTED:
    case BLOB_CANCELLED:
    case BLOB_OUTCOME_COUNT:
        return;
    case BLOB_UNREACHABLE:
    case BLOB_STALLED:
        if (facts->is[FACT_BLOB_UNREACHABLE])
            return;
        set_image(facts, FACT_BLOB_UNREACHABLE, PHASE_BLOB, image);
        set_remote(facts, FACT_BLOB_UNREACHABLE, &blob->remote, FACT_BLOB_PUBLIC,
                   FACT_BLOB_INTERNAL);
        return;
    case BLOB_DAMAGED:
        set_image(facts, FACT_IMAGE_DAMAGED, PHASE_BLOB, image);
        return;
    case BLOB_REFUSED:
    case BLOB_MALFORMED:
        facts->is[FACT_BLOB_UNREADABLE] |= blob->outcome == BLOB_MALFORMED;
        set_image(facts, FACT_BLOB_REFUSED, PHASE_BLOB, image);
        return;
    case BLOB_RATE_LIMITED:
        set_image(facts, FACT_LATER_RATE_LIMITED, PHASE_BLOB, image);
        return;
    case BLOB_LOCAL:
        set_image(facts, FACT_REGISTRY_LOCAL, PHASE_BLOB, image);
        return;
    }
}

static void collect_differences(struct facts *facts, const struct image_evidence *image)
{
    for (unsigned i = 0; i < CLIENT_DIFFERENCE_COUNT; i++)
        if (image->differences & (1u << i))
            set_image(facts, (enum fact)(FACT_DIFFERENCES + i), PHASE_MANIFEST, image);
}

void facts_collect_registry(struct facts *facts)
{
    const struct registry_evidence *registry = facts->evidence->registry;

    if (!registry || evidence_ping_explains_images(facts->evidence))
        return;
    collect_auth(facts, registry);
    for (size_t i = 0; i < registry->image_count; i++) {
        collect_manifest(facts, &registry->auth, &registry->images[i]);
        collect_blob(facts, &registry->images[i]);
        if (!facts->evidence->allocation_failed) /* which leaves parts of answers out */
            collect_differences(facts, &registry->images[i]);
    }
}
