/* SPDX-License-Identifier: MIT */
/* The one table of placeholders, and where their values come from. */

#include "probes/diagnosis/subject.h"

#include <string.h>

#include "probes/diagnosis/request_words.h"
#include "probes/diagnosis/verbs.h"
#include "probes/evidence/view.h"
#include "probes/evidence/wording.h"

/* ---- the node ---- */

static void say_hosts_file(struct text *out, const struct subject *subject)
{
    say_text(out, subject->facts->evidence->node.hosts);
}

static void say_node_problem(struct text *out, const struct subject *subject)
{
    say_text(out, subject->facts->evidence->node.problem);
}

static void say_mirror(struct text *out, const struct subject *subject)
{
    say_text(out, subject->mirror ? subject->mirror->url : NULL);
}

static void say_mirror_said(struct text *out, const struct subject *subject)
{
    if (subject->mirror)
        wording_mirror_outcome(out, subject->mirror);
    else
        text_append(out, "no host has the image");
}

#define TLS_WAIT (10 * USEC_PER_SEC) /* of Go's client in containerd */

/* "URL (what it does), URL (what it does) and URL (what it does)" */
static void say_mirrors(struct text *out, const struct subject *subject)
{
    const struct facts *facts = subject->facts;

    for (size_t i = 0; i < facts->failed_mirror_count; i++) {
        text_append(out, !i ? "" : i + 1 < facts->failed_mirror_count ? ", " : " and ");
        text_append_format(out, "%s (", facts->failed_mirrors[i]->url);
        wording_mirror_outcome(out, facts->failed_mirrors[i]);
        text_append(out, ")");
    }
}

/* How long one request of a pull waits for the silent mirrors, one after the other. */
static void say_mirror_wait(struct text *out, const struct subject *subject)
{
    const struct facts *facts = subject->facts;
    usec_t wait = 0;

    for (size_t i = 0; i < facts->failed_mirror_count; i++) {
        const struct mirror_evidence *mirror = facts->failed_mirrors[i];
        if (facts_mirror_is_silent(mirror))
            wait += mirror->outcome == MIRROR_TLS_FAILED ? TLS_WAIT : mirror->dial_timeout;
    }
    if (wait)
        wording_duration(out, wait);
}

/* ---- addresses ---- */

static const struct dns_address *first_address(const struct dns_evidence *dns)
{
    return dns && dns->address_count > 0 ? &dns->addresses[0] : NULL;
}

static void say_address(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);

    if (subject->path)
        append_address(out, &subject->path->address);
    else if (answer)
        append_address(out, &answer->address);
}

static void say_family(struct text *out, const struct subject *subject)
{
    if (subject->path)
        text_append(out, subject->path->address.family == AF_INET6 ? "IPv6" : "IPv4");
}

static void say_class(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);

    if (subject->path)
        text_append(out, class_adjective(subject->path->address_class));
    else if (answer)
        text_append(out, class_adjective(answer->address_class));
}

static void say_rule(struct text *out, const struct subject *subject)
{
    const struct dns_address *answer = first_address(subject->dns);

    say_text(out, subject->path ? subject->path->rule : answer ? answer->rule : NULL);
}

static void say_endpoint(struct text *out, const struct subject *subject)
{
    char buffer[ENDPOINT_TEXT_SIZE];
    const struct dns_address *answer = first_address(subject->dns);
    const struct remote_host_evidence *remote = subject_remote(subject);
    struct endpoint endpoint = {.port = remote ? remote->port : subject->facts->target->port};

    bool proxied = subject->path && (subject->path->views & VIEW_PROXY);
    if (proxied || (!subject->path && !answer)) {
        say_registry(out, subject);
        text_append(out, proxied ? " (through the proxy)" : "");
        return;
    }
    endpoint.address = subject->path ? subject->path->address : answer->address;
    text_append(out, endpoint_format(&endpoint, buffer));
}

static void say_failures(struct text *out, const struct subject *subject)
{
    verbs_of_failures(out, subject->facts->evidence, true);
}

static void say_failed(struct text *out, const struct subject *subject)
{
    verbs_of_failures(out, subject->facts->evidence, false);
}

static void say_connected(struct text *out, const struct subject *subject)
{
    const struct path_evidence *path = subject->facts->path[FACT_CONNECTS];

    if (path)
        append_address(out, &path->address);
}

static void say_linkage(struct text *out, const struct subject *subject)
{
    const struct facts *facts = subject->facts;
    const struct dns_address *answer = first_address(facts->dns[FACT_LINKAGE_VPC_NAME]);

    if (facts->path[FACT_LINKAGE_CONNECTS])
        append_address(out, &facts->path[FACT_LINKAGE_CONNECTS]->address);
    else if (answer)
        append_address(out, &answer->address);
    else if (facts->target->has_linkage_address)
        append_address(out, &facts->target->linkage_address);
}

static void say_egress(struct text *out, const struct subject *subject)
{
    const char *seen = subject->path ? subject->path->api.client_address : NULL;

    say_text(out, seen && *seen ? seen : subject->facts->evidence->egress_address);
}

/* ---- names ---- */

