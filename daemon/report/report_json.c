/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "daemon/report/report.h"
#include "daemon/report/target_fields.h"
#include "daemon/report/vantage.h"

json_t *report_json_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *report_json_seconds(usec_t duration)
{
    return json_real((double)duration / (double)USEC_PER_SEC);
}

json_t *report_json_time(int64_t seconds)
{
    char buffer[32];
    struct tm tm;
    time_t when = (time_t)seconds;

    if (!seconds || !gmtime_r(&when, &tm) ||
        !strftime(buffer, sizeof(buffer), "%Y-%m-%dT%H:%M:%SZ", &tm))
        return json_null();
    return json_string(buffer);
}

/* ---- the fields of a struct by its table ---- */

static bool write_rows(json_t *object, const struct field_table *table, const void *base);

static json_t *number_json(const struct field *field, const void *value)
{
    switch (field->size) {
    case sizeof(uint16_t):
        return json_integer(*(const uint16_t *)value);
    case sizeof(uint32_t):
        return json_integer(*(const uint32_t *)value);
    default:
        return json_integer(*(const int64_t *)value);
    }
}

static json_t *set_json(const struct field *field, unsigned value)
{
    json_t *list = json_array();

    for (unsigned bit = 0; bit < field->limit; bit++)
        if (value & (1u << bit) && json_array_append_new(list, json_string(field->name(bit)))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *address_json(const struct address *address)
{
    char buffer[ADDRESS_TEXT_SIZE];

    return address->family == AF_UNSPEC ? json_null()
                                        : json_string(address_format(address, buffer));
}

static json_t *struct_json(const struct field *field, const void *value)
{
    json_t *object = json_object();

    if (object && write_rows(object, field->of, value))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *element_json(const struct field *field, const void *value)
{
    char buffer[RANGE_TEXT_SIZE + ENDPOINT_TEXT_SIZE];

    switch (field->kind) {
    case FIELD_TEXT:
        return report_json_text(*(const char *const *)value);
    case FIELD_SECONDS:
        return report_json_seconds(*(const usec_t *)value);
    case FIELD_TIME:
        return report_json_time(*(const int64_t *)value);
    case FIELD_NUMBER:
        return number_json(field, value);
    case FIELD_FLAG:
        return json_boolean(*(const bool *)value);
    case FIELD_ENUM:
        return json_string(field->name(*(const unsigned *)value));
    case FIELD_SET:
        return set_json(field, *(const unsigned *)value);
    case FIELD_ERROR_TEXT:
        return *(const int *)value ? json_string(strerror(*(const int *)value)) : json_null();
    case FIELD_ADDRESS:
        return address_json(value);
    case FIELD_ENDPOINT:
        return json_string(endpoint_format(value, buffer));
    case FIELD_RANGE:
        return json_string(range_format(value, buffer));
    case FIELD_STRUCT:
        return struct_json(field, value);
    case FIELD_INTERNAL:
        break;
    }
    return NULL;
}

static json_t *field_json(const struct field *field, const void *base)
{
    size_t count = field_element_count(field, base);
    const char *element = field_elements(field, base);

    if (field->present && !*((const bool *)base + field->present))
        return json_null();
    if (field->shape == SHAPE_ONE || field->shape == SHAPE_POINTER)
        return count ? element_json(field, element) : json_null();
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++, element += field->size)
        if (json_array_append_new(list, element_json(field, element))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static bool write_rows(json_t *object, const struct field_table *table, const void *base)
{
    bool whole = true;

    for (size_t i = 0; whole && i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (field->kind == FIELD_INTERNAL)
            continue;
        if (field->key)
            whole = json_object_set_new(object, field->key, field_json(field, base)) == 0;
        else if (field_element_count(field, base))
            whole = write_rows(object, field->of, field_elements(field, base));
    }
    return whole;
}

/* ---- one target ---- */

static json_t *text_list(const char *const *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, report_json_text(list[i]));
    return array;
}

static json_t *finding_list(const struct diagnosis *diagnosis)
{
    json_t *list = json_array();

    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        json_array_append_new(
            list,
            json_pack(
                "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "cause", cause_name(finding->cause),
                "severity", severity_name(finding->severity), "confidence",
                confidence_name(finding->confidence), "summary", report_json_text(finding->summary),
                "evidence", text_list(finding->evidence, finding->evidence_count), "remedy",
                text_list(finding->remedy, finding->remedy_count), "pull_errors",
                text_list(finding->pull_errors, finding->pull_error_count), "docs", finding->docs));
    }
    return list;
}

static json_t *skipped_images(const struct target *target, const char *reason)
{
    json_t *list = json_array();

    for (size_t i = 0; i < target->image_count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "image", target->images[i], "outcome",
                                        manifest_outcome_name(MANIFEST_SKIPPED), "reason", reason));
    return list;
}

/* Auth and images if the registry was not asked, else their age. */
static json_t *registry_extra(const struct target *target, const struct evidence *evidence)
{
    const struct registry_evidence *registry = evidence->registry;
    const char *reason = target->image_count || target->docker_config_count
                             ? "the registry did not answer at /v2/"
                             : "no image and no docker config";

    if (registry)
        return json_pack("{s:{s:I}}", "auth", "age_seconds",
                         (json_int_t)(evidence->measured_at - registry->measured_at));
    return json_pack("{s:{s:s, s:s, s:n, s:[], s:n, s:n}, s:o}", "auth", "outcome",
                     auth_outcome_name(AUTH_SKIPPED), "reason", reason, "realm", "granted",
                     "measured_at", "age_seconds", "images", skipped_images(target, reason));
}

static json_t *verdict_json(const struct diagnosis *diagnosis)
{
    return json_pack("{s:s, s:s, s:o}", "status", severity_name(diagnosis->status), "cause",
                     cause_name(diagnosis->findings[0].cause), "findings", finding_list(diagnosis));
}

/* Takes over the reference to `other`. */
static bool merge(json_t *object, json_t *other)
{
    bool merged = other && json_object_update_recursive(object, other) == 0;

    json_decref(other);
    return merged;
}

json_t *report_json_target(const struct target_report *report)
{
    const struct target *target = report->target;
    json_t *object = json_object();

    if (object && write_rows(object, &target_fields, target) &&
        merge(object, verdict_json(report->diagnosis)) &&
        write_rows(object, &evidence_fields, report->evidence) &&
        merge(object, registry_extra(target, report->evidence)) &&
        write_rows(object, &target_settings_fields, target))
        return object;
    json_decref(object);
    return NULL;
}

/* ---- the document ---- */

json_t *report_json(enum severity status, json_t *targets)
{
    return json_pack("{s:i, s:s, s:o, s:o, s:s, s:o}", "schema_version", 1, "version",
                     TCRPROBE_VERSION, "generated_at",
                     report_json_time(clock_wall() / (int64_t)USEC_PER_SEC), "vantage",
                     vantage_json(), "status", severity_name(status), "targets", targets);
}

static int append_piece(const char *bytes, size_t length, void *text)
{
    text_append_bytes(text, bytes, length);
    return text_truncated(text) ? -1 : 0;
}

bool report_json_append(struct text *text, json_t *document, size_t flags)
{
    bool whole = document && json_dump_callback(document, append_piece, text, flags) == 0;

    json_decref(document);
    return whole;
}
