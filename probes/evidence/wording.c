/* SPDX-License-Identifier: MIT */
#include "probes/evidence/wording.h"

#include <inttypes.h>
#include <string.h>

#include "probes/evidence/view.h"

#define DIGEST_SHOWN 19 /* "sha256:" and 12 digits */

/* ---- time ---- */

void wording_duration(struct text *text, usec_t duration)
{
    double milliseconds = (double)duration / (double)USEC_PER_MSEC;

    if (milliseconds < 0.05)
        text_append(text, "<0.1 ms");
    else if (milliseconds < 9.95)
        text_append_format(text, "%.1f ms", milliseconds);
    else if (milliseconds < 999.5)
        text_append_format(text, "%.0f ms", milliseconds);
    else
        text_append_format(text, "%.*f s", milliseconds < 99950 ? 1 : 0, milliseconds / 1000);
}

/* "40 s", "5 min", "3 h", "2 days" */
static void append_span(struct text *text, int64_t seconds)
{
    if (seconds < 120)
        text_append_format(text, "%" PRId64 " s", seconds);
    else if (seconds < INT64_C(120) * 60)
        text_append_format(text, "%" PRId64 " min", seconds / 60);
    else if (seconds < INT64_C(48) * 3600)
        text_append_format(text, "%" PRId64 " h", seconds / 3600);
    else
        text_append_format(text, "%" PRId64 " days", seconds / 86400);
}

void wording_took(struct text *text, usec_t duration)
{
    if (!duration)
        return;
    text_append(text, ", ");
    wording_duration(text, duration);
}

/* The end of the words about the registry, which an earlier run may have measured. */
static void append_registry_times(struct text *text, const struct evidence *evidence,
                                  usec_t duration)
{
    int64_t age = evidence->measured_at - evidence->registry->measured_at;

    wording_took(text, duration);
    if (age <= 0)
        return;
    text_append(text, ", measured ");
    append_span(text, age);
    text_append(text, " ago");
}

static void append_detail(struct text *text, const char *detail)
{
    if (detail)
        text_append_format(text, ", %s", detail);
}

/* ---- names ---- */

void wording_resolver(struct text *text, const struct dns_evidence *dns, bool role)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    if (role)
        text_append_format(text, "%s resolver ", resolver_role_name(dns->role));
    text_append(text, dns->resolver.port == 53 ? address_format(&dns->resolver.address, buffer)
                                               : endpoint_format(&dns->resolver, buffer));
}

void wording_answer(struct text *text, const struct dns_evidence *dns)
{
    char buffer[ADDRESS_TEXT_SIZE];

    for (size_t i = 0; i < dns->address_count; i++)
        text_append_format(text, "%s%s (%s)", i ? ", " : "",
                           address_format(&dns->addresses[i].address, buffer),
                           address_class_name(dns->addresses[i].address_class));
    if (dns->outcome == DNS_OTHER_RCODE)
        text_append_format(text, "error code %u", (unsigned)dns->rcode);
    else if (!dns->address_count)
        text_append(text, dns_outcome_words(dns->outcome));
    append_detail(text, dns->error);
    if (dns->repeated && dns->outcome != DNS_TIMEOUT)
        text_append(text, ", when asked again");
    if (dns->unanswered_names)
        text_append_format(text, ", after no answer for %u name%s of the search list",
                           dns->unanswered_names, dns->unanswered_names == 1 ? "" : "s");
}

/* ---- one address ---- */

void wording_views(struct text *text, unsigned views)
{
    static const struct {
        unsigned view;
        const char *words;
    } names[] = {{VIEW_POD, "pod"},          {VIEW_HOST, "host"},   {VIEW_LINKAGE, "linkage"},
                 {VIEW_HOSTS, "/etc/hosts"}, {VIEW_PROXY, "proxy"}, {VIEW_LITERAL, "as written"}};
    const char *separator = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(views & names[i].view))
            continue;
        text_append_format(text, "%s%s", separator, names[i].words);
        separator = " and ";
    }
}

void wording_address(struct text *text, const struct path_evidence *path, bool views)
{
    char buffer[ADDRESS_TEXT_SIZE];

    text_append_format(text, "%s (%s", address_format(&path->address, buffer),
                       address_class_name(path->address_class));
    if (views) {
        text_append(text, ", ");
        wording_views(text, path->views);
    }
    text_append(text, ")");
}

