#include <stddef.h>
#include <string.h>

#include "config/base/memory.h"
#include "probes/evidence.h"

#define PIECE_COUNT 7

/* The used parts of an evidence, one after the other. */
struct packed_evidence {
    struct arena *arena;
    max_align_t bytes[];
};

struct piece {
    size_t offset;
    size_t length;
};

/* The `index`th piece; only the count of an array, which stands in the piece before it, is read. */
static struct piece piece_of(const struct evidence *evidence, size_t index)
{
    const size_t dns = offsetof(struct evidence, dns);
    const size_t after_dns = dns + sizeof(evidence->dns);
    const size_t paths = offsetof(struct evidence, paths);
    const size_t after_paths = paths + sizeof(evidence->paths);
    const size_t controls = offsetof(struct evidence, controls);
    const size_t after_controls = controls + sizeof(evidence->controls);

    switch (index) {
    case 0:
        return (struct piece){0, dns};
    case 1:
        return (struct piece){dns, evidence->dns_count * sizeof(evidence->dns[0])};
    case 2:
        return (struct piece){after_dns, paths - after_dns};
    case 3:
        return (struct piece){paths, evidence->path_count * sizeof(evidence->paths[0])};
    case 4:
        return (struct piece){after_paths, controls - after_paths};
    case 5:
        return (struct piece){controls, evidence->control_count * sizeof(evidence->controls[0])};
    default:
        return (struct piece){after_controls, sizeof(*evidence) - after_controls};
    }
}

struct packed_evidence *evidence_pack(struct evidence *evidence)
{
    size_t size = 0;

    for (size_t i = 0; i < PIECE_COUNT; i++)
        size += piece_of(evidence, i).length;
    struct packed_evidence *packed = memory_allocate(sizeof(*packed) + size);
    if (!packed)
        return NULL;
    char *to = (char *)packed->bytes;
    for (size_t i = 0; i < PIECE_COUNT; i++) {
        struct piece piece = piece_of(evidence, i);
        memcpy(to, (const char *)evidence + piece.offset, piece.length);
        to += piece.length;
    }
    packed->arena = evidence->arena;
    memory_release(evidence); /* not its arena */
    return packed;
}

const struct evidence *evidence_unpack(const struct packed_evidence *packed,
                                       struct evidence *scratch)
{
    const char *from = (const char *)packed->bytes;

    for (size_t i = 0; i < PIECE_COUNT; i++) {
        struct piece piece = piece_of(scratch, i);
        memcpy((char *)scratch + piece.offset, from, piece.length);
        from += piece.length;
    }
    return scratch;
}

void packed_evidence_free(struct packed_evidence *packed)
{
    if (!packed)
        return;
    arena_free(packed->arena);
    memory_release(packed);
}
