/* SPDX-License-Identifier: MIT */
/*
 * A probe is one run at the registry and, with profile node, one at each mirror that the node's
 * files put before it. All begin at the same time, and each has its own deadline. The evidence of
 * the mirrors becomes a part of the registry's.
 */

#include "probes/probe.h"

#include <string.h>

#include "config/base/memory.h"
#include "probes/conduct.h"
#include "probes/node/node_settings.h"

struct mirror_probe {
    struct probe *probe;
    struct target target;
    struct probe_run *run; /* NULL: it has ended, or never began */
    struct evidence *evidence;
};

struct probe {
    probe_done_fn *done;
    void *context;
    struct probe_run *run; /* at the registry; NULL: it has ended */
    struct evidence *evidence;
    struct target target;         /* with the node's settings */
    struct network_settings bare; /* of mirrors: without controls */
    struct arena *secrets;        /* owns the node's settings; NULL without profile node */
    struct node_settings *node;   /* NULL without profile node */
    struct mirror_probe mirrors[NODE_MAX_HOSTS];
    bool stopping; /* the end comes once all parts are stopped */
};

static void free_probe(struct probe *probe)
{
    for (size_t i = 0; i < NODE_MAX_HOSTS; i++) {
        conduct_cancel(probe->mirrors[i].run);
        evidence_free(probe->mirrors[i].evidence);
    }
    conduct_cancel(probe->run);
    arena_free(probe->secrets);
    memory_release(probe);
}

/* ---- the end ---- */

/* Puts the evidence of the mirrors into the registry's. */
static void keep_mirrors(struct probe *probe)
{
    struct evidence *evidence = probe->evidence;
    struct node_evidence *node = &probe->node->evidence;

    if (!evidence)
        return;
    for (size_t i = 0; i < node->mirror_count; i++) {
        struct mirror_evidence *mirror = &node->mirrors[i];
        const struct mirror_probe *part = &probe->mirrors[i];
        const struct evidence *measured = i == probe->node->own ? evidence : part->evidence;
        if (!measured)
            continue;
        mirror_take(mirror, measured, part->target.plain_http);
        if (i == probe->node->own)
            mirror->registry = NULL; /* is that of the evidence */
        evidence->allocation_failed |= measured->allocation_failed;
        if (measured->duration > evidence->duration)
            evidence->duration = measured->duration;
    }
    node->present = true;
    if (!node_evidence_copy(node, evidence->arena, &evidence->node))
        evidence->allocation_failed = true;
}

static bool any_runs(const struct probe *probe)
{
    for (size_t i = 0; i < NODE_MAX_HOSTS; i++)
        if (probe->mirrors[i].run)
            return true;
    return probe->run != NULL;
}

static void end_if_over(struct probe *probe)
{
    struct evidence *evidence = probe->evidence;
    probe_done_fn *done = probe->done;
    void *context = probe->context;

    if (probe->stopping || any_runs(probe))
        return;
    if (probe->node)
        keep_mirrors(probe);
    free_probe(probe);
    done(evidence, context);
}

static void registry_measured(struct evidence *evidence, void *context)
{
    struct probe *probe = context;

    probe->run = NULL;
    probe->evidence = evidence;
    end_if_over(probe);
}

static void mirror_measured(struct evidence *evidence, void *context)
{
    struct mirror_probe *mirror = context;

    mirror->run = NULL;
    mirror->evidence = evidence;
    end_if_over(mirror->probe);
}

/* ---- the start ---- */

/* The registry as this node's files have it: trust, scheme, and which view decides. */
static void adjust_target(struct probe *probe)
{
    const struct node_settings *node = probe->node;
    const struct node_host *own = &node->hosts.list[node->own];

    if (node->own == node->hosts.count)
        return;
    probe->target.insecure_skip_verify |= own->skip_verify;
    if (node->evidence.plain_http) {
        probe->target.plain_http = true;
        probe->target.insecure_skip_verify = true; /* so that no key is sent */
    }
    probe->mirrors[node->own].target = probe->target;
}

/* A mirror is a target of its own. Whoever answers there, the key stays back where the session is
 * not verified. */
