/* SPDX-License-Identifier: MIT */
#include "daemon/report/replay.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "daemon/report/target_fields.h"
#include "probes/libraries.h"

#define MAX_LOCATION 160 /* bytes of "targets[0].paths[3].tls.certificate.names" and the like */
#define MAX_SHOWN    48  /* bytes of a wrong value in the message */
#define MAX_PROBLEM  1024

struct replay_item {
    struct target target;
    struct evidence *evidence;
};

struct replay {
    json_t *document;
    size_t count;
    struct replay_item *items;
};

/* ---- the first thing that is wrong ---- */

struct replay_reader {
    struct arena *arena; /* of the evidence that is read */
    struct text location;
    struct text problem; /* empty: nothing is wrong */
};

static void cut_location(struct replay_reader *reader, size_t length)
{
    reader->location.length = length;
    if (reader->location.bytes)
        reader->location.bytes[length] = '\0';
}

/* Says that the value at the reader's location is not `wanted`; NULL: that it is missing. */
static bool refuse_value(struct replay_reader *reader, const json_t *value, const char *wanted)
{
    char shown[MAX_SHOWN + 1] = "";

    text_append_format(&reader->problem, "%s: ", text_string(&reader->location));
    if (!value) {
        text_append(&reader->problem, "missing");
        return false;
    }
    if (json_is_string(value)) {
        text_append(&reader->problem, "\"");
        text_append_peer(&reader->problem, json_string_value(value), json_string_length(value),
                         MAX_SHOWN);
        text_append(&reader->problem, "\"");
    } else {
        json_dumpb(value, shown, MAX_SHOWN, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
        text_append(&reader->problem, shown);
    }
    text_append_format(&reader->problem, " is not %s", wanted);
    return false;
}

/* ---- the fields of a struct by its table; false once something is wrong ---- */

static bool read_rows(struct replay_reader *reader, const json_t *object,
                      const struct field_table *table, void *base);

static bool read_text(struct replay_reader *reader, const json_t *value, const char **ret)
{
    const char *text = json_string_value(value);

    if (!text || !text_is_plain(text)) /* our reports have none */
        return refuse_value(reader, value, "a text without control characters");
    *ret = arena_copy_text(reader->arena, text);
    return *ret != NULL;
}

static bool read_seconds(struct replay_reader *reader, const json_t *value, usec_t *ret)
{
    double seconds = json_number_value(value);

    if (!json_is_number(value) || seconds < 0 || seconds >= 1e9)
        return refuse_value(reader, value, "a number of seconds from 0 to 1e9");
    *ret = (usec_t)(seconds * (double)USEC_PER_SEC + 0.5);
    return true;
}

static bool read_saved_time(struct replay_reader *reader, const json_t *value, int64_t *ret)
{
    const char *text = json_string_value(value);
    struct tm tm = {0};
    const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

    if (!rest || *rest)
        return refuse_value(reader, value, "a time such as 2026-01-31T12:00:00Z");
    *ret = (int64_t)timegm(&tm);
    return true;
}

static bool read_saved_number(struct replay_reader *reader, const json_t *value,
                              const struct field *field, void *ret)
{
    json_int_t number = json_integer_value(value);
    json_int_t most = field->size == sizeof(uint16_t)   ? UINT16_MAX
                      : field->size == sizeof(uint32_t) ? UINT32_MAX
                                                        : INT64_MAX;

    if (!json_is_integer(value) || number > most || (number < 0 && most != INT64_MAX))
        return refuse_value(reader, value, "an integer that fits");
    if (field->size == sizeof(uint16_t))
        *(uint16_t *)ret = (uint16_t)number;
    else if (field->size == sizeof(uint32_t))
        *(uint32_t *)ret = (uint32_t)number;
    else
        *(int64_t *)ret = number;
    return true;
}

/* The number of the id in `value`. */
static bool read_id(struct replay_reader *reader, const json_t *value, const struct field *field,
                    unsigned *ret)
{
    struct text ids = TEXT_WITH_LIMIT(MAX_PROBLEM);
    const char *found = json_string_value(value);

    for (unsigned i = 0; i < field->limit; i++) {
        if (found && strcmp(found, field->name(i)) == 0) {
            *ret = i;
            text_free(&ids);
            return true;
        }
        text_append_format(&ids, "%s%s", i ? ", " : "one of ", field->name(i));
    }
    refuse_value(reader, value, text_string(&ids));
    text_free(&ids);
    return false;
}

static bool read_set(struct replay_reader *reader, const json_t *value, const struct field *field,
                     unsigned *ret)
{
    unsigned bit = 0;

    if (!json_is_array(value))
        return refuse_value(reader, value, "a list");
    *ret = json_array_size(value) ? 0 : field->empty;
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!read_id(reader, json_array_get(value, i), field, &bit))
            return false;
        *ret |= 1u << bit;
    }
    return true;
}

