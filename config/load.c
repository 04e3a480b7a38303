#include "config/load.h"

#include <string.h>

#include "config/target.h"

#define MAX_TARGET_ENTRIES SETTINGS_MAX_TARGETS

static void *grow(struct loader *loader, void *list, size_t count, size_t size, size_t limit,
                  const struct origin *origin)
{
    if (count == limit) {
        config_error(loader->errors, origin, "more than %zu values", limit);
        return NULL;
    }
    if (count & (count - 1)) /* only a power of two is full */
        return list;
    void *larger = arena_allocate(loader->arena, (count ? count * 2 : 1) * size);
    if (!larger)
        config_error(loader->errors, origin, "out of memory");
    else if (count)
        memcpy(larger, list, count * size);
    return larger;
}

void loader_assign(struct loader *loader, const struct schema_key *key, enum source source,
                   const char *value, const char *name, const struct origin *origin)
{
    struct assignment *list = grow(loader, loader->assignments, loader->assignment_count,
                                   sizeof(*list), LOAD_MAX_ASSIGNMENTS, origin);

    if (!list)
        return;
    loader->assignments = list;
    list[loader->assignment_count++] = (struct assignment){key, source, value, name, *origin};
}

struct target_entry *loader_add_target(struct loader *loader, enum source source, const char *value,
                                       const struct origin *origin)
{
    struct target_entry *list = grow(loader, loader->targets, loader->target_count, sizeof(*list),
                                     MAX_TARGET_ENTRIES, origin);

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
        grow(loader, loader->target_assignments, loader->target_assignment_count, sizeof(*list),
             LOAD_MAX_ASSIGNMENTS * 16, origin);

    if (!list)
        return;
    loader->target_assignments = list;
    list[loader->target_assignment_count++] =
        (struct assignment){key, SOURCE_FILE, value, NULL, *origin};
    entry->count++;
}

static void apply(struct loader *loader, struct schema_place *place,
                  const struct assignment *assignment)
{
    place->name = assignment->name;
    const char *wrong = assignment->key->set(place, assignment->value);
    if (wrong)
        config_error(loader->errors, &assignment->origin, "%s: \"%s\": %s", assignment->key->path,
                     assignment->value, wrong);
}

/* The highest source that says anything of the key says all of it. */
static void settle_key(struct loader *loader, struct schema_place *place,
                       const struct schema_key *key)
{
    int highest = -1;

    for (size_t i = 0; i < loader->assignment_count; i++)
        if (loader->assignments[i].key == key && (int)loader->assignments[i].source > highest)
            highest = (int)loader->assignments[i].source;
    if (highest < 0 && key->standard)
        key->set(place, key->standard);
    for (size_t i = 0; i < loader->assignment_count; i++) {
        const struct assignment *assignment = &loader->assignments[i];
        if (assignment->key == key && (int)assignment->source == highest)
            apply(loader, place, assignment);
    }
}

static struct target *find_same_host(struct settings *settings, const struct target *target)
{
    for (size_t i = 0; i < settings->target_count; i++)
        if (strcmp(settings->targets[i].host, target->host) == 0 &&
            settings->targets[i].port == target->port)
            return &settings->targets[i];
    return NULL;
}

/* Several images of one registry are one target with several images. */
static bool merge_images(struct target *known, const struct target *target)
{
    if (!target->image_count || known->image_count + target->image_count > SETTINGS_MAX_IMAGES)
        return false;
    for (size_t i = 0; i < target->image_count; i++)
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
        if (!wrong && target->image_count == SETTINGS_MAX_IMAGES)
            wrong = "at most 16 images of a target";
        if (wrong)
            config_error(loader->errors, &image->origin, "images: \"%s\": %s", image->value, wrong);
        else
            target->images[target->image_count++] = image->value;
    }
}

