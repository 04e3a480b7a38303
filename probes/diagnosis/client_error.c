/* SPDX-License-Identifier: MIT */
/*
 * Sources: net/net.go, net/dnsclient_unix.go, crypto/tls/alert.go, crypto/x509/verify.go and
 * net/http/transport.go of Go; remotes/docker/{resolver,authorizer,fetcher}.go of containerd.
 */
#include "probes/diagnosis/client_error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/proxy_url.h"
#include "probes/diagnosis/verbs.h"
#include "probes/evidence/view.h"

#define ERROR_LIMIT 4096

/* ---- the name: net/dnsclient_unix.go ---- */

static const char *lookup_error(enum dns_outcome outcome)
{
    switch (outcome) {
    case DNS_NXDOMAIN:
    case DNS_NODATA:
        return "no such host";
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
        return "server misbehaving";
    case DNS_LAME:
        return "lame referral";
    case DNS_MALFORMED:
        return "cannot unmarshal DNS message";
    case DNS_TIMEOUT:
    case DNS_RESOLVER_PORT_CLOSED: /* its ICMP errors are limited in rate, and Go asks again */
    case DNS_RESOLVER_UNREACHABLE:
        return "i/o timeout";
    case DNS_SKIPPED:
    case DNS_NOERROR:
    case DNS_LOCAL:
    case DNS_CANCELLED:
    case DNS_OUTCOME_COUNT:
        return NULL;
    }
    return NULL;
}

/* Go asks one resolver after the other and names the last one, unless an answer ends the search. */
static const struct dns_evidence *last_answer(const struct evidence *evidence)
{
    const struct dns_evidence *last = NULL;

    for (size_t i = 0; i < evidence->dns_count; i++) {
        const struct dns_evidence *dns = &evidence->dns[i];
        if (evidence_answer_decides(evidence, dns) && lookup_error(dns->outcome) &&
            (!last || dns->type == RECORD_A))
            last = dns;
    }
    return last;
}

static bool lookup_failed_on_socket(enum dns_outcome outcome)
{
    return outcome == DNS_TIMEOUT || outcome == DNS_RESOLVER_PORT_CLOSED ||
           outcome == DNS_RESOLVER_UNREACHABLE;
}

/* connect() to the resolver fails at once. False if the error is one that comes later. */
static bool put_socket_error(struct text *out, const struct dns_evidence *dns)
{
    static const int errors[] = {EACCES, EPERM, ENETUNREACH, EADDRNOTAVAIL};
    char resolver[ENDPOINT_TEXT_SIZE];

    for (size_t i = 0; dns->error && i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (strcmp(dns->error, strerrordesc_np(errors[i])) != 0)
            continue;
        text_append_format(out, "dial udp %s: connect: %s",
                           endpoint_format(&dns->resolver, resolver), unreachable_words(errors[i]));
        return true;
    }
    return false;
}

static void put_lookup(struct text *out, const struct subject *subject)
{
    const struct dns_evidence *dns = last_answer(subject->facts->evidence);
    char resolver[ENDPOINT_TEXT_SIZE];
    const char *error = dns ? lookup_error(dns->outcome) : NULL;

    if (!error || subject->facts->is[FACT_HAS_ADDRESS])
        return;
    text_append_format(out, "dial tcp: lookup %s on %s: ", subject->facts->target->host,
                       endpoint_format(&dns->resolver, resolver));
    if (dns->outcome == DNS_RESOLVER_PORT_CLOSED && facts_is_loopback(&dns->resolver.address))
        error = "read: connection refused"; /* this machine's own ICMP errors all arrive */
    if (dns->outcome == DNS_RESOLVER_UNREACHABLE && put_socket_error(out, dns))
        return;
    text_append_format(out, "%s%s", lookup_failed_on_socket(dns->outcome) ? "read udp: " : "",
                       error);
}

/* ---- the connection: net.OpError and syscall.Errno ---- */