void wording_tcp(struct text *text, const struct path_evidence *path)
{
    const struct tcp_evidence *tcp = &path->tcp;

    text_append(text, tcp_outcome_words(tcp->outcome));
    if (tcp->error && tcp->outcome != TCP_REFUSED && tcp->outcome != TCP_RESET &&
        tcp->outcome != TCP_TIMEOUT)
        text_append_format(text, " (%s)", strerror(tcp->error));
    append_detail(text, tcp->reason);
    wording_took(text, tcp->duration);
    if (tcp->trials_connected)
        text_append_format(text, " (%u of %u more tries worked)", tcp->trials_connected,
                           tcp->trials);
    else if (tcp->trials)
        text_append_format(text, " (%u more tries failed)", tcp->trials);
}

static void append_tls(struct text *text, const struct tls_evidence *tls)
{
    text_append(text, tls_outcome_words(tls->outcome));
    if (tls->outcome == TLS_SKIPPED)
        append_detail(text, tls->reason);
    append_detail(text, tls->version);
    append_detail(text, tls->detail);
    wording_took(text, tls->duration);
}

void wording_tls(struct text *text, const struct path_evidence *path)
{
    const struct handshake_trials *trials = &path->trials;

    append_tls(text, &path->tls);
    if (trials->clamped != TRIAL_NOT_MADE)
        text_append_format(text, ", with small segments: %s", trial_outcome_name(trials->clamped));
    if (trials->control_sni != TRIAL_NOT_MADE)
        text_append_format(text, ", with another server name: %s",
                           trial_outcome_name(trials->control_sni));
    if (trials->short_hello != TRIAL_NOT_MADE)
        text_append_format(text, ", with a short ClientHello: %s",
                           trial_outcome_name(trials->short_hello));
}

void wording_api(struct text *text, const struct path_evidence *path)
{
    const struct api_evidence *api = &path->api;

    text_append(text, api_outcome_words(api->outcome));
    if (api->outcome == API_SKIPPED)
        append_detail(text, api->reason);
    if (api->status)
        text_append_format(text, ", HTTP %u", api->status);
    if (api->location)
        text_append_format(text, ", redirected to %s", api->location);
    if (api->client_address)
        text_append_format(text, ", it names your address %s", api->client_address);
    wording_took(text, api->duration);
}

void wording_proxy(struct text *text, const struct proxy_evidence *proxy)
{
    text_append(text, proxy->url ? proxy->url : "");
    if (proxy->source)
        text_append_format(text, " (from %s%s)",
                           strcmp(proxy->source, "proxy") ? "" : "the option ", proxy->source);
    if (proxy->over_tls) {
        text_append(text, ": TLS: ");
        append_tls(text, &proxy->tls);
    }
    if (proxy->outcome == PROXY_TLS_FAILED)
        return;
    text_append_format(text, ": %s", proxy_outcome_words(proxy->outcome));
    if (proxy->status)
        text_append_format(text, ", HTTP %u", proxy->status);
    append_detail(text, proxy->detail);
    wording_took(text, proxy->duration);
}

void wording_node(struct text *text, const struct node_evidence *node)
{
    const char *separator = "";

    if (node->hosts) {
        text_append_format(text, "%s names the hosts", node->hosts);
        separator = ", ";
    }
    if (node->environment) {
        text_append_format(text, "%s%s sets variables", separator, node->environment);
        separator = ", ";
    }
    if (node->config_path && node->config) {
        text_append_format(text, "%sconfig_path %s in %s", separator, node->config_path,
                           node->config);
        separator = ", ";
    }
    if (!*separator)
        text_append_format(text, "no file below %s changes how images are pulled",
                           node->root ? node->root : "?");
    if (node->problem)
        text_append_format(text, "; %s", node->problem);
}

/* The status of the image that failed, or of the answer to /v2/. */
static void append_mirror_status(struct text *text, const struct mirror_evidence *mirror)
{
    unsigned status = mirror->status;

    for (size_t i = 0; mirror->registry && i < mirror->registry->image_count; i++) {
        const struct image_evidence *image = &mirror->registry->images[i];
        const struct blob_evidence *blob = evidence_blob(image);
        status = image->outcome == MANIFEST_FOUND ? blob->status : image->status;
        if (image->outcome != MANIFEST_FOUND && image->detail)
            text_append_format(text, " (%s)", image->detail);
        if (image->outcome != MANIFEST_FOUND || !blob_is_there(blob))
            break;
    }
    if (status >= 400)
        text_append_format(text, ", HTTP %u", status);
}

