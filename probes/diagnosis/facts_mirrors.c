/* SPDX-License-Identifier: MIT */
/*
 * Who serves a pull, if the node's files put mirrors before the registry. For the tag containerd
 * asks the hosts that may resolve, in order; for manifest, config and layers it asks all of them.
 * A host that fails leads to the next; wrong bytes, and an answer that never comes, end the pull.
 */

#include <string.h>

#include "probes/diagnosis/facts.h"

/* One image on its way along the hosts. */
struct pull {
    struct facts *facts;
    const struct node_evidence *node;
    size_t image; /* beyond the images of the target: none is asked for */
    const char *digest;
    const struct mirror_evidence *failed[2 * EVIDENCE_MAX_MIRRORS]; /* and led to the next */
    size_t failed_count;
    const struct mirror_evidence *served;
    const struct mirror_evidence *broken; /* ends the pull */
    const struct mirror_evidence *unknown;
};

static enum mirror_outcome outcome_at(const struct pull *pull, const struct mirror_evidence *mirror)
{
    return mirror_image_outcome(pull->facts->evidence, mirror, pull->image);
}

static const char *digest_at(const struct pull *pull, const struct mirror_evidence *mirror)
{
    const struct image_evidence *image = mirror_image(pull->facts->evidence, mirror, pull->image);

    return image ? image->digest : NULL;
}

static bool mirrors_are_pinned(const struct pull *pull)
{
    const struct target *target = pull->facts->target;

    return pull->image < target->image_count && strchr(target->images[pull->image], '@');
}

static bool may_resolve(const struct pull *pull, const struct mirror_evidence *mirror)
{
    unsigned needed = 1u << MIRROR_PULL | (mirrors_are_pinned(pull) ? 0 : 1u << MIRROR_RESOLVE);

    return (mirror->capabilities & needed) == needed;
}

/* A host that is asked. True if the pull ends here, or its part. */
static bool ask_host(struct pull *pull, const struct mirror_evidence *mirror, bool resolves)
{
    switch (outcome_at(pull, mirror)) {
    case MIRROR_OK:
        if (!resolves && pull->digest && digest_at(pull, mirror) &&
            strcmp(pull->digest, digest_at(pull, mirror)) != 0)
            return false; /* not measured: it has the tag, and perhaps not this digest */
        return true;
    case MIRROR_INCOMPLETE:
        if (!resolves)
            pull->failed[pull->failed_count++] = mirror;
        return resolves;
    case MIRROR_INVALID:
    case MIRROR_STALLED:
        pull->broken = mirror;
        return true;
    case MIRROR_UNKNOWN:
    case MIRROR_LOCAL:
    case MIRROR_CANCELLED:
        pull->unknown = mirror;
        return false;
    case MIRROR_SKIPPED:
        return false;
    case MIRROR_NO_ADDRESS:
    case MIRROR_UNREACHABLE:
    case MIRROR_TLS_FAILED:
    case MIRROR_PROXY_FAILED:
    case MIRROR_REFUSED:
    case MIRROR_NO_TOKEN:
    case MIRROR_OUTCOME_COUNT:
        break;
    }
    if (resolves || !may_resolve(pull, mirror))
        pull->failed[pull->failed_count++] = mirror;
    return false;
}

static void follow_pull(struct pull *pull)
{
    const struct node_evidence *node = pull->node;
    size_t at = 0;

    for (; at < node->mirror_count; at++)
        if (may_resolve(pull, &node->mirrors[at]) && ask_host(pull, &node->mirrors[at], true))
            break;
    if (at == node->mirror_count || pull->broken)
        return;
    pull->digest = digest_at(pull, &node->mirrors[at]);
    const struct mirror_evidence *resolved = &node->mirrors[at];
    for (at = 0; at < node->mirror_count; at++)
        if (ask_host(pull, &node->mirrors[at], false))
            break;
    if (at < node->mirror_count && !pull->broken)
        pull->served = &node->mirrors[at];
    else if (!pull->broken && !pull->unknown) /* the others may have its digest */
        pull->unknown = resolved;
}

/* ---- what the pulls show ---- */

static void set_mirror(struct facts *facts, enum fact fact, const struct mirror_evidence *mirror)
{
    if (!facts->is[fact])
        facts->mirror[fact] = mirror;
    facts->is[fact] = true;
}

