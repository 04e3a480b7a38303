#pragma once

/*
 * What an evidence consists of beside its struct: one place that knows every list and every text,
 * for those who copy one.
 */

#include <stddef.h>

#include "probes/evidence.h"

struct evidence_walk {
    /* Is told of a list of `size` bytes, which is not NULL, and gives where it is from now on; the
     * texts in it follow there. NULL: it has no elements any more. */
    void *(*list)(struct evidence_walk *walk, void *list, size_t size);
    /* May let *text, which is not NULL, point elsewhere. */
    void (*text)(struct evidence_walk *walk, const char **text);
};

void evidence_walk(struct evidence *evidence, struct evidence_walk *walk);
void evidence_walk_registry(struct registry_evidence **registry, struct evidence_walk *walk);
