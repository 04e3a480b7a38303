/* SPDX-License-Identifier: MIT */
/*
 * The outcome of one host for one image, by the rules of containerd's resolver and fetcher
 * (core/remotes/docker): a failed connection and any status above 399 lead to the next host, and an
 * answer with the wrong bytes ends the pull.
 */

#include "probes/evidence/view.h"

/* ---- the host itself ---- */

static bool any_path_is(const struct evidence *measured, enum tcp_outcome tcp, enum tls_outcome tls)
{
    for (size_t i = 0; i < measured->path_count; i++)
        if (measured->paths[i].tcp.outcome == tcp || measured->paths[i].tls.outcome == tls)
            return true;
    return false;
}

static enum mirror_outcome connection_outcome(const struct evidence *measured, bool plain_http)
{
    const struct proxy_evidence *proxy = &measured->proxy;
    enum phase_state tcp = evidence_phase_state(measured, PHASE_TCP);

    if (proxy->outcome == PROXY_LOCAL)
        return MIRROR_LOCAL;
    if (proxy->outcome != PROXY_SKIPPED && proxy->outcome != PROXY_OK)
        return MIRROR_PROXY_FAILED;
    if (tcp != PHASE_STATE_OK && any_path_is(measured, TCP_LOCAL, TLS_LOCAL))
        return MIRROR_LOCAL;
    if (tcp != PHASE_STATE_OK && any_path_is(measured, TCP_CANCELLED, TLS_CANCELLED))
        return MIRROR_CANCELLED;
    if (tcp == PHASE_STATE_FAILED)
        return MIRROR_UNREACHABLE;
    if (tcp == PHASE_STATE_SKIPPED)
        return measured->local_error ? MIRROR_LOCAL : MIRROR_NO_ADDRESS;
    if (plain_http || evidence_phase_state(measured, PHASE_TLS) == PHASE_STATE_OK)
        return MIRROR_OK;
    return any_path_is(measured, TCP_LOCAL, TLS_LOCAL)           ? MIRROR_LOCAL
           : any_path_is(measured, TCP_CANCELLED, TLS_CANCELLED) ? MIRROR_CANCELLED
                                                                 : MIRROR_TLS_FAILED;
}

static const struct api_evidence *ping_of(const struct evidence *measured)
{
    static const struct api_evidence none = {.outcome = API_SKIPPED};

    for (size_t i = 0; i < measured->path_count; i++)
        if (evidence_path_decides(measured, &measured->paths[i]) &&
            measured->paths[i].api.outcome != API_SKIPPED)
            return &measured->paths[i].api;
    return &none;
}

/* Without an image: containerd does not ask /v2/, so any answer shows that the host is there. */
static enum mirror_outcome ping_outcome(const struct api_evidence *api)
{
    switch (api->outcome) {
    case API_REGISTRY:
        return MIRROR_OK;
    case API_STALLED:
        return MIRROR_STALLED;
    case API_LOCAL:
        return MIRROR_LOCAL;
    case API_SKIPPED:
    case API_CANCELLED:
        return MIRROR_CANCELLED;
    case API_FORBIDDEN:
    case API_NOT_A_REGISTRY:
    case API_RATE_LIMITED:
    case API_SERVER_ERROR:
    case API_MALFORMED:
    case API_CLOSED:
    case API_OUTCOME_COUNT:
        break;
    }
    return MIRROR_REFUSED;
}

static void take_paths(struct remote_host_evidence *remote, const struct evidence *measured)
{
    remote->dns = DNS_SKIPPED;
    for (size_t i = 0; i < measured->dns_count; i++) {
        const struct dns_evidence *dns = &measured->dns[i];
        if (dns->queried != NAME_TARGET ||
            (remote->dns != DNS_SKIPPED && (remote->dns == DNS_NOERROR || !dns->address_count)))
            continue;
        remote->dns = dns->outcome;
        remote->dns_duration = dns->duration;
    }
    remote->paths = (struct path_evidence *)(uintptr_t)measured->paths;
    remote->path_count = measured->path_count < EVIDENCE_MAX_REMOTE_PATHS
                             ? measured->path_count
                             : EVIDENCE_MAX_REMOTE_PATHS;
}

void mirror_take(struct mirror_evidence *mirror, const struct evidence *measured, bool plain_http)
{
    const struct api_evidence *ping = ping_of(measured);

    mirror->outcome = connection_outcome(measured, plain_http);
    mirror->duration = measured->duration;
    mirror->status = ping->status;
    mirror->registry = measured->registry;
    if (!mirror->is_registry)
        take_paths(&mirror->remote, measured);
    if (mirror->outcome == MIRROR_OK && !measured->registry)
        mirror->outcome = ping_outcome(ping);
    for (size_t i = 0; measured->registry && i < measured->registry->image_count; i++) {
        enum mirror_outcome one = mirror_image_outcome(measured, mirror, i);
        if (mirror->outcome == MIRROR_OK || one == MIRROR_INVALID)
            mirror->outcome = one;
    }
    if (!mirror->detail)
        mirror->detail = measured->local_error;
}

