/* SPDX-License-Identifier: MIT */
#include "probes/explain/collect.h"

#include <string.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/evidence/address_class.h"
#include "probes/explain/advice.h"

static const char unknown_summary[] =
    "A pull failed, and the reason is not recognised: the text may have been cut off before it, or "
    "comes from another program.";

/* The reason that kubectl get pods shows, and the events that outlive the one with the error. */
static const char back_off_summary[] =
    "An earlier pull failed; this text does not say why. The event with the reason begins with "
    "\"Failed to pull image\": give explain the whole output of kubectl describe pod. If that "
    "event has expired, check the image from the pod.";

struct collected_error {
    struct pull_error error;
    struct found_error found; /* texts of the list's arena */
    struct pull_reading reading;
};

struct pull_collection {
    struct pull_errors *errors; /* arena, more */
    const struct network_settings *network;
    const char *pod;
    const char *container;
    const char *image;
    size_t count;
    struct collected_error list[PULL_ERROR_MAX_ERRORS];
};

struct pull_collection *pull_collection_new(const struct network_settings *network)
{
    struct arena *arena = arena_new(0);
    struct pull_collection *collection = memory_allocate(sizeof(*collection));
    struct pull_errors *errors = arena ? arena_allocate(arena, sizeof(*errors)) : NULL;

    if (!collection || !errors) {
        memory_release(collection);
        arena_free(arena);
        return NULL;
    }
    errors->arena = arena;
    collection->errors = errors;
    collection->network = network;
    return collection;
}

void pull_collection_free(struct pull_collection *collection)
{
    if (collection && collection->errors)
        arena_free(collection->errors->arena);
    memory_release(collection);
}

/* ---- the error as it is quoted ---- */

/* Skips parts that may hold a secret: the query of a URL, and a user and password before its host.
 */
static const char *skip_secret(struct text *text, const char *at, const char *end, bool in_url)
{
    const char *stop = at;

    if (*at == '?' && (in_url || memchr(at, '=', (size_t)(end - at)))) {
        text_append(text, "?...");
        while (stop < end && !strchr("\" \n\f", *stop) &&
               !(*stop == ':' && stop + 1 < end && strchr(" \n", stop[1])))
            stop++;
        return stop;
    }
    if (!in_url || at[-1] != '/' || at[-2] != '/')
        return at;
    while (stop < end && !strchr("/?\" @", *stop))
        stop++;
    return stop < end && *stop == '@' ? stop + 1 : at;
}

/* Characters that reorder or hide the text around them (UAX #9 and the zero-width ones). */
static bool is_deceptive(const char *at, size_t length)
{
    /* NOLINTBEGIN(misc-misleading-bidirectional): as escapes, to be recognised */
    static const char *const characters[] = {
        "\xc2\xad",     "\xd8\x9c",     "\xe1\xa0\x8e", "\xe2\x80\x8b", "\xe2\x80\x8c",
        "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
        "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae",
        "\xe2\x81\xa0", "\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9",
        "\xef\xbb\xbf",
    };
    /* NOLINTEND(misc-misleading-bidirectional) */

    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
        if (strlen(characters[i]) == length && memcmp(at, characters[i], length) == 0)
            return true;
    /* The tags of plane 14. */
    return length == 4 && memcmp(at, "\xf3\xa0", 2) == 0;
}

/* One character as it is if a person can read it, else escaped. Returns its length. */
static size_t append_shown(struct text *text, const char *at, const char *end)
{
    size_t length = text_utf8_length(at);

    if (length > 1 && length <= (size_t)(end - at) && !is_deceptive(at, length)) {
        text_append_bytes(text, at, length);
        return length;
    }
    text_append_peer(text, strchr("\n\f", *at) ? " " : at, 1, 1);
    return 1;
}