static void put_dial(struct text *out, const struct path_evidence *path, uint16_t port)
{
    char endpoint[ENDPOINT_TEXT_SIZE];
    const char *error = NULL;

    switch (path->tcp.outcome) {
    case TCP_TIMEOUT:
        error = "i/o timeout";
        break;
    case TCP_REFUSED:
        error = "connection refused";
        break;
    case TCP_RESET:
        error = "connection reset by peer";
        break;
    case TCP_UNREACHABLE:
        error = unreachable_words(path->tcp.error);
        break;
    case TCP_SKIPPED: /* no route for the family */
        error = path->tcp.error == EADDRNOTAVAIL ? unreachable_words(EADDRNOTAVAIL)
                : path->tcp.error                ? unreachable_words(ENETUNREACH)
                                                 : NULL;
        break;
    case TCP_OK:
    case TCP_LOCAL:
    case TCP_CANCELLED:
    case TCP_OUTCOME_COUNT:
        break;
    }
    if (error)
        text_append_format(out, "%sdial tcp %s: %s%s",
                           path->views & VIEW_PROXY ? "proxyconnect tcp: " : "",
                           endpoint_format(&(struct endpoint){path->address, port}, endpoint),
                           path->tcp.outcome == TCP_TIMEOUT ? "" : "connect: ", error);
}

/* ---- the handshake ---- */

/* The names of crypto/tls/alert.go; `detail` ends in "(alert NUMBER)". */
static const char *alert_name(const char *detail)
{
    static const char *const names[128] = {
        [0] = "close notify",
        [10] = "unexpected message",
        [20] = "bad record MAC",
        [21] = "decryption failed",
        [22] = "record overflow",
        [30] = "decompression failure",
        [40] = "handshake failure",
        [42] = "bad certificate",
        [43] = "unsupported certificate",
        [44] = "revoked certificate",
        [45] = "expired certificate",
        [46] = "unknown certificate",
        [47] = "illegal parameter",
        [48] = "unknown certificate authority",
        [49] = "access denied",
        [50] = "error decoding message",
        [51] = "error decrypting message",
        [60] = "export restriction",
        [70] = "protocol version not supported",
        [71] = "insufficient security level",
        [80] = "internal error",
        [86] = "inappropriate fallback",
        [90] = "user canceled",
        [100] = "no renegotiation",
        [109] = "missing extension",
        [110] = "unsupported extension",
        [111] = "certificate unobtainable",
        [112] = "unrecognized name",
        [113] = "bad certificate status response",
        [114] = "bad certificate hash value",
        [115] = "unknown PSK identity",
        [116] = "certificate required",
        [120] = "no application protocol",
    };
    const char *at = detail ? strstr(detail, "(alert ") : NULL;
    unsigned long number = at ? strtoul(at + strlen("(alert "), NULL, 10) : 128;

    return number < 128 ? names[number] : NULL;
}

static void put_date(struct text *out, int64_t when)
{
    struct tm parts;
    time_t seconds = (time_t)when;
    char buffer[40] = "";

    if (gmtime_r(&seconds, &parts))
        strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%SZ", &parts);
    text_append(out, buffer);
}

static void put_wrong_name(struct text *out, const struct tls_evidence *tls, const char *host)
{
    const struct certificate_evidence *certificate = &tls->certificate;
    bool literal = address_is_valid(host);
    size_t listed = 0;

    for (size_t i = 0; i < certificate->name_count; i++) {
        if (address_is_valid(certificate->names[i]) != literal)
            continue;
        text_append_format(out, "%s%s", listed++ ? ", " : "certificate is valid for ",
                           certificate->names[i]);
    }
    if (listed)
        text_append_format(out, ", not %s", host);
    else if (literal)
        text_append_format(
            out, "cannot validate certificate for %s because it doesn't contain any IP SANs", host);
    else if (!certificate->name_count && certificate->subject &&
             strstr(certificate->subject, "CN="))
        text_append(out, "certificate relies on legacy Common Name field, use SANs instead");
    else
        text_append_format(out, "certificate is not valid for any names, but wanted to match %s",
                           host);
}

