/* SPDX-License-Identifier: MIT */
#include "daemon/kubernetes/event_document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support.h"

static const struct event_pod web = {"web-0", "team-a", "11111111-2222-3333-4444-555555555555",
                                     "spec.containers{app}"};

static const struct event_news blocked = {
    .target = "acme-prod.tencentcloudcr.com",
    .blocked = true,
    .cause = "nat_missing",
    .sentence = "10.0.1.5 cannot reach 43.128.10.20:443.",
    .step = "Create a NAT gateway.",
    .at = 1795564800000042,
};

/* ---- names ---- */

static void test_the_name_follows_from_pod_target_and_cause(void **state)
{
    struct event_news other = blocked;
    struct event_pod pod = web;
    char names[6][CLUSTER_NAME_SIZE];

    (void)state;
    event_name(&web, &blocked, names[0]);
    other.at++;
    other.sentence = "Another sentence.";
    event_name(&web, &other, names[1]);
    assert_string_equal(names[0], names[1]);
    other.cause = "allowlist_missing";
    event_name(&web, &other, names[1]);
    other.target = "acme-test";
    event_name(&web, &other, names[2]);
    other.blocked = false;
    event_name(&web, &other, names[3]);
    pod.uid = "other";
    event_name(&pod, &blocked, names[4]);
    for (size_t i = 0; i < 5; i++) {
        assert_true(cluster_name_is_valid(names[i]));
        assert_memory_equal(names[i], "web-0.", 6);
        for (size_t n = 0; n < i; n++)
            assert_string_not_equal(names[i], names[n]);
    }
}

static void test_the_name_of_a_long_pod_is_valid(void **state)
{
    char long_name[CLUSTER_NAME_SIZE] = "";
    char name[CLUSTER_NAME_SIZE];
    struct event_pod pod = web;

    (void)state;
    pod.name = long_name;
    for (size_t length = 1; length < CLUSTER_NAME_SIZE; length++) {
        memset(long_name, 'a', length);
        if (length > 230)
            memset(long_name + 220, '-', length - 221);
        event_name(&pod, &blocked, name);
        if (!cluster_name_is_valid(name) || strlen(name) > 253)
            fail_msg("%zu: %s", length, name);
    }
}

static void test_what_is_a_pod(void **state)
{
    struct event_pod pod = web;

    (void)state;
    assert_true(event_pod_is_valid(&web));
    pod.field_path = NULL;
    assert_true(event_pod_is_valid(&pod));
    pod.field_path = "spec.containers{a b}";
    assert_false(event_pod_is_valid(&pod));
    pod = web;
    pod.name = "web/0";
    assert_false(event_pod_is_valid(&pod));
    pod = web;
    pod.space = "";
    assert_false(event_pod_is_valid(&pod));
    pod = web;
    pod.uid = "1\"";
    assert_false(event_pod_is_valid(&pod));
}

/* ---- notes ---- */

static bool is_utf8(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80) {
            size_t length = text_utf8_length(text);
            if (!length)
                return false;
            text += length - 1;
        }
    return true;
}

static void test_a_note(void **state)
{
    struct text note = TEXT_WITH_LIMIT(EVENT_MAX_NOTE);
    struct event_news news = blocked;

    (void)state;
    event_note(&blocked, &note);
    assert_string_equal(text_string(&note),
                        "acme-prod.tencentcloudcr.com: 10.0.1.5 cannot reach 43.128.10.20:443. "
                        "First step: Create a NAT gateway. Details: tcr-probe explain nat_missing");
    text_clear(&note);
    news.step = NULL;
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): as an escape, to be blanked */
    news.sentence = "acme-prod.tencentcloudcr.com is not there.";
    event_note(&news, &note);
    assert_string_equal(text_string(&note), "acme-prod.tencentcloudcr.com is not there. "
                                            "Details: tcr-probe explain nat_missing");
    text_free(&note);
}

/* Every length of Chinese text, with every offset of its characters: whole characters, within the
 * limit, and the command at the end. */
static void test_a_long_note_is_cut_between_characters(void **state)
{
    static const char character[] = "公"; /* three bytes */
    char sentence[4096] = "";
    struct event_news news = blocked;

    (void)state;
    news.sentence = sentence;
    for (size_t offset = 0; offset < 3; offset++)
        for (size_t count = 280; count < 360; count++) {
            struct text note = TEXT_WITH_LIMIT(2 * EVENT_MAX_NOTE);
            memset(sentence, 'x', offset);
            for (size_t i = 0; i < count; i++)
                memcpy(sentence + offset + 3 * i, character, 4);
            event_note(&news, &note);
            bool whole = strstr(text_string(&note), sentence) && strstr(text_string(&note), "NAT");
            if (note.length > EVENT_MAX_NOTE || !is_utf8(text_string(&note)) ||
                !text_ends_with(text_string(&note), " Details: tcr-probe explain nat_missing") ||
                (!whole && !strstr(text_string(&note), "... Details:")) ||
                (!whole && note.length < EVENT_MAX_NOTE - 3))
                fail_msg("%zu + %zu: %zu bytes, %s", offset, count, note.length,
                         text_string(&note));
            text_free(&note);
        }
}

