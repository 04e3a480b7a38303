#include "config/load.h"

#include <search.h>
#include <string.h>

#include "config/target.h"

#define HTTP_PORT          80
#define MAX_SHOWN          100 /* bytes of a value in an error */
#define MAX_TARGET_ENTRIES SETTINGS_MAX_TARGETS
/* images, token_hosts and keys of one entry */
#define MAX_TARGET_VALUES (SETTINGS_MAX_IMAGES + SETTINGS_MAX_HOSTS + 12)

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

const char *loader_shown(struct loader *loader, const char *value)
{
    if (strlen(value) <= MAX_SHOWN)
        return value;
    const char *shown = arena_format(loader->arena, "%.*s...", MAX_SHOWN, value);
    return shown ? shown : "...";
}

void loader_assign(struct loader *loader, const struct schema_key *key, enum source source,
                   const char *value, const char *name, const struct origin *origin)
{
    struct assignment *list = grow(loader, loader->assignments, loader->assignment_count,
                                   sizeof(*list), LOAD_MAX_ASSIGNMENTS, origin);

    if (!list || !value)
        return; /* out of memory, which the arena remembers, or listed already */
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
             (size_t)SETTINGS_MAX_TARGETS * MAX_TARGET_VALUES, origin);

    if (!list || !value)
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
                     loader_shown(loader, assignment->value), wrong);
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

/* Targets found again by host and port, and by name: binary trees (tsearch) of borrowed targets. */
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

static int compare_names(const void *left, const void *right)
{
    const struct target *a = left;
    const struct target *b = right;

    return strcmp(a->name, b->name);
}

static struct target *found(void *node)
{
    return node ? *(struct target **)node : NULL;
}

static struct target *find_same_host(const struct target_index *index, const struct target *target)
{
    return found(tfind(target, &index->by_place, compare_places));
}

static struct target *find_name(const struct target_index *index, const char *name)
{
    return found(tfind(&(struct target){.name = name}, &index->by_name, compare_names));
}

static bool remember(struct target_index *index, const struct target *target)
{
    return tsearch(target, &index->by_place, compare_places) &&
           tsearch(target, &index->by_name, compare_names);
}

static void keep(void *target)
{
    (void)target; /* the settings own it */
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_keys(const struct target *a, const struct target *b)
{
    if (a->interval != b->interval || a->timeout != b->timeout || a->expect != b->expect ||
        a->plain_http != b->plain_http || a->insecure_skip_verify != b->insecure_skip_verify ||
        a->has_linkage_address != b->has_linkage_address ||
        !address_equal(&a->linkage_address, &b->linkage_address) ||
        !same_text(a->ca_file, b->ca_file) || !same_text(a->docker_config, b->docker_config) ||
        a->token_host_count != b->token_host_count)
        return false;
    for (size_t i = 0; i < a->token_host_count; i++)
        if (!same_text(a->token_hosts[i], b->token_hosts[i]))
            return false;
    return true;
}

static bool has_image(const struct target *target, const char *image)
{
    for (size_t i = 0; i < target->image_count; i++)
        if (strcmp(target->images[i], image) == 0)
            return true;
    return false;
}

/* A registry that is named again with the same keys is one target with the images of both. */
static bool merge(struct target *known, const struct target *target)
{
    if (!same_keys(known, target) || known->image_count + target->image_count > SETTINGS_MAX_IMAGES)
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
        if (!wrong && target->image_count == SETTINGS_MAX_IMAGES)
            wrong = "at most 16 images of a target";
        if (wrong)
            config_error(loader->errors, &image->origin, "images: \"%s\": %s",
                         loader_shown(loader, image->value), wrong);
        else
            target->images[target->image_count++] = image->value;
    }
}

/* The host; with its port where an earlier target has that name, so that names stay unique. */
static const char *default_name(const struct target_index *index, struct arena *arena,
                                const struct target *target)
{
    if (!find_name(index, target->host))
        return target->host;
    return arena_format(arena, strchr(target->host, ':') ? "[%s]:%u" : "%s:%u", target->host,
                        (unsigned)target->port);
}

