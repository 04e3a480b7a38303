/* SPDX-License-Identifier: MIT */
#include "probes/evidence/view.h"

#include <errno.h>
#include <string.h>

#include "probes/evidence/address_order.h"

static bool dns_answered(enum dns_outcome outcome)
{
    switch (outcome) {
    case DNS_NOERROR:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_LAME:
    case DNS_MALFORMED:
        return true;
    case DNS_SKIPPED:
    case DNS_TIMEOUT:
    case DNS_RESOLVER_PORT_CLOSED:
    case DNS_RESOLVER_UNREACHABLE:
    case DNS_LOCAL:
    case DNS_CANCELLED:
    case DNS_OUTCOME_COUNT:
        return false;
    }
    return false;
}

unsigned evidence_deciding_view(const struct evidence *evidence)
{
    if (evidence->proxy.url)
        return VIEW_PROXY;
    for (size_t i = 0; i < evidence->path_count; i++) {
        unsigned given = evidence->paths[i].views & VIEW_GIVEN;
        if (given)
            return given;
    }
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->role == ROLE_HOST && dns->queried == NAME_TARGET &&
            (dns_answered(dns->outcome) || dns->outcome == DNS_LOCAL))
            return VIEW_HOST;
    }
    return VIEW_POD;
}

/* True if a client asks no further resolver after this outcome. */
static bool settles(enum dns_outcome outcome)
{
    return outcome == DNS_NOERROR || outcome == DNS_NODATA || outcome == DNS_NXDOMAIN;
}

static enum resolver_role role_of(unsigned view)
{
    return view == VIEW_HOST ? ROLE_HOST : ROLE_POD;
}

bool evidence_answer_decides(const struct evidence *evidence, const struct dns_evidence *dns)
{
    unsigned view = evidence_deciding_view(evidence);

    if ((view & VIEW_GIVEN) || dns->queried != NAME_TARGET || dns->role != role_of(view))
        return false;
    for (const struct dns_evidence *before = evidence->dns; before < dns; before++)
        if (before->queried == NAME_TARGET && before->role == dns->role &&
            before->type == dns->type && settles(before->outcome))
            return false;
    return true;
}

static bool gives(const struct dns_evidence *dns, const struct address *address)
{
    for (size_t i = 0; i < dns->address_count; i++)
        if (address_equal(&dns->addresses[i].address, address))
            return true;
    return false;
}

bool evidence_path_decides(const struct evidence *evidence, const struct path_evidence *path)
{
    unsigned view = evidence_deciding_view(evidence);
    bool passed_over = false;

    if (!(path->views & view))
        return false;
    for (size_t i = 0; !(view & VIEW_GIVEN) && i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->queried != NAME_TARGET || dns->role != role_of(view) ||
            !gives(dns, &path->address))
            continue;
        if (evidence_answer_decides(evidence, dns))
            return true;
        passed_over = true;
    }
    return !passed_over;
}

static bool path_works(const struct evidence *evidence, const struct path_evidence *path)
{
    return (path->tls.outcome == TLS_OK || path->tls.outcome == TLS_SKIPPED) &&
           (path->api.outcome == API_REGISTRY || evidence_ping_is_witness(evidence, path));
}

static struct address_pair pair_of(const struct path_evidence *path)
{
    return (struct address_pair){&path->address, &path->tcp.source};
}

/* The family that clients use: that of the first address in their order that connects. */
static int first_family(const struct evidence *evidence)
{
    const struct path_evidence *best = NULL;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        struct address_pair one = pair_of(path);
        struct address_pair other = pair_of(best ? best : path);
        if (path->tcp.outcome != TCP_OK || !evidence_path_decides(evidence, path))
            continue;
        if (!best || address_order(&one, &other) < 0)
            best = path;
    }
    return best ? best->address.family : AF_UNSPEC;
}

const struct path_evidence *evidence_first_dialled(const struct evidence *evidence)
{
    const struct path_evidence *best = NULL;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        struct address_pair one = pair_of(path);
        struct address_pair other = pair_of(best ? best : path);
        bool tried = path->tcp.outcome != TCP_SKIPPED;
        bool best_tried = best && best->tcp.outcome != TCP_SKIPPED;
        if (!evidence_path_decides(evidence, path) || path->address_class == CLASS_BOGUS)
            continue;
        if (!best || tried > best_tried || (tried == best_tried && address_order(&one, &other) < 0))
            best = path;
    }
    return best;
}

bool evidence_path_is_spare(const struct evidence *evidence, const struct path_evidence *path)
{
    int family = first_family(evidence);

    if (family == AF_UNSPEC || path->address.family == family ||
        !evidence_path_decides(evidence, path))
        return false;
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *other = &evidence->paths[i];
        if (other->address.family == family && other->tcp.outcome == TCP_OK &&
            evidence_path_decides(evidence, other) && !path_works(evidence, other))
            return false;
    }
    return true;
}

/* ---- images beside /v2/ ---- */

