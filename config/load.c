/* SPDX-License-Identifier: MIT */
#include "config/load.h"

#include <search.h>
#include <string.h>

#include "config/effective.h"
#include "config/secret.h"
#include "config/target.h"
#include "config/types.h"

#define HTTP_PORT          80
#define MAX_SHOWN          100 /* bytes of a value that an error repeats */
#define MAX_TARGET_ENTRIES SETTINGS_MAX_TARGETS
/* limit for the images, token_hosts and keys of one entry */
#define MAX_TARGET_VALUES (SETTINGS_MAX_IMAGES + SETTINGS_MAX_HOSTS + 12)

static void *grow_list(struct loader *loader, void *list, size_t count, size_t size, size_t limit,
                       const struct origin *origin)
{
    if (count == limit) {
        config_error(loader->errors, origin, "more than %zu values", limit);
        return NULL;
    }
    if (count & (count - 1)) /* the list is full only at a power of two */
        return list;
    void *larger = arena_allocate(loader->arena, (count ? count * 2 : 1) * size);
    if (!larger)
        config_error(loader->errors, origin, "out of memory");
    else if (count)
        memcpy(larger, list, count * size);
    return larger;
}

const char *loader_shown(struct loader *loader, const char *value)
{
    size_t length = length_before_password(value);

    if (may_be_secret(value) || (!length && may_be_password(value)))
        return "...";
    if (!length && strlen(value) <= MAX_SHOWN)
        return value;
    const char *shown = length && length < MAX_SHOWN
                            ? arena_format(loader->arena, "%.*s:...", (int)length, value)
                            : arena_format(loader->arena, "%.*s...", MAX_SHOWN, value);
    return shown ? shown : "...";
}

const char *loader_refuses(const char *value)
{
    if (may_be_secret(value))
        return "this may hold a key or a password, so it is refused and not shown";
    return text_is_plain(value)
               ? NULL
               : "it must be UTF-8 without control, bidirectional or zero-width characters";
}

void loader_assign(struct loader *loader, const struct schema_key *key, enum source source,
                   const char *value, const char *name, const struct origin *origin)
{
    struct assignment *list = grow_list(loader, loader->assignments, loader->assignment_count,
                                        sizeof(*list), LOAD_MAX_ASSIGNMENTS, origin);

    if (!list || !value)
        return; /* out of memory, which the arena remembers, or listed already as an error */
    loader->assignments = list;
    list[loader->assignment_count++] = (struct assignment){key, source, value, name, *origin};
}

struct target_entry *loader_add_target(struct loader *loader, enum source source, const char *value,
                                       const struct origin *origin)
{
    struct target_entry *list = grow_list(loader, loader->targets, loader->target_count,
                                          sizeof(*list), MAX_TARGET_ENTRIES, origin);

    if (!list)
        return NULL;
    loader->targets = list;
    list[loader->target_count] = (struct target_entry){
        .source = source,
        .value = value,
        .origin = *origin,
        .first = loader->target_assignment_count,
    };
    return &list[loader->target_count++];
}

void loader_assign_target(struct loader *loader, struct target_entry *entry,
                          const struct schema_key *key, const char *value,
                          const struct origin *origin)
{
    struct assignment *list =
        grow_list(loader, loader->target_assignments, loader->target_assignment_count,
                  sizeof(*list), (size_t)SETTINGS_MAX_TARGETS * MAX_TARGET_VALUES, origin);

    if (!list || !value)
        return;
    loader->target_assignments = list;
    list[loader->target_assignment_count++] =
        (struct assignment){key, SOURCE_FILE, value, NULL, *origin};
    entry->count++;
}

static void apply_value(struct loader *loader, struct schema_place *place,
                        const struct assignment *assignment)
{
    const struct schema_key *key = assignment->key;
    /* The check of a path has a sentence for keys; a proxy's URL may hold a password. */
    bool may_be_key = key->check == check_path || key->type == &type_proxy;
    const char *wrong = assignment->name ? loader_refuses(assignment->name) : NULL;

    place->name = assignment->name;
    if (!wrong && !(may_be_key && may_be_secret(assignment->value)))
        wrong = loader_refuses(assignment->value);
    if (!wrong)
        wrong = schema_read(key, place, assignment->value);
    if (wrong) /* a wrong path may be a password, so it is not shown */
        config_error(loader->errors, &assignment->origin, "%s: \"%s\": %s", key->path,
                     may_be_key ? "..." : loader_shown(loader, assignment->value), wrong);
}

