/* SPDX-License-Identifier: MIT */
#include "probes/registry/peer_json.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "config/base/memory.h"

/* Header of each block that jansson allocates. The blocks of the current parse form a ring. */
struct block {
    _Alignas(max_align_t) struct block *next; /* NULL: of no parse */
    struct block *previous;
};

/*
 * jansson 2.14 does not look whether its lexer's buffer could grow: a text that loses its quote
 * there is read and written past its end. So its parser is never told that memory is short, but
 * left.
 */
struct parse {
    size_t budget;
    bool exceeded;
    struct block blocks; /* the ring's head */
    jmp_buf leave;
};

static struct parse *under_way; /* one thread parses at a time */

static void unlink_block(struct block *block)
{
    if (!block->next)
        return;
    block->next->previous = block->previous;
    block->previous->next = block->next;
    block->next = block->previous = NULL;
}

static void link_block(struct block *block, struct block *head)
{
    block->next = head->next;
    block->previous = head;
    head->next->previous = block;
    head->next = block;
}

void *peer_json_allocate(size_t size)
{
    struct parse *parse = under_way;
    struct block *block = NULL;

    if (parse && size > parse->budget)
        parse->exceeded = true;
    else
        block = memory_allocate_unset(sizeof(*block) + size);
    if (!block && parse)
        longjmp(parse->leave, 1);
    if (!block)
        return NULL;
    block->next = block->previous = NULL;
    if (parse) {
        parse->budget -= size;
        link_block(block, &parse->blocks);
    }
    return block + 1;
}

void peer_json_release(void *bytes)
{
    if (!bytes)
        return;
    struct block *block = (struct block *)bytes - 1;
    unlink_block(block);
    explicit_bzero(block, malloc_usable_size(block));
    memory_release(block);
}

/* Bytes, or a file where there are none. NULL: not JSON, or left. */
static json_t *read_document(struct parse *parse, const char *bytes, size_t length, FILE *file,
                             size_t flags, json_error_t *error)
{
    struct block *head = &parse->blocks;

    head->next = head->previous = head;
    under_way = parse;
    if (setjmp(parse->leave)) {
        under_way = NULL;
        while (head->next != head)
            peer_json_release(head->next + 1);
        return NULL;
    }
    json_t *document =
        bytes ? json_loadb(bytes, length, flags, error) : json_loadf(file, flags, error);
    under_way = NULL;
    while (head->next != head)
        unlink_block(head->next);
    return document;
}

/* True for an escape of half a surrogate pair or of a NUL. */
static bool is_odd_escape(const char *escape)
{
    return strncasecmp(escape, "\\ud", 3) == 0 || strncmp(escape, "\\u0000", 6) == 0;
}

/*
 * Go replaces bytes that are not UTF-8 and halves of surrogate pairs, and takes NULs, while jansson
 * refuses the document. Here a question mark stands for each, and for a NUL another control
 * character. NULL: memory is short.
 */
static char *plain_copy(const char *bytes, size_t length)
{
    char *copy = memory_allocate(length + 1);

    for (size_t i = 0; copy && i < length; i++) {
        copy[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
        if (bytes[i] != '\\' || i + 1 == length)
            continue;
        bool odd = length - i >= 6 && is_odd_escape(bytes + i);
        size_t size = odd ? 6 : 2;
        if (odd)
            memcpy(copy + i, bytes[i + 2] == '0' ? "\\u0001" : "??????", size);
        else
            copy[i + 1] = (unsigned char)bytes[i + 1] < 0x80 ? bytes[i + 1] : '?';
        i += size - 1;
    }
    return copy;
}

struct limits {
    size_t text; /* bytes */
    size_t memory;
};
static const struct limits of_peers = {PEER_JSON_MAX_TEXT, PEER_JSON_MAX_MEMORY};

static enum peer_json_result parse_bytes(const char *bytes, size_t length, size_t flags,
                                         const struct limits *limits, json_t **ret)
{
    struct parse parse = {.budget = limits->memory};
    uint64_t failures = memory_failures();
    json_error_t error;

    *ret = NULL;
    if (length > limits->text)
        return PEER_JSON_TOO_LARGE;
    *ret = read_document(&parse, bytes, length, NULL, flags, &error);
    if (!*ret && !parse.exceeded) {
        char *copy = plain_copy(bytes, length);
        parse = (struct parse){.budget = limits->memory};
        if (copy && memcmp(copy, bytes, length) != 0)
            *ret = read_document(&parse, copy, length, NULL, flags, &error);
        if (copy)
            explicit_bzero(copy, length);
        memory_release(copy);
    }
    if (*ret)
        return PEER_JSON_OK;
    if (parse.exceeded)
        return PEER_JSON_TOO_LARGE;
    return memory_failures() == failures ? PEER_JSON_MALFORMED : PEER_JSON_LOCAL;
}

enum peer_json_result peer_json_parse(const char *bytes, size_t length, json_t **ret)
{
    return parse_bytes(bytes, length, 0, &of_peers, ret);
}

enum peer_json_result peer_json_parse_within(const char *bytes, size_t length, size_t max_text,
                                             size_t max_memory, json_t **ret)
{
    return parse_bytes(bytes, length, 0, &(struct limits){max_text, max_memory}, ret);
}

enum peer_json_result peer_json_parse_first(const char *bytes, size_t length, json_t **ret)
{
    return parse_bytes(bytes, length, JSON_DISABLE_EOF_CHECK, &of_peers, ret);
}

json_t *peer_json_load(FILE *file, json_error_t *ret_error)
{
    struct parse parse = {.budget = SIZE_MAX};

    return read_document(&parse, NULL, 0, file, JSON_REJECT_DUPLICATES, ret_error);
}

const json_t *peer_json_member(const json_t *object, const char *key)
{
    json_t *readable = (json_t *)(uintptr_t)object; /* the iterator changes nothing */
    const json_t *found = NULL;
    const char *name;
    json_t *value;

    json_object_foreach(readable, name, value) if (strcasecmp(name, key) == 0) found = value;
    return found;
}

const char *peer_json_text(const json_t *object, const char *key)
{
    return json_string_value(peer_json_member(object, key));
}