const struct blob_evidence *evidence_blob(const struct image_evidence *image)
{
    bool config_fails = image->config.outcome != BLOB_SKIPPED && !blob_is_there(&image->config);

    return config_fails && blob_is_there(&image->blob) ? &image->config : &image->blob;
}

bool path_has_no_route(const struct path_evidence *path)
{
    if (path->tcp.outcome != TCP_SKIPPED || path->address_class == CLASS_BOGUS)
        return false;
    return path->tcp.error == ENETUNREACH || path->tcp.error == EADDRNOTAVAIL ||
           path->tcp.error == EAFNOSUPPORT ||
           (path->tcp.reason && strstr(path->tcp.reason, "route"));
}

bool blob_is_there(const struct blob_evidence *blob)
{
    return blob->outcome == BLOB_OK || blob->outcome == BLOB_NOT_REDIRECTED;
}

/* True if only a registry answers so. */
static bool image_was_answered(const struct image_evidence *image)
{
    enum manifest_outcome outcome = image->outcome;

    return outcome == MANIFEST_FOUND || outcome == MANIFEST_TOO_LARGE ||
           outcome == MANIFEST_OTHER_PLATFORM || outcome == MANIFEST_DAMAGED ||
           outcome == MANIFEST_INVALID_TOKEN || outcome == MANIFEST_BLOCKED_BY_POLICY ||
           (image->auth != AUTH_SKIPPED && image->auth != AUTH_MALFORMED);
}

static const struct path_evidence *path_of_images(const struct evidence *evidence)
{
    const struct registry_evidence *registry = evidence->registry;

    for (size_t i = 0; registry && i < evidence->path_count; i++)
        if (address_equal(&evidence->paths[i].address, &registry->address))
            return &evidence->paths[i];
    return NULL;
}

bool evidence_ping_is_witness(const struct evidence *evidence, const struct path_evidence *path)
{
    const struct path_evidence *asked = path_of_images(evidence);

    if (!asked || asked->api.outcome == API_REGISTRY ||
        (path != asked && path->api.outcome != asked->api.outcome))
        return false;
    for (size_t i = 0; i < evidence->registry->image_count; i++)
        if (image_was_answered(&evidence->registry->images[i]))
            return true;
    return false;
}

bool evidence_ping_explains_images(const struct evidence *evidence)
{
    const struct path_evidence *asked = path_of_images(evidence);

    return asked && asked->api.outcome != API_REGISTRY && asked->api.outcome != API_SKIPPED &&
           asked->api.outcome != API_CANCELLED && !evidence_ping_is_witness(evidence, asked);
}

/* ---- how far the deciding view came ---- */

static enum phase_state dns_state(const struct evidence *evidence)
{
    enum phase_state state = PHASE_STATE_SKIPPED;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (!evidence_answer_decides(evidence, dns) || dns->outcome == DNS_SKIPPED)
            continue;
        for (size_t n = 0; n < dns->address_count; n++)
            if (dns->addresses[n].address_class != CLASS_BOGUS)
                return PHASE_STATE_OK;
        state = PHASE_STATE_FAILED;
    }
    return state;
}

static enum phase_state path_state(const struct evidence *evidence,
                                   const struct path_evidence *path, enum phase phase)
{
    switch (phase) {
    case PHASE_TCP:
        if (path->tcp.outcome == TCP_SKIPPED)
            return PHASE_STATE_SKIPPED;
        return path->tcp.outcome == TCP_OK ? PHASE_STATE_OK : PHASE_STATE_FAILED;
    case PHASE_TLS:
        if (path->tls.outcome == TLS_SKIPPED)
            return PHASE_STATE_SKIPPED;
        return path->tls.outcome == TLS_OK ? PHASE_STATE_OK : PHASE_STATE_FAILED;
    case PHASE_API:
        if (path->api.outcome == API_SKIPPED)
            return PHASE_STATE_SKIPPED;
        return path->api.outcome == API_REGISTRY || evidence_ping_is_witness(evidence, path)
                   ? PHASE_STATE_OK
                   : PHASE_STATE_FAILED;
    case PHASE_DNS:
    case PHASE_PROXY:
    case PHASE_AUTH:
    case PHASE_MANIFEST:
    case PHASE_BLOB:
    case PHASE_COUNT:
        break;
    }
    return PHASE_STATE_SKIPPED;
}

static enum phase_state proxy_state(const struct proxy_evidence *proxy)
{
    if (proxy->outcome == PROXY_SKIPPED || proxy->outcome == PROXY_LOCAL)
        return PHASE_STATE_SKIPPED;
    return proxy->outcome == PROXY_OK ? PHASE_STATE_OK : PHASE_STATE_FAILED;
}