/* The host; with its port where an earlier target has that name, so that names stay unique. */
static const char *default_name(const struct settings *settings, const struct target *target)
{
    for (size_t i = 0; i < settings->target_count; i++)
        if (settings->targets[i].name && strcmp(settings->targets[i].name, target->host) == 0)
            return arena_format(settings->arena, strchr(target->host, ':') ? "[%s]:%u" : "%s:%u",
                                target->host, (unsigned)target->port);
    return target->host;
}

static void add_target(struct loader *loader, struct settings *settings,
                       const struct target_entry *entry)
{
    struct target *target = &settings->targets[settings->target_count];
    struct schema_place place = {.settings = settings, .target = target};
    const char *wrong = entry->value ? target_parse(entry->value, settings->arena, target) : NULL;

    if (!entry->value) /* listed already */
        return;
    if (wrong) {
        config_error(loader->errors, &entry->origin, "target \"%s\": %s", entry->value, wrong);
        memset(target, 0, sizeof(*target));
        return;
    }
    target->interval = settings->interval;
    target->timeout = settings->timeout;
    target->expect = settings->expect;
    target->ca_file = settings->ca_file;
    target->certificate_warning_days = settings->certificate_warning_days;
    target->has_linkage_address = settings->has_linkage_address;
    target->linkage_address = settings->linkage_address;
    target->network = &settings->network;
    for (size_t i = 0; i < entry->count; i++)
        if (loader->target_assignments[entry->first + i].key)
            apply(loader, &place, &loader->target_assignments[entry->first + i]);
    add_images(loader, target, entry);

    struct target *known = find_same_host(settings, target);
    if (known && !target->name && merge_images(known, target)) {
        memset(target, 0, sizeof(*target));
        return;
    }
    if (!target->name)
        target->name = default_name(settings, target);
    for (size_t i = 0; target->name && i < settings->target_count; i++)
        if (settings->targets[i].name && strcmp(settings->targets[i].name, target->name) == 0)
            config_error(loader->errors, &entry->origin,
                         "target \"%s\": another one has the name \"%s\"; give one of them a name",
                         entry->value, target->name);
    settings->target_count++;
}

static void add_targets(struct loader *loader, struct settings *settings)
{
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
            add_target(loader, settings, &loader->targets[i]);
}

static int source_of(const struct loader *loader, const char *path, struct origin *ret_origin)
{
    int highest = -1;

    for (size_t i = 0; i < loader->assignment_count; i++) {
        const struct assignment *assignment = &loader->assignments[i];
        if (strcmp(assignment->key->path, path) != 0 || (int)assignment->source <= highest)
            continue;
        highest = (int)assignment->source;
        *ret_origin = assignment->origin;
    }
    return highest;
}

/* A higher source may switch off what a lower one lists; the same one contradicts itself. */
static void refuse_contradiction(struct loader *loader)
{
    struct origin origin = {0};
    int listed = source_of(loader, "controls", &origin);
    int off = source_of(loader, "no_controls", &origin);

    if (listed >= 0 && listed == off)
        config_error(loader->errors, &origin,
                     "no_controls beside controls: give one of the two (--no-controls, --control)");
}

struct settings *loader_finish(struct loader *loader)
{
    struct settings *settings = arena_allocate(loader->arena, sizeof(*settings));
    struct schema_place place = {.settings = settings};

    if (!settings) {
        config_error(loader->errors, NULL, "out of memory");
        return NULL;
    }
    settings->arena = loader->arena;
    settings->references = 1;
    for (size_t i = 0; i < schema_key_count; i++)
        settle_key(loader, &place, &schema_keys[i]);
    refuse_contradiction(loader);
    const char *wrong = schema_apply_profile(settings);
    if (wrong)
        config_error(loader->errors, &(struct origin){"profile", 0, 0}, "%s", wrong);
    add_targets(loader, settings);
    if (arena_failed(loader->arena))
        config_error(loader->errors, NULL, "out of memory");
    return loader->errors->count ? NULL : settings;
}