bool facts_mirror_is_silent(const struct mirror_evidence *mirror)
{
    for (size_t i = 0; i < mirror->remote.path_count; i++)
        if (mirror->remote.paths[i].tcp.outcome == TCP_TIMEOUT ||
            mirror->remote.paths[i].tls.outcome == TLS_TIMEOUT)
            return true;
    return false;
}

/* Each mirror once, though several images meet it. */
static void note_failure(struct facts *facts, const struct mirror_evidence *mirror)
{
    for (size_t i = 0; i < facts->failed_mirror_count; i++)
        if (facts->failed_mirrors[i] == mirror)
            return;
    if (facts->failed_mirror_count < EVIDENCE_MAX_MIRRORS)
        facts->failed_mirrors[facts->failed_mirror_count++] = mirror;
    facts->is[FACT_MIRRORS_FAIL] = facts->failed_mirror_count > 1;
}

static void note_failures(struct facts *facts, const struct pull *pull)
{
    for (size_t i = 0; i < pull->failed_count; i++)
        if (!pull->failed[i]->is_registry) {
            note_failure(facts, pull->failed[i]);
            set_mirror(facts, FACT_MIRROR_FAILS, pull->failed[i]);
            if (facts_mirror_is_silent(pull->failed[i]))
                set_mirror(facts, FACT_MIRROR_SILENT, pull->failed[i]);
        }
}

/* Over which kind of address the mirror is reached. */
static void note_class(struct facts *facts, const struct mirror_evidence *mirror)
{
    for (size_t i = 0; i < mirror->remote.path_count; i++) {
        const struct path_evidence *path = &mirror->remote.paths[i];
        if (path->tcp.outcome != TCP_OK)
            continue;
        set_mirror(facts,
                   path->address_class == CLASS_PUBLIC ? FACT_MIRROR_PUBLIC : FACT_MIRROR_PRIVATE,
                   mirror);
        return;
    }
}

static void collect_pulls(struct facts *facts, const struct node_evidence *node)
{
    size_t count = facts->target->image_count ? facts->target->image_count : 1;
    bool all_served = true;

    for (size_t i = 0; i < count; i++) {
        struct pull pull = {.facts = facts, .node = node};
        pull.image = facts->target->image_count ? i : SETTINGS_MAX_IMAGES;
        follow_pull(&pull);
        note_failures(facts, &pull);
        if (pull.broken && !pull.broken->is_registry)
            set_mirror(facts, FACT_MIRROR_BREAKS, pull.broken);
        if (pull.unknown && !pull.broken && !pull.served && !pull.unknown->is_registry)
            set_mirror(facts, FACT_MIRROR_UNKNOWN, pull.unknown);
        if (pull.served && !pull.served->is_registry) {
            set_mirror(facts, FACT_MIRROR_SERVES, pull.served);
            note_class(facts, pull.served);
        }
        all_served &= pull.served != NULL;
    }
    facts->is[FACT_MIRROR_SERVES] &= all_served;
    facts->is[FACT_MIRROR_ALONE] = !all_served && facts->is[FACT_REGISTRY_NOT_ASKED] &&
                                   !facts->is[FACT_MIRROR_UNKNOWN] &&
                                   !facts->is[FACT_MIRROR_BREAKS];
    facts->mirror[FACT_MIRROR_ALONE] = facts->mirror[FACT_MIRROR_FAILS];
}

void facts_collect_mirrors(struct facts *facts)
{
    const struct node_evidence *node = &facts->evidence->node;

    if (!node->present)
        return;
    facts->is[FACT_NODE_UNREAD] = node->state == NODE_UNREAD;
    facts->is[FACT_NODE_IGNORES] = node->state == NODE_IGNORES;
    facts->is[FACT_NODE_REFUSES] = node->state == NODE_REFUSES;
    facts->is[FACT_NODE_SKIPS_VERIFY] = node->skips_verify;
    facts->is[FACT_REGISTRY_NOT_ASKED] = !node->registry_is_asked;
    for (size_t i = 0; i < node->mirror_count; i++)
        facts->is[FACT_REGISTRY_NOT_ASKED] |=
            node->mirrors[i].is_registry && !(node->mirrors[i].capabilities & 1u << MIRROR_PULL);
    for (size_t i = 0; i < node->mirror_count; i++)
        if (node->mirrors[i].skips_verify && !node->mirrors[i].is_registry &&
            node->mirrors[i].outcome != MIRROR_SKIPPED)
            set_mirror(facts, FACT_MIRROR_SKIPS_VERIFY, &node->mirrors[i]);
    if (node->mirror_count > 1 || !node->registry_is_asked)
        collect_pulls(facts, node);
}
