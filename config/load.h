#pragma once

/* The inside of loading: what every source assigned, before the highest one of each key is taken.
 */

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

/* One target as it was written, and what its entry in the file says beside the registry. */
struct target_entry {
    enum source source;
    const char *value;
    struct origin origin;
    size_t first; /* of its assignments; those without a key are images */
    size_t count;
};

struct loader {
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

/* What the user wrote, cut where it would leave no room in an error for what is valid. */
const char *loader_shown(struct loader *loader, const char *value);

/* Reads a YAML file into the loader (config/yaml_file.c); every error is listed. */
void yaml_file_read(struct loader *loader, const char *path);

/* Makes the settings of what was assigned; errors are listed, NULL after any. */
struct settings *loader_finish(struct loader *loader);
