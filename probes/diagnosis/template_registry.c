/* Placeholders of what is above /v2/: the token service, the image, the store of its layers. */

#include <inttypes.h>
#include <string.h>

#include "probes/diagnosis/texts.h"

static const struct registry_evidence *registry_of(const struct subject *subject)
{
    return subject->facts->evidence->registry;
}

const struct remote_host_evidence *subject_remote(const struct subject *subject)
{
    const struct remote_host_evidence *remote = NULL;

    if (subject->phase == PHASE_AUTH)
        remote = &registry_of(subject)->auth.remote;
    else if (subject->phase == PHASE_BLOB)
        remote = &subject->image->blob.remote;
    return remote && remote->host ? remote : NULL;
}

static void put_registry(struct text *out, const struct subject *subject)
{
    const char *registry = template_fill("{registry}", subject);

    text_append(out, registry ? registry : "the registry");
}

static void put_image(struct text *out, const struct subject *subject)
{
    if (!subject->image) {
        text_append(out, "the image");
        return;
    }
    put_registry(out, subject);
    text_append_format(out, "/%s", subject->image->reference);
}

/* Of several that are refused alike the first is named. */
static void put_others(struct text *out, const struct subject *subject)
{
    if (subject->images > 1)
        text_append_format(out, " and %u more image%s", subject->images - 1,
                           subject->images > 2 ? "s" : "");
}

static void put_images(struct text *out, const struct subject *subject)
{
    put_image(out, subject);
    put_others(out, subject);
}

static void put_realm(struct text *out, const struct subject *subject)
{
    const struct registry_evidence *registry = registry_of(subject);

    if (registry && registry->auth.realm)
        text_append(out, registry->auth.realm);
    else
        put_registry(out, subject);
}

static void put_realm_host(struct text *out, const struct subject *subject)
{
    const struct registry_evidence *registry = registry_of(subject);

    if (registry && registry->auth.remote.host)
        text_append(out, registry->auth.remote.host);
    else
        put_registry(out, subject);
}

static void put_store(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);

    if (remote)
        text_append(out, remote->host);
    else
        put_registry(out, subject);
}

static void put_location(struct text *out, const struct subject *subject)
{
    const struct image_evidence *image = subject->image;

    if (image && image->blob.location)
        text_append(out, image->blob.location);
    else
        put_store(out, subject);
}

/* Which request was refused or went unanswered. */
static void put_asked(struct text *out, const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        text_append(out,
                    subject->image ? "the request for a token for " : "the request for a token");
    else if (subject->phase == PHASE_MANIFEST)
        text_append(out, "the request for the manifest of ");
    else if (subject->phase == PHASE_BLOB)
        text_append(out, "the request for a layer of ");
    else
        text_append(out, "GET /v2/");
    if (subject->image)
        put_image(out, subject);
}

static void put_requests(struct text *out, const struct subject *subject)
{
    put_asked(out, subject);
    put_others(out, subject);
}

static bool is_unreachable(const struct subject *subject)
{
    return subject->phase == PHASE_MANIFEST && subject->image->outcome == MANIFEST_UNREACHABLE;
}

/* Where another host than the registry answered the request for the manifest, or should have. */
static const char *manifest_location(const struct subject *subject)
{
    return subject->phase == PHASE_MANIFEST && !is_unreachable(subject) ? subject->image->location
                                                                        : NULL;
}

static void put_limiter(struct text *out, const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        put_realm(out, subject);
    else if (subject->phase == PHASE_BLOB)
        put_store(out, subject);
    else if (manifest_location(subject))
        text_append(out, manifest_location(subject));
    else
        put_registry(out, subject);
}

