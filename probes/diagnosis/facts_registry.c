/* Facts that tokens, manifests and layers gave. */

#include "probes/diagnosis/facts.h"

static void set(struct facts *facts, enum fact fact, enum phase phase,
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
static const struct path_evidence *failing_path(const struct remote_host_evidence *remote)
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

/* Remembers the address that fails; its class says what it would take. */
static void set_remote(struct facts *facts, enum fact fact,
                       const struct remote_host_evidence *remote, enum fact is_public,
                       enum fact is_internal)
{
    const struct path_evidence *path = failing_path(remote);

    facts->path[fact] = path;
    if (!path)
        return;
    facts->is[FACT_REMOTE_HANDSHAKE] |= path->tcp.outcome == TCP_OK;
    facts->is[is_public] |= path->address_class == CLASS_PUBLIC;
    facts->is[is_internal] |=
        path->address_class == CLASS_PRIVATE || path->address_class == CLASS_PROVIDER;
}

/* Whose refusal it was: with a key that was good it is the scope's, else there was none. */
static enum fact refusal(const struct auth_evidence *auth)
{
    return auth->key_sent ? FACT_SCOPE_REFUSED : FACT_ANONYMOUS_REFUSED;
}

/* By the token service, for every image that was then not asked for. */
static void set_refused(struct facts *facts, enum fact fact,
                        const struct registry_evidence *registry)
{
    for (size_t i = 0; i < registry->image_count; i++)
        if (registry->images[i].outcome == MANIFEST_SKIPPED)
            set(facts, fact, PHASE_AUTH, &registry->images[i]);
    set(facts, fact, PHASE_AUTH, NULL); /* none was to be asked for */
}

static void collect_auth(struct facts *facts, const struct registry_evidence *registry)
{
    const struct auth_evidence *auth = &registry->auth;

    facts->is[FACT_KEY_WITHHELD] = auth->has_key && !auth->host_listed;
    switch (auth->outcome) {
    case AUTH_SKIPPED:
    case AUTH_NOT_REQUIRED:
    case AUTH_ACCEPTED:
    case AUTH_CANCELLED:
    case AUTH_OUTCOME_COUNT:
        return;
    case AUTH_GRANTED_LESS_THAN_ASKED:
        if (auth->scope_status >= 400) /* else the manifest's answer decides */
            set_refused(facts, refusal(auth), registry);
        return;
    case AUTH_NO_CREDENTIALS:
        set_refused(facts, FACT_ANONYMOUS_REFUSED, registry);
        return;
    case AUTH_REJECTED:
        set(facts, FACT_KEY_REJECTED, PHASE_AUTH, NULL);
        return;
    case AUTH_REALM_UNREACHABLE:
        set(facts, FACT_REALM_UNREACHABLE, PHASE_AUTH, NULL);
        set_remote(facts, FACT_REALM_UNREACHABLE, &auth->remote, FACT_REALM_PUBLIC,
                   FACT_REALM_INTERNAL);
        return;
    case AUTH_MALFORMED:
    case AUTH_FAILED:
        set(facts, FACT_TOKEN_SERVICE_FAILED, PHASE_AUTH, NULL);
        return;
    case AUTH_RATE_LIMITED:
        set(facts, FACT_LATER_RATE_LIMITED, PHASE_AUTH, NULL);
        return;
    case AUTH_STALLED:
        set(facts, FACT_TOKEN_SERVICE_STALLED, PHASE_AUTH, NULL);
        return;
    case AUTH_TOO_LARGE:
        set(facts, FACT_TOKEN_TOO_LARGE, PHASE_AUTH, NULL);
        return;
    case AUTH_LOCAL:
        set(facts, FACT_REGISTRY_LOCAL, PHASE_AUTH, NULL);
        return;
    }
}

static void collect_manifest(struct facts *facts, const struct auth_evidence *auth,
                             const struct image_evidence *image)
{
    switch (image->outcome) {
    case MANIFEST_SKIPPED:
    case MANIFEST_FOUND:
    case MANIFEST_TOO_LARGE:
    case MANIFEST_REDIRECTED:
    case MANIFEST_CANCELLED:
    case MANIFEST_OUTCOME_COUNT:
        return;
    case MANIFEST_NOT_FOUND:
        set(facts, FACT_IMAGE_NOT_FOUND, PHASE_MANIFEST, image);
        return;
    case MANIFEST_OTHER_PLATFORM:
        set(facts, FACT_OTHER_PLATFORM, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNAUTHORIZED:
        set(facts, image->grant == GRANT_PULL ? FACT_TOKEN_REJECTED : refusal(auth), PHASE_MANIFEST,
            image);
        return;
    case MANIFEST_INSUFFICIENT_SCOPE:
        set(facts, refusal(auth), PHASE_MANIFEST, image);
        return;
    case MANIFEST_INVALID_TOKEN:
        set(facts, FACT_TOKEN_REJECTED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_BLOCKED_BY_POLICY:
        set(facts, FACT_IMAGE_BLOCKED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_RATE_LIMITED:
        set(facts, FACT_LATER_RATE_LIMITED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNAVAILABLE:
    case MANIFEST_UNREACHABLE:
        set(facts, FACT_LATER_UNAVAILABLE, PHASE_MANIFEST, image);
        return;
    case MANIFEST_STALLED:
        set(facts, FACT_LATER_STALLED, PHASE_MANIFEST, image);
        return;
    case MANIFEST_UNEXPECTED:
    case MANIFEST_MALFORMED:
        set(facts, FACT_LATER_INVALID, PHASE_MANIFEST, image);
        return;
    case MANIFEST_LOCAL:
        set(facts, FACT_REGISTRY_LOCAL, PHASE_MANIFEST, image);
        return;
    }
}

static void collect_blob(struct facts *facts, const struct image_evidence *image)
{
    switch (image->blob.outcome) {
    case BLOB_SKIPPED:
    case BLOB_OK:
    case BLOB_NOT_REDIRECTED:
    case BLOB_CANCELLED:
    case BLOB_OUTCOME_COUNT:
        return;
    case BLOB_UNREACHABLE:
    case BLOB_STALLED:
        if (facts->is[FACT_BLOB_UNREACHABLE])
            return;
        set(facts, FACT_BLOB_UNREACHABLE, PHASE_BLOB, image);
        set_remote(facts, FACT_BLOB_UNREACHABLE, &image->blob.remote, FACT_BLOB_PUBLIC,
                   FACT_BLOB_INTERNAL);
        return;
    case BLOB_REFUSED:
    case BLOB_MALFORMED:
        set(facts, FACT_BLOB_REFUSED, PHASE_BLOB, image);
        return;
    case BLOB_RATE_LIMITED:
        set(facts, FACT_LATER_RATE_LIMITED, PHASE_BLOB, image);
        return;
    case BLOB_LOCAL:
        set(facts, FACT_REGISTRY_LOCAL, PHASE_BLOB, image);
        return;
    }
}

void facts_collect_registry(struct facts *facts)
{
    const struct registry_evidence *registry = facts->evidence->registry;

    if (!registry)
        return;
    collect_auth(facts, registry);
    for (size_t i = 0; i < registry->image_count; i++) {
        collect_manifest(facts, &registry->auth, &registry->images[i]);
        collect_blob(facts, &registry->images[i]);
    }
}
