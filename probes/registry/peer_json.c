/* SPDX-License-Identifier: MIT */
#include "probes/registry/peer_json.h"

#include <ctype.h>
#include <malloc.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "config/base/memory.h"

#define MAX_DIGITS 18 /* of a number that jansson certainly holds */

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

static size_t number_length(const char *bytes, size_t length)
{
    size_t count = 0;

    while (count < length && bytes[count] &&
           (isalnum((unsigned char)bytes[count]) || strchr("+-.", bytes[count])))
        count++;
    return count;
}

static size_t count_digits(const char *bytes, size_t length)
{
    size_t count = 0;

    while (count < length && isdigit((unsigned char)bytes[count]))
        count++;
    return count;
}

/* jansson refuses a document for a number that it cannot hold. Go refuses only the member that
 * wants a whole number, and such a one never fits: so a fraction stands for it. */
static void soften_number(char *number, size_t length)
{
    size_t digits = count_digits(number, length);
    size_t fraction = digits < length && number[digits] == '.' ? 1 : 0;
    size_t at = digits + fraction;

    if (fraction)
        at += count_digits(number + at, length - at);
    bool has_exponent = at < length && (number[at] == 'e' || number[at] == 'E');
    if (digits > MAX_DIGITS && number[0] != '0' && !fraction && !has_exponent)
        number[1] = '.';
    if (!has_exponent)
        return;
    at += at + 1 < length && (number[at + 1] == '+' || number[at + 1] == '-') ? 2 : 1;
    memset(number + at, '0', count_digits(number + at, length - at));
}

/*
 * Go replaces bytes that are not UTF-8 and halves of surrogate pairs, and takes NULs and large
 * numbers, while jansson refuses the document. Here a question mark stands for each byte, another
 * control character for a NUL, and a small number for a large one. NULL: memory is short.
 */
static char *plain_copy(const char *bytes, size_t length)
{
    char *copy = memory_allocate(length + 1);
    bool quoted = false;

    for (size_t i = 0; copy && i < length; i++) {
        copy[i] = (unsigned char)bytes[i] < 0x80 ? bytes[i] : '?';
        quoted ^= bytes[i] == '"';
        if (!quoted && isdigit((unsigned char)bytes[i])) {
            size_t number = number_length(bytes + i, length - i);
            memcpy(copy + i, bytes + i, number);
            soften_number(copy + i, number);
            i += number - 1;
        }
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

/* The end of the member that starts at `at` inside an object: a comma, or the object's brace. */
static const char *member_end(const char *at, const char *end)
{
    size_t depth = 0;
    bool quoted = false;

    for (; at < end && (quoted || depth || (*at != ',' && *at != '}')); at++) {
        if (quoted && *at == '\\')
            at++;
        else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '{' || *at == '['))
            depth++;
        else if (!quoted && (*at == '}' || *at == ']'))
            depth--;
    }
    return at < end ? at : end;
}

const char *peer_json_first_member(const char *bytes, size_t length)
{
    const char *brace = memchr(bytes, '{', length);

    return brace ? brace + 1 : bytes + length;
}

bool peer_json_next_member(const char **at, const char *end, struct arena *secrets, json_t **ret)
{
    const char *stop = member_end(*at, end);

    *ret = NULL;
    if (stop == end) /* behind the object */
        return false;
    const char *text = arena_format(secrets, "{%.*s}", (int)(stop - *at), *at);
    *at = *stop == '}' ? end : stop + 1;
    if (text)
        (void)peer_json_parse(text, strlen(text), ret);
    return true;
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