static void say_resolver_of(struct text *out, const struct dns_evidence *dns)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    say_text(out, dns ? endpoint_format(&dns->resolver, buffer) : NULL);
}

static void say_resolver(struct text *out, const struct subject *subject)
{
    say_resolver_of(out, subject->dns);
}

static void say_other_resolver(struct text *out, const struct subject *subject)
{
    say_resolver_of(out, subject->other);
}

static void say_said(struct text *out, const struct subject *subject)
{
    verb_of_answer(out, subject->dns);
}

static void say_other_said(struct text *out, const struct subject *subject)
{
    verb_of_answer(out, subject->other);
}

static void say_lookup_wait(struct text *out, const struct subject *subject)
{
    wording_duration(out, facts_lookup_wait(subject->facts->evidence, subject->dns));
}

static void say_name_sources(struct text *out, const struct subject *subject)
{
    say_text(out, subject->facts->evidence->name_sources);
}

/* ---- the proxy ---- */

static void say_proxy(struct text *out, const struct subject *subject)
{
    say_text(out, subject->facts->evidence->proxy.url);
}

static void say_proxy_source(struct text *out, const struct subject *subject)
{
    const char *source = subject->facts->evidence->proxy.source;

    /* a variable says by itself that it is one */
    say_text(out, source && strcmp(source, "proxy") == 0 ? "the option proxy" : source);
}

static void say_proxy_said(struct text *out, const struct subject *subject)
{
    if (!verb_of_proxy(out, &subject->facts->evidence->proxy) && subject->path)
        verb_of_path(out, subject->path);
}

/* ---- members of the address ---- */

static void say_names(struct text *out, const struct subject *subject)
{
    append_certificate_names(out, subject->path ? &subject->path->tls.certificate : NULL);
}

static void say_content_type(struct text *out, const struct subject *subject)
{
    const struct path_evidence *path = subject->path;

    say_text(out, path && !path->api.content_type ? "none" : path ? path->api.content_type : NULL);
}

static void say_server(struct text *out, const struct subject *subject)
{
    const struct path_evidence *path = subject->path;

    say_text(out, path && !path->api.server ? "unnamed" : path ? path->api.server : NULL);
}

static void say_skew(struct text *out, const struct subject *subject)
{
    const struct path_evidence *path = subject->path;

    verb_of_skew(out, path ? path->api.local_time - path->api.peer_time : 0);
}

/* ---- the failure of an address or a host ---- */

static void say_remote_failure(struct text *out, const struct subject *subject)
{
    const struct remote_host_evidence *remote = subject_remote(subject);
    const struct path_evidence *path = subject->path;

    if (path) {
        text_append_format(out, "cannot be reached: its %s address ",
                           class_adjective(path->address_class));
        say_endpoint(out, subject);
        text_append(out, " ");
        verb_of_path(out, path);
    } else if (remote && remote->dns != DNS_SKIPPED && remote->dns != DNS_NOERROR) {
        text_append_format(out, "cannot be reached: its name does not resolve (%s)",
                           dns_outcome_words(remote->dns));
    } else if (subject->phase == PHASE_BLOB &&
               evidence_blob(subject->image)->outcome == BLOB_STALLED) {
        text_append(out, "accepts the connection and then does not answer in time");
    } else {
        text_append(out, "could be reached once, and then no longer");
    }
}

static void say_failure(struct text *out, const struct subject *subject)
{
    if (subject->phase)
        say_remote_failure(out, subject);
    else if (subject->path)
        verb_of_path(out, subject->path);
    else
        text_append(out, "could not be tried");
}

static void say_answerer(struct text *out, const struct subject *subject)
{
    if (subject->phase == PHASE_AUTH)
        say_realm(out, subject);
    else if (subject->phase == PHASE_BLOB)
        say_remote(out, subject);
    else if (subject_location(subject))
        text_append(out, subject_location(subject));
    else if (subject->phase)
        say_registry(out, subject);
    else
        say_endpoint(out, subject);
}

/* ---- this machine ---- */

static void say_local_error(struct text *out, const struct subject *subject)
{
    const struct evidence *evidence = subject->facts->evidence;
    const struct path_evidence *path = subject->path;

    if (evidence->local_error)
        text_append(out, evidence->local_error);
    else if (evidence->allocation_failed)
        text_append(out, "memory ran short");
    else if (subject->dns && subject->dns->error)
        text_append(out, subject->dns->error);
    else if (path && path->tcp.error)
        text_append_format(out, "connect: %s", strerrordesc_np(path->tcp.error));
    else if (path && path->tls.outcome == TLS_LOCAL)
        text_append(out,
                    path->tls.detail ? path->tls.detail : "the TLS handshake could not be made");
    else if (path && path->api.outcome == API_LOCAL)
        text_append(out, path->api.detail ? path->api.detail : "GET /v2/ could not be sent");
    else if (subject->phase)
        say_detail(out, subject);
    else
        text_append(out, "the run ended before there was a result");
}

/* ---- the table ---- */

enum member_kind { MEMBER_TEXT, MEMBER_TIME, MEMBER_NUMBER };

