/* SPDX-License-Identifier: MIT */
/* Walks through evidence by the field tables: to visit its texts, and to copy it into an arena or
 * into packed bytes. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/base/kept_bytes.h"
#include "config/base/memory.h"
#include "probes/evidence/fields.h"

#define ALIGNMENT _Alignof(max_align_t)

/* ---- every list and text of a struct, in the order of its table ---- */

struct evidence_walk {
    /* Returns the new place of a list of `size` bytes; the walk goes on with the elements there.
     * NULL: the list is dropped. `list` is not NULL, and the size is not 0. */
    void *(*list)(struct evidence_walk *walk, void *list, size_t size);
    /* May replace *text, which is not NULL. */
    void (*text)(struct evidence_walk *walk, const char **text);
};

static void walk_struct(struct evidence_walk *walk, const struct field_table *table, void *base);

/* Moves the elements behind the pointer of `field`, and returns how many there are from now on. */
static size_t walk_list(struct evidence_walk *walk, const struct field *field, void *base,
                        size_t count)
{
    void **list = (void **)((char *)base + field->offset);

    *list = *list && count ? walk->list(walk, *list, count * field->size) : NULL;
    if (*list)
        return count;
    if (field->shape == SHAPE_LIST)
        *(size_t *)((char *)base + field->count) = 0;
    return 0;
}

static void walk_field(struct evidence_walk *walk, const struct field *field, void *base)
{
    size_t count = field_element_count(field, base);

    if (field->shape == SHAPE_LIST || field->shape == SHAPE_POINTER)
        count = walk_list(walk, field, base, count);
    char *element = field_elements(field, base);
    for (size_t i = 0; i < count; i++, element += field->size) {
        if (field->kind == FIELD_STRUCT)
            walk_struct(walk, field->of, element);
        else if (field->kind == FIELD_TEXT && *(const char **)element)
            walk->text(walk, (const char **)element);
    }
}

static bool may_point(const struct field *field)
{
    return field->kind == FIELD_TEXT || field->kind == FIELD_STRUCT || field->shape == SHAPE_LIST ||
           field->shape == SHAPE_POINTER;
}

static void walk_struct(struct evidence_walk *walk, const struct field_table *table, void *base)
{
    for (size_t i = 0; i < table->count; i++)
        if (may_point(&table->fields[i]) && !(table->fields[i].flags & FIELD_DERIVED))
            walk_field(walk, &table->fields[i], base);
}

/* ---- texts in the arena ---- */

struct text_visit {
    struct evidence_walk walk;
    const struct arena *arena;
    void (*visit)(char *text, void *context);
    void *context;
};

static void *keep_list(struct evidence_walk *walk, void *list, size_t size)
{
    (void)walk;
    (void)size;
    return list;
}

static void visit_text(struct evidence_walk *walk, const char **text)
{
    struct text_visit *visiting = (struct text_visit *)walk;

    if (arena_owns(visiting->arena, *text))
        visiting->visit((char *)(uintptr_t)*text, visiting->context);
}

void evidence_each_text(struct evidence *evidence, void (*visit)(char *text, void *context),
                        void *context)
{
    struct text_visit visiting = {{keep_list, visit_text}, evidence->arena, visit, context};

    walk_struct(&visiting.walk, &evidence_fields, evidence);
}

/* ---- a copy of the registry's part ---- */

struct arena_copy {
    struct evidence_walk walk;
    struct arena *arena;
};

static void *copy_list(struct evidence_walk *walk, void *list, size_t size)
{
    void *copy = arena_allocate(((struct arena_copy *)walk)->arena, size);

    if (copy)
        memcpy(copy, list, size);
    return copy;
}

static void copy_text(struct evidence_walk *walk, const char **text)
{
    *text = arena_copy_text(((struct arena_copy *)walk)->arena, *text);
}

struct registry_evidence *registry_evidence_copy(const struct registry_evidence *evidence,
                                                 struct arena *arena)
{
    struct arena_copy copying = {{copy_list, copy_text}, arena};
    struct registry_evidence *copy = arena_allocate(arena, sizeof(*copy));

    if (!copy)
        return NULL;
    *copy = *evidence;
    walk_struct(&copying.walk, &registry_fields, copy);
    return arena_failed(arena) ? NULL : copy;
}