/* Applies the values of the highest source that has any for this key. */
static void settle_key(struct loader *loader, struct schema_place *place,
                       const struct schema_key *key)
{
    int highest = -1;
    bool read = key->commands & (1u << loader->command);

    for (size_t i = 0; read && i < loader->assignment_count; i++)
        if (loader->assignments[i].key == key && (int)loader->assignments[i].source > highest)
            highest = (int)loader->assignments[i].source;
    if (highest < 0 && key->standard)
        schema_read(key, place, key->standard);
    for (size_t i = 0; highest >= 0 && i < loader->assignment_count; i++) {
        const struct assignment *assignment = &loader->assignments[i];
        if (assignment->key == key && (int)assignment->source == highest)
            apply_value(loader, place, assignment);
    }
}

/* Index of the targets by host and port, and by name: binary trees (tsearch) of borrowed targets.
 */
struct target_index {
    void *by_place;
    void *by_name;
};

static int compare_places(const void *left, const void *right)
{
    const struct target *a = left;
    const struct target *b = right;
    int by_host = strcmp(a->host, b->host);

    return by_host ? by_host : (int)a->port - (int)b->port;
}

static int compare_target_names(const void *left, const void *right)
{
    const struct target *a = left;
    const struct target *b = right;

    return strcmp(a->name, b->name);
}

static struct target *target_found(void *node)
{
    return node ? *(struct target **)node : NULL;
}

static struct target *find_same_host(const struct target_index *index, const struct target *target)
{
    return target_found(tfind(target, &index->by_place, compare_places));
}

static struct target *find_name(const struct target_index *index, const char *name)
{
    return target_found(
        tfind(&(struct target){.name = name}, &index->by_name, compare_target_names));
}

static bool remember_target(struct target_index *index, const struct target *target)
{
    return tsearch(target, &index->by_place, compare_places) &&
           tsearch(target, &index->by_name, compare_target_names);
}

static void keep_target(void *target)
{
    (void)target; /* the settings own it */
}

static bool has_image(const struct target *target, const char *image)
{
    for (size_t i = 0; i < target->image_count; i++)
        if (strcmp(target->images[i], image) == 0)
            return true;
    return false;
}

/* Merges two targets of one registry if they have the same keys: the first gets the images of both.
 */
static bool merge_target(struct target *known, const struct target *target)
{
    if (!target_equal_keys(known, target) ||
        known->image_count + target->image_count > SETTINGS_MAX_IMAGES)
        return false;
    for (size_t i = 0; i < target->image_count; i++)
        if (!has_image(known, target->images[i]))
            known->images[known->image_count++] = target->images[i];
    return true;
}

static void add_images(struct loader *loader, struct target *target,
                       const struct target_entry *entry)
{
    for (size_t i = 0; i < entry->count; i++) {
        const struct assignment *image = &loader->target_assignments[entry->first + i];
        if (image->key)
            continue;
        const char *wrong = image_check(image->value);
        const char *name;
        if (!wrong && target->image_count == SETTINGS_MAX_IMAGES)
            wrong = "at most 16 images of a target";
        if (wrong)
            config_error(loader->errors, &image->origin, "images: \"%s\": %s",
                         loader_shown(loader, image->value), wrong);
        else if ((name = image_at(entry->value ? entry->value : "", image->value, loader->arena)))
            target->images[target->image_count++] = name;
    }
}

/* Returns the host; with the port if an earlier target has that name, so that names are unique. */
static const char *default_name(const struct target_index *index, struct arena *arena,
                                const struct target *target)
{
    char buffer[HOST_PORT_SIZE];

    if (!find_name(index, target->host))
        return target->host;
    return arena_copy_text(arena, host_port_format(target->host, target->port, buffer));
}

static bool names_port(const char *text)
{
    const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : text, ':');

    return colon && colon < text + strcspn(text, "/");
}

/* Applies a key of the entry itself. The first value of a list replaces the defaults. */
static void apply_own_value(struct loader *loader, struct schema_place *place,
                            const struct target_entry *entry, size_t index)
{
    const struct assignment *list = &loader->target_assignments[entry->first];
    size_t first = 0;

    if (!list[index].key)
        return; /* an image */
    while (list[first].key != list[index].key)
        first++;
    if (first == index)
        schema_clear(list[index].key, place);
    apply_value(loader, place, &list[index]);
}

/* Fills `target`. False after an error; the whole entry is read in any case, so that all of its
 * errors are listed. */
