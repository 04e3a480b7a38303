/* SPDX-License-Identifier: MIT */
/*
 * Reports that are not ours, each with the place of the mistake; and a report about several
 * registries at once.
 */

#include <jansson.h>
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
#include "tests/support.h"
#include "tests/unit/daemon/watch/watch_scene.h"

static const struct scenario scenario = {
    PULL((.outcome = AUTH_ACCEPTED), .outcome = MANIFEST_FOUND, .blob.outcome = BLOB_OK),
    .dns = {POD(GIVES_PUBLIC)},
    .paths = {PUBLIC(VIEW_POD, API(API_REGISTRY))},
    .controls = {INTERNET(CONTROL_OK)},
};

/* A good report as JSON. */
static json_t *good_report(void)
{
    static const struct network_settings network = {
        .control_count = 1,
        .controls = {{.kind = CONTROL_VPC, .name = "c", .host = "c", .port = 1}}};
    struct target target;
    struct evidence *evidence = scenario_measure(&scenario, &target);

    target.network = &network;
    target.image_count = 1;
    target.images[0] = "team/app:1";
    evidence->controls[0].name = "internet";
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    json_t *targets = json_array();
    json_array_append_new(
        targets, report_json_target(&(struct target_report){&target, evidence, diagnosis}));
    json_t *document = report_json(diagnosis->status, targets);
    diagnosis_free(diagnosis);
    evidence_free(evidence);
    assert_non_null(document);
    return document;
}

/* The message for a file of that content; "" where it is taken. */
static char *read_text(const char *content, size_t length)
{
    static char error[512];
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    struct replay *replay = NULL;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), length);
    close(fd);
    error[0] = '\0';
    int status = replay_read(path, &replay, error, sizeof(error));
    assert_int_equal(status == 0, *error == '\0');
    if (status == 0)
        replay_free(replay);
    unlink(path);
    return error;
}

static char *read_document(json_t *document)
{
    struct text text = TEXT_WITH_LIMIT(1 << 20);

    assert_true(report_json_append(&text, document, 0));
    char *error = read_text(text_string(&text), text.length);
    text_free(&text);
    return error;
}

