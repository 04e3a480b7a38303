/* SPDX-License-Identifier: MIT */
#include "probes/evidence/evidence.h"

#include "config/base/memory.h"

/* Far more than a run with every list full and every text at its longest needs. */
#define ARENA_LIMIT ((size_t)2 * 1024 * 1024)

struct evidence *evidence_new(void)
{
    struct evidence *evidence = memory_allocate(sizeof(*evidence));

    if (!evidence)
        return NULL;
    evidence->arena = arena_new(ARENA_LIMIT);
    if (!evidence->arena) {
        memory_release(evidence);
        return NULL;
    }
    return evidence;
}

void evidence_free(struct evidence *evidence)
{
    if (!evidence)
        return;
    arena_free(evidence->arena);
    memory_release(evidence);
}

struct registry_evidence *registry_evidence_new(struct arena *arena, size_t image_count)
{
    struct registry_evidence *evidence = arena_allocate(arena, sizeof(*evidence));

    if (!evidence)
        return NULL;
    evidence->images = arena_allocate(arena, (image_count + 1) * sizeof(*evidence->images));
    evidence->image_count = evidence->images ? image_count : 0;
    return evidence->images ? evidence : NULL;
}
