#include "daemon/replay.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/base/memory.h"
#include "daemon/replay_fields.h"
#include "probes/libraries.h"

struct replay_item {
    struct target target;
    struct network_settings network;
    struct evidence *evidence;
};

struct replay {
    json_t *document;
    size_t count;
    struct replay_item *items;
};

READING_NAME_OF(control_kind, control_kind)
READING_NAME_OF(profile, profile)
READING_NAME_OF(expect, expect)

/* ---- the target ---- */

static void read_settings(struct reading *reading, const json_t *object, struct replay_item *item)
{
    struct target *target = &item->target;
    const json_t *controls = json_object_get(object, "controls");
    const char *hosts[SETTINGS_MAX_RESOLVERS] = {NULL};

    snprintf(reading->location, sizeof(reading->location), "settings");
    target->expect = reading_enum(reading, object, "expect", name_of_expect, EXPECT_PUBLIC + 1);
    target->timeout = reading_duration(object, "timeout_seconds");
    target->certificate_warning_days = reading_count(object, "certificate_warning_days");
    target->linkage_address = reading_address(reading, object, "linkage_address");
    target->has_linkage_address = target->linkage_address.family != 0;
    target->ca_file = reading_text(reading, object, "ca_file");
    target->docker_config = reading_text(reading, object, "docker_config");
    target->registry_interval = reading_duration(object, "registry_interval_seconds");
    target->plain_http = reading_flag(object, "plain_http");
    target->insecure_skip_verify = reading_flag(object, "insecure_skip_verify");
    target->image_count =
        reading_texts(reading, object, "images", target->images, SETTINGS_MAX_IMAGES);
    item->network.profile =
        reading_enum(reading, object, "profile", name_of_profile, PROFILE_TKE_SERVERLESS + 1);
    for (size_t i = 0; i < json_array_size(controls) && i < SETTINGS_MAX_CONTROLS; i++) {
        const json_t *entry = json_array_get(controls, i);
        struct control *control = &item->network.controls[item->network.control_count++];
        control->name = reading_text(reading, entry, "name");
        control->host = reading_text(reading, entry, "host");
        control->port = (uint16_t)reading_count(entry, "port");
        control->kind =
            reading_enum(reading, entry, "kind", name_of_control_kind, CONTROL_INTERNET + 1);
    }
    item->network.host_resolver_count = reading_texts(reading, json_object_get(object, "resolvers"),
                                                      "host", hosts, SETTINGS_MAX_RESOLVERS);
    for (size_t i = 0; i < item->network.host_resolver_count; i++)
        if (!hosts[i] || !endpoint_parse(hosts[i], 53, &item->network.host_resolvers[i]))
            reading_fail(reading, "host", hosts[i] ? hosts[i] : "(missing)");
    target->network = &item->network;
}

static void read_item(struct reading *reading, const json_t *object, struct replay_item *item)
{
    struct target *target = &item->target;

    target->name = reading_text(reading, object, "name");
    target->host = reading_text(reading, object, "host");
    target->port = (uint16_t)reading_count(object, "port");
    target->instance = reading_text(reading, object, "instance");
    target->is_vpc_name = reading_flag(object, "vpc_name");
    if (!target->name || !target->host) {
        reading_fail(reading, "host", "(missing)");
        return;
    }
    target->host_is_address = address_parse(target->host, &target->address);
    read_settings(reading, json_object_get(object, "settings"), item);
    reading_evidence(reading, object, item->evidence);
}

static int read_items(struct replay *replay, const char *path, char *error, size_t error_size)
{
    const json_t *targets = json_object_get(replay->document, "targets");
    char where[256] = "";

    if (json_integer_value(json_object_get(replay->document, "schema_version")) != 1 ||
        !json_array_size(targets)) {
        snprintf(error, error_size, "%s: not a report: schema_version 1 and targets are needed",
                 path);
        return -1;
    }
    size_t count = json_array_size(targets);
    replay->items = memory_allocate(count * sizeof(*replay->items));
    for (size_t i = 0; replay->items && i < count; i++) {
        struct reading reading = {.error = where, .error_size = sizeof(where)};
        struct evidence *evidence = evidence_new();
        replay->items[replay->count++].evidence = evidence;
        if (!evidence)
            break;
        reading.arena = evidence->arena;
        snprintf(reading.location, sizeof(reading.location), "target");
        read_item(&reading, json_array_get(targets, i), &replay->items[i]);
        if (reading.failed || arena_failed(evidence->arena)) {
            snprintf(error, error_size, "%s: targets[%zu]: %s", path, i,
                     reading.failed ? where : "out of memory");
            return -1;
        }
    }
    if (replay->items && replay->count == count && replay->items[count - 1].evidence)
        return 0;
    snprintf(error, error_size, "%s: out of memory", path);
    return -1;
}

int replay_read(const char *path, struct replay **ret, char *error, size_t error_size)
{
    struct replay *replay = memory_allocate(sizeof(*replay));
    uint64_t failures = memory_failures();
    json_error_t json_error;

    if (!replay) {
        snprintf(error, error_size, "%s: out of memory", path);
        return -1;
    }
    FILE *file = fopen(path, "re");
    struct stat status;
    if (file && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        file = NULL;
        errno = EISDIR;
    }
    if (!file) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        memory_release(replay);
        return -1;
    }
    bool too_large = fseek(file, 0, SEEK_END) == 0 && (size_t)ftell(file) > REPLAY_MAX_FILE;
    rewind(file);
    replay->document = too_large ? NULL : libraries_read_json(file, &json_error);
    fclose(file);
    if (too_large)
        snprintf(error, error_size, "%s: larger than 16 MiB", path);
    else if (!replay->document && memory_failures() != failures)
        snprintf(error, error_size, "%s: out of memory", path);
    else if (!replay->document)
        snprintf(error, error_size, "%s:%d:%d: not valid JSON", path, json_error.line,
                 json_error.column);
    if (!replay->document || read_items(replay, path, error, error_size)) {
        replay_free(replay);
        return -1;
    }
    *ret = replay;
    return 0;
}

void replay_free(struct replay *replay)
{
    if (!replay)
        return;
    for (size_t i = 0; i < replay->count; i++)
        evidence_free(replay->items[i].evidence);
    memory_release(replay->items);
    json_decref(replay->document);
    memory_release(replay);
}

size_t replay_count(const struct replay *replay)
{
    return replay->count;
}

const struct target *replay_target(const struct replay *replay, size_t index)
{
    return &replay->items[index].target;
}

const struct evidence *replay_evidence(const struct replay *replay, size_t index)
{
    return replay->items[index].evidence;
}