/* The parent of the last name of a path such as "targets.0.dns.0.type". */
static json_t *parent_of(json_t *document, char *path, const char **ret_name)
{
    json_t *at = document;
    char *rest = NULL;
    char *name = strtok_r(path, ".", &rest);

    for (char *next = strtok_r(NULL, ".", &rest); next; next = strtok_r(NULL, ".", &rest)) {
        at = json_is_array(at) ? json_array_get(at, strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        name = next;
    }
    *ret_name = name;
    return at;
}

static const struct row {
    const char *path;
    const char *value; /* JSON */
    const char *wrong; /* "": it is taken */
} rows[] = {
    {"version", "\"9\"", ""},
    {"schema_version", "2", "not a report"},
    {"schema_version", "\"1\"", "not a report"},
    {"targets", "[]", "not a report"},
    {"targets", "{}", "not a report"},
    {"targets.0", "7", ": targets[0]: 7 is not an object"},
    {"targets.0.name", "null", "targets[0].name: missing"},
    {"targets.0.host", "7", "targets[0].host: 7 is not a text without control characters"},
    {"targets.0.host", "\"a\\u001bb\"", "host: \"a\\x1bb\" is not a text without"},
    {"targets.0.host", "\"a\\u007fb\"", "host: \"a\\x7fb\" is not a text without"},
    {"targets.0.host", "\"a\\u0085b\"", "host: \"a\\xc2\\x85b\" is not a text without"},
    {"targets.0.host", "\"a\\u00e4b\"", ""},
    {"targets.0.port", "70000", "targets[0].port: 70000 is not an integer that fits"},
    {"targets.0.port", "-1", "targets[0].port: -1 is not an integer that fits"},
    {"targets.0.settings", "[]", "targets[0].settings: [] is not an object"},
    {"targets.0.settings.expect", "\"nothing\"",
     "settings.expect: \"nothing\" is not one of any, private, public"},
    {"targets.0.settings.expect", "null", "settings.expect: missing"},
    {"targets.0.settings.profile", "\"eks\"", "settings.profile: \"eks\" is not one of none"},
    {"targets.0.settings.linkage_address", "\"10.0.3\"",
     "settings.linkage_address: \"10.0.3\" is not an IP address"},
    {"targets.0.settings.linkage_address", "\"10.0.3.7\"", ""},
    {"targets.0.settings.images.0", "7", "settings.images[0]: 7 is not a text"},
    {"targets.0.settings.images", "\"a\"", "settings.images: \"a\" is not a list of at most 16"},
    {"targets.0.settings.controls.0.kind", "\"cloud\"",
     "settings.controls[0].kind: \"cloud\" is not one of vpc, internet"},
    {"targets.0.settings.resolvers.host", "[\"dns.example\"]",
     "settings.resolvers.host[0]: \"dns.example\" is not an IP address with a port"},
    {"targets.0.settings.resolvers.host", "[\"10.0.0.2\"]", ""},
    {"targets.0.settings.private_ranges", "[\"10.0.0.1/8\"]",
     "settings.private_ranges[0]: \"10.0.0.1/8\" is not a range of addresses"},
    {"targets.0.settings.token_hosts", "[\"auth.example\"]", ""},
    {"targets.0.settings.plain_http", "1", "settings.plain_http: 1 is not true or false"},
    {"targets.0.settings.timeout_seconds", "-1", "timeout_seconds: -1 is not a number of seconds"},
    {"targets.0.dns.0.role", "\"node\"", "dns[0].role: \"node\" is not one of pod, host"},
    {"targets.0.dns.0.outcome", "\"fine\"", "dns[0].outcome: \"fine\" is not one of skipped, "},
    {"targets.0.dns.0.name", "null", "dns[0].name: missing"},
    {"targets.0.dns.0.queried", "\"vpc\"", ""},
    {"targets.0.dns.0.resolver", "null", "dns[0].resolver: missing"},
    {"targets.0.dns.0.resolver", "\"dns.example\"", "dns[0].resolver: \"dns.example\""},
    {"targets.0.dns.0.addresses.0.address", "\"10\"", "dns[0].addresses[0].address: \"10\""},
    {"targets.0.dns.0.addresses.0.class", "\"odd\"", "dns[0].addresses[0].class: \"odd\""},
    {"targets.0.dns.0.cnames", "[null]", "dns[0].cnames[0]: null is not a text"},
    {"targets.0.paths.0.views", "[]", ""}, /* as configured, then */
    {"targets.0.paths.0.views", "[\"cloud\"]", "paths[0].views: \"cloud\" is not one of pod, "},
    {"targets.0.paths.0.tcp", "null", "paths[0].tcp: missing"},
    {"targets.0.paths.0.tcp.outcome", "\"fine\"", "paths[0].tcp.outcome: \"fine\""},
    {"targets.0.paths.0.trials", "null", ""}, /* a report of an earlier version */
    {"targets.0.paths.0.trials.clamped", "null", "paths[0].trials.clamped: missing"},
    {"targets.0.paths.0.tls.defects", "[7]", "paths[0].tls.defects: 7 is not one of self_signed"},
    {"targets.0.paths.0.api.peer_time", "\"today\"", "api.peer_time: \"today\" is not a time such"},
    {"targets.0.controls.0.outcome", "null", "controls[0].outcome: missing"},
    {"targets.0.auth.outcome", "\"fine\"", "targets[0].auth.outcome: \"fine\""},
    {"targets.0.auth.granted", "[7]", "auth.granted[0]: 7 is not a text"},
    {"targets.0.auth.measured_at", "null", ""}, /* then nothing of it was measured */
    {"targets.0.images.0.outcome", "\"fine\"", "images[0].outcome: \"fine\""},
    {"targets.0.images.0.blob.outcome", "\"fine\"", "images[0].blob.outcome: \"fine\""},
    {"targets.0.images.0.image", "null", "images[0].image: missing"},
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *document = good_report();
        json_t *value = json_loads(rows[i].value, JSON_DECODE_ANY, NULL);
        char path[128];
        const char *name;
        snprintf(path, sizeof(path), "%s", rows[i].path);
        json_t *parent = parent_of(document, path, &name);
        if (json_is_array(parent))
            json_array_set_new(parent, strtoul(name, NULL, 10), value);
        else
            assert_int_equal(json_object_set_new(parent, name, value), 0);
        const char *wrong = read_document(document);
        if ((*rows[i].wrong == '\0') != (*wrong == '\0') || !strstr(wrong, rows[i].wrong))
            fail_msg("%s = %s: \"%s\"", rows[i].path, rows[i].value, wrong);
    }
}