static bool read_saved_flag(struct replay_reader *reader, const json_t *value, bool *ret)
{
    *ret = json_is_true(value);
    return json_is_boolean(value) || refuse_value(reader, value, "true or false");
}

static bool read_struct(struct replay_reader *reader, const json_t *value,
                        const struct field *field, void *ret)
{
    return json_is_object(value) ? read_rows(reader, value, field->of, ret)
                                 : refuse_value(reader, value, "an object");
}

static bool read_element(struct replay_reader *reader, const json_t *value,
                         const struct field *field, void *ret)
{
    const char *text = json_string_value(value);

    switch (field->kind) {
    case FIELD_TEXT:
        return read_text(reader, value, ret);
    case FIELD_SECONDS:
        return read_seconds(reader, value, ret);
    case FIELD_TIME:
        return read_saved_time(reader, value, ret);
    case FIELD_NUMBER:
        return read_saved_number(reader, value, field, ret);
    case FIELD_FLAG:
        return read_saved_flag(reader, value, ret);
    case FIELD_ENUM:
        return read_id(reader, value, field, ret);
    case FIELD_SET:
        return read_set(reader, value, field, ret);
    case FIELD_ADDRESS:
        return (text && address_parse(text, ret)) || refuse_value(reader, value, "an IP address");
    case FIELD_ENDPOINT:
        return (text && endpoint_parse(text, 53, ret)) ||
               refuse_value(reader, value, "an IP address with a port");
    case FIELD_RANGE:
        return (text && range_parse(text, ret)) ||
               refuse_value(reader, value, "a range of addresses");
    case FIELD_STRUCT:
        return read_struct(reader, value, field, ret);
    case FIELD_ERROR_TEXT:
    case FIELD_INTERNAL:
        break;
    }
    return true;
}

static bool read_list(struct replay_reader *reader, const json_t *value, const struct field *field,
                      void *base)
{
    size_t count = json_array_size(value);
    size_t length = reader->location.length;
    bool valid = true;

    if (!json_is_array(value) || count > field->limit) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "a list of at most %u", field->limit);
        return refuse_value(reader, value, wanted);
    }
    if (field->shape == SHAPE_LIST)
        *(void **)((char *)base + field->offset) =
            arena_allocate(reader->arena, (count + 1) * field->size);
    char *element = field_elements(field, base);
    for (size_t i = 0; element && valid && i < count; i++, element += field->size) {
        text_append_format(&reader->location, "[%zu]", i);
        valid = read_element(reader, json_array_get(value, i), field, element);
        cut_location(reader, length);
    }
    *(size_t *)((char *)base + field->count) = element && valid ? count : 0;
    return element && valid;
}

/* Members of a struct behind a pointer are read from the JSON object of its owner. */
static bool read_inline(struct replay_reader *reader, const json_t *object,
                        const struct field *field, void *base)
{
    void *element = field_elements(field, base);

    if (field->shape == SHAPE_POINTER) {
        element = arena_allocate(reader->arena, field->of->size);
        *(void **)((char *)base + field->offset) = element;
    }
    return element && read_rows(reader, object, field->of, element);
}

static bool read_row(struct replay_reader *reader, const json_t *object, const struct field *field,
                     void *base)
{
    const json_t *value = json_object_get(object, field->key);
    size_t length = reader->location.length;
    bool valid = true;

    text_append_format(&reader->location, "%s%s", length ? "." : "", field->key);
    if (!value || json_is_null(value))
        valid = !(field->flags & FIELD_REQUIRED) || refuse_value(reader, NULL, NULL);
    else if (field->shape == SHAPE_ONE)
        valid = read_element(reader, value, field, (char *)base + field->offset);
    else
        valid = read_list(reader, value, field, base);
    if (field->present)
        *((bool *)base + field->present) = value && !json_is_null(value);
    cut_location(reader, length);
    return valid;
}