bool node_evidence_copy(const struct node_evidence *node, struct arena *arena,
                        struct node_evidence *ret)
{
    struct arena_copy copying = {{copy_list, copy_text}, arena};

    *ret = *node;
    walk_struct(&copying.walk, &node_fields, ret);
    return !arena_failed(arena);
}

/* ---- the used parts of struct evidence: all of it but the unused elements of its arrays ---- */

struct piece {
    size_t offset;
    size_t length;
    size_t next; /* offset at which the next piece may begin */
};

/*
 * The piece that begins at `from` or after it: an array's used elements, or all up to the next
 * array. Only the number of an array's elements is read, and an earlier piece contains it.
 */
static struct piece piece_at(const struct evidence *evidence, size_t from)
{
    size_t end = sizeof(*evidence);

    for (size_t i = 0; i < evidence_fields.count; i++) {
        const struct field *field = &evidence_fields.fields[i];
        if (field->shape != SHAPE_ARRAY || field->offset < from)
            continue;
        if (field->offset == from)
            return (struct piece){from, field_element_count(field, evidence) * field->size,
                                  from + field->limit * field->size};
        if (field->offset < end)
            end = field->offset;
    }
    return (struct piece){from, end - from, end};
}

/* ---- packing: first those, then every list and text in the order of the walk ---- */

struct packing {
    struct evidence_walk walk;
    char *bytes; /* NULL: they are only counted */
    size_t length;
};

static void pack_bytes(struct packing *packing, const void *bytes, size_t length)
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

    pack_bytes(packing, (const char[ALIGNMENT]){0}, padding_of(packing->length));
    pack_bytes(packing, list, size);
    return list;
}

static void put_text(struct evidence_walk *walk, const char **text)
{
    pack_bytes((struct packing *)walk, *text, strlen(*text) + 1);
}

/* Returns how many bytes `evidence` takes, and writes them to `buffer` unless that is NULL. */
static size_t write_evidence(const struct evidence *evidence, const struct evidence_buffer *buffer)
{
    struct packing packing = {{put_list, put_text}, buffer ? buffer->bytes : NULL, 0};

    for (struct piece piece = {0}; piece.next < sizeof(*evidence);) {
        piece = piece_at(evidence, piece.next);
        pack_bytes(&packing, (const char *)evidence + piece.offset, piece.length);
    }
    /* put_list() and put_text() leave everything in its place. */
    walk_struct(&packing.walk, &evidence_fields, (struct evidence *)(uintptr_t)evidence);
    return packing.length;
}

static int grow_buffer(struct evidence_buffer *buffer, size_t size)
{
    if (size <= buffer->size)
        return 0;
    char *bytes = memory_resize(buffer->bytes, size);
    if (!bytes)
        return -1;
    buffer->bytes = bytes;
    buffer->size = size;
    return 0;
}

struct kept_bytes *evidence_pack(const struct evidence *evidence, struct evidence_buffer *buffer)
{
    size_t size = write_evidence(evidence, NULL);

    if (grow_buffer(buffer, size))
        return NULL;
    write_evidence(evidence, buffer);
    return kept_bytes_new(buffer->bytes, size);
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

    (void)list; /* its address when it was packed */
    unpacking->offset = offset + size;
    return unpacking->bytes + offset;
}

static void take_text(struct evidence_walk *walk, const char **text)
{
    struct unpacking *unpacking = (struct unpacking *)walk;

    *text = unpacking->bytes + unpacking->offset;
    unpacking->offset += strlen(*text) + 1;
}

const struct evidence *evidence_unpack(const struct kept_bytes *packed,
                                       struct evidence_buffer *buffer)
{
    struct unpacking unpacking = {{take_list, take_text}, buffer->bytes, 0};
    struct evidence *evidence = &buffer->evidence;

    kept_bytes_read(packed, buffer->bytes);
    for (struct piece piece = {0}; piece.next < sizeof(*evidence);) {
        piece = piece_at(evidence, piece.next);
        memcpy((char *)evidence + piece.offset, buffer->bytes + unpacking.offset, piece.length);
        unpacking.offset += piece.length;
    }
    evidence->arena = NULL;
    walk_struct(&unpacking.walk, &evidence_fields, evidence);
    return evidence;
}

void evidence_buffer_free(struct evidence_buffer *buffer)
{
    memory_release(buffer->bytes);
    *buffer = (struct evidence_buffer){0};
}
