/* SPDX-License-Identifier: MIT */
/* Facts that connects to the registry's addresses and to the controls gave. */

#include "probes/diagnosis/facts.h"

#include "probes/evidence/view.h"

static bool is_private(const struct path_evidence *path)
{
    return path->address_class == CLASS_PRIVATE || path->address_class == CLASS_PROVIDER;
}

struct tally {
    size_t connected;
    size_t failed;  /* because of the network */
    size_t unknown; /* cancelled, or this machine could not try */
    size_t no_route;
    const struct path_evidence *first_failed;
};

static void set_silent(struct facts *facts, const struct path_evidence *path)
{
    if (is_private(path)) {
        facts_set_path(facts, FACT_PRIVATE_SILENT, path);
        return;
    }
    facts_set_path(facts, FACT_PUBLIC_SILENT, path);
    if (path->tcp.outcome == TCP_TIMEOUT)
        facts_set_path(facts, FACT_PUBLIC_TIMEOUT, path);
}

/* Some of the further source ports got through and some did not. */
static bool source_ports_differ(const struct path_evidence *path)
{
    const struct tcp_evidence *tcp = &path->tcp;

    if (is_private(path))
        return false;
    if (tcp->outcome == TCP_TIMEOUT)
        return tcp->trials_connected > 0;
    return tcp->outcome == TCP_OK && tcp->trials > tcp->trials_connected;
}

static void collect_path(struct facts *facts, const struct path_evidence *path, struct tally *tally)
{
    if (source_ports_differ(path))
        facts_set_path(facts, FACT_SOURCE_PORTS_DIFFER, path);
    if (path->tcp.outcome != TCP_OK && path->tcp.outcome != TCP_SKIPPED && !tally->first_failed)
        tally->first_failed = path;
    switch (path->tcp.outcome) {
    case TCP_SKIPPED:
        tally->no_route += path_has_no_route(path);
        return;
    case TCP_OK:
        tally->connected++;
        facts_set_path(facts, FACT_CONNECTS, path);
        facts_set_path(facts, is_private(path) ? FACT_USED_PRIVATE : FACT_USED_PUBLIC, path);
        return;
    case TCP_TIMEOUT:
    case TCP_UNREACHABLE:
        tally->failed++;
        facts_set_path(facts, FACT_SOME_DO_NOT_CONNECT, path);
        if (!source_ports_differ(path))
            set_silent(facts, path);
        return;
    case TCP_REFUSED:
    case TCP_RESET:
        tally->failed++;
        facts_set_path(facts, FACT_SOME_DO_NOT_CONNECT, path);
        facts_set_path(facts, FACT_REFUSED, path);
        return;
    case TCP_LOCAL:
        facts_set_path(facts, FACT_TCP_LOCAL, path);
        tally->unknown++;
        return;
    case TCP_CANCELLED:
    case TCP_OUTCOME_COUNT:
        tally->unknown++;
        return;
    }
}

/* Addresses may be missing that this machine could not ask for. */
static bool is_incomplete(const struct facts *facts)
{
    enum resolver_role role = facts->view == VIEW_HOST ? ROLE_HOST : ROLE_POD;

    for (size_t i = 0; !(facts->view & VIEW_GIVEN) && i < facts->evidence->dns_count; i++) {
        const struct dns_evidence *dns = &facts->evidence->dns[i];
        if (dns->role == role && dns->queried == NAME_TARGET && dns->outcome == DNS_LOCAL)
            return true;
    }
    return false;
}

static void collect_proxy_tls(struct facts *facts, const struct path_evidence *used)
{
    enum tls_outcome outcome = facts->evidence->proxy.tls.outcome;
    bool untrusted = outcome == TLS_UNTRUSTED_ISSUER || outcome == TLS_SELF_SIGNED;

    facts_set_path(facts, FACT_PROXY_UNREACHABLE, used);
    if (untrusted)
        facts_set_path(facts, FACT_PROXY_UNTRUSTED, used);
    if (untrusted || outcome == TLS_NAME_MISMATCH || outcome == TLS_EXPIRED ||
        outcome == TLS_NOT_YET_VALID)
        facts_set_path(facts, FACT_PROXY_CERTIFICATE, used);
    if (outcome == TLS_PLAIN_HTTP)
        facts_set_path(facts, FACT_PROXY_PLAIN, used);
}