static void make_mirror_target(struct probe *probe, size_t index)
{
    const struct node_host *host = &probe->node->hosts.list[index];
    struct target *target = &probe->mirrors[index].target;

    *target = probe->target;
    target->host = host->url.host;
    target->port = host->url.port;
    target->host_is_address = host->url.host_is_address;
    target->address = host->url.address;
    target->instance = NULL;
    target->is_vpc_name = false;
    target->expect = EXPECT_ANY;
    target->has_linkage_address = false;
    target->plain_http = !host->url.tls;
    target->insecure_skip_verify = host->skip_verify || !host->url.tls;
    target->network = &probe->bare;
}

static const struct registry_evidence *earlier_at(const struct evidence *earlier, const char *url,
                                                  size_t index)
{
    const struct node_evidence *node = earlier ? &earlier->node : NULL;

    if (!node || index >= node->mirror_count || !node->mirrors[index].url || !url ||
        strcmp(node->mirrors[index].url, url) != 0)
        return NULL;
    return node->mirrors[index].registry;
}

/* False if memory is short. */
static bool start_mirrors(struct probe *probe, struct probe_environment *environment,
                          const struct evidence *earlier)
{
    struct node_settings *node = probe->node;
    bool good = true;

    for (size_t i = 0; i < node->evidence.mirror_count; i++) {
        struct mirror_probe *mirror = &probe->mirrors[i];
        struct mirror_evidence *evidence = &node->evidence.mirrors[i];
        mirror->probe = probe;
        if (node->hosts.list[i].wrong || evidence->is_registry)
            continue;
        make_mirror_target(probe, i);
        evidence->remote = (struct remote_host_evidence){.host = mirror->target.host,
                                                         .port = mirror->target.port,
                                                         .plain_http = mirror->target.plain_http};
        mirror->run = conduct_start(environment, &mirror->target, &node->pullers[i],
                                    earlier_at(earlier, evidence->url, i), mirror_measured, mirror);
        good &= mirror->run != NULL;
    }
    return good;
}

static bool read_node(struct probe *probe)
{
    probe->secrets = arena_new(0);
    probe->node = probe->secrets ? arena_allocate(probe->secrets, sizeof(*probe->node)) : NULL;
    if (!probe->node)
        return false;
    node_settings_read(&probe->target, probe->secrets, probe->node);
    adjust_target(probe);
    probe->bare = *probe->target.network;
    probe->bare.control_count = 0;
    probe->bare.egress_url = NULL;
    return !arena_failed(probe->secrets);
}

static const struct puller *registry_puller(const struct probe *probe)
{
    static const struct puller this_process;
    const struct node_settings *node = probe->node;

    if (!node)
        return &this_process;
    return node->own < node->hosts.count ? &node->pullers[node->own] : &node->puller;
}

struct probe *probe_start(struct probe_environment *environment, const struct target *target,
                          const struct evidence *earlier, probe_done_fn *done, void *context)
{
    struct probe *probe = memory_allocate(sizeof(*probe));

    if (!probe)
        return NULL;
    probe->done = done;
    probe->context = context;
    probe->target = *target;
    bool good = target->network->profile != PROFILE_NODE || read_node(probe);
    if (good)
        probe->run = conduct_start(environment, &probe->target, registry_puller(probe),
                                   earlier ? earlier->registry : NULL, registry_measured, probe);
    if (probe->run && (!probe->node || start_mirrors(probe, environment, earlier)))
        return probe;
    free_probe(probe);
    return NULL;
}

void probe_cancel(struct probe *probe)
{
    if (!probe)
        return;
    evidence_free(probe->evidence);
    free_probe(probe);
}

void probe_stop(struct probe *probe, const char *why)
{
    probe->stopping = true;
    for (size_t i = 0; i < NODE_MAX_HOSTS; i++)
        if (probe->mirrors[i].run)
            conduct_stop(probe->mirrors[i].run, why);
    if (probe->run)
        conduct_stop(probe->run, why);
    probe->stopping = false;
    end_if_over(probe);
}

void probe_awaited(const struct probe *probe, struct text *text)
{
    const char *separator = "";

    if (probe->run)
        conduct_awaited(probe->run, text, &separator);
    for (size_t i = 0; i < NODE_MAX_HOSTS; i++)
        if (probe->mirrors[i].run)
            conduct_awaited(probe->mirrors[i].run, text, &separator);
}
