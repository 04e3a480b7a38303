/* SPDX-License-Identifier: MIT */
#pragma once

/* The types of settings: how a value is read, printed as YAML, and compared. */

#include "config/schema.h"

/* In all functions `element` is the field of the key, or one element of its list. */
struct schema_type {
    /* Reads `value` into `element`. Returns NULL, or one sentence that says which values are valid.
     */
    const char *(*read)(const struct schema_key *key, const struct schema_place *place,
                        const char *value, void *element);
    bool (*is_set)(const void *element); /* NULL: always */
    void (*print)(const struct schema_key *key, const void *element, struct text *text);
    bool (*equal)(const void *a, const void *b);
    size_t size;  /* of an element of a list */
    bool pointer; /* the field points to the elements of the list, in the arena */
};

extern const struct schema_type type_choice;    /* enum, by `choices` */
extern const struct schema_type type_count;     /* unsigned, within least and most */
extern const struct schema_type type_duration;  /* usec_t, within least and most */
extern const struct schema_type type_flag;      /* bool */
extern const struct schema_type type_text;      /* const char *, by `check` */
extern const struct schema_type type_url;       /* const struct url * */
extern const struct schema_type type_proxy;     /* const char *: auto, none or a proxy's URL */
extern const struct schema_type type_address;   /* struct address */
extern const struct schema_type type_listen;    /* struct endpoint */
extern const struct schema_type type_hosts;     /* list: const char *const *, by `check` */
extern const struct schema_type type_texts;     /* the same, in the letters that were given */
extern const struct schema_type type_resolvers; /* list: struct endpoint */
extern const struct schema_type type_ranges;    /* list: struct range */
extern const struct schema_type type_controls;  /* list: struct control */

/* Parses a whole number with ms, s, m or h. False if `value` is not one, or is out of bounds. */
bool parse_duration(const char *value, usec_t least, usec_t most, usec_t *ret);

/* Returns the index of `value` in the NULL-terminated `choices`; -1 if it is not among them. */
int parse_choice(const char *value, const char *const *choices);

/* Returns "it is any, private or public", in `arena`; "out of memory" if it cannot. */
const char *choice_sentence(const char *const *choices, struct arena *arena);

/* Appends double-quoted YAML, so that every value is read as text. */
void yaml_append_text(struct text *text, const char *value);