static void files_that_are_no_report(void **state)
{
    char *large = calloc(1, REPLAY_MAX_FILE + 1);
    struct replay *replay = NULL;
    char error[512];

    (void)state;
    assert_int_equal(replay_read("/nonexistent/file", &replay, error, sizeof(error)), -1);
    assert_string_equal(error, "/nonexistent/file: No such file or directory");
    assert_int_equal(replay_read("/", &replay, error, sizeof(error)), -1);
    assert_string_equal(error, "/: Is a directory");
    assert_non_null(strstr(read_text("", 0), ":1:0: not valid JSON"));
    assert_non_null(strstr(read_text("{\"a\":1,\n\"a\":2}", 14), ":2:3: not valid JSON"));
    assert_non_null(strstr(read_text("[1]", 3), "not a report"));
    memset(large, ' ', REPLAY_MAX_FILE + 1);
    assert_non_null(strstr(read_text(large, REPLAY_MAX_FILE + 1), ": larger than 16 MiB"));
    free(large);
}

/* ---- text ---- */

/* Registries of one pod share an annotation's line. */
static void annotations_name_every_registry(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        enum cause cause;
    } registries[] = {
        {"a.example", 443, CAUSE_TLS_PLAIN_HTTP},
        {"b.example", 5000, CAUSE_TLS_PLAIN_HTTP},
        {"fd00::7", 5000, CAUSE_TLS_PLAIN_HTTP},
        {"c.example", 443, CAUSE_TLS_UNTRUSTED_ISSUER},
    };
    struct target targets[4];
    struct diagnosis diagnoses[4];
    struct target_report reports[4];
    struct text text = TEXT_WITH_LIMIT(4096);

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        targets[i] = (struct target){.host = registries[i].host, .port = registries[i].port};
        diagnoses[i] = (struct diagnosis){
            .count = 2, .findings = {{.cause = CAUSE_OK_PUBLIC}, {.cause = registries[i].cause}}};
        reports[i] = (struct target_report){&targets[i], NULL, &diagnoses[i]};
    }
    report_text_annotations(&text, reports, 4);
    assert_string_equal(text_string(&text), "\nOne line for the 3 registries with tls_plain_http:\n"
                                            "eks.tke.cloud.tencent.com/registry-http-endpoint: "
                                            "\"a.example,b.example:5000,[fd00::7]:5000\"\n");
    text_clear(&text);
    report_text_annotations(&text, reports, 1);
    assert_string_equal(text_string(&text), "");
    text_free(&text);
}

static void long_words_are_cut_where_the_line_ends(void **state)
{
    static const struct {
        const char *sentence;
        const char *wrapped;
    } rows_of_text[] = {
        {"", "\n"},
        {"one", "one\n"},
        {"one two three", "one two\n  three\n"},
        {"12345678", "12345678\n"},
        {"1234567890123456789", "12345678\n  90123456\n  789\n"},
        {"a 123456789 b", "a\n  12345678\n  9 b\n"},
        {"one  two", "one  two\n"},
    };
    struct text text = TEXT_WITH_LIMIT(4096);

    (void)state;
    for (size_t i = 0; i < sizeof(rows_of_text) / sizeof(rows_of_text[0]); i++) {
        text_clear(&text);
        report_wrapped(&text, rows_of_text[i].sentence, 2, 10);
        assert_string_equal(text_string(&text), rows_of_text[i].wrapped);
    }
    text_free(&text);
}

/* Colour adds escapes and nothing else. */
static void colour_changes_no_word(void **state)
{
    struct target target;
    struct evidence *evidence = scenario_measure(&scenario, &target);
    struct diagnosis *diagnosis = diagnose(evidence, &target);
    const struct target_report report = {&target, evidence, diagnosis};
    struct text plain = TEXT_WITH_LIMIT(65536);
    struct text coloured = TEXT_WITH_LIMIT(65536);
    struct text stripped = TEXT_WITH_LIMIT(65536);

    (void)state;
    report_text(&plain, &report, 1, &(struct report_style){.width = 80});
    report_text(&coloured, &report, 1, &(struct report_style){.colour = true, .width = 80});
    assert_null(strchr(text_string(&plain), '\x1b'));
    assert_int_equal(strncmp(text_string(&coloured), "\x1b[32mOK\x1b[0m - ", 14), 0);
    for (const char *at = text_string(&coloured); *at; at++) {
        if (*at == '\x1b')
            at = strchr(at, 'm');
        else
            text_append_bytes(&stripped, at, 1);
    }
    assert_string_equal(text_string(&stripped), text_string(&plain));
    text_free(&plain);
    text_free(&coloured);
    text_free(&stripped);
    diagnosis_free(diagnosis);
    evidence_free(evidence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(files_that_are_no_report),
        cmocka_unit_test(annotations_name_every_registry),
        cmocka_unit_test(long_words_are_cut_where_the_line_ends),
        cmocka_unit_test(colour_changes_no_word),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