static unsigned status_of(const struct subject *subject)
{
    const struct auth_evidence *auth;

    switch (subject->phase) {
    case PHASE_AUTH:
        auth = &registry_of(subject)->auth;
        return auth->scope_status ? auth->scope_status : auth->key_status;
    case PHASE_MANIFEST:
        return subject->image->status;
    case PHASE_BLOB:
        return subject->image->blob.status;
    case PHASE_DNS:
    case PHASE_TCP:
    case PHASE_TLS:
    case PHASE_API:
    case PHASE_COUNT:
        break;
    }
    return subject->path ? subject->path->api.status : 0;
}

static const char *outcome_of(const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        return auth_outcome_name(registry_of(subject)->auth.outcome);
    if (subject->phase == PHASE_MANIFEST)
        return manifest_outcome_name(subject->image->outcome);
    return blob_outcome_name(subject->image->blob.outcome);
}

/* Whether the request that failed had a status; where it had none, an earlier one may. */
static bool has_status(const struct subject *subject)
{
    enum auth_outcome auth;

    if (subject->phase == PHASE_MANIFEST)
        return subject->image->outcome != MANIFEST_UNREACHABLE;
    if (subject->phase == PHASE_BLOB)
        return subject->image->blob.outcome != BLOB_MALFORMED;
    if (subject->phase != PHASE_AUTH)
        return true;
    auth = registry_of(subject)->auth.outcome;
    return auth != AUTH_STALLED && auth != AUTH_MALFORMED && auth != AUTH_TOO_LARGE;
}

static void put_answer(struct text *out, const struct subject *subject)
{
    unsigned status = has_status(subject) ? status_of(subject) : 0;

    if (status)
        text_append_format(out, "HTTP %u", status);
    else
        text_append(out, subject->phase ? outcome_of(subject) : "no status");
}

static uint32_t retry_after_of(const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        return registry_of(subject)->auth.retry_after;
    if (subject->phase == PHASE_MANIFEST)
        return subject->image->retry_after;
    return subject->image->blob.retry_after;
}

static void put_retry_after(struct text *out, const struct subject *subject)
{
    if (retry_after_of(subject))
        text_append_format(out, "%" PRIu32 " s", retry_after_of(subject));
    else
        text_append(out, "a while");
}

static void put_detail(struct text *out, const struct subject *subject)
{
    const char *detail = subject->phase == PHASE_AUTH       ? registry_of(subject)->auth.reason
                         : subject->phase == PHASE_MANIFEST ? subject->image->detail
                                                            : subject->image->blob.reason;

    if (!detail && subject->phase == PHASE_AUTH &&
        registry_of(subject)->auth.outcome == AUTH_STALLED)
        detail = "no whole answer in time";
    if (!detail && subject->phase == PHASE_MANIFEST &&
        subject->image->outcome == MANIFEST_UNEXPECTED)
        text_append_format(out, "HTTP %u", subject->image->status);
    else
        text_append(out, detail ? detail : "no further detail");
}

static void put_granted(struct text *out, const struct subject *subject)
{
    const struct auth_evidence *auth = &registry_of(subject)->auth;

    if (!auth->granted_count)
        text_append(out, "nothing");
    for (size_t i = 0; i < auth->granted_count; i++)
        text_append_format(out, "%s%s", i ? ", " : "", auth->granted[i]);
}

/* ---- a host that cannot be reached ---- */

static const char *endpoint_of(const struct subject *subject)
{
    const char *endpoint = template_fill("{endpoint}", subject);

    return endpoint ? endpoint : "";
}

static void put_remote_failure(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);
    const struct path_evidence *path = subject->path;

    if (path && path->tcp.outcome != TCP_OK)
        text_append_format(out, "cannot be reached: connecting to the %s address %s ends in %s%s%s",
                           address_class_name(path->address_class), endpoint_of(subject),
                           tcp_outcome_name(path->tcp.outcome), path->tcp.reason ? ", " : "",
                           path->tcp.reason ? path->tcp.reason : "");
    else if (path)
        text_append_format(out,
                           "cannot be reached: the TLS handshake with the %s address %s ends in %s",
                           address_class_name(path->address_class), endpoint_of(subject),
                           tls_outcome_name(path->tls.outcome));
    else if (remote && remote->dns != DNS_SKIPPED && remote->dns != DNS_NOERROR)
        text_append_format(out, "cannot be reached: its name does not resolve (%s)",
                           dns_outcome_name(remote->dns));
    else if (subject->phase == PHASE_BLOB && subject->image->blob.outcome == BLOB_STALLED)
        text_append(out, "connects and then does not answer in time");
    else
        text_append(out, "could be reached once, and then no longer");
}

