#include "probes/evidence_view.h"

static bool answered(enum dns_outcome outcome)
{
    switch (outcome) {
    case DNS_NOERROR:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
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
    for (size_t i = 0; i < evidence->path_count; i++)
        if (evidence->paths[i].views & VIEW_LITERAL)
            return VIEW_LITERAL;
    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (dns->role == ROLE_HOST && dns->queried == NAME_TARGET &&
            (answered(dns->outcome) || dns->outcome == DNS_LOCAL))
            return VIEW_HOST;
    }
    return VIEW_POD;
}

/* Whether a client asks no further resolver after this. */
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

    if (view == VIEW_LITERAL || dns->queried != NAME_TARGET || dns->role != role_of(view))
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
    for (size_t i = 0; view != VIEW_LITERAL && i < evidence->dns_count; i++) {
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

static enum phase_state path_state(const struct path_evidence *path, enum phase phase)
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
        return path->api.outcome == API_REGISTRY ? PHASE_STATE_OK : PHASE_STATE_FAILED;
    case PHASE_DNS:
    case PHASE_AUTH:
    case PHASE_MANIFEST:
    case PHASE_BLOB:
    case PHASE_COUNT:
        break;
    }
    return PHASE_STATE_SKIPPED;
}

static enum phase_state auth_state(const struct auth_evidence *auth)
{
    switch (auth->outcome) {
    case AUTH_SKIPPED:
    case AUTH_TOO_LARGE: /* nothing is known of what a client would make of it */
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
    if (phase == PHASE_BLOB && image->blob.outcome == BLOB_SKIPPED)
        return PHASE_STATE_SKIPPED;
    if (phase == PHASE_BLOB)
        return image->blob.outcome == BLOB_OK || image->blob.outcome == BLOB_NOT_REDIRECTED
                   ? PHASE_STATE_OK
                   : PHASE_STATE_FAILED;
    if (image->outcome == MANIFEST_SKIPPED || image->outcome == MANIFEST_REDIRECTED)
        return PHASE_STATE_SKIPPED;
    return image->outcome == MANIFEST_FOUND || image->outcome == MANIFEST_TOO_LARGE
               ? PHASE_STATE_OK
               : PHASE_STATE_FAILED;
}

/* One image that fails is enough to fail. */
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
    if (phase >= PHASE_AUTH)
        return registry_state(evidence->registry, phase);
    for (size_t i = 0; i < evidence->path_count; i++) {
        if (!evidence_path_decides(evidence, &evidence->paths[i]))
            continue;
        enum phase_state state = path_state(&evidence->paths[i], phase);
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
    switch (phase) {
    case PHASE_TCP:
        return path->tcp.duration;
    case PHASE_TLS:
        return path->tls.duration;
    case PHASE_API:
        return path->api.duration;
    case PHASE_DNS:
    case PHASE_AUTH:
    case PHASE_MANIFEST:
    case PHASE_BLOB:
    case PHASE_COUNT:
        break;
    }
    return 0;
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
    if (phase >= PHASE_AUTH)
        return registry_duration(evidence->registry, phase);
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        usec_t duration = path_duration(path, phase);
        if (!evidence_path_decides(evidence, path))
            continue;
        if (path_state(path, phase) == PHASE_STATE_OK && (!quickest || duration < quickest))
            quickest = duration;
        if (duration > slowest)
            slowest = duration;
    }
    return quickest ? quickest : slowest;
}