/* With a proxy only its answer counts; the direct paths are witnesses. */
static void collect_proxy(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    const struct path_evidence *failed = NULL;
    const struct path_evidence *used = NULL;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (!(path->views & VIEW_PROXY))
            continue;
        if (path->tcp.outcome == TCP_OK && !used)
            used = path;
        else if (path->tcp.outcome != TCP_OK && !failed)
            failed = path;
    }
    switch (evidence->proxy.outcome) {
    case PROXY_SKIPPED:
    case PROXY_LOCAL:
    case PROXY_OUTCOME_COUNT:
        return;
    case PROXY_OK:
        facts->is[FACT_PROXY_SCHEME_NEW] = evidence->proxy.older_host != NULL;
        facts_set_path(facts, FACT_PROXIED, used);
        facts_set_path(facts, FACT_CONNECTS, used);
        if (used)
            facts_set_path(facts, is_private(used) ? FACT_USED_PRIVATE : FACT_USED_PUBLIC, used);
        return;
    case PROXY_NAME_NOT_FOUND:
    case PROXY_UNREACHABLE:
        facts_set_path(facts, FACT_PROXY_UNREACHABLE, failed);
        return;
    case PROXY_TLS_FAILED:
        collect_proxy_tls(facts, used);
        return;
    case PROXY_WANTS_KEY:
        facts_set_path(facts, FACT_PROXY_WANTS_KEY, used);
        facts_set_path(facts, FACT_PROXY_REFUSED, used);
        return;
    case PROXY_STALLED:
    case PROXY_INVALID:
        facts_set_path(facts, FACT_PROXY_UNREADABLE, used);
        facts_set_path(facts, FACT_PROXY_REFUSED, used);
        return;
    case PROXY_REFUSED:
        facts_set_path(facts, FACT_PROXY_REFUSED, used);
        return;
    }
}

static void collect_paths(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    struct tally tally = {.unknown = is_incomplete(facts)};

    if (facts->view == VIEW_PROXY) {
        collect_proxy(facts);
        return;
    }
    for (size_t i = 0; i < evidence->path_count; i++)
        if (evidence_path_decides(evidence, &evidence->paths[i]))
            collect_path(facts, &evidence->paths[i], &tally);
    /* If the name has one family only, an address without a route counts as unreachable. */
    if (tally.no_route > 0 && tally.connected + tally.failed + tally.unknown == 0) {
        for (size_t i = 0; i < evidence->path_count; i++)
            if (evidence_path_decides(evidence, &evidence->paths[i]) &&
                path_has_no_route(&evidence->paths[i])) {
                set_silent(facts, &evidence->paths[i]);
                tally.first_failed = tally.first_failed ? tally.first_failed : &evidence->paths[i];
            }
        tally.failed = tally.no_route;
        facts_set_path(facts, FACT_NO_ROUTE, tally.first_failed);
    }
    facts->is[FACT_NONE_CONNECTS] = tally.connected == 0 && tally.failed > 0 && tally.unknown == 0;
    if (facts->is[FACT_NONE_CONNECTS])
        facts->path[FACT_NONE_CONNECTS] = tally.first_failed;
    if (tally.connected > 0)
        facts->is[FACT_TCP_LOCAL] = false;
}

static bool path_reaches_registry(const struct facts *facts, const struct path_evidence *path)
{
    return path->tcp.outcome == TCP_OK &&
           (path->tls.outcome == TLS_OK || facts->target->plain_http) &&
           path->api.outcome == API_REGISTRY;
}