static const char *quote(const char *begin, const char *end, struct arena *arena)
{
    struct text text = TEXT_WITH_LIMIT(PULL_ERROR_MAX_TEXT * 4 + 8);
    bool in_url = false;
    const char *at = begin;

    while (at < end && (*at == ' ' || *at == '\n' || *at == '\f'))
        at++;
    while (at < end && text.length < PULL_ERROR_MAX_TEXT) {
        if (at - begin >= 3 && memcmp(at - 3, "://", 3) == 0)
            in_url = true;
        else if (*at == ' ' || *at == '"')
            in_url = false;
        at = skip_secret(&text, at, end, in_url);
        if (at < end)
            at += append_shown(&text, at, end);
    }
    const char *quoted = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return quoted;
}

/* ---- one of each ---- */

/* A host or an image without the spellings that mean the same. */
static const char *without_hub(const char *name)
{
    static const char *const hosts[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};

    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t length = strlen(hosts[i]);
        if (strncmp(name, hosts[i], length) == 0 && strchr("/", name[length]))
            name += length + (name[length] == '/');
    }
    return strncmp(name, "library/", 8) == 0 ? name + 8 : name;
}

static bool is_same_host(const char *a, const char *b)
{
    return !a || !b || strcmp(without_hub(a), without_hub(b)) == 0;
}

/* The length of an image reference without its tag and digest. */
static size_t repository_length(const char *image)
{
    size_t length = strcspn(image, "@");
    const char *slash = memrchr(image, '/', length);
    const char *tag =
        memchr(slash ? slash : image, ':', length - (slash ? (size_t)(slash - image) : 0));

    return tag ? (size_t)(tag - image) : length;
}

static bool is_same_image(const struct found_error *a, const struct found_error *b)
{
    if (!a->image || !b->image)
        return true;
    const char *first = without_hub(a->image);
    const char *second = without_hub(b->image);
    size_t length = repository_length(first);

    if (length != repository_length(second) || strncmp(first, second, length) != 0)
        return false;
    if (a->image_of_url || b->image_of_url)
        return true;
    const char *first_tag = first[length] ? first + length : ":latest";
    const char *second_tag = second[length] ? second + length : ":latest";
    return strcmp(first_tag, second_tag) == 0;
}

static bool is_same_container(const struct pull_error *a, const struct pull_error *b)
{
    return a->pod == b->pod && a->container == b->container;
}

/* Without an address the same symptom may have another cause. */
static bool is_same_cause(const struct collected_error *a, const struct collected_error *b)
{
    bool placeless =
        (!a->error.host && !a->error.has_address) || (!b->error.host && !b->error.has_address);

    return a->error.cause == b->error.cause ||
           (placeless && a->found.clue.symptom == b->found.clue.symptom);
}

static bool is_same_error(const struct collected_error *a, const struct collected_error *b)
{
    if (a->error.recognised != b->error.recognised || !is_same_image(&a->found, &b->found) ||
        !is_same_host(a->error.host, b->error.host) || !is_same_container(&a->error, &b->error))
        return false;
    if (!a->error.recognised)
        return true;
    if (!is_same_cause(a, b) || a->error.stage != b->error.stage)
        return false;
    /* Addresses of one host take turns. */
    return !a->error.has_address || !b->error.has_address || (a->error.host && b->error.host) ||
           address_equal(&a->error.address, &b->error.address);
}

/* Two texts of the same error may complete each other. */
static void complete_error(struct collected_error *entry, const struct collected_error *other,
                           struct arena *arena)
{
    struct found_error *found = &entry->found;
    const struct found_error *more = &other->found;