/* Without a realm the challenge was Basic, or none that names a way. */
static void put_no_token(struct text *out, const struct subject *subject)
{
    if (!registry_of(subject)->auth.realm) {
        put_registry(out, subject);
        text_append(out, " names no token service, and authorizing with itself fails");
        return;
    }
    text_append(out, "The token service ");
    put_realm(out, subject);
    text_append(out, " of ");
    put_registry(out, subject);
    text_append(out, " gives no token that can be used");
}

/* As the clients, written in Go, put it. */
static void put_token_error(struct text *out, const struct subject *subject)
{
    const char *realm = template_fill("{realm}", subject);
    enum auth_outcome outcome = registry_of(subject)->auth.outcome;

    if (outcome == AUTH_STALLED)
        text_append_format(out, "Get \"%s\": net/http: timeout awaiting response headers",
                           realm ? realm : "");
    else if (has_status(subject))
        text_append_format(out, "unexpected status from GET request to %s: %u", realm ? realm : "",
                           status_of(subject));
    else
        text_append(out, "unable to decode token response");
}

static void put_certificate_error(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);
    const char *names = template_fill("{names}", subject);
    enum tls_outcome outcome = subject->path->tls.outcome;

    if (outcome == TLS_RESET || outcome == TLS_EOF) {
        text_append(out, outcome == TLS_EOF ? "EOF" : "read: connection reset by peer");
        return;
    }
    if (outcome == TLS_PLAIN_HTTP) {
        text_append(out, "http: server gave HTTP response to HTTPS client");
        return;
    }
    text_append(out, "tls: failed to verify certificate: x509: ");
    if (outcome == TLS_NAME_MISMATCH)
        text_append_format(out, "certificate is valid for %s, not %s", names ? names : "",
                           remote ? remote->host : "");
    else if (outcome == TLS_EXPIRED || outcome == TLS_NOT_YET_VALID)
        text_append(out, "certificate has expired or is not yet valid");
    else
        text_append(out, "certificate signed by unknown authority");
}

/* As the clients, written in Go, put it. */
static void put_remote_error(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);
    const struct path_evidence *path = subject->path;

    if (!path && remote && remote->dns == DNS_TIMEOUT)
        text_append_format(out, "dial tcp: lookup %s: i/o timeout", remote->host);
    else if (!path && remote && (remote->dns == DNS_NXDOMAIN || remote->dns == DNS_NODATA))
        text_append_format(out, "dial tcp: lookup %s: no such host", remote->host);
    else if (!path && remote && remote->dns != DNS_SKIPPED && remote->dns != DNS_NOERROR)
        text_append_format(out, "dial tcp: lookup %s: server misbehaving", remote->host);
    else if (!path)
        text_append(out, "net/http: timeout awaiting response headers");
    else if (path->tcp.outcome == TCP_REFUSED)
        text_append_format(out, "dial tcp %s: connect: connection refused", endpoint_of(subject));
    else if (path->tcp.outcome == TCP_UNREACHABLE)
        text_append_format(out, "dial tcp %s: connect: no route to host", endpoint_of(subject));
    else if (path->tcp.outcome != TCP_OK)
        text_append_format(out, "dial tcp %s: i/o timeout", endpoint_of(subject));
    else if (path->tls.outcome == TLS_TIMEOUT)
        text_append(out, "net/http: TLS handshake timeout");
    else
        put_certificate_error(out, subject);
}

