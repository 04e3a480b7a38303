/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/document.h"

#include <string.h>

#include "config/base/text.h"
#include "daemon/kubernetes/cluster_status.h"

#define HEAD 4096 /* in which a document names its kind */

/* A walk over the text of a document that keeps out of its strings. */
struct document_walk {
    const char *at;
    const char *end;
    const char *document; /* where the current one begins */
    const char *item;     /* and the current item of its list */
    unsigned depth;       /* of objects and lists */
    bool is_list;         /* the current document is one */
    bool in_items;
    bool any_list;
    const char *string; /* the last one that ended */
    size_t string_length;
};

bool document_begins(const char *bytes, size_t length)
{
    size_t head = length < HEAD ? length : HEAD;

    while (head && strchr(" \t\r\n", *bytes))
        bytes++, head--;
    return head && *bytes == '{' && memmem(bytes, head, "\"apiVersion\"", 12);
}

enum peer_json_result document_parse(const char *bytes, size_t length, json_t **ret)
{
    return peer_json_parse_within(bytes, length, CLUSTER_MAX_DOCUMENT, CLUSTER_MAX_MEMORY, ret);
}

static void skip_string(struct document_walk *walk)
{
    walk->string = ++walk->at;
    while (walk->at < walk->end && *walk->at != '"')
        walk->at += *walk->at == '\\' && walk->at + 1 < walk->end ? 2 : 1;
    walk->string_length = (size_t)(walk->at - walk->string);
}

static bool is_items(const struct document_walk *walk)
{
    return walk->depth == 1 && walk->string_length == 5 && memcmp(walk->string, "items", 5) == 0;
}

static void enter_object(struct document_walk *walk)
{
    if (*walk->at == '[' && is_items(walk))
        walk->is_list = walk->in_items = true;
    if (walk->depth == 0)
        walk->document = walk->at;
    if (walk->depth++ == 2 && walk->in_items)
        walk->item = walk->at;
}

static void leave_object(struct document_walk *walk, document_visit_fn *visit, void *context)
{
    walk->depth--;
    if (walk->depth == 2 && walk->in_items)
        visit(walk->item, (size_t)(walk->at + 1 - walk->item), context);
    walk->in_items = walk->in_items && walk->depth >= 2;
    if (walk->depth > 0)
        return;
    if (!walk->is_list)
        visit(walk->document, (size_t)(walk->at + 1 - walk->document), context);
    walk->any_list |= walk->is_list;
    walk->is_list = false;
    walk->document = walk->at + 1;
}

bool document_each(const char *bytes, size_t length, document_visit_fn *visit, void *context)
{
    struct document_walk walk = {
        .at = bytes, .end = bytes + length, .document = bytes, .string = ""};

    for (; walk.at < walk.end; walk.at++) {
        if (*walk.at == '"')
            skip_string(&walk);
        else if (*walk.at == '{' || *walk.at == '[')
            enter_object(&walk);
        else if ((*walk.at == '}' || *walk.at == ']') && walk.depth > 0)
            leave_object(&walk, visit, context);
    }
    walk.any_list |= walk.is_list;
    /* A text that is cut, or no document at all, is for the parser to refuse. */
    if (!walk.is_list && (walk.depth || walk.document == bytes))
        visit(walk.document, (size_t)(walk.end - walk.document), context);
    return walk.any_list;
}

const char *document_printable(const json_t *object, const char *key, size_t max,
                               struct arena *arena)
{
    const char *value = peer_json_text(object, key);
    struct text text = TEXT_WITH_LIMIT(max * 4 + 4);

    if (!value)
        return NULL;
    text_append_peer(&text, value, strlen(value), max);
    const char *copy = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return copy;
}