static enum phase_state auth_state(const struct auth_evidence *auth)
{
    switch (auth->outcome) {
    case AUTH_SKIPPED:
    case AUTH_TOO_LARGE: /* a client might still read it */
        return PHASE_STATE_SKIPPED;
    case AUTH_NOT_REQUIRED:
    case AUTH_ACCEPTED:
        return PHASE_STATE_OK;
    case AUTH_GRANTED_LESS_THAN_ASKED: /* the manifest's answer decides, if it could be asked for */
        return auth->scope_status < 400 ? PHASE_STATE_OK : PHASE_STATE_FAILED;
    case AUTH_NO_CREDENTIALS:
    case AUTH_REJECTED:
    case AUTH_REALM_UNREACHABLE:
    case AUTH_MALFORMED:
    case AUTH_FAILED:
    case AUTH_RATE_LIMITED:
    case AUTH_STALLED:
    case AUTH_LOCAL:
    case AUTH_CANCELLED:
    case AUTH_OUTCOME_COUNT:
        return PHASE_STATE_FAILED;
    }
    return PHASE_STATE_FAILED;
}

static enum phase_state image_state(const struct image_evidence *image, enum phase phase)
{
    const struct blob_evidence *blob = evidence_blob(image);

    if (phase == PHASE_BLOB && blob->outcome == BLOB_SKIPPED)
        return PHASE_STATE_SKIPPED;
    if (phase == PHASE_BLOB)
        return blob_is_there(blob) ? PHASE_STATE_OK : PHASE_STATE_FAILED;
    if (image->outcome == MANIFEST_SKIPPED || image->outcome == MANIFEST_REDIRECTED)
        return PHASE_STATE_SKIPPED;
    return image->outcome == MANIFEST_FOUND || image->outcome == MANIFEST_TOO_LARGE
               ? PHASE_STATE_OK
               : PHASE_STATE_FAILED;
}

/* A single image that fails makes the target fail. */
static enum phase_state registry_state(const struct registry_evidence *registry, enum phase phase)
{
    enum phase_state state = PHASE_STATE_SKIPPED;

    if (!registry)
        return PHASE_STATE_SKIPPED;
    if (phase == PHASE_AUTH)
        return auth_state(&registry->auth);
    for (size_t i = 0; i < registry->image_count; i++) {
        enum phase_state one = image_state(&registry->images[i], phase);
        if (one > state)
            state = one;
    }
    return state;
}

/*
 * Clients move on to the next address only when connect fails: one address that connects is enough
 * for tcp, one that fails afterwards is enough to fail.
 */
enum phase_state evidence_phase_state(const struct evidence *evidence, enum phase phase)
{
    bool any_ok = false;
    bool any_failed = false;

    if (phase == PHASE_DNS)
        return dns_state(evidence);
    if (phase == PHASE_PROXY)
        return proxy_state(&evidence->proxy);
    if (phase >= PHASE_AUTH)
        return registry_state(evidence->registry, phase);
    for (size_t i = 0; i < evidence->path_count; i++) {
        if (!evidence_path_decides(evidence, &evidence->paths[i]))
            continue;
        if (phase > PHASE_TCP && evidence_path_is_spare(evidence, &evidence->paths[i]))
            continue;
        enum phase_state state = path_state(evidence, &evidence->paths[i], phase);
        any_ok |= state == PHASE_STATE_OK;
        any_failed |= state == PHASE_STATE_FAILED;
    }
    if (any_ok && (phase == PHASE_TCP || !any_failed))
        return PHASE_STATE_OK;
    return any_failed ? PHASE_STATE_FAILED : PHASE_STATE_SKIPPED;
}

static usec_t dns_duration(const struct evidence *evidence, unsigned view)
{
    enum resolver_role role = role_of(view);
    usec_t slowest = 0;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->role == role && dns->queried == NAME_TARGET && dns->duration > slowest)
            slowest = dns->duration;
    }
    return slowest;
}

static usec_t path_duration(const struct path_evidence *path, enum phase phase)
{
    return phase == PHASE_TCP   ? path->tcp.duration
           : phase == PHASE_TLS ? path->tls.duration
           : phase == PHASE_API ? path->api.duration
                                : 0;
}

static usec_t registry_duration(const struct registry_evidence *registry, enum phase phase)
{
    usec_t slowest = 0;

    if (!registry)
        return 0;
    if (phase == PHASE_AUTH)
        return registry->auth.duration;
    for (size_t i = 0; i < registry->image_count; i++) {
        const struct image_evidence *image = &registry->images[i];
        usec_t duration = phase == PHASE_BLOB ? image->blob.duration : image->duration;
        if (duration > slowest)
            slowest = duration;
    }
    return slowest;
}

usec_t evidence_phase_duration(const struct evidence *evidence, enum phase phase)
{
    usec_t quickest = 0;
    usec_t slowest = 0;

    if (phase == PHASE_DNS)
        return dns_duration(evidence, evidence_deciding_view(evidence));
    if (phase == PHASE_PROXY)
        return evidence->proxy.duration;
    if (phase >= PHASE_AUTH)
        return registry_duration(evidence->registry, phase);
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        usec_t duration = path_duration(path, phase);
        if (!evidence_path_decides(evidence, path))
            continue;
        if (path_state(evidence, path, phase) == PHASE_STATE_OK &&
            (!quickest || duration < quickest))
            quickest = duration;
        if (duration > slowest)
            slowest = duration;
    }
    return quickest ? quickest : slowest;
}
