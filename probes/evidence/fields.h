/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One table row per field of the evidence. The JSON writer, the JSON reader (--replay) and the
 * copies all follow these tables, so a new field is one struct member and one row in fields.c.
 *
 * Every pointer needs a row, because a copy loses texts and lists that no row names. A unit test
 * fails if a row is missing.
 */

#include <stddef.h>

#include "probes/evidence/evidence.h"

enum field_kind {
    FIELD_INTERNAL,   /* copied, never published */
    FIELD_TEXT,       /* const char *; NULL is null in JSON */
    FIELD_SECONDS,    /* usec_t; seconds in JSON */
    FIELD_TIME,       /* int64_t, seconds since 1970; RFC 3339 in JSON, 0 is null */
    FIELD_NUMBER,     /* an integer of 2, 4 or 8 bytes; negative only with 8 */
    FIELD_FLAG,       /* bool */
    FIELD_ENUM,       /* an id of `name`; there are `limit` */
    FIELD_SET,        /* unsigned; bit i stands for the id name(i); a list of ids in JSON */
    FIELD_ERROR_TEXT, /* int errno; its message in JSON, 0 is null */
    FIELD_ADDRESS,    /* struct address; AF_UNSPEC is null */
    FIELD_ENDPOINT,   /* struct endpoint */
    FIELD_RANGE,      /* struct range */
    FIELD_STRUCT,     /* a struct with the table `of` */
};

enum field_shape {
    SHAPE_ONE,
    SHAPE_ARRAY,   /* inside the struct: the number at `count`, at most `limit` */
    SHAPE_LIST,    /* the same behind a pointer, which may be NULL if the number is 0 */
    SHAPE_POINTER, /* one behind a pointer; NULL: none */
};

enum {
    FIELD_REQUIRED = 1 << 0, /* a saved report without it is refused */
    FIELD_DERIVED = 1 << 1,  /* written to JSON only: other rows hold the same value */
};

typedef const char *field_name_fn(unsigned value); /* a function of an enum is one of these */

struct field {
    size_t offset;
    size_t size;     /* of one element in bytes */
    const char *key; /* NULL: the struct's members are members of its owner's object */
    enum field_kind kind;
    unsigned flags;
    enum field_shape shape;
    size_t count;   /* offset of the size_t with the number of elements */
    size_t present; /* offset of the bool that says if there is a value; 0: there always is */
    unsigned limit;
    unsigned empty; /* the value of a set whose list is empty */
    field_name_fn *name;
    const struct field_table *of;
};

struct field_table {
    const struct field *fields;
    size_t count;
    size_t size; /* of the struct in bytes */
};

#define FIELD_MEMBER(owner, member) (((struct owner *)NULL)->member)

/* A member of `struct owner`; key, kind, flags and the like follow. */
#define FIELD(owner, member, ...)                                                              \
    {                                                                                          \
        .offset = offsetof(struct owner, member), .size = sizeof(FIELD_MEMBER(owner, member)), \
        __VA_ARGS__                                                                            \
    }
/* An array inside the struct, or elements behind a pointer, with their number in `counter`. */
#define FIELD_ARRAY(owner, member, counter, ...)                                                  \
    {                                                                                             \
        .shape = SHAPE_ARRAY, .count = offsetof(struct owner, counter),                           \
        .limit = sizeof(FIELD_MEMBER(owner, member)) / sizeof(FIELD_MEMBER(owner, member)[0]),    \
        .offset = offsetof(struct owner, member), .size = sizeof(FIELD_MEMBER(owner, member)[0]), \
        __VA_ARGS__                                                                               \
    }
#define FIELD_LIST(owner, member, counter, maximum, ...)                                        \
    {                                                                                           \
        .shape = SHAPE_LIST, .count = offsetof(struct owner, counter), .limit = (maximum),      \
        .offset = offsetof(struct owner, member), .size = sizeof(*FIELD_MEMBER(owner, member)), \
        __VA_ARGS__                                                                             \
    }
#define FIELD_TABLE(rows, owner)                                     \
    {                                                                \
        rows, sizeof(rows) / sizeof((rows)[0]), sizeof(struct owner) \
    }

extern const struct field_table evidence_fields;
extern const struct field_table registry_fields; /* of struct registry_evidence */
extern const struct field_table node_fields;     /* of struct node_evidence */

/* The first element in the struct at `base`; its only one for SHAPE_ONE. As constant as `base`. */
void *field_elements(const struct field *field, const void *base);
/* How many elements there are; 1 for SHAPE_ONE. */
size_t field_element_count(const struct field *field, const void *base);
