/* Registry evidence outlives the run that measured it, so it can be copied whole. */

#include "probes/evidence_registry.h"

#include <string.h>

#include "probes/evidence_walk.h"

struct registry_evidence *registry_evidence_new(struct arena *arena, size_t image_count)
{
    struct registry_evidence *evidence = arena_allocate(arena, sizeof(*evidence));

    if (!evidence)
        return NULL;
    evidence->images = arena_allocate(arena, (image_count + 1) * sizeof(*evidence->images));
    evidence->image_count = evidence->images ? image_count : 0;
    return evidence->images ? evidence : NULL;
}

/* ---- a copy ---- */

struct copying {
    struct evidence_walk walk;
    struct arena *arena;
};

static void *copy_list(struct evidence_walk *walk, void *list, size_t size)
{
    void *copy = arena_allocate(((struct copying *)walk)->arena, size);

    if (copy)
        memcpy(copy, list, size);
    return copy;
}

static void copy_text(struct evidence_walk *walk, const char **text)
{
    *text = arena_copy_text(((struct copying *)walk)->arena, *text);
}

struct registry_evidence *registry_evidence_copy(const struct registry_evidence *evidence,
                                                 struct arena *arena)
{
    struct copying copying = {{copy_list, copy_text}, arena};
    struct registry_evidence *copy = (struct registry_evidence *)(uintptr_t)evidence;

    evidence_walk_registry(&copy, &copying.walk);
    return arena_failed(arena) ? NULL : copy;
}
