#pragma once

/* Every key of the configuration: one row serves the file, the environment, the flags and --help.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

/* What a setter works on: `target` NULL for the settings as a whole. */
struct schema_place {
    struct settings *settings;
    struct target *target;
    const char *name; /* of a control, where the file gives one */
};

/* NULL when `value` was taken, else one sentence of what is valid. */
typedef const char *schema_set_fn(struct schema_place *place, const char *value);

struct schema_key {
    const char *path;     /* in the file, e.g. "resolvers.host" */
    const char *option;   /* without "--"; the environment twin derives from it */
    const char *value;    /* what stands for the value in --help */
    const char *standard; /* the default as text, taken through the same setter; NULL: none */
    const char *help;
    bool list;
    schema_set_fn *set;
};

extern const struct schema_key schema_keys[];
extern const size_t schema_key_count;

/* Keys that may stand in one entry of `targets`, beside registry and images. */
extern const struct schema_key schema_target_keys[];
extern const size_t schema_target_key_count;

/* "TCR_PROBE_HOST_RESOLVER" for "host-resolver", into `name`. */
#define SCHEMA_VARIABLE_SIZE 64
void schema_variable(const char *option, char name[SCHEMA_VARIABLE_SIZE]);

/* A whole number with ms, s, m or h, within the bounds. NULL, or one sentence of what is valid. */
const char *schema_parse_duration(const char *value, usec_t least, usec_t most, usec_t *ret);

/* After all keys: what a profile adds, and whether it forbids the port that run would listen on.
 * NULL, or one sentence of what is wrong. */
const char *schema_apply_profile(struct settings *settings);
const char *schema_check_listen(const struct settings *settings);
