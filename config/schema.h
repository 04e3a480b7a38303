/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Every key of the configuration, one row each. A row serves the file, the environment, the
 * options,
 * --help, the printed configuration and the comparison at a reload.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/command.h"
#include "config/settings.h"

/* The struct that holds the field of a key. */
enum schema_home { HOME_SETTINGS, HOME_NETWORK, HOME_TARGET };

/* Objects that receive values. `target` is one target, or the defaults of all. */
struct schema_place {
    struct settings *settings;
    struct target *target;
    const char *name; /* name of a control, if the file gives one; else NULL */
};

struct schema_type;

struct schema_key {
    const char *path;     /* in the file, e.g. "resolvers.host" */
    const char *option;   /* without "--"; the environment twin derives from it */
    const char *value;    /* placeholder in --help; NULL: a switch */
    const char *standard; /* the default as text, read like any value; NULL: none */
    const char *help;
    unsigned commands; /* commands that read it: FOR_... of command.h */
    const struct schema_type *type;
    bool list;
    bool or_one;     /* of a list: the file may give a single value instead */
    bool per_target; /* is also a key of the entries of targets */
    enum schema_home home;
    size_t offset; /* of the field in its home; a list has its first element there, or a pointer */
    size_t count;  /* for a list: offset of its length */
    uint64_t least;
    uint64_t most; /* for a number, a duration in microseconds, or the length of a list */
    const char *const *choices; /* NULL-terminated */
    /* Returns NULL if `value` is valid, else one sentence. The pointer may be NULL. */
    const char *(*check)(const char *value, struct arena *arena);
};

extern const struct schema_key schema_keys[];
extern const size_t schema_key_count;

/* Returns a key of the entries of targets, besides registry and images. NULL past the end. */
const struct schema_key *schema_target_key(size_t index);

/* "TCR_PROBE_HOST_RESOLVER" for "host-resolver", into `name`. */
#define SCHEMA_VARIABLE_SIZE 64
void schema_variable(const char *option, char name[SCHEMA_VARIABLE_SIZE]);

/* Reads `value` into the field of `key`, or appends it to the list. Returns NULL, or one sentence
 * that says which values are valid, in the settings' arena. */
const char *schema_read(const struct schema_key *key, const struct schema_place *place,
                        const char *value);

/* Empties a list, so that the values of an entry replace the defaults. */
void schema_clear(const struct schema_key *key, const struct schema_place *place);

/* Appends "PATH: VALUE" as YAML, indented by `indent` columns; nothing if the key has no value. */
void schema_print(const struct schema_key *key, const char *path, const void *home, unsigned indent,
                  struct text *text);

/* Compares the field of `key` in two homes. */
bool schema_equal(const struct schema_key *key, const void *a, const void *b);

/* Call both after all keys are read. The first adds the presets of the profile, the second refuses
 * a port that the profile forbids. Both return NULL, or one sentence about the error. */
const char *schema_apply_profile(struct settings *settings);
const char *schema_check_listen(const struct settings *settings);