void wording_mirror_outcome(struct text *text, const struct mirror_evidence *mirror)
{
    const struct remote_host_evidence *remote = &mirror->remote;
    const struct path_evidence *path = remote->path_count ? &remote->paths[0] : NULL;

    if (mirror->is_registry)
        text_append(text, "the registry itself");
    else if (mirror->outcome == MIRROR_UNREACHABLE && path)
        text_append(text, tcp_outcome_words(path->tcp.outcome));
    else if (mirror->outcome == MIRROR_TLS_FAILED && path)
        text_append(text, tls_outcome_words(path->tls.outcome));
    else if (mirror->outcome == MIRROR_NO_ADDRESS && !mirror->detail)
        text_append(text, dns_outcome_words(remote->dns));
    else
        text_append(text, mirror_outcome_words(mirror->outcome));
    if (mirror->outcome != MIRROR_OK && mirror->outcome != MIRROR_UNREACHABLE &&
        mirror->outcome != MIRROR_TLS_FAILED && !mirror->is_registry)
        append_mirror_status(text, mirror);
    append_detail(text, mirror->detail);
}

void wording_mirror(struct text *text, const struct mirror_evidence *mirror)
{
    text_append_format(text, "%s: ", mirror->url ? mirror->url : "");
    wording_mirror_outcome(text, mirror);
    if (!mirror->is_registry)
        wording_took(text, mirror->duration);
}

bool control_shows(const struct control_evidence *control)
{
    return !control->only_helps || control->outcome == CONTROL_OK;
}

void wording_control(struct text *text, const struct control_evidence *control)
{
    text_append_format(text, "%s %s: %s", control_kind_name(control->kind),
                       control->endpoint ? control->endpoint : "",
                       control_shows(control) ? control_outcome_words(control->outcome)
                                              : "not connected, counts for nothing");
    if (control_shows(control))
        wording_took(text, control->duration);
}

/* ---- above /v2/ ---- */

static void append_digest(struct text *text, const char *digest)
{
    if (digest)
        text_append_format(text, ", %.*s", DIGEST_SHOWN, digest);
}

/* The addresses of another host and how far each was reached; nothing for the registry itself. */
static void append_remote(struct text *text, const struct remote_host_evidence *remote)
{
    char buffer[HOST_PORT_SIZE];

    if (!remote->host)
        return;
    if (!remote->path_count)
        text_append_format(text, ": %s", dns_outcome_words(remote->dns));
    for (size_t i = 0; i < remote->path_count; i++) {
        const struct path_evidence *path = &remote->paths[i];
        text_append(text, i ? "; " : ": ");
        wording_address(text, path, false);
        text_append(text, " ");
        wording_tcp(text, path);
        if (path->tls.outcome != TLS_SKIPPED) {
            text_append(text, ", ");
            wording_tls(text, path);
        }
    }
    text_append_format(text, ", host %s", host_port_format(remote->host, remote->port, buffer));
}

void wording_auth(struct text *text, const struct evidence *evidence)
{
    const struct auth_evidence *auth = &evidence->registry->auth;

    text_append(text, auth_outcome_words(auth->outcome));
    append_detail(text, auth->reason);
    if (auth->realm)
        text_append_format(text, ", realm %s", auth->realm);
    if (auth->outcome != AUTH_SKIPPED && auth->outcome != AUTH_NOT_REQUIRED)
        text_append(text, auth->key_sent  ? ", with the key"
                          : auth->has_key ? ", the key was not sent"
                                          : ", no key");
    if (auth->key_status)
        text_append_format(text, ", HTTP %u without a scope", auth->key_status);
    if (auth->scope_status)
        text_append_format(text, ", HTTP %u with a scope", auth->scope_status);
    for (size_t i = 0; i < auth->granted_count; i++)
        text_append_format(text, "%s %s", i ? "," : ", grants", auth->granted[i]);
    append_remote(text, &auth->remote);
    append_registry_times(text, evidence, auth->duration);
}

void wording_image(struct text *text, const struct evidence *evidence,
                   const struct image_evidence *image)
{
    text_append_format(text, "%s: %s", image->reference ? image->reference : "",
                       manifest_outcome_words(image->outcome));
    if (image->status && image->outcome != MANIFEST_FOUND)
        text_append_format(text, ", HTTP %u", image->status);
    append_detail(text, image->reason);
    if (image->location)
        text_append_format(text, ", redirected to %s", image->location);
    append_detail(text, image->detail);
    append_digest(text, image->digest);
    append_registry_times(text, evidence, image->duration);
}

void wording_blob(struct text *text, const struct evidence *evidence,
                  const struct blob_evidence *blob)
{
    text_append(text, blob_outcome_words(blob->outcome));
    if (blob->status >= 400)
        text_append_format(text, ", HTTP %u", blob->status);
    append_detail(text, blob->reason);
    append_remote(text, &blob->remote);
    if (blob->location && !blob->remote.host)
        text_append_format(text, ", redirected to %s", blob->location);
    append_digest(text, blob->digest);
    append_registry_times(text, evidence, blob->duration);
}
