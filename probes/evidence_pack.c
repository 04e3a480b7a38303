#include <stddef.h>
#include <string.h>

#include "config/base/kept_bytes.h"
#include "config/base/memory.h"
#include "probes/evidence_walk.h"

#define PIECE_COUNT 7
#define ALIGNMENT   _Alignof(max_align_t)

/* ---- the used parts of the struct ---- */

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

/* ---- packing: first those, then every list and text, in the order of evidence_walk() ---- */

struct packing {
    struct evidence_walk walk;
    char *bytes; /* NULL: they are only counted */
    size_t length;
};

static void put(struct packing *packing, const void *bytes, size_t length)
{
    if (packing->bytes && length)
        memcpy(packing->bytes + packing->length, bytes, length);
    packing->length += length;
}

static size_t padding_of(size_t length)
{
    return (ALIGNMENT - length % ALIGNMENT) % ALIGNMENT;
}

static void *put_list(struct evidence_walk *walk, void *list, size_t size)
{
    struct packing *packing = (struct packing *)walk;

    put(packing, (const char[ALIGNMENT]){0}, padding_of(packing->length));
    put(packing, list, size);
    return list;
}

static void put_text(struct evidence_walk *walk, const char **text)
{
    put((struct packing *)walk, *text, strlen(*text) + 1);
}

/* How many bytes `evidence` takes; they are written to `room` unless that is NULL. */
static size_t write_evidence(const struct evidence *evidence, const struct evidence_room *room)
{
    struct packing packing = {{put_list, put_text}, room ? room->bytes : NULL, 0};

    for (size_t i = 0; i < PIECE_COUNT; i++) {
        struct piece piece = piece_of(evidence, i);
        put(&packing, (const char *)evidence + piece.offset, piece.length);
    }
    /* put_list() and put_text() leave everything where it is. */
    evidence_walk((struct evidence *)(uintptr_t)evidence, &packing.walk);
    return packing.length;
}

static int make_room(struct evidence_room *room, size_t size)
{
    if (size <= room->size)
        return 0;
    char *bytes = memory_resize(room->bytes, size);
    if (!bytes)
        return -1;
    room->bytes = bytes;
    room->size = size;
    return 0;
}

struct kept_bytes *evidence_pack(const struct evidence *evidence, struct evidence_room *room)
{
    size_t size = write_evidence(evidence, NULL);

    if (make_room(room, size))
        return NULL;
    write_evidence(evidence, room);
    return kept_bytes_new(room->bytes, size);
}

/* ---- unpacking ---- */

struct unpacking {
    struct evidence_walk walk;
    char *bytes;
    size_t offset;
};

static void *take_list(struct evidence_walk *walk, void *list, size_t size)
{
    struct unpacking *unpacking = (struct unpacking *)walk;
    size_t offset = unpacking->offset + padding_of(unpacking->offset);

    (void)list; /* where it was */
    unpacking->offset = offset + size;
    return unpacking->bytes + offset;
}

static void take_text(struct evidence_walk *walk, const char **text)
{
    struct unpacking *unpacking = (struct unpacking *)walk;

    *text = unpacking->bytes + unpacking->offset;
    unpacking->offset += strlen(*text) + 1;
}

const struct evidence *evidence_unpack(const struct kept_bytes *packed, struct evidence_room *room)
{
    struct unpacking unpacking = {{take_list, take_text}, room->bytes, 0};
    struct evidence *evidence = &room->evidence;

    kept_bytes_read(packed, room->bytes);
    for (size_t i = 0; i < PIECE_COUNT; i++) {
        struct piece piece = piece_of(evidence, i);
        memcpy((char *)evidence + piece.offset, room->bytes + unpacking.offset, piece.length);
        unpacking.offset += piece.length;
    }
    evidence->arena = NULL;
    evidence_walk(evidence, &unpacking.walk);
    return evidence;
}

void evidence_room_free(struct evidence_room *room)
{
    memory_release(room->bytes);
    *room = (struct evidence_room){0};
}