/* ---- one image ---- */

/* A key or a header that containerd sends was kept back, so a refusal says nothing. */
static bool was_withheld(const struct mirror_evidence *mirror,
                         const struct registry_evidence *registry)
{
    const struct auth_evidence *auth = &registry->auth;
    bool verified = !mirror->skips_verify && !mirror->remote.plain_http;

    return (mirror->has_headers && !verified) ||
           (auth->has_key && !auth->key_sent && (auth->key_unverified || !auth->host_listed));
}

/* The answer was accepted, and what follows its head ends the pull. */
static bool breaks_off(unsigned status)
{
    return status >= 200 && status < 300;
}

static enum mirror_outcome blob_outcome(const struct blob_evidence *blob)
{
    switch (blob->outcome) {
    case BLOB_OK:
    case BLOB_NOT_REDIRECTED:
        return MIRROR_OK;
    case BLOB_DAMAGED:
        return MIRROR_INVALID;
    case BLOB_STALLED:
        return MIRROR_STALLED;
    case BLOB_LOCAL:
        return MIRROR_LOCAL;
    case BLOB_SKIPPED: /* an image without layers to ask for */
        return MIRROR_OK;
    case BLOB_CANCELLED:
        return MIRROR_CANCELLED;
    case BLOB_MALFORMED:
        return breaks_off(blob->status) ? MIRROR_INVALID : MIRROR_INCOMPLETE;
    case BLOB_UNREACHABLE:
    case BLOB_REFUSED:
    case BLOB_RATE_LIMITED:
    case BLOB_OUTCOME_COUNT:
        break;
    }
    return MIRROR_INCOMPLETE;
}

static enum mirror_outcome manifest_outcome_here(const struct image_evidence *image)
{
    switch (image->outcome) {
    case MANIFEST_FOUND:
        return blob_outcome(evidence_blob(image));
    case MANIFEST_SKIPPED:
        return MIRROR_NO_TOKEN;
    case MANIFEST_STALLED:
        return MIRROR_STALLED;
    case MANIFEST_OTHER_PLATFORM:
    case MANIFEST_DAMAGED:
    case MANIFEST_UNSUPPORTED:
        return MIRROR_INVALID;
    case MANIFEST_TOO_LARGE:
        return MIRROR_UNKNOWN;
    case MANIFEST_UNEXPECTED: /* a status of 3xx that leads nowhere ends the pull */
        return image->status < 400 ? MIRROR_INVALID : MIRROR_REFUSED;
    case MANIFEST_UNREACHABLE:
        return MIRROR_UNREACHABLE;
    case MANIFEST_LOCAL:
        return MIRROR_LOCAL;
    case MANIFEST_CANCELLED:
        return MIRROR_CANCELLED;
    case MANIFEST_NOT_FOUND:
    case MANIFEST_INSUFFICIENT_SCOPE:
    case MANIFEST_INVALID_TOKEN:
    case MANIFEST_UNAUTHORIZED:
    case MANIFEST_BLOCKED_BY_POLICY:
    case MANIFEST_RATE_LIMITED:
    case MANIFEST_UNAVAILABLE:
    case MANIFEST_REDIRECTED:
    case MANIFEST_OUTCOME_COUNT:
        break;
    case MANIFEST_MALFORMED:
        if (breaks_off(image->status))
            return MIRROR_INVALID;
        break;
    }
    /* HEAD gave a digest and GET did not give the manifest: the next host is asked for it. */
    return image->digest ? MIRROR_INCOMPLETE : MIRROR_REFUSED;
}

const struct image_evidence *mirror_image(const struct evidence *evidence,
                                          const struct mirror_evidence *mirror, size_t image)
{
    const struct registry_evidence *registry =
        mirror->is_registry ? evidence->registry : mirror->registry;

    return registry && image < registry->image_count ? &registry->images[image] : NULL;
}

enum mirror_outcome mirror_image_outcome(const struct evidence *evidence,
                                         const struct mirror_evidence *mirror, size_t image)
{
    const struct image_evidence *here = mirror_image(evidence, mirror, image);

    if (!here || mirror->outcome == MIRROR_NO_ADDRESS || mirror->outcome == MIRROR_UNREACHABLE ||
        mirror->outcome == MIRROR_TLS_FAILED || mirror->outcome == MIRROR_PROXY_FAILED)
        return mirror->outcome; /* what an earlier run found of the image does not help */
    enum mirror_outcome outcome = manifest_outcome_here(here);
    bool refused =
        outcome == MIRROR_REFUSED || outcome == MIRROR_NO_TOKEN || outcome == MIRROR_INCOMPLETE;
    if (refused && !mirror->is_registry && was_withheld(mirror, mirror->registry))
        return MIRROR_UNKNOWN;
    return outcome;
}