static void collect_linkage(struct facts *facts, const struct path_evidence *path)
{
    switch (path->tcp.outcome) {
    case TCP_OK:
        facts_set_path(facts, FACT_LINKAGE_CONNECTS, path);
        return;
    case TCP_TIMEOUT:
    case TCP_REFUSED:
    case TCP_RESET:
    case TCP_UNREACHABLE:
        facts_set_path(facts, FACT_LINKAGE_SILENT, path);
        return;
    case TCP_SKIPPED:
    case TCP_LOCAL:
    case TCP_CANCELLED:
    case TCP_OUTCOME_COUNT:
        return;
    }
}

static void collect_other_paths(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;

    for (size_t i = 0; i < evidence->path_count; i++) {
        const struct path_evidence *path = &evidence->paths[i];
        if (path->tcp.outcome == TCP_OK || path->tcp.outcome == TCP_REFUSED ||
            path->tcp.outcome == TCP_RESET)
            facts_set_path(facts, FACT_ADDRESS_ANSWERED, path);
        if (path->views & VIEW_LINKAGE)
            collect_linkage(facts, path);
        if ((path->views & (VIEW_POD | VIEW_HOST)) && path_reaches_registry(facts, path) &&
            !evidence_path_decides(evidence, path))
            facts_set_path(facts, FACT_OTHER_PATH_WORKS, path);
    }
}

/* ---- controls ---- */

struct control_tally {
    size_t connected;
    size_t refused;    /* somebody answered: not here, but neither is nothing there */
    size_t failed;     /* dialled, and nothing came back */
    size_t unresolved; /* says nothing about the path */
};

static void collect_control(const struct control_evidence *control, struct control_tally *tally)
{
    switch (control->outcome) {
    case CONTROL_OK:
        tally->connected++;
        return;
    case CONTROL_REFUSED:
        tally->refused++;
        return;
    case CONTROL_TIMEOUT:
    case CONTROL_UNREACHABLE:
        tally->failed++;
        return;
    case CONTROL_UNRESOLVED:
        tally->unresolved++;
        return;
    case CONTROL_SKIPPED:
    case CONTROL_LOCAL:
    case CONTROL_CANCELLED:
    case CONTROL_OUTCOME_COUNT:
        return;
    }
}

static void collect_controls(struct facts *facts)
{
    const struct evidence *evidence = facts->evidence;
    struct control_tally internet = {0};
    struct control_tally vpc = {0};

    for (size_t i = 0; i < evidence->control_count; i++)
        if (!evidence->controls[i].only_helps || evidence->controls[i].outcome == CONTROL_OK)
            collect_control(&evidence->controls[i],
                            evidence->controls[i].kind == CONTROL_VPC ? &vpc : &internet);
    facts->is[FACT_CONTROLS_NONE_OK] =
        internet.connected + vpc.connected + internet.refused + vpc.refused == 0 &&
        internet.failed + vpc.failed + internet.unresolved + vpc.unresolved > 0;
    facts->is[FACT_INTERNET_TRIED] = internet.connected + internet.refused + internet.failed > 0;
    facts->is[FACT_INTERNET_REACHED] = internet.connected > 0;
    facts->is[FACT_INTERNET_ALL_OK] =
        internet.connected > 0 && internet.refused + internet.failed == 0;
    facts->is[FACT_INTERNET_SOME_OK] =
        internet.refused > 0 || (internet.connected > 0 && internet.failed > 0);
    facts->is[FACT_INTERNET_NONE_OK] =
        internet.connected + internet.refused == 0 && internet.failed > 0;
    facts->is[FACT_VPC_TRIED] = vpc.connected + vpc.failed > 0;
    facts->is[FACT_VPC_OK] = vpc.connected > 0;
    facts->is[FACT_VPC_NONE_OK] = vpc.connected + vpc.refused == 0 && vpc.failed > 0;
}

void facts_collect_connections(struct facts *facts)
{
    collect_paths(facts);
    collect_other_paths(facts);
    collect_controls(facts);
}