/* crypto/x509 looks at the dates first, then at the name, then at the issuer. */
static void put_certificate(struct text *out, const struct tls_evidence *tls, const char *host,
                            int64_t now)
{
    const struct certificate_evidence *certificate = &tls->certificate;
    bool dates = tls->defects & (DEFECT_EXPIRED | DEFECT_NOT_YET_VALID) ||
                 tls->outcome == TLS_EXPIRED || tls->outcome == TLS_NOT_YET_VALID;
    bool name = tls->defects & DEFECT_NAME_MISMATCH || tls->outcome == TLS_NAME_MISMATCH;

    text_append(out, "tls: failed to verify certificate: x509: ");
    if (dates) {
        text_append(out, "certificate has expired or is not yet valid");
        if (!certificate->present)
            return;
        bool early = now < certificate->not_before;
        text_append(out, ": current time ");
        put_date(out, now);
        text_append(out, early ? " is before " : " is after ");
        put_date(out, early ? certificate->not_before : certificate->not_after);
    } else if (name) {
        put_wrong_name(out, tls, host);
    } else {
        text_append(out, "certificate signed by unknown authority");
    }
}

static void put_handshake(struct text *out, const struct tls_evidence *tls, const char *host,
                          int64_t now)
{
    const char *alert = alert_name(tls->detail);

    switch (tls->outcome) {
    case TLS_TIMEOUT:
        text_append(out, "net/http: TLS handshake timeout");
        return;
    case TLS_RESET:
        text_append(out, "read: connection reset by peer");
        return;
    case TLS_EOF:
        text_append(out, "EOF");
        return;
    case TLS_PLAIN_HTTP:
        text_append(out, "http: server gave HTTP response to HTTPS client");
        return;
    case TLS_NOT_TLS:
        text_append(out, "tls: first record does not look like a TLS handshake");
        return;
    case TLS_ALERT:
    case TLS_UNSUPPORTED_PROTOCOL:
        if (alert)
            text_append_format(out, "remote error: tls: %s", alert);
        return;
    case TLS_UNTRUSTED_ISSUER:
    case TLS_SELF_SIGNED:
    case TLS_NAME_MISMATCH:
    case TLS_EXPIRED:
    case TLS_NOT_YET_VALID:
        put_certificate(out, tls, host, now);
        return;
    case TLS_INVALID_CERTIFICATE: /* unless these are Go's own words, it may accept it */
        if (tls->detail && strncmp(tls->detail, "x509: ", 6) == 0)
            text_append_format(out, "tls: failed to parse certificate from server: %s",
                               tls->detail);
        return;
    case TLS_SKIPPED:
    case TLS_OK:
    case TLS_LOCAL:
    case TLS_CANCELLED:
    case TLS_OUTCOME_COUNT:
        return;
    }
}

/* ---- answers ---- */

/* NULL for a status that hardly any server sends. */
static const char *status_phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {407, "Proxy Authentication Required"},
        {408, "Request Timeout"},
        {410, "Gone"},
        {412, "Precondition Failed"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (phrases[i].status == status)
            return phrases[i].phrase;
    return NULL;
}

static void put_http_status(struct text *out, unsigned status)
{
    const char *phrase = status_phrase(status);

    text_append_format(out, "%u%s%s", status, phrase ? " " : "", phrase ? phrase : "");
}

static void put_filled(struct text *out, const struct subject *subject, const char *template)
{
    struct speaker speaker = subject_speaker(subject);

    template_write(out, template, speaker.put, speaker.context);
}

static void put_head_status(struct text *out, const struct subject *subject, unsigned status)
{
    if (status == 404) {
        put_filled(out, subject,
                   subject->image ? "failed to resolve reference \"{image}\": {image}: not found"
                                  : "failed to resolve reference \"{registry}/REPOSITORY:TAG\": "
                                    "{registry}/REPOSITORY:TAG: not found");
        return;
    }
    put_filled(out, subject, "unexpected status from HEAD request to {manifest_url}: ");
    put_http_status(out, status);
}