static bool fill_target(struct loader *loader, struct settings *settings,
                        const struct target_entry *entry, struct target *target)
{
    struct schema_place place = {.settings = settings, .target = target};
    size_t errors = loader->errors->count;

    *target = settings->defaults;
    const char *wrong = NULL;
    if (entry->value && may_be_secret(entry->value))
        wrong = loader_refuses(entry->value); /* another sentence might repeat it */
    else if (entry->value)
        wrong = target_parse(entry->value, settings->arena, target);

    if (wrong)
        config_error(loader->errors, &entry->origin, "target \"%s\": %s",
                     loader_shown(loader, entry->value), wrong);
    for (size_t i = 0; i < entry->count; i++)
        apply_own_value(loader, &place, entry, i);
    target->has_linkage_address = target->linkage_address.family != AF_UNSPEC;
    add_images(loader, target, entry);
    if (target->plain_http && entry->value && !names_port(entry->value))
        target->port = HTTP_PORT;
    return entry->value && target->host && loader->errors->count == errors;
}

static void add_loaded_target(struct loader *loader, struct settings *settings,
                              struct target_index *index, const struct target_entry *entry)
{
    struct target *target = &settings->targets[settings->target_count];
    bool valid = fill_target(loader, settings, entry, target);
    struct target *known = valid ? find_same_host(index, target) : NULL;

    if (!valid || (known && !target->name && merge_target(known, target))) {
        memset(target, 0, sizeof(*target));
        return;
    }
    if (!target->name)
        target->name = default_name(index, settings->arena, target);
    if (!target->name)
        return; /* out of memory, which the arena remembers */
    if (find_name(index, target->name))
        config_error(loader->errors, &entry->origin,
                     "target \"%s\": another one has the name \"%s\"; give one of them a name",
                     loader_shown(loader, entry->value), loader_shown(loader, target->name));
    else if (!remember_target(index, target))
        config_error(loader->errors, &entry->origin, "out of memory");
    settings->target_count++;
}

static void add_loaded_targets(struct loader *loader, struct settings *settings)
{
    struct target_index index = {0};
    int highest = -1;

    settings->targets =
        arena_allocate(settings->arena, (loader->target_count + 1) * sizeof(*settings->targets));
    if (!settings->targets)
        return;
    for (size_t i = 0; i < loader->target_count; i++)
        if ((int)loader->targets[i].source > highest)
            highest = (int)loader->targets[i].source;
    for (size_t i = 0; i < loader->target_count; i++)
        if ((int)loader->targets[i].source == highest)
            add_loaded_target(loader, settings, &index, &loader->targets[i]);
    tdestroy(index.by_place, keep_target);
    tdestroy(index.by_name, keep_target);
}

static int setting_source(const struct loader *loader, const char *path, struct origin *ret_origin)
{
    int highest = -1;

    for (size_t i = 0; i < loader->assignment_count; i++) {
        const struct assignment *assignment = &loader->assignments[i];
        if (strcmp(assignment->key->path, path) != 0 || (int)assignment->source <= highest ||
            !(assignment->key->commands & (1u << loader->command)))
            continue;
        highest = (int)assignment->source;
        *ret_origin = assignment->origin;
    }
    return highest;
}

/* controls and no_controls exclude each other: the higher source wins, and one source that gives
 * both is an error. */
static void settle_controls(struct loader *loader, struct settings *settings)
{
    struct origin origin = {0};
    int listed = setting_source(loader, "controls", &origin);
    int off = setting_source(loader, "no_controls", &origin);

    if (listed > off || !settings->no_controls)
        settings->no_controls = false;
    else if (listed >= 0 && listed == off)
        config_error(loader->errors, &origin,
                     "no_controls and controls exclude each other (--no-controls, --control)");
}

static void apply_profile(struct loader *loader, struct settings *settings)
{
    const char *wrong = schema_apply_profile(settings);
    struct origin origin = {0};
    char listen[ENDPOINT_TEXT_SIZE];

    setting_source(loader, "profile", &origin);
    if (wrong)
        config_error(loader->errors, &origin, "profile: %s", wrong);
    wrong = schema_check_listen(settings);
    setting_source(loader, "listen", &origin);
    if (wrong)
        config_error(loader->errors, &origin, "listen: \"%s\": %s",
                     endpoint_format(&settings->listen, listen), wrong);
}

struct settings *loader_finish(struct loader *loader)
{
    struct settings *settings = arena_allocate(loader->arena, sizeof(*settings));
    struct schema_place place = {.settings = settings,
                                 .target = settings ? &settings->defaults : NULL};

    if (!settings) {
        config_error(loader->errors, NULL, "out of memory");
        return NULL;
    }
    settings->arena = loader->arena;
    settings->references = 1;
    settings->defaults.network = &settings->network;
    for (size_t i = 0; i < schema_key_count; i++)
        settle_key(loader, &place, &schema_keys[i]);
    settle_controls(loader, settings);
    apply_profile(loader, settings);
    if (command_table[loader->command].operands == OPERANDS_TARGETS)
        add_loaded_targets(loader, settings);
    if (arena_failed(loader->arena))
        config_error(loader->errors, NULL, "out of memory");
    return loader->errors->count ? NULL : settings;
}