static void test_a_note_is_printable(void **state)
{
    struct text note = TEXT_WITH_LIMIT(EVENT_MAX_NOTE);
    struct event_news news = blocked;

    (void)state;
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): as an escape, to be blanked */
    news.sentence = "a\nb\x1b[31m\xff\xe5\x85 \xe2\x80\xae c"; /* no UTF-8, and bidirectional */
    news.step = NULL;
    event_note(&news, &note);
    assert_non_null(strstr(text_string(&note), ": a?b?[31m??? ??? c Details:"));
    text_free(&note);
}

/* ---- documents ---- */

static const char *member(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void test_the_document(void **state)
{
    char *text = event_document(&web, &blocked);
    json_t *event = json_loads(text, 0, NULL);
    const json_t *regarding = json_object_get(event, "regarding");
    char name[CLUSTER_NAME_SIZE];

    (void)state;
    event_name(&web, &blocked, name);
    assert_string_equal(member(event, "apiVersion"), "events.k8s.io/v1");
    assert_string_equal(member(event, "kind"), "Event");
    assert_string_equal(member(json_object_get(event, "metadata"), "name"), name);
    assert_string_equal(member(json_object_get(event, "metadata"), "namespace"), "team-a");
    assert_string_equal(member(event, "eventTime"), "2026-11-25T00:00:00.000042Z");
    assert_string_equal(member(event, "type"), "Warning");
    assert_string_equal(member(event, "reason"), "ImagePullBlocked");
    assert_string_equal(member(event, "reportingInstance"), "web-0");
    assert_string_equal(member(regarding, "kind"), "Pod");
    assert_string_equal(member(regarding, "uid"), web.uid);
    assert_string_equal(member(regarding, "fieldPath"), "spec.containers{app}");
    json_decref(event);
    event_text_free(text);
}

static void test_the_document_of_recovery(void **state)
{
    struct event_pod pod = web;
    struct event_news news = blocked;

    (void)state;
    pod.field_path = NULL;
    news.blocked = false;
    char *text = event_document(&pod, &news);
    json_t *event = json_loads(text, 0, NULL);
    assert_string_equal(member(event, "type"), "Normal");
    assert_string_equal(member(event, "reason"), "ImagePullPossible");
    assert_null(json_object_get(json_object_get(event, "regarding"), "fieldPath"));
    json_decref(event);
    event_text_free(text);
}

static void test_series(void **state)
{
    static const struct {
        const char *event;
        unsigned count;
        int64_t last;
    } rows[] = {
        {"{}", 1, 0},
        {"{\"series\":null}", 1, 0},
        {"{\"series\":{\"count\":7,\"lastObservedTime\":\"2026-11-25T00:00:00.000042Z\"}}", 7,
         1795564800000000},
        {"{\"series\":{\"count\":-7,\"lastObservedTime\":\"yesterday\"}}", 1, 0},
        {"{\"series\":{\"count\":99999999999999,\"lastObservedTime\":7}}", EVENT_MAX_SERIES, 0},
        {"[]", 1, 0},
    };
    int64_t last;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *event = json_loads(rows[i].event, 0, NULL);
        assert_int_equal(event_series_read(event, &last), rows[i].count);
        assert_int_equal(last, rows[i].last);
        json_decref(event);
    }
    char *patch = event_series_patch(3, 1795564800000042);
    assert_string_equal(patch, "{\"series\":{\"count\":3,\"lastObservedTime\":"
                               "\"2026-11-25T00:00:00.000042Z\"}}");
    event_text_free(patch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_name_follows_from_pod_target_and_cause),
        cmocka_unit_test(test_the_name_of_a_long_pod_is_valid),
        cmocka_unit_test(test_what_is_a_pod),
        cmocka_unit_test(test_a_note),
        cmocka_unit_test(test_a_long_note_is_cut_between_characters),
        cmocka_unit_test(test_a_note_is_printable),
        cmocka_unit_test(test_the_document),
        cmocka_unit_test(test_the_document_of_recovery),
        cmocka_unit_test(test_series),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
