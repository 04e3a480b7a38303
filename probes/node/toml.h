/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TOML 1.0 (toml.io) as a tree, for the files of containerd. Debian 12 has no TOML library for C.
 * Refuses what the decoders of containerd (go-toml) refuse: keys that are defined twice, values
 * without a valid form. Numbers and dates keep their text, because nothing here needs their value.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"

#define TOML_MAX_DEPTH 32   /* tables and arrays within one another */
#define TOML_MAX_NODES 4096 /* keys and values of one document */

enum toml_kind { TOML_TABLE, TOML_ARRAY, TOML_STRING, TOML_BOOLEAN, TOML_OTHER };

struct toml {
    enum toml_kind kind;
    const char *key;  /* in a table; NULL in an array */
    const char *text; /* of a string, UTF-8 without NUL; of a boolean, number or date as written */
    unsigned line;    /* where it begins, from 1 */
    bool closed;      /* no further header or dotted key may add to it */
    bool defined;     /* a header named it */
    bool dotted;      /* a dotted key made it */
    bool headers;     /* an array of tables */
    struct toml *first, *last; /* members, in the order of the file */
    struct toml *next;
};

/* `text` has a NUL at `length`. Everything is in `arena`. NULL, or one sentence with the line. */
const char *toml_parse(const char *text, size_t length, struct arena *arena, struct toml **ret);

/* The member of a table, or NULL. NULL is allowed as the table. */
const struct toml *toml_member(const struct toml *table, const char *key);

/* The same, if it is of that kind. */
const struct toml *toml_member_of_kind(const struct toml *table, const char *key,
                                       enum toml_kind kind);