static bool read_rows(struct replay_reader *reader, const json_t *object,
                      const struct field_table *table, void *base)
{
    bool valid = true;

    for (size_t i = 0; valid && i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (field->kind == FIELD_INTERNAL || field->flags & FIELD_DERIVED)
            continue;
        valid = field->key ? read_row(reader, object, field, base)
                           : read_inline(reader, object, field, base);
    }
    return valid;
}

/* ---- the document ---- */

static bool read_item(struct replay_reader *reader, const json_t *object, struct replay_item *item)
{
    struct target *target = &item->target;
    struct evidence *evidence = item->evidence;

    if (!json_is_object(object))
        return refuse_value(reader, object, "an object");
    if (!read_rows(reader, object, &target_fields, target) ||
        !read_rows(reader, object, &target_settings_fields, target) ||
        !read_rows(reader, object, &evidence_fields, evidence))
        return false;
    target->host_is_address = address_parse(target->host, &target->address);
    /* A report says why the registry was not asked, but then it has no time of measurement. */
    if (!evidence->registry->measured_at)
        evidence->registry = NULL;
    return true;
}

static int read_items(struct replay *replay, const char *path, char *error, size_t error_size)
{
    const json_t *targets = json_object_get(replay->document, "targets");
    size_t count = json_array_size(targets);

    if (json_integer_value(json_object_get(replay->document, "schema_version")) != 1 || !count) {
        snprintf(error, error_size, "%s: not a report: schema_version 1 and targets are needed",
                 path);
        return -1;
    }
    replay->items = memory_allocate(count * sizeof(*replay->items));
    snprintf(error, error_size, "%s: out of memory", path);
    for (size_t i = 0; replay->items && i < count; i++) {
        struct replay_reader reader = {.location = TEXT_WITH_LIMIT(MAX_LOCATION),
                                       .problem = TEXT_WITH_LIMIT(MAX_PROBLEM)};
        struct evidence *evidence = evidence_new();
        replay->items[replay->count++].evidence = evidence;
        if (!evidence)
            return -1;
        reader.arena = evidence->arena;
        text_append_format(&reader.location, "targets[%zu]", i);
        bool valid = read_item(&reader, json_array_get(targets, i), &replay->items[i]);
        if (reader.problem.length)
            snprintf(error, error_size, "%s: %s", path, text_string(&reader.problem));
        text_free(&reader.location);
        text_free(&reader.problem);
        if (!valid || arena_failed(evidence->arena))
            return -1;
    }
    return replay->items ? 0 : -1;
}

static FILE *open_report(const char *path, char *error, size_t error_size)
{
    FILE *file = fopen(path, "re");
    struct stat status;

    if (file && fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(file);
        file = NULL;
        errno = EISDIR;
    }
    if (!file)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    return file;
}

/* NULL with one line in `error`. */
static json_t *load_report(const char *path, char *error, size_t error_size)
{
    FILE *file = open_report(path, error, error_size);
    uint64_t failures = memory_failures();
    json_t *document = NULL;
    json_error_t json_error;

    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (size_t)ftell(file) > REPLAY_MAX_FILE) {
        snprintf(error, error_size, "%s: larger than 16 MiB", path);
        fclose(file);
        return NULL;
    }
    rewind(file);
    document = libraries_read_json(file, &json_error);
    fclose(file);
    if (!document && memory_failures() != failures)
        snprintf(error, error_size, "%s: out of memory", path);
    else if (!document)
        snprintf(error, error_size, "%s:%d:%d: not valid JSON", path, json_error.line,
                 json_error.column);
    return document;
}

int replay_read(const char *path, struct replay **ret, char *error, size_t error_size)
{
    struct replay *replay = memory_allocate(sizeof(*replay));

    if (!replay) {
        snprintf(error, error_size, "%s: out of memory", path);
        return -1;
    }
    replay->document = load_report(path, error, error_size);
    if (!replay->document || read_items(replay, path, error, error_size)) {
        replay_free(replay);
        return -1;
    }
    if (error_size)
        *error = '\0';
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