static bool names_port(const char *text)
{
    const char *bracket = *text == '[' ? strchr(text, ']') : NULL;
    const char *colon = strchr(bracket ? bracket : text, ':');

    return colon && colon < text + strcspn(text, "/");
}

/* Fills `target`; false after an error. Everything of the entry is looked at, so that all of its
 * errors are listed. */
static bool read_target(struct loader *loader, struct settings *settings,
                        const struct target_entry *entry, struct target *target)
{
    struct schema_place place = {.settings = settings, .target = target};
    size_t errors = loader->errors->count;
    const char *wrong = entry->value ? target_parse(entry->value, settings->arena, target) : NULL;

    if (wrong)
        config_error(loader->errors, &entry->origin, "target \"%s\": %s",
                     loader_shown(loader, entry->value), wrong);
    target->interval = settings->interval;
    target->timeout = settings->timeout;
    target->expect = settings->expect;
    target->ca_file = settings->ca_file;
    target->certificate_warning_days = settings->certificate_warning_days;
    target->registry_interval = settings->registry_interval;
    target->docker_config = settings->docker_config;
    target->token_hosts = settings->token_hosts;
    target->token_host_count = settings->token_host_count;
    target->plain_http = settings->plain_http;
    target->insecure_skip_verify = settings->insecure_skip_verify;
    target->has_linkage_address = settings->has_linkage_address;
    target->linkage_address = settings->linkage_address;
    target->network = &settings->network;
    for (size_t i = 0; i < entry->count; i++)
        if (loader->target_assignments[entry->first + i].key)
            apply(loader, &place, &loader->target_assignments[entry->first + i]);
    add_images(loader, target, entry);
    if (target->plain_http && entry->value && !names_port(entry->value))
        target->port = HTTP_PORT;
    return entry->value && target->host && loader->errors->count == errors;
}

static void add_target(struct loader *loader, struct settings *settings, struct target_index *index,
                       const struct target_entry *entry)
{
    struct target *target = &settings->targets[settings->target_count];
    bool valid = read_target(loader, settings, entry, target);
    struct target *known = valid ? find_same_host(index, target) : NULL;

    if (!valid || (known && !target->name && merge(known, target))) {
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
    else if (!remember(index, target))
        config_error(loader->errors, &entry->origin, "out of memory");
    settings->target_count++;
}

static void add_targets(struct loader *loader, struct settings *settings)
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
            add_target(loader, settings, &index, &loader->targets[i]);
    tdestroy(index.by_place, keep);
    tdestroy(index.by_name, keep);
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

/* The higher source of the two wins; the same one contradicts itself. */
static void settle_controls(struct loader *loader, struct settings *settings)
{
    struct origin origin = {0};
    int listed = source_of(loader, "controls", &origin);
    int off = source_of(loader, "no_controls", &origin);

    if (listed > off)
        settings->no_controls = false;
    if (listed >= 0 && listed == off)
        config_error(loader->errors, &origin,
                     "no_controls beside controls: give one of the two (--no-controls, --control)");
}

static void apply_profile(struct loader *loader, struct settings *settings)
{
    const char *wrong = schema_apply_profile(settings);
    struct origin origin = {0};
    char listen[ENDPOINT_TEXT_SIZE];

    source_of(loader, "profile", &origin);
    if (wrong)
        config_error(loader->errors, &origin, "profile: %s", wrong);
    wrong = schema_check_listen(settings);
    source_of(loader, "listen", &origin);
    if (wrong)
        config_error(loader->errors, &origin, "listen: \"%s\": %s",
                     endpoint_format(&settings->listen, listen), wrong);
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
    settle_controls(loader, settings);
    apply_profile(loader, settings);
    add_targets(loader, settings);
    if (arena_failed(loader->arena))
        config_error(loader->errors, NULL, "out of memory");
    return loader->errors->count ? NULL : settings;
}
