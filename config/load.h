/* SPDX-License-Identifier: MIT */
#pragma once

/* Internal header of loading. The loader collects the values of all sources; then the highest
 * source of each key wins. */

#include "config/error.h"
#include "config/schema.h"

#define LOAD_MAX_ASSIGNMENTS 4096

enum source { SOURCE_FILE, SOURCE_VARIABLE, SOURCE_OPTION }; /* by rising precedence */

struct assignment {
    const struct schema_key *key;
    enum source source;
    const char *value;
    const char *name; /* of a control in the file */
    struct origin origin;
};

/* One target as the user wrote it, with the other keys of its entry in the file. */
struct target_entry {
    enum source source;
    const char *value;
    struct origin origin;
    size_t first; /* index of its first assignment; assignments without a key are images */
    size_t count;
};

struct loader {
    enum command command; /* its mask tells which keys are read; others are ignored */
    struct arena *arena;
    struct config_errors *errors;
    size_t assignment_count;
    struct assignment *assignments;
    size_t target_assignment_count;
    struct assignment *target_assignments;
    size_t target_count;
    struct target_entry *targets;
};

void loader_assign(struct loader *loader, const struct schema_key *key, enum source source,
                   const char *value, const char *name, const struct origin *origin);
struct target_entry *loader_add_target(struct loader *loader, enum source source, const char *value,
                                       const struct origin *origin);
void loader_assign_target(struct loader *loader, struct target_entry *entry,
                          const struct schema_key *key, const char *value,
                          const struct origin *origin);

/* NULL, or one sentence that says why no setting may have this value. */
const char *loader_refuses(const char *value);

/* Returns `value` for an error: cut to leave room for the rest, "..." if it may be a key. */
const char *loader_shown(struct loader *loader, const char *value);

/* Reads a YAML file into the loader (config/yaml_file.c) and lists its errors. */
void yaml_file_read(struct loader *loader, const char *path);

/* Makes the settings from the collected values. NULL after any error, which is listed. */
struct settings *loader_finish(struct loader *loader);
