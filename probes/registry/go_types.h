/* SPDX-License-Identifier: MIT */
#pragma once

/* Types of JSON members. Clients of Go read a document into structs and refuse it if a member of
 * the struct has another type (encoding/json); unknown members may be anything. */

#include <jansson.h>
#include <stdbool.h>

enum go_type {
    GO_TEXT,
    GO_NUMBER, /* a whole one */
    GO_BOOL,
    GO_TIME,       /* RFC 3339, as a text */
    GO_TEXTS,      /* a list of texts */
    GO_TEXT_MAP,   /* an object whose members are texts */
    GO_OBJECT_MAP, /* an object whose members are objects */
    GO_STRUCT,
    GO_STRUCTS, /* a list of structs */
};

struct go_member {
    const char *name; /* NULL ends a list of members */
    enum go_type type;
    const struct go_member *members; /* of a struct, or of each in a list */
};

/* The name of the first member with another type, or NULL. As in Go, null fits every type, letter
 * case of names does not matter, and of a repeated name every one must fit. `value` itself has to
 * be an object; "" is returned if it is not. */
const char *go_misfit(const json_t *value, const struct go_member *members);

/* True for a time as Go reads RFC 3339 ("2006-01-02T15:04:05.9+08:00"). NULL is none. */
bool go_is_time(const char *text);