static void put_v2(struct text *out, const struct subject *subject)
{
    const struct api_evidence *api = &subject->path->api;

    switch (api->outcome) {
    case API_STALLED:
        text_append(out, "net/http: timeout awaiting response headers");
        return;
    case API_CLOSED:
        text_append(out, "EOF");
        return;
    case API_MALFORMED:
        text_append(out, "net/http: HTTP/1.x transport connection broken: malformed HTTP response");
        return;
    case API_FORBIDDEN:
    case API_RATE_LIMITED:
    case API_SERVER_ERROR:
        put_head_status(out, subject, api->status);
        return;
    case API_NOT_A_REGISTRY:
        if (api->status >= 400)
            put_head_status(out, subject, api->status);
        else if (api->status < 300) /* docker, podman, skopeo; a redirect's end is not known */
            text_append(out, "invalid character '<' looking for beginning of value");
        return;
    case API_SKIPPED:
    case API_REGISTRY:
    case API_LOCAL:
    case API_CANCELLED:
    case API_OUTCOME_COUNT:
        return;
    }
}

/* Zeroed if there is none. */
static struct proxy_url proxy_of(const struct subject *subject)
{
    const char *url = subject->facts->evidence->proxy.url;
    struct proxy_url proxy = {0};

    if (!url || proxy_url_parse(url, subject->arena, &proxy))
        return (struct proxy_url){0};
    return proxy;
}

/* TLS with the proxy itself; net/http marks such an error like one of its connection. */
static void put_proxy_handshake(struct text *out, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    struct proxy_url proxy = proxy_of(subject);

    text_append(out, "proxyconnect tcp: ");
    if (evidence->proxy.tls.outcome == TLS_PLAIN_HTTP) /* not put into words there */
        text_append(out, "tls: first record does not look like a TLS handshake");
    else if (proxy.host)
        put_handshake(out, &evidence->proxy.tls, proxy.host, evidence->measured_at);
}

/* Go prints the words behind the status of the answer to CONNECT, and nothing else. The words are
 * not kept, so they are taken to be the usual ones. */
static void put_proxy_refusal(struct text *out, const struct subject *subject)
{
    const struct proxy_evidence *proxy = &subject->facts->evidence->proxy;
    const char *phrase = status_phrase(proxy->status);

    if (!phrase)
        return;
    put_filled(out, subject, "failed to do request: Head \"{manifest_url}\": ");
    text_append(out, phrase);
}

/* Clients that connect to none of several addresses print the error of the first that they dial. */
static const struct path_evidence *path_of_error(const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    bool none = !subject->phase && subject->facts->is[FACT_NONE_CONNECTS] &&
                evidence_path_decides(evidence, subject->path);
    const struct path_evidence *first = none ? evidence_first_dialled(evidence) : NULL;

    return first ? first : subject->path;
}

/* From the connection up to the answer to GET /v2/. */
static void put_path(struct text *out, const struct subject *subject, const char *host,
                     uint16_t port)
{
    const struct path_evidence *path = subject->path;

    if (path->tcp.outcome != TCP_OK)
        put_dial(out, path_of_error(subject),
                 path->views & VIEW_PROXY ? proxy_of(subject).port : port);
    else if (path->tls.outcome != TLS_OK && path->tls.outcome != TLS_SKIPPED)
        put_handshake(out, &path->tls, host, subject->facts->evidence->measured_at);
    else if (!subject->phase)
        put_v2(out, subject);
}

/* ---- above /v2/ ---- */

static void put_remote_error(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);
    const char *lookup = remote ? lookup_error(remote->dns) : NULL;

    if (subject->path)
        put_path(out, subject, remote ? remote->host : subject->facts->target->host,
                 remote ? remote->port : subject->facts->target->port);
    else if (lookup)
        text_append_format(out, "dial tcp: lookup %s: %s", remote->host, lookup);
    else
        text_append(out, "net/http: timeout awaiting response headers");
}

/* containerd sends a key by POST and asks without one by GET. */
static void put_token(struct text *out, const struct subject *subject)
{
    const struct auth_evidence *auth = &subject->facts->evidence->registry->auth;
    bool key = auth->has_key && (auth->key_sent || !auth->host_listed);

    if (!auth->realm) { /* the registry itself is asked, by Basic */
        if (auth->outcome == AUTH_STALLED)
            text_append(out, "net/http: timeout awaiting response headers");
        else if (subject_status(subject) >= 400)
            put_head_status(out, subject, subject_status(subject));
        return;
    }
    text_append_format(
        out, "failed to authorize: failed to fetch %s token: ", key ? "oauth" : "anonymous");
    if (auth->outcome == AUTH_REALM_UNREACHABLE || auth->outcome == AUTH_STALLED) {
        text_append_format(out, "%s \"%s\": ", key ? "Post" : "Get", auth->realm);
        put_remote_error(out, subject);
    } else if (subject_status(subject) >= 400) {
        text_append_format(out, "unexpected status from %s request to %s: ", key ? "POST" : "GET",
                           auth->realm);
        put_http_status(out, subject_status(subject));
    } else if (subject_status(subject) >= 300) {
        text_append(out, "unable to decode token response");
    } else {
        text_append(out, "authorization server did not include a token in the response");
    }
}

