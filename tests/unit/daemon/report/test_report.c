/* SPDX-License-Identifier: MIT */
/*
 * Every scenario of the diagnosis as a report: the JSON's fields, the findings of its replay,
 * and a text that fits 80 columns.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/report/replay.h"
#include "daemon/report/report.h"
#include "daemon/report/target_fields.h"
#include "tests/unit/probes/diagnosis/scenarios.h"

#define COLUMNS 80

typedef void scenario_fn(const struct scenario *scenario, const struct target_report *report);

static void each_scenario(scenario_fn *run)
{
    const struct {
        const struct scenario *list;
        size_t count;
    } tables[] = {{scenarios_network, scenarios_network_count},
                  {scenarios_registry, scenarios_registry_count},
                  {scenarios_pull, scenarios_pull_count},
                  {scenarios_texts, scenarios_texts_count}};
    static const struct network_settings network;

    for (size_t table = 0; table < sizeof(tables) / sizeof(tables[0]); table++)
        for (size_t i = 0; i < tables[table].count; i++) {
            struct target target;
            struct evidence *evidence = scenario_measure(&tables[table].list[i], &target);
            target.network = &network;
            struct diagnosis *diagnosis = diagnose(evidence, &target);
            assert_non_null(diagnosis);
            run(&tables[table].list[i], &(struct target_report){&target, evidence, diagnosis});
            diagnosis_free(diagnosis);
            evidence_free(evidence);
        }
}

/* ---- replay ---- */

static struct replay *write_and_read(const struct target_report *report)
{
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    char error[256] = "";
    struct replay *replay = NULL;
    int fd = mkstemp(path);
    json_t *targets = json_array();
    json_array_append_new(targets, report_json_target(report));
    json_t *document = report_json(report->diagnosis->status, targets);

    assert_true(fd >= 0);
    assert_non_null(document);
    close(fd);
    assert_int_equal(json_dump_file(document, path, JSON_INDENT(2)), 0); /* in few writes */
    json_decref(document);
    if (replay_read(path, &replay, error, sizeof(error)))
        print_error("%s\n", error);
    unlink(path);
    assert_non_null(replay);
    return replay;
}

static void compare_findings(const struct scenario *scenario, const struct diagnosis *wanted,
                             const struct diagnosis *found)
{
    bool same = found->count == wanted->count;

    for (size_t i = 0; same && i < wanted->count; i++)
        same = found->findings[i].cause == wanted->findings[i].cause &&
               found->findings[i].severity == wanted->findings[i].severity &&
               found->findings[i].confidence == wanted->findings[i].confidence &&
               strcmp(found->findings[i].summary, wanted->findings[i].summary) == 0 &&
               found->findings[i].evidence_count == wanted->findings[i].evidence_count;
    if (!same)
        print_error("%s: a replay finds something else: %s\n", scenario->name,
                    cause_name(found->findings[0].cause));
    assert_true(same);
}

static void replay_one(const struct scenario *scenario, const struct target_report *report)
{
    struct replay *replay = write_and_read(report);
    struct diagnosis *again = diagnose(replay_evidence(replay, 0), replay_target(replay, 0));

    assert_non_null(again);
    compare_findings(scenario, report->diagnosis, again);
    diagnosis_free(again);
    replay_free(replay);
}

static void a_replay_finds_the_same(void **state)
{
    (void)state;
    each_scenario(replay_one);
}

/* ---- packed evidence ---- */

/* The evidence owns every text, and is gone when the packed one is read. */
static void says_the_same_when_packed(const struct scenario *scenario,
                                      const struct target_report *report)
{
    struct replay *replay = write_and_read(report);
    const struct target_report read = {report->target, replay_evidence(replay, 0),
                                       report->diagnosis};
    struct evidence_buffer room = {0};

    (void)scenario;
    json_t *one = report_json_target(&read);
    struct kept_bytes *packed = evidence_pack(read.evidence, &room);
    replay_free(replay);
    assert_non_null(packed);
    /* unfilled memory must not be read */
    memset(&room.evidence, 0xff, sizeof(room.evidence));
    memset(room.bytes, 0xff, room.size);
    struct target_report again = {report->target, evidence_unpack(packed, &room),
                                  report->diagnosis};
    json_t *other = report_json_target(&again);
    assert_true(json_equal(one, other));
    json_decref(one);
    json_decref(other);
    kept_bytes_free(packed);
    evidence_buffer_free(&room);
}

/* ---- every field ---- */

static void fill_struct(const struct field_table *table, void *base, struct arena *arena);

/* Another value for every field. */
static void fill_element(const struct field *field, void *element, struct arena *arena)
{
    static unsigned value;
    int64_t number;

    value = value % 60000 + 1;
    number = (int64_t)value; /* little-endian, as all we build for */
    switch (field->kind) {
    case FIELD_TEXT:
        *(const char **)element = arena_format(arena, "text %u", value);
        break;
    case FIELD_SECONDS:
        *(usec_t *)element = value;
        break;
    case FIELD_TIME:
        *(int64_t *)element = 1700000000 + (int64_t)value;
        break;
    case FIELD_NUMBER:
        memcpy(element, &number, field->size);
        break;
    case FIELD_FLAG:
        *(bool *)element = true;
        break;
    case FIELD_ENUM:
        *(unsigned *)element = field->limit - 1 - value % (field->limit - 1);
        break;
    case FIELD_SET:
        *(unsigned *)element = (1u << field->limit) - 1;
        break;
    case FIELD_ADDRESS:
    case FIELD_ENDPOINT:
        *(struct address *)element =
            (struct address){AF_INET, {10, 0, (uint8_t)(value >> 8), (uint8_t)value}};
        if (field->kind == FIELD_ENDPOINT)
            ((struct endpoint *)element)->port = (uint16_t)value;
        break;
    case FIELD_RANGE:
        *(struct range *)element = (struct range){{AF_INET, {10, (uint8_t)value}}, 16};
        break;
    case FIELD_STRUCT:
        fill_struct(field->of, element, arena);
        break;
    case FIELD_ERROR_TEXT:
    case FIELD_INTERNAL:
        break;
    }
}