    if (!entry->error.host)
        entry->error.host = arena_copy_text(arena, other->error.host);
    if (!found->image || (found->image_of_url && more->image && !more->image_of_url)) {
        found->image = arena_copy_text(arena, more->image);
        found->image_of_url = more->image_of_url;
        entry->error.image = found->image;
    }
    if (!found->registry && more->registry) {
        found->registry = arena_copy_text(arena, more->registry);
        found->repository = arena_copy_text(arena, more->repository);
        found->reference = arena_copy_text(arena, more->reference);
    }
    if (!entry->error.has_address && other->error.has_address) {
        entry->error.has_address = true;
        entry->error.address = other->error.address;
        entry->error.address_class = other->error.address_class;
        entry->error.rule = arena_copy_text(arena, other->error.rule);
    }
}

static bool is_known_already(struct pull_collection *collection,
                             const struct collected_error *entry)
{
    for (size_t i = 0; i < collection->count; i++) {
        if (!is_same_error(&collection->list[i], entry))
            continue;
        collection->list[i].error.count += entry->error.count;
        collection->list[i].found.hint &= entry->found.hint;
        complete_error(&collection->list[i], entry, collection->errors->arena);
        return true;
    }
    return false;
}

/* ---- a new one ---- */

static bool is_back_off(const struct found_error *found)
{
    static const char *const words[] = {"ImagePullBackOff", "ErrImagePull",
                                        "Back-off pulling image"};
    size_t length = (size_t)(found->end - found->begin);

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (memmem(found->begin, length, words[i], strlen(words[i])))
            return true;
    return false;
}

/* The texts of the scan live no longer than its piece. */
static void keep_texts(struct collected_error *entry, struct arena *arena)
{
    struct found_error *found = &entry->found;

    found->host = arena_copy_text(arena, found->host);
    found->registry = arena_copy_text(arena, found->registry);
    found->repository = arena_copy_text(arena, found->repository);
    found->reference = arena_copy_text(arena, found->reference);
    found->image = arena_copy_text(arena, found->image);
    found->resolver = arena_copy_text(arena, found->resolver);
    found->proxy = arena_copy_text(arena, found->proxy);
    found->names = arena_copy_text(arena, found->names);
    found->plugin = arena_copy_text(arena, found->plugin);
    entry->error.image = found->image;
    entry->error.host = arena_copy_text(arena, entry->error.host);
}

/* A host that is an address was dialled there. */
static void take_address_of_host(struct collected_error *entry, struct arena *arena)
{
    struct found_error *found = &entry->found;
    const char *host = entry->error.host;
    struct endpoint endpoint;

    if (!host && found->image && found->clue.place == PLACE_REGISTRY)
        host = pull_error_image_host(found->image, arena);
    if (found->has_address || !host || !endpoint_parse(host, 443, &endpoint))
        return;
    found->has_address = true;
    found->address = endpoint.address;
    found->port = endpoint.port;
}

static void read_entry(struct collected_error *entry, const struct pull_collection *collection)
{
    struct pull_error *error = &entry->error;
    struct clue *clue = &entry->found.clue;

    take_address_of_host(entry, collection->errors->arena);
    if (entry->found.has_address) {
        error->has_address = true;
        error->address = entry->found.address;
        error->address_class = address_classify(&error->address, collection->network,
                                                collection->errors->arena, &error->rule);
        clue->has_class = true;
        clue->address_class = error->address_class;
    }
    if (!pull_error_read(clue, &entry->reading)) {
        entry->reading.summary = is_back_off(&entry->found) ? back_off_summary : unknown_summary;
        return;
    }
    error->recognised = true;
    error->stage = entry->reading.stage;
    error->cause = entry->reading.cause;
    error->alternative_count = entry->reading.alternative_count;
    memcpy(error->alternatives, entry->reading.alternatives, sizeof(error->alternatives));
}

/* The registry is known by its image if the text names no host that was asked. */
static void take_host_of_image(struct collected_error *entry, struct arena *arena)
{
    struct pull_error *error = &entry->error;
    enum place place = entry->found.clue.place;

    if (error->recognised && error->stage != PULL_STAGE_NODE && !error->host && error->image &&
        (place == PLACE_REGISTRY || place == PLACE_PROXY))
        error->host = pull_error_image_host(error->image, arena);
}

