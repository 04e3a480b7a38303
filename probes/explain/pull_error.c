/* SPDX-License-Identifier: MIT */
/*
 * Cuts a text into pieces between two records or lines, folds each and has it scanned, so that a
 * log of any length takes the memory of one piece.
 */
#include "probes/explain/pull_error.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/explain/collect.h"
#include "probes/explain/fold.h"
#include "probes/explain/record.h"
#include "probes/explain/scan.h"

#define PIECE         ((size_t)256 * 1024)
#define SCRATCH_LIMIT ((size_t)32 * 1024 * 1024)

const char *pull_stage_name(enum pull_stage stage)
{
    static const char *const names[] = {
        [PULL_STAGE_DNS] = "dns",   [PULL_STAGE_TCP] = "tcp",
        [PULL_STAGE_TLS] = "tls",   [PULL_STAGE_API] = "api",
        [PULL_STAGE_AUTH] = "auth", [PULL_STAGE_MANIFEST] = "manifest",
        [PULL_STAGE_BLOB] = "blob", [PULL_STAGE_PROXY] = "proxy",
        [PULL_STAGE_NODE] = "node",
    };
    return (size_t)stage < sizeof(names) / sizeof(names[0]) ? names[stage] : NULL;
}

struct pull_error_reader {
    struct pull_collection *collection;
    struct pull_scan *scan;
    size_t taken; /* of the whole text */
    bool truncated;
    bool failed;       /* memory was short */
    bool scanned;      /* a piece before this one */
    struct text piece; /* not yet scanned; grows, so that a short text needs little memory */
};

static void reader_free(struct pull_error_reader *reader)
{
    pull_scan_free(reader->scan);
    pull_collection_free(reader->collection);
    text_free(&reader->piece);
    memory_release(reader);
}

struct pull_error_reader *pull_errors_begin(const struct network_settings *network)
{
    struct pull_error_reader *reader = memory_allocate(sizeof(*reader));

    if (!reader)
        return NULL;
    reader->piece = TEXT_WITH_LIMIT(PIECE);
    reader->collection = pull_collection_new(network);
    reader->scan = pull_scan_new(pull_collection_add, reader->collection);
    if (reader->collection && reader->scan)
        return reader;
    reader_free(reader);
    return NULL;
}

/* The last place of a full piece where a record or a paragraph begins, else a line, else its end.
 */
static size_t end_of_piece(const struct text *piece)
{
    size_t line = 0;

    for (size_t at = piece->length; at > piece->length / 2; at--) {
        if (piece->bytes[at - 1] != '\n')
            continue;
        line = line ? line : at;
        if (piece->bytes[at] == '\n' || record_begins(piece->bytes + at))
            return at;
    }
    return line ? line : piece->length;
}

static void scan_piece(struct pull_error_reader *reader, size_t length, bool last)
{
    struct text *piece = &reader->piece;
    struct arena *scratch = arena_new(SCRATCH_LIMIT);
    char *folded = scratch ? arena_allocate(scratch, length + 1) : NULL;

    if (folded) {
        pull_error_fold(text_string(piece), length, folded);
        pull_scan_piece(reader->scan, folded, last && !reader->scanned, scratch);
    }
    reader->failed |= !folded || arena_failed(scratch) || text_truncated(piece);
    reader->scanned = true;
    arena_free(scratch);
    piece->length -= length;
    if (piece->bytes)
        memmove(piece->bytes, piece->bytes + length, piece->length + 1);
}

void pull_errors_add(struct pull_error_reader *reader, const char *bytes, size_t length)
{
    if (!reader)
        return;
    if (length > PULL_ERROR_MAX_INPUT - reader->taken) {
        length = PULL_ERROR_MAX_INPUT - reader->taken;
        reader->truncated = true;
    }
    reader->taken += length;
    while (length) {
        size_t room = PIECE - reader->piece.length;
        size_t part = length < room ? length : room;
        text_append_bytes(&reader->piece, bytes, part);
        bytes += part;
        length -= part;
        if (reader->piece.length == PIECE)
            scan_piece(reader, end_of_piece(&reader->piece), false);
    }
}

void pull_errors_set_container(struct pull_error_reader *reader, const char *pod,
                               const char *container, const char *image)
{
    if (!reader)
        return;
    if (reader->piece.length)
        scan_piece(reader, reader->piece.length, false);
    pull_collection_set_container(reader->collection, pod, container, image);
}

struct pull_errors *pull_errors_end(struct pull_error_reader *reader)
{
    struct pull_errors *errors = NULL;

    if (!reader)
        return NULL;
    scan_piece(reader, reader->piece.length, true);
    errors = pull_collection_finish(reader->collection, reader->scan);
    if (errors)
        errors->input_truncated = reader->truncated;
    if (reader->failed) {
        pull_errors_free(errors);
        errors = NULL;
    }
    reader_free(reader);
    return errors;
}

struct pull_errors *pull_errors_find(const char *bytes, size_t length,
                                     const struct network_settings *network)
{
    struct pull_error_reader *reader = pull_errors_begin(network);

    pull_errors_add(reader, bytes, length);
    return pull_errors_end(reader);
}

void pull_errors_free(struct pull_errors *errors)
{
    if (errors)
        arena_free(errors->arena);
}