static void put_manifest(struct text *out, const struct subject *subject)
{
    static const char denied[] = "pull access denied, repository does not exist or may require "
                                 "authorization: server message: ";

    switch (subject->image->outcome) {
    case MANIFEST_INSUFFICIENT_SCOPE:
        if (subject->image->status == 401)
            text_append_format(out, "%sinsufficient_scope: authorization failed", denied);
        else
            put_head_status(out, subject, subject->image->status);
        return;
    case MANIFEST_INVALID_TOKEN:
        text_append_format(out, "%sinvalid_token: authorization failed", denied);
        return;
    case MANIFEST_NOT_FOUND:
        put_filled(out, subject,
                   "code = NotFound desc = failed to pull and unpack image \"{image}\": failed to "
                   "resolve reference \"{image}\": {image}: not found");
        return;
    case MANIFEST_UNAUTHORIZED:
    case MANIFEST_BLOCKED_BY_POLICY:
    case MANIFEST_RATE_LIMITED:
    case MANIFEST_UNAVAILABLE:
    case MANIFEST_UNEXPECTED:
        put_head_status(out, subject, subject->image->status);
        return;
    case MANIFEST_STALLED:
        text_append(out, "net/http: timeout awaiting response headers");
        return;
    case MANIFEST_OTHER_PLATFORM:
        text_append(out, "no match for platform in manifest: not found");
        return;
    case MANIFEST_DAMAGED: /* this and the next: the digest stands in the text */
    case MANIFEST_UNSUPPORTED:
    case MANIFEST_UNREACHABLE: /* why is not kept */
    case MANIFEST_MALFORMED:
    case MANIFEST_SKIPPED:
    case MANIFEST_FOUND:
    case MANIFEST_REDIRECTED:
    case MANIFEST_TOO_LARGE:
    case MANIFEST_LOCAL:
    case MANIFEST_CANCELLED:
    case MANIFEST_OUTCOME_COUNT:
        return;
    }
}

/* The image at which a client fails that got a token for a wrong key; NULL if it got none. */
static const struct image_evidence *image_after_token(const struct subject *subject)
{
    const struct registry_evidence *registry = subject->facts->evidence->registry;

    if (registry->auth.outcome != AUTH_REJECTED || registry->auth.scope_status / 100 != 2)
        return NULL;
    for (size_t i = 0; i < registry->image_count; i++)
        if (registry->images[i].outcome != MANIFEST_SKIPPED &&
            registry->images[i].outcome != MANIFEST_FOUND)
            return &registry->images[i];
    return NULL;
}

static void put_auth(struct text *out, const struct subject *subject)
{
    struct subject at_image = *subject;

    at_image.image = image_after_token(subject);
    at_image.phase = PHASE_MANIFEST;
    if (at_image.image)
        put_manifest(out, &at_image);
    else
        put_token(out, subject);
}

static void put_blob(struct text *out, const struct subject *subject)
{
    static const char opened[] = "failed to copy: httpReadSeeker: failed open: ";
    const struct blob_evidence *blob = evidence_blob(subject->image);

    if (blob->outcome == BLOB_UNREACHABLE || blob->outcome == BLOB_STALLED) {
        text_append_format(out, "%sfailed to do request: Get ", opened);
        put_filled(out, subject, "\"{location}\": ");
        put_remote_error(out, subject);
    } else if (blob->status == 404) {
        put_filled(out, subject,
                   "failed to copy: httpReadSeeker: failed open: content at {location} not found: "
                   "not found");
    } else if (blob->status >= 400) {
        text_append_format(out, "%sunexpected status code ", opened);
        put_filled(out, subject, "{location}: ");
        put_http_status(out, blob->status);
    }
}

