/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON of a peer, under a budget: a quarter of a MiB of text may ask for twenty of memory. Numbers
 * and texts are the peer's: escape them before printing. jansson's memory is wiped before it goes
 * back, because tokens pass through it.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "config/base/arena.h"

#define PEER_JSON_MAX_TEXT   ((size_t)256 * 1024)
#define PEER_JSON_MAX_MEMORY ((size_t)2 * 1024 * 1024) /* allocated while it is parsed */

enum peer_json_result {
    PEER_JSON_OK,
    PEER_JSON_MALFORMED,
    PEER_JSON_TOO_LARGE, /* its text, or what it would take */
    PEER_JSON_LOCAL,     /* memory is short */
};

/* Free `*ret` with json_decref(). */
enum peer_json_result peer_json_parse(const char *bytes, size_t length, json_t **ret);

/* The same for the first document of a text: the rest is not looked at (json.Decoder in Go). */
enum peer_json_result peer_json_parse_first(const char *bytes, size_t length, json_t **ret);

/* The same with other limits, in bytes. */
enum peer_json_result peer_json_parse_within(const char *bytes, size_t length, size_t max_text,
                                             size_t max_memory, json_t **ret);

/* See libraries_read_json(). */
json_t *peer_json_load(FILE *file, json_error_t *ret_error);

/*
 * Goes through the members of an object in their order, because jansson keeps one member of a name
 * alone, in the place of the first. The text holds an object, which was parsed before. `ret` is an
 * object with the one member, or NULL if memory is short; false: there is no further one.
 */
const char *peer_json_first_member(const char *bytes, size_t length);
bool peer_json_next_member(const char **at, const char *end, struct arena *secrets, json_t **ret);

/* Finds a member by Go's rules: the last one whose key is equal when case is ignored. */
const json_t *peer_json_member(const json_t *object, const char *key);

/* NULL unless there is a text without NULs at `key`, found like peer_json_member(). */
const char *peer_json_text(const json_t *object, const char *key);

/* Allocator that jansson uses from libraries_start() on. */
void *peer_json_allocate(size_t size);
void peer_json_release(void *bytes);