void pull_collection_add(const struct found_error *found, void *context)
{
    struct pull_collection *collection = context;
    struct arena *arena = collection->errors->arena;
    struct collected_error entry = {.found = *found,
                                    .error = {.count = found->count, .host = found->host}};

    if (collection->image) {
        entry.found.image = collection->image;
        entry.found.image_of_url = false;
    }
    entry.error.image = entry.found.image;
    entry.error.pod = collection->pod;
    entry.error.container = collection->container;
    read_entry(&entry, collection);
    /* Nothing was asked. */
    if (entry.error.stage == PULL_STAGE_NODE)
        entry.error.host = NULL;
    take_host_of_image(&entry, arena);
    if (is_known_already(collection, &entry))
        return;
    if (collection->count == PULL_ERROR_MAX_ERRORS) {
        collection->errors->more = true;
        return;
    }
    entry.error.text = quote(found->begin, found->end, arena);
    keep_texts(&entry, arena);
    collection->list[collection->count++] = entry;
}

void pull_collection_set_container(struct pull_collection *collection, const char *pod,
                                   const char *container, const char *image)
{
    struct arena *arena = collection->errors->arena;

    collection->pod = arena_copy_text(arena, pod);
    collection->container = arena_copy_text(arena, container);
    collection->image = arena_copy_text(arena, image);
}

/* ---- the list ---- */

static bool tells_why(const struct collected_error *entry)
{
    return entry->error.recognised && entry->found.clue.symptom != SYMPTOM_CANCELLED;
}

/* A failure without a reason says nothing beside one with a reason about the same image. */
static bool is_told(struct pull_collection *collection, const struct collected_error *entry)
{
    for (size_t i = 0; i < collection->count; i++) {
        struct collected_error *other = &collection->list[i];
        if (other == entry || !is_same_container(&other->error, &entry->error))
            continue;
        if (entry->found.hint && !other->found.hint)
            return true;
        if (!tells_why(entry) && tells_why(other) && !other->found.hint &&
            is_same_image(&other->found, &entry->found)) {
            if (!other->error.image)
                complete_error(other, entry, collection->errors->arena);
            return true;
        }
    }
    return false;
}

/* The image that another sentence of the text names. */
static void take_mention(struct collected_error *entry, const struct pull_scan *scan, bool alone,
                         struct arena *arena)
{
    const char *host = entry->found.registry ? entry->found.registry : entry->error.host;
    bool known = host && (entry->found.registry || entry->found.clue.place == PLACE_REGISTRY);
    const char *image = known || alone ? pull_scan_mention(scan, known ? host : NULL) : NULL;

    if (entry->error.image || !image)
        return;
    entry->found.image = arena_copy_text(arena, image);
    entry->error.image = entry->found.image;
    take_host_of_image(entry, arena);
}

struct pull_errors *pull_collection_finish(struct pull_collection *collection,
                                           const struct pull_scan *scan)
{
    struct pull_errors *errors = collection->errors;
    bool succeeded = pull_scan_succeeded(scan);
    bool told[PULL_ERROR_MAX_ERRORS];
    size_t listed = 0;

    /* First, because an error that is told already may complete another one. */
    for (size_t i = 0; i < collection->count; i++)
        listed += !(told[i] = is_told(collection, &collection->list[i]));
    for (size_t i = 0; i < collection->count; i++) {
        struct collected_error *entry = &collection->list[i];
        if (told[i] || (entry->found.hint && succeeded))
            continue;
        take_mention(entry, scan, listed == 1, errors->arena);
        pull_error_advise(&entry->error, &entry->found, &entry->reading, errors->arena);
        errors->list[errors->count++] = entry->error;
    }
    collection->errors = NULL;
    if (!arena_failed(errors->arena))
        return errors;
    arena_free(errors->arena);
    return NULL;
}