static void put_skipped(struct text *out, const struct subject *subject)
{
    const struct target *target = subject->facts->target;

    text_append(out, target->plain_http ? "plain_http" : "insecure_skip_verify");
}

static void put_answerer(struct text *out, const struct subject *subject)
{
    const char *location = manifest_location(subject);

    text_append(out, location ? location : endpoint_of(subject));
    if (!location)
        return;
    text_append(out, ", where ");
    put_registry(out, subject);
    text_append(out, " sends clients,");
}

static void put_silent(struct text *out, const struct subject *subject)
{
    bool plain = subject->facts->target->plain_http;

    put_answerer(out, subject);
    if (manifest_location(subject))
        text_append(out, " does not answer ");
    else
        text_append_format(out, " %s and then does not answer ",
                           plain ? "accepts the connection" : "completes TLS");
    put_asked(out, subject);
}

static void put_unavailable(struct text *out, const struct subject *subject)
{
    if (is_unreachable(subject)) {
        text_append(out, "gives no manifest of ");
        put_image(out, subject);
        if (subject->image->location)
            text_append_format(out, " (redirected to %s, no connection to it)",
                               subject->image->location);
        else
            text_append(out, " (no connection)");
        return;
    }
    text_append(out, "answers ");
    put_asked(out, subject);
    text_append(out, " with ");
    put_answer(out, subject);
    text_append_format(out, ": %s is not serving",
                       manifest_location(subject) ? "that host" : "the registry");
}

static void put_unavailable_error(struct text *out, const struct subject *subject)
{
    if (is_unreachable(subject))
        text_append(out, "failed to do request: Head"); /* where to, and why, is not kept */
    else
        text_append_format(out, "unexpected status from HEAD request: %u", status_of(subject));
}

static void put_not_found(struct text *out, const struct subject *subject)
{
    bool other = subject->image->outcome == MANIFEST_OTHER_PLATFORM;

    text_append(out, other ? "has " : "answers that ");
    put_image(out, subject);
    text_append(out, other ? ", but not for this machine" : " does not exist there");
}

static void put_scheme(struct text *out, const struct subject *subject)
{
    text_append(out, subject->facts->target->plain_http ? "http" : "https");
}

/* `above`: only where the subject is above /v2/; below it the path has these. */
static const struct {
    const char *name;
    bool above;
    void (*put)(struct text *out, const struct subject *subject);
} placeholders[] = {
    {"image", false, put_image},
    {"images", false, put_images},
    {"realm", false, put_realm},
    {"realm_host", false, put_realm_host},
    {"store", true, put_store},
    {"location", true, put_location},
    {"asked", false, put_asked},
    {"requests", false, put_requests},
    {"answer", false, put_answer},
    {"limiter", false, put_limiter},
    {"answerer", false, put_answerer},
    {"granted", true, put_granted},
    {"remote_failure", true, put_remote_failure},
    {"remote_error", true, put_remote_error},
    {"skipped", false, put_skipped},
    {"scheme", false, put_scheme},
    {"silent", false, put_silent},
    {"not_found", true, put_not_found},
    {"unavailable", false, put_unavailable},
    {"unavailable_error", false, put_unavailable_error},
    {"token_error", true, put_token_error},
    {"no_token", true, put_no_token},
    {"retry_after", true, put_retry_after},
    {"api_detail", true, put_detail},
};

bool template_put_registry(struct text *out, const struct subject *subject, const char *name)
{
    if (subject->phase && strcmp(name, "status") == 0) {
        text_append_format(out, "%u", status_of(subject));
        return true;
    }
    if (subject->phase && strcmp(name, "api") == 0) {
        text_append(out, outcome_of(subject));
        return true;
    }
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++) {
        if (strcmp(placeholders[i].name, name) != 0 || (placeholders[i].above && !subject->phase))
            continue;
        placeholders[i].put(out, subject);
        return true;
    }
    return false;
}