/* `put` is NULL for a member of the address. `word` replaces the value if nothing was measured,
 * also on the page of a cause or in a pull error without it. */
struct placeholder {
    const char *name;
    void (*put)(struct text *out, const struct subject *subject);
    const char *word;
    enum member_kind kind;
    size_t offset;
};

#define SAID(name, word)                        \
    {                                           \
#name, say_##name, word, MEMBER_TEXT, 0 \
    }
#define MEMBER(name, kind, member, word)                                         \
    {                                                                            \
#name, NULL, word, MEMBER_##kind, offsetof(struct path_evidence, member) \
    }

static const struct placeholder placeholders[] = {
    SAID(address, "the address"),
    SAID(answer, "the status"),
    SAID(answerer, "the registry"),
    MEMBER(api_location, TEXT, api.location, "another place"),
    SAID(asked, "the request"),
    SAID(class, "unknown"),
    SAID(connected, "another one"),
    SAID(content_type, "unknown"),
    SAID(detail, "no further detail"),
    SAID(docker_server, "REGISTRY"),
    SAID(egress, "the NAT gateway's elastic IP"),
    SAID(endpoint, "the registry's address"),
    SAID(failed, "the address that fails"),
    SAID(failure, "cannot be reached"),
    SAID(failures, "one does not answer"),
    SAID(family, "its family"),
    SAID(granted, "nothing"),
    SAID(host, "the registry's name"),
    SAID(image, "the image"),
    SAID(instance, "of the registry"),
    MEMBER(interface_mtu, NUMBER, trials.interface_mtu, "unknown"),
    MEMBER(issuer, TEXT, tls.certificate.issuer, "unknown"),
    SAID(linkage, "the linkage's private IP"),
    SAID(local_error, "an error of its own"),
    MEMBER(local_time, TIME, api.local_time, "the local time"),
    SAID(location, "the store"),
    SAID(hosts_file, "hosts.toml"),
    SAID(manifest_url, "the manifest's URL"),
    SAID(lookup_wait, "10 s"),
    SAID(mirror, "the mirror"),
    SAID(mirror_said, "it fails"),
    SAID(mirrors, "they fail"),
    SAID(mirror_wait, "30 s"),
    SAID(name_sources, "other sources"),
    SAID(names, "its names"),
    SAID(node_problem, "a file is not valid"),
    MEMBER(not_after, TIME, tls.certificate.not_after, "its last day"),
    MEMBER(not_before, TIME, tls.certificate.not_before, "its first day"),
    SAID(other_resolver, "another resolver"),
    SAID(other_said, "answers differently"),
    SAID(others, ""),
    MEMBER(peer_time, TIME, api.peer_time, "the registry's time"),
    SAID(port, "443"),
    SAID(proxy, "the proxy"),
    SAID(proxy_said, "cannot be reached"),
    SAID(proxy_source, "the setting"),
    SAID(realm, "the token service"),
    SAID(realm_host, "HOST"),
    SAID(registry, "REGISTRY"),
    SAID(registry_url, "https://REGISTRY"),
    SAID(remote, "that host"),
    SAID(reply, "the answer"),
    SAID(resolver, "the resolver"),
    SAID(retry_after, "as long as the answer asks"),
    SAID(rule, "a reserved range"),
    SAID(said, "gives no address"),
    SAID(server, "unknown"),
    MEMBER(session, TEXT, tls.clients_differ, "they refuse it"),
    SAID(setting, "insecure_skip_verify"),
    SAID(skew, "different from"),
    SAID(status, "the status"),
    MEMBER(trials, NUMBER, tcp.trials, "several"),
    MEMBER(trials_connected, NUMBER, tcp.trials_connected, "some"),
};

static void say_member(struct text *out, const struct placeholder *member,
                       const struct path_evidence *path)
{
    if (!path)
        return;
    const void *at = (const char *)path + member->offset;
    if (member->kind == MEMBER_TEXT)
        say_text(out, *(const char *const *)at);
    else if (member->kind == MEMBER_TIME)
        append_time(out, *(const int64_t *)at);
    else
        text_append_format(out, "%u", *(const unsigned *)at);
}

static const struct placeholder *placeholder_named(const char *name)
{
    for (size_t i = 0; i < sizeof(placeholders) / sizeof(placeholders[0]); i++)
        if (strcmp(placeholders[i].name, name) == 0)
            return &placeholders[i];
    return NULL;
}

static void say_named(struct text *out, const char *name, const void *context)
{
    const struct placeholder *placeholder = placeholder_named(name);
    const struct subject *subject = context;
    size_t before = out->length;

    if (!placeholder) {
        text_append_format(out, "{%s}", name);
        return;
    }
    if (placeholder->put)
        placeholder->put(out, subject);
    else
        say_member(out, placeholder, subject->path);
    if (out->length == before)
        text_append(out, placeholder->word);
}

const char *subject_word(const char *name)
{
    const struct placeholder *placeholder = placeholder_named(name);

    return placeholder ? placeholder->word : NULL;
}

struct speaker subject_speaker(const struct subject *subject)
{
    return (struct speaker){subject_is, say_named, subject, subject->arena};
}
