#include "probes/registry/peer_json.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/base/memory.h"

/* In front of each of jansson's blocks; those of the parse under way are a ring. */
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
                             json_error_t *error)
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
    json_t *document = bytes ? json_loadb(bytes, length, JSON_REJECT_DUPLICATES, error)
                             : json_loadf(file, JSON_REJECT_DUPLICATES, error);
    under_way = NULL;
    while (head->next != head)
        unlink_block(head->next);
    return document;
}

enum peer_json_result peer_json_parse(const char *bytes, size_t length, json_t **ret)
{
    struct parse parse = {.budget = PEER_JSON_MAX_MEMORY};
    uint64_t failures = memory_failures();
    json_error_t error;

    *ret = NULL;
    if (length > PEER_JSON_MAX_TEXT)
        return PEER_JSON_TOO_LARGE;
    *ret = read_document(&parse, bytes, length, NULL, &error);
    if (*ret)
        return PEER_JSON_OK;
    if (parse.exceeded)
        return PEER_JSON_TOO_LARGE;
    return memory_failures() == failures ? PEER_JSON_MALFORMED : PEER_JSON_LOCAL;
}

json_t *peer_json_load(FILE *file, json_error_t *ret_error)
{
    struct parse parse = {.budget = SIZE_MAX};

    return read_document(&parse, NULL, 0, file, ret_error);
}

const char *peer_json_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}
