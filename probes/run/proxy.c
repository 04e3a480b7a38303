/* SPDX-License-Identifier: MIT */
/*
 * proxy: if the puller's settings name an HTTP proxy for the registry, its addresses are found here
 * and dialled as paths of their own (VIEW_PROXY): connect to the proxy, CONNECT, and then TLS and
 * /v2/ inside the tunnel. They decide, and the direct paths are witnesses.
 */

#include "probes/run/name_walk.h"
#include "probes/run/secrets.h"
#include "probes/run/stages.h"

static void add_proxy_address(struct probe_run *run, const struct address *address)
{
    struct proxy_run *proxy = &run->proxy;

    for (size_t i = 0; i < proxy->address_count; i++)
        if (address_equal(&proxy->addresses[i], address))
            return;
    if (proxy->address_count < PROXY_MAX_ADDRESSES)
        proxy->addresses[proxy->address_count++] = *address;
}

static void proxy_resolved(const struct dns_evidence *answer, void *context)
{
    struct probe_run *run = context;

    run->proxy.questions--;
    for (size_t i = 0; i < answer->address_count; i++)
        add_proxy_address(run, &answer->addresses[i].address);
    run_progressed(run);
}

static void find_proxy(struct probe_run *run)
{
    const struct proxy_url *url = &run->proxy.choice.url;
    struct address found[HOSTS_FILE_MAX_ADDRESSES];
    size_t count =
        url->host_is_address ? 0 : environment_hosts(run->target, run->puller, url->host, found);

    if (url->host_is_address)
        add_proxy_address(run, &url->address);
    for (size_t i = 0; i < count; i++)
        add_proxy_address(run, &found[i]);
    if (run->proxy.address_count || url->host_is_odd)
        return;
    enum resolver_role role = run->target->network->host_resolver_count ? ROLE_HOST : ROLE_POD;
    run->proxy.questions = name_walk_start_all(run, url->host, role, proxy_resolved, run);
}

bool stage_proxy_choose(struct probe_run *run)
{
    const struct target *target = run->target;
    struct proxy_run *proxy = &run->proxy;
    struct arena *arena = run->evidence->arena;

    proxy->secrets = arena_new(0);
    const char *wrong =
        proxy->secrets
            ? proxy_choose(target->network, run->puller->proxies, target->host, target->port,
                           !target->plain_http, proxy->secrets, &proxy->choice)
            : "memory is short";
    if (!wrong)
        wrong = proxy->choice.used ? proxy->choice.unsupported : NULL;
    if (wrong)
        run->evidence->local_error =
            arena_format(arena, "the proxy of %s: %s", proxy->choice.source, wrong);
    if (!proxy->choice.used)
        return false;
    if (proxy->choice.url.user)
        run_add_key(run, &(struct credentials){.username = proxy->choice.url.user,
                                               .secret = proxy->choice.url.password});
    run->evidence->proxy.url =
        arena_copy_text(arena, proxy->choice.url.shown ? proxy->choice.url.shown : "?");
    run->evidence->proxy.source = arena_copy_text(arena, proxy->choice.source);
    run->evidence->proxy.older_host =
        proxy->choice.url.older_host ? arena_copy_text(arena, proxy->choice.url.older_host) : NULL;
    if (wrong)
        run->evidence->proxy.outcome = PROXY_LOCAL;
    return !wrong;
}

void stage_proxy_start(struct probe_run *run)
{
    if (stage_proxy_is_used(run))
        find_proxy(run);
}

bool stage_proxy_is_used(const struct probe_run *run)
{
    return run->proxy.choice.used && run->evidence->proxy.outcome != PROXY_LOCAL;
}

bool stage_proxy_pending(const struct probe_run *run)
{
    return run->proxy.questions > 0 && !run->proxy.address_count;
}

void stage_proxy_note(struct probe_run *run, const struct tunnel_result *result)
{
    struct proxy_evidence *evidence = &run->evidence->proxy;

    run->odd_headers |= result->odd_headers;
    if (evidence->outcome == PROXY_OK)
        return;
    evidence->outcome = result->outcome;
    evidence->status = result->status;
    evidence->duration = result->duration;
    evidence->detail = arena_copy_text(run->evidence->arena, result->detail);
    evidence->over_tls = result->tls != NULL;
    if (result->tls)
        evidence->tls = *result->tls;
}

void stage_proxy_end(struct probe_run *run)
{
    struct proxy_evidence *evidence = &run->evidence->proxy;

    if (!evidence->url || evidence->outcome != PROXY_SKIPPED)
        return;
    evidence->outcome = run->proxy.address_count ? PROXY_UNREACHABLE : PROXY_NAME_NOT_FOUND;
}