/* ---- all of it ---- */

/* Nothing is measured there; a client that dials loopback or 0.0.0.0 reaches its own machine, where
 * no registry listens. */
static void put_bogus(struct text *out, const struct subject *subject)
{
    static const struct address unspecified[] = {{.family = AF_INET}, {.family = AF_INET6}};
    const struct address *address = subject->path ? &subject->path->address
                                    : subject->dns && subject->dns->address_count
                                        ? &subject->dns->addresses[0].address
                                        : NULL;

    if (address && (facts_is_loopback(address) || address_equal(address, &unspecified[0]) ||
                    address_equal(address, &unspecified[1])))
        put_filled(out, subject, "dial tcp {endpoint}: connect: connection refused");
}

/* containerd returns the error of the first host that failed. */
static void put_mirror(struct text *out, const struct subject *subject)
{
    const struct mirror_evidence *mirror = subject->mirror;
    const struct remote_host_evidence *remote = mirror ? &mirror->remote : NULL;
    const char *lookup = remote ? lookup_error(remote->dns) : NULL;

    for (size_t i = 0; remote && i < remote->path_count && !out->length; i++) {
        if (remote->paths[i].tcp.outcome != TCP_OK)
            put_dial(out, &remote->paths[i], remote->port);
        else if (remote->paths[i].tls.outcome != TLS_SKIPPED)
            put_handshake(out, &remote->paths[i].tls, remote->host,
                          subject->facts->evidence->measured_at);
    }
    if (!out->length && lookup)
        text_append_format(out, "dial tcp: lookup %s: %s", remote->host, lookup);
}

static void put_proxy_lookup(struct text *out, const struct subject *subject)
{
    const char *host = proxy_of(subject).host;

    if (host)
        text_append_format(out, "proxyconnect tcp: dial tcp: lookup %s: no such host", host);
}

static void put_error(struct text *out, const struct subject *subject, enum cause cause)
{
    const struct target *target = subject->facts->target;

    if (cause == CAUSE_DNS_BOGUS_ADDRESS)
        put_bogus(out, subject);
    else if (cause == CAUSE_PROXY_REFUSED)
        put_proxy_refusal(out, subject);
    else if (cause == CAUSE_PROXY_UNREACHABLE &&
             subject->facts->evidence->proxy.outcome == PROXY_NAME_NOT_FOUND)
        put_proxy_lookup(out, subject);
    else if (cause == CAUSE_MIRROR_UNREACHABLE)
        put_mirror(out, subject);
    else if (subject->phase == PHASE_AUTH)
        put_auth(out, subject);
    else if (subject->phase == PHASE_MANIFEST)
        put_manifest(out, subject);
    else if (subject->phase == PHASE_BLOB)
        put_blob(out, subject);
    else if (cause == CAUSE_INTERMITTENT)
        put_filled(out, subject, subject->path ? "dial tcp {endpoint}: i/o timeout" : "");
    else if (cause == CAUSE_PROXY_UNREACHABLE &&
             subject->facts->evidence->proxy.outcome == PROXY_TLS_FAILED)
        put_proxy_handshake(out, subject);
    else if (subject->path)
        put_path(out, subject, target->host, target->port);
    else
        put_lookup(out, subject);
}

/* True if the client's error of a connection is missing, since this check did not try to connect.
 */
static bool ends_open(const struct text *text)
{
    return text->length >= 2 && strcmp(text_string(text) + text->length - 2, ": ") == 0;
}

const char *client_error(const struct subject *subject, enum cause cause)
{
    struct text out = TEXT_WITH_LIMIT(ERROR_LIMIT);
    const char *error = NULL;

    /* A warning says that pulls work; an intermittent fault lets some of them fail. */
    if (subject->severity != SEVERITY_FAIL && cause != CAUSE_INTERMITTENT)
        return NULL;
    put_error(&out, subject, cause);
    if (text_string(&out)[0] && !ends_open(&out))
        error = arena_copy_text(subject->arena, text_string(&out));
    text_free(&out);
    return error;
}
