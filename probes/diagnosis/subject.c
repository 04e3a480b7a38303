/* SPDX-License-Identifier: MIT */
#include "probes/diagnosis/subject.h"

#include <errno.h>
#include <string.h>

#include "probes/evidence/view.h"

const struct remote_host_evidence *subject_remote(const struct subject *subject)
{
    const struct remote_host_evidence *remote = NULL;

    if (subject->phase == PHASE_AUTH)
        remote = &subject->facts->evidence->registry->auth.remote;
    else if (subject->phase == PHASE_BLOB)
        remote = &evidence_blob(subject->image)->remote;
    return remote && remote->host ? remote : NULL;
}

static bool manifest_is_unreached(const struct subject *subject)
{
    return subject->phase == PHASE_MANIFEST && subject->image->outcome == MANIFEST_UNREACHABLE;
}

static bool manifest_is_unseen(const struct image_evidence *image)
{
    return image->outcome == MANIFEST_TOO_LARGE || image->outcome == MANIFEST_REDIRECTED;
}

const char *subject_location(const struct subject *subject)
{
    return subject->phase == PHASE_MANIFEST && !manifest_is_unreached(subject)
               ? subject->image->location
               : NULL;
}

/* The request that failed may have no status although an earlier one has. */
unsigned subject_status(const struct subject *subject)
{
    const struct auth_evidence *auth;

    switch (subject->phase) {
    case PHASE_AUTH:
        auth = &subject->facts->evidence->registry->auth;
        if (auth->outcome == AUTH_STALLED || auth->outcome == AUTH_MALFORMED ||
            auth->outcome == AUTH_TOO_LARGE)
            return 0;
        if (auth->outcome == AUTH_REJECTED && auth->scope_status < 400 && auth->key_status >= 400)
            return auth
                ->key_status; /* with a scope even a wrong key gets a token, without rights */
        return auth->scope_status ? auth->scope_status : auth->key_status;
    case PHASE_MANIFEST:
        return manifest_is_unreached(subject) ? 0 : subject->image->status;
    case PHASE_BLOB:
        return evidence_blob(subject->image)->outcome == BLOB_MALFORMED
                   ? 0
                   : evidence_blob(subject->image)->status;
    case PHASE_DNS:
    case PHASE_TCP:
    case PHASE_PROXY:
    case PHASE_TLS:
    case PHASE_API:
    case PHASE_COUNT:
        break;
    }
    return subject->path ? subject->path->api.status : 0;
}

uint32_t subject_retry_after(const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        return subject->facts->evidence->registry->auth.retry_after;
    if (subject->phase == PHASE_MANIFEST)
        return subject->image->retry_after;
    if (subject->phase == PHASE_BLOB)
        return evidence_blob(subject->image)->retry_after;
    return subject->path ? subject->path->api.retry_after : 0;
}

static size_t deciding_paths(const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    size_t count = 0;

    for (size_t i = 0; i < evidence->path_count; i++)
        count += evidence_path_decides(evidence, &evidence->paths[i]);
    return count;
}

static bool has_errno(const char *error, int number)
{
    return error && strstr(error, strerrordesc_np(number));
}

static bool forbids(const char *error)
{
    return has_errno(error, EACCES) || has_errno(error, EPERM);
}

/* connect() or sendto() says so for a route of type prohibit, and for a rule of the firewall. */
static bool is_prohibited(const struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct tcp_evidence *tcp = &evidence->paths[i].tcp;
        if (tcp->outcome == TCP_LOCAL && (tcp->error == EACCES || tcp->error == EPERM))
            return true;
    }
    for (size_t i = 0; i < evidence->dns_count; i++)
        if ((evidence->dns[i].outcome == DNS_LOCAL ||
             evidence->dns[i].outcome == DNS_RESOLVER_UNREACHABLE) &&
            forbids(evidence->dns[i].error))
            return true;
    return false;
}

/* A web server does not know CONNECT. */
static bool is_no_proxy(const struct proxy_evidence *proxy)
{
    return proxy->outcome == PROXY_REFUSED && (proxy->status == 400 || proxy->status == 404 ||
                                               proxy->status == 405 || proxy->status == 501);
}

bool subject_is(enum fact fact, const void *context)
{
    const struct subject *subject = context;
    const struct path_evidence *path = subject->path;
    const struct remote_host_evidence *remote = subject_remote(subject);

    const char *source = subject->facts->evidence->proxy.source;

    switch ((int)fact) {
    case FACT_FAILS:
        return subject->severity == SEVERITY_FAIL;
    case FACT_MANIFEST_UNREACHED:
        return manifest_is_unreached(subject);
    case FACT_REDIRECTED:
        return subject->image && subject->image->location;
    case FACT_BLOB_ELSEWHERE:
        return remote;
    case FACT_REMOTE_MISNAMED:
        if (remote && address_is_valid(remote->host))
            return false;
        return path ? remote && path->address_class == CLASS_BOGUS
                    : remote && remote->dns != DNS_SKIPPED && remote->dns != DNS_NOERROR;
    case FACT_IMAGE_UNSEEN:
        return subject->image && (subject->phase == PHASE_MANIFEST
                                      ? manifest_is_unseen(subject->image)
                                      : subject->phase == PHASE_BLOB &&
                                            evidence_blob(subject->image)->outcome == BLOB_SKIPPED);
    case FACT_PROXY_BY_OPTION:
        return source && strcmp(source, "proxy") == 0;
    case FACT_NAME_REJECTED:
        return path && path->tls.outcome == TLS_ALERT && path->tls.detail &&
               strstr(path->tls.detail, "(alert 112)");
    case FACT_RESOLVER_LOOPBACK:
        return subject->dns && facts_is_loopback(&subject->dns->resolver.address);
    case FACT_NO_PROXY_THERE:
        return is_no_proxy(&subject->facts->evidence->proxy);
    case FACT_IPV6:
        return path && path->address.family == AF_INET6;
    case FACT_ONE_ADDRESS:
        return deciding_paths(subject) == 1;
    case FACT_REMOTE_BOGUS:
        return remote && path && path->address_class == CLASS_BOGUS;
    case FACT_REMOTE_NO_ROUTE:
        return remote && path && path_has_no_route(path);
    case FACT_RESOLVER_NO_ROUTE:
        return subject->dns && has_errno(subject->dns->error, ENETUNREACH);
    case FACT_RESOLVER_CLOSED:
        return subject->dns && subject->dns->outcome == DNS_RESOLVER_PORT_CLOSED;
    case FACT_PROXY_UPSTREAM:
        return subject->facts->evidence->proxy.status >= 502 &&
               subject->facts->evidence->proxy.status <= 504;
    case FACT_REMOTE_LITERAL:
        return remote && address_is_valid(remote->host);
    case FACT_PROHIBITED:
        return is_prohibited(subject->facts->evidence);
    case FACT_RETRY_AFTER:
        return subject_retry_after(subject) > 0;
    case FACT_API_REDIRECTED:
        return path && path->api.location;
    case FACT_CERTIFICATE_NAMED:
        return path && path->tls.certificate.name_count > 0;
    default:
        return subject->facts->is[fact];
    }
}