/* Every list has as many elements as it may have. */
static void fill_struct(const struct field_table *table, void *base, struct arena *arena)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        size_t count = field->shape == SHAPE_ARRAY || field->shape == SHAPE_LIST ? field->limit : 1;

        if (field->kind == FIELD_INTERNAL || field->flags & FIELD_DERIVED)
            continue;
        if (field->present)
            *((bool *)base + field->present) = true;
        if (field->shape == SHAPE_LIST || field->shape == SHAPE_POINTER)
            *(void **)((char *)base + field->offset) = arena_allocate(arena, count * field->size);
        if (field->shape == SHAPE_ARRAY || field->shape == SHAPE_LIST)
            *(size_t *)((char *)base + field->count) = count;
        char *element = field_elements(field, base);
        for (size_t j = 0; j < count; j++)
            fill_element(field, element + j * field->size, arena);
    }
    assert_false(arena_failed(arena));
}

/* tests/schema.py holds the document against the schema. */
static void save_for_the_schema(json_t *target)
{
    const char *path = getenv("TCR_PROBE_TEST_REPORT");
    json_t *document = report_json(SEVERITY_FAIL, json_pack("[o]", target));

    assert_non_null(document);
    if (path)
        assert_int_equal(json_dump_file(document, path, JSON_INDENT(2)), 0);
    json_decref(document);
}

static void every_field_is_written_read_and_copied(void **state)
{
    struct evidence *evidence = evidence_new();
    struct target target = {0};

    (void)state;
    fill_struct(&target_fields, &target, evidence->arena);
    fill_struct(&target_settings_fields, &target, evidence->arena);
    fill_struct(&evidence_fields, evidence, evidence->arena);
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    const struct target_report report = {&target, evidence, diagnosis};
    struct replay *replay = write_and_read(&report);
    const struct target_report again = {replay_target(replay, 0), replay_evidence(replay, 0),
                                        diagnosis};
    json_t *written = report_json_target(&report);
    json_t *read = report_json_target(&again);
    assert_non_null(written);
    assert_true(json_equal(written, read));
    says_the_same_when_packed(NULL, &report);
    save_for_the_schema(written);
    json_decref(read);
    replay_free(replay);
    diagnosis_free(diagnosis);
    evidence_free(evidence);
}

static void packing_loses_nothing(void **state)
{
    (void)state;
    each_scenario(says_the_same_when_packed);
}

/* ---- JSON ---- */

static void require_fields(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        if (!json_object_get(object, *names))
            print_error("the report has no \"%s\"\n", *names);
        assert_non_null(json_object_get(object, *names));
    }
}

static const json_t *first_of(const json_t *object, const char *list)
{
    return json_array_get(json_object_get(object, list), 0);
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void fields_of(const struct scenario *scenario, const struct target_report *report)
{
    json_t *target = report_json_target(report);
    const json_t *dns = first_of(target, "dns");
    const json_t *path = first_of(target, "paths");

    (void)scenario;
    require_fields(target,
                   FIELDS("name", "host", "port", "expect", "status", "cause", "findings", "dns",
                          "paths", "controls", "auth", "images", "egress_address", "settings"));
    require_fields(first_of(target, "findings"),
                   FIELDS("cause", "severity", "confidence", "summary", "evidence", "remedy",
                          "pull_errors", "docs"));
    if (dns)
        require_fields(dns, FIELDS("role", "resolver", "name", "type", "outcome",
                                   "duration_seconds", "cnames", "addresses"));
    if (dns && first_of(dns, "addresses"))
        require_fields(first_of(dns, "addresses"), FIELDS("address", "class", "rule", "ttl"));
    if (path) {
        require_fields(path, FIELDS("address", "class", "views", "tcp", "tls", "api", "trials"));
        require_fields(json_object_get(path, "tcp"),
                       FIELDS("outcome", "duration_seconds", "error"));
        require_fields(
            json_object_get(path, "tls"),
            FIELDS("outcome", "duration_seconds", "version", "cipher", "defects", "certificate"));
        require_fields(json_object_get(path, "api"),
                       FIELDS("outcome", "status", "duration_seconds"));
    }
    json_decref(target);
}

static void the_json_has_every_field(void **state)
{
    (void)state;
    each_scenario(fields_of);
}

/* ---- text ---- */

static void fits(const struct scenario *scenario, const struct target_report *report)
{
    const struct report_style style = {.colour = false, .width = COLUMNS};
    struct text text = TEXT_WITH_LIMIT(65536);
    size_t lines = 0;

    report_text(&text, report, 1, &style);
    for (const char *line = text_string(&text); *line; lines++) {
        size_t length = strcspn(line, "\n");
        if (lines && length > COLUMNS) /* the first is one line whatever it takes */
            print_error("%s: %zu columns: %.*s\n", scenario->name, length, (int)length, line);
        assert_true(!lines || length <= COLUMNS);
        line += length + (line[length] == '\n');
    }
    assert_true(lines > 2);
    text_free(&text);
}

static void the_text_fits_a_terminal(void **state)
{
    (void)state;
    each_scenario(fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_loses_nothing),
        cmocka_unit_test(every_field_is_written_read_and_copied),
        cmocka_unit_test(a_replay_finds_the_same),
        cmocka_unit_test(the_json_has_every_field),
        cmocka_unit_test(the_text_fits_a_terminal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
