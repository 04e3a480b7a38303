/* SPDX-License-Identifier: MIT */
/*
 * The answers of the status endpoint from memory: targets are named in full or not at all, and
 * numbers may come from a peer.
 */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/endpoint/endpoint.h"
#include "daemon/endpoint/metrics.h"
#include "probes/libraries.h"
#include "tests/support.h"
#include "tests/unit/daemon/endpoint/exposition.h"
#include "tests/unit/daemon/watch/watch_scene.h"

static usec_t monotonic_now(void)
{
    return 100 * USEC_PER_SEC;
}

static int64_t wall_now(void)
{
    return (int64_t)MEASURED * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fake_clock = {monotonic_now, wall_now, NULL};

static const struct scenario works = {.dns = {POD(GIVES_PUBLIC)},
                                      .paths = {PUBLIC(VIEW_POD, WORKS)}};
static const struct scenario fails = {.dns = {POD(GIVES_PUBLIC)},
                                      .paths = {PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};

/* Asks as the server does. The status, 0 where the answer breaks off; its body in `text`. */
static unsigned ask(struct watch_scene *scene, const char *method, const char *path,
                    const char *query, struct text *text)
{
    struct status_endpoint endpoint = {.watcher = &scene->watcher};
    const struct http_server_request request = {method, path, query, ""};
    struct http_server_reply reply = {.status = 200,
                                      .body = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY)};
    enum slice_outcome outcome = SLICE_LAST;

    endpoint_handle(&request, &reply, &endpoint);
    text_clear(text);
    text_append(text, text_string(&reply.body));
    if (reply.source.next)
        do
            outcome = reply.source.next(reply.source.context, text);
        while (outcome == SLICE_MORE && !text_truncated(text));
    if (reply.source.release)
        reply.source.release(reply.source.context);
    bool broken = outcome != SLICE_LAST || text_truncated(text) || text_truncated(&reply.body);
    text_free(&reply.body);
    return broken ? 0 : reply.status;
}

/* ---- health ---- */

static void readyz_names_the_first_few(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    scene.settings.ready_gate = true;
    for (size_t i = 0; i < 6; i++)
        watch_scene_add(&scene, names[i]);
    assert_int_equal(ask(&scene, "GET", "/readyz", "", &text), 503);
    assert_string_equal(text_string(&text),
                        "[+]configuration ok\n[-]first-runs failed: not all of them are done\n"
                        "[-]targets failed: a (no run yet), b (no run yet), c (no run yet), "
                        "d (no run yet), e (no run yet), ...\nreadyz check failed\n");
    for (size_t i = 0; i < 6; i++)
        watch_scene_run(scene.list[i], i == 4 ? &fails : &works, MEASURED);
    assert_int_equal(ask(&scene, "GET", "/readyz", "", &text), 503);
    assert_string_equal(text_string(&text),
                        "[+]configuration ok\n[+]first-runs ok\n"
                        "[-]targets failed: e (public_path_blocked)\nreadyz check failed\n");
    watch_scene_run(scene.list[4], &works, MEASURED);
    assert_int_equal(ask(&scene, "GET", "/readyz", "verbose", &text), 200);
    assert_string_equal(text_string(&text), "[+]configuration ok\n[+]first-runs ok\n"
                                            "[+]targets ok\nreadyz check passed\n");
    text_free(&text);
    watch_scene_close(&scene);
}

static void other_paths_and_methods_are_refused(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        unsigned status;
    } rows[] = {
        {"GET", "/probe", 405},    {"HEAD", "/probe", 405},  {"POST", "/", 405},
        {"POST", "/livez", 405},   {"GET", "/nothing", 404}, {"GET", "/status/", 404},
        {"HEAD", "/healthz", 200}, {"GET", "", 404},
    };
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(ask(&scene, rows[i].method, rows[i].path, "", &text), rows[i].status);
    text_free(&text);
    watch_scene_close(&scene);
}

/* If a run is in progress, a request for one gets that run and costs no turn. */
static void a_run_under_way_is_not_started_again(void **state)
{
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, "r");
    watch->run = (struct probe *)&scene; /* not looked into */
    assert_int_equal(ask(&scene, "POST", "/probe", "target=r", &text), 200);
    assert_string_equal(text_string(&text), "{\"run\":\"under_way\"}\n");
    assert_int_equal(watch->asked_at, 0);
    watch->run = NULL;
    watch->waiting = true;
    assert_int_equal(ask(&scene, "POST", "/probe", "target=r", &text), 202);
    assert_string_equal(text_string(&text), "{\"run\":\"waiting\"}\n");
    assert_int_equal(ask(&scene, "POST", "/probe", "target=r", &text), 429);
    text_free(&text);
    watch_scene_close(&scene);
}

static void targets_are_found_as_people_write_them(void **state)
{
    static const struct {
        const char *query;
        unsigned status;
    } cases[] = {
        {"target=label", 200},
        {"target=acme-prod", 200},
        {"target=acme-prod.tencentcloudcr.com", 200},
        {"target=acme-prod.tencentcloudcr.com:443", 200},
        {"target=acme-prod.tencentcloudcr.com:444", 404},
        {"target=twice", 404}, /* which one is unclear */
        {"target=other", 404},
        {"target=", 404},
        {"target=%3Cb%3E%1b", 404},
    };
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_add(&scene, "label");
    scene.targets[0].host = "acme-prod.tencentcloudcr.com";
    watch_scene_add(&scene, "one");
    watch_scene_add(&scene, "two");
    scene.targets[1].host = scene.targets[2].host = "twice.tencentcloudcr.com";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned status = ask(&scene, "GET", "/status", cases[i].query, &text);
        if (status != cases[i].status)
            fail_msg("%s: %u", cases[i].query, status);
        if (status != 404)
            continue;
        if (!strstr(text_string(&text), "Targets:\nlabel\none\ntwo\n"))
            fail_msg("%s: %s", cases[i].query, text_string(&text));
        scene.list[0]->asked_at = 0;
        assert_int_equal(ask(&scene, "POST", "/probe", cases[i].query, &text), 404);
    }
    assert_non_null(strstr(text_string(&text), "There is no target \"<b>\\x1b\"."));
    text_free(&text);
    watch_scene_close(&scene);
}

/* ---- documents ---- */

static json_t *status_of(struct watch_scene *scene, const char *query)
{
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);

    assert_int_equal(ask(scene, "GET", "/status", query, &text), 200);
    json_t *document = json_loads(text_string(&text), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    text_free(&text);
    return document;
}

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void status_before_and_after_a_run(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    scene.watcher.reload_error = (char[]){"line \"1\""};
    struct watch *watch = watch_scene_add(&scene, "new");
    json_t *document = status_of(&scene, "");
    const json_t *target = json_array_get(json_object_get(document, "targets"), 0);
    assert_string_equal(member(document, "status"), "unknown");
    assert_string_equal(member(json_object_get(document, "configuration"), "error"), "line \"1\"");
    assert_string_equal(member(target, "status"), "unknown");
    assert_true(json_is_null(json_object_get(target, "state")));
    assert_true(json_is_null(json_object_get(target, "last_run")));
    json_decref(document);
    watch_scene_run(watch, &works, MEASURED);
    watch_scene_run(watch_scene_add(&scene, "broken"), &fails, MEASURED);
    document = status_of(&scene, "");
    assert_string_equal(member(document, "status"), "fail");
    assert_int_equal(json_array_size(json_object_get(document, "targets")), 2);
    json_decref(document);
    document = status_of(&scene, "target=new");
    target = json_array_get(json_object_get(document, "targets"), 0);
    assert_string_equal(member(document, "status"), "ok");
    assert_string_equal(member(json_object_get(target, "state"), "cause"), "ok_public");
    assert_string_equal(member(target, "last_run"), "2023-11-14T22:13:20Z");
    assert_int_equal(json_array_size(json_object_get(document, "targets")), 1);
    json_decref(document);
    watch_scene_close(&scene);
}

static void other_targets_break_an_answer_off(void **state)
{
    static const char *const paths[] = {"/status", "/metrics", "/"};
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct status_endpoint endpoint = {.watcher = &scene.watcher};
        const struct http_server_request request = {"GET", paths[i], "", ""};
        struct http_server_reply reply = {.status = 200};
        endpoint_handle(&request, &reply, &endpoint);
        scene.watcher.generation++;
        assert_int_equal(reply.source.next(reply.source.context, &text), SLICE_BROKEN);
        assert_int_equal(text.length, 0);
        reply.source.release(reply.source.context);
    }
    text_free(&text);
    watch_scene_close(&scene);
}

/* ---- the exposition formats ---- */

static void a_scrape_keeps_to_its_format(void **state)
{
    static const char *const names[] = {"plain", "a\"b\\c\nd", "{target=\"x\"} 1"};
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        watch_scene_run(watch_scene_add(&scene, names[i]), i ? &fails : &works, MEASURED);
    assert_int_equal(ask(&scene, "GET", "/metrics", "", &text), 200);
    const char *fault = exposition_fault(text_string(&text), false);
    if (fault)
        fail_msg("%s", fault);
    assert_non_null(exposition_fault(text_string(&text), true)); /* it has no end */
    struct text twice = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    text_append_format(&twice, "%s%s", text_string(&text), text_string(&text));
    assert_non_null(exposition_fault(text_string(&twice), false)); /* each family twice */
    text_free(&twice);
    text_free(&text);
    watch_scene_close(&scene);
}

/* ---- short of memory ---- */

static unsigned long failing; /* the allocation that fails; 0: none */

/* Numbers of this process are left out, because they differ from one time to the next. */
static void cut_own(struct text *text)
{
    const char *own = text->bytes ? strstr(text->bytes, "# HELP process_") : NULL;

    if (own)
        text->length = (size_t)(own - text->bytes);
}

/* A reply that breaks off shows it, so that no scraper takes half of it for all. */
static void an_answer_is_whole_or_none(void **state)
{
    static const char *const paths[] = {"/status", "/metrics", "/readyz"};
    struct text whole = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_add(&scene, "new");
    watch_scene_run(watch_scene_add(&scene, "broken"), &fails, MEASURED);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        bool failed = true;
        failing = 0;
        unsigned usual = ask(&scene, "GET", paths[i], "verbose", &whole);
        cut_own(&whole);
        for (failing = 1; failed; failing++) {
            text_free(&text);
            fault_begin(failing);
            unsigned status = ask(&scene, "GET", paths[i], "verbose", &text);
            failed = fault_end();
            cut_own(&text);
            if (failed && status && status != 503)
                fail_msg("%s, allocation %lu: %u %s", paths[i], failing, status, text.bytes);
            if (!failed) {
                assert_int_equal(status, usual);
                assert_int_equal(text.length, whole.length);
                assert_memory_equal(text.bytes, whole.bytes, whole.length);
            }
        }
        assert_true(failing > 2);
    }
    text_free(&whole);
    text_free(&text);
    watch_scene_close(&scene);
}

/* ---- metrics ---- */

static void certificates_of_any_age_are_told(void **state)
{
    static const struct {
        int64_t not_after;
        const char *sample;
    } rows[] = {
        {MEASURED, "certificate_not_after_timestamp_seconds{target=\"r\"} 1700000000\n"},
        {0, "certificate_not_after_timestamp_seconds{target=\"r\"} 0\n"},
        {-631152000, "certificate_not_after_timestamp_seconds{target=\"r\"} -631152000\n"},
    };
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct scenario scenario = {
            .paths = {PUBLIC(VIEW_POD, TLS(TLS_EXPIRED),
                             .tls.certificate = {.present = true, .not_after = MEASURED + 1}),
                      PUBLIC(VIEW_POD, TLS(TLS_EXPIRED),
                             .tls.certificate = {.present = true, .not_after = rows[i].not_after}),
                      PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};
        struct watch_scene scene;
        watch_scene_open(&scene);
        watch_scene_run(watch_scene_add(&scene, "r"), &scenario, MEASURED);
        assert_int_equal(ask(&scene, "GET", "/metrics", "", &text), 200);
        if (!strstr(text_string(&text), rows[i].sample))
            fail_msg("no %s", rows[i].sample);
        watch_scene_close(&scene);
    }
    text_free(&text);
}

/* A scrape unpacks no evidence, because that would cost most of its time. */
static void a_scrape_reads_no_evidence(void **state)
{
    const struct scenario scenario = {
        .dns = {POD(GIVES_PUBLIC)},
        .paths = {PUBLIC(VIEW_POD, WORKS,
                         .tls.certificate = {.present = true, .not_after = MEASURED + 1})}};
    struct text whole = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, "r");
    watch_scene_run(watch, &scenario, MEASURED);
    assert_int_equal(ask(&scene, "GET", "/metrics", "", &whole), 200);
    cut_own(&whole);
    static const char *const samples[] = {
        "\ntcr_probe_last_phase_duration_seconds{target=\"r\",phase=\"dns\"} ",
        "\ntcr_probe_dns_addresses{target=\"r\",resolver_role=\"pod\",class=\"public\"} 1\n",
        "\ntcr_probe_certificate_not_after_timestamp_seconds{target=\"r\"} 1700000001\n",
        "\ntcr_probe_last_run_timestamp_seconds{target=\"r\"} 1700000000\n"};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
        if (!strstr(text_string(&whole), samples[i]))
            fail_msg("no %s", samples[i]);
    watch_result_release(&watch->last);
    assert_int_equal(ask(&scene, "GET", "/metrics", "", &text), 200);
    cut_own(&text);
    assert_int_equal(text.length, whole.length);
    assert_memory_equal(text.bytes, whole.bytes, whole.length);
    text_free(&whole);
    text_free(&text);
    watch_scene_close(&scene);
}

static void names_are_escaped_as_labels(void **state)
{
    struct text text = TEXT_WITH_LIMIT(HTTP_SERVER_MAX_REPLY);
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    watch_scene_add(&scene, "A \"b\\\n");
    watch_scene_add(&scene, "\xe7\x94\x9f\xe4\xba\xa7"); /* scripts beyond ASCII stay as they are */
    watch_scene_add(&scene, "\xe6\xb5\x8b\xe8\xaf\x95-1");
    assert_int_equal(ask(&scene, "GET", "/metrics", "", &text), 200);
    assert_non_null(strstr(text_string(&text),
                           "tcr_probe_target_status{target=\"A \\\"b\\\\\\n\"} 3\n"
                           "tcr_probe_target_status{target=\"\xe7\x94\x9f\xe4\xba\xa7\"} 3\n"
                           "tcr_probe_target_status{target=\"\xe6\xb5\x8b\xe8\xaf\x95-1\"} 3\n"));
    text_free(&text);
    watch_scene_close(&scene);
}

static void accept_decides_the_format(void **state)
{
    static const struct {
        const char *accept;
        bool openmetrics;
    } rows[] = {
        {"", false},
        {"*/*", false},
        {"text/plain", false},
        {"application/openmetrics-text", true},
        {"Application/OpenMetrics-Text ; version=1.0.0", true},
        {"application/openmetrics-text;version=0.0.1", false},
        {"application/openmetrics-text2", false},
        {"application/openmetrics-text;q=0.5,text/plain;q=0.5", true},
        {"application/openmetrics-text;q=0.4,text/*;q=0.5", false},
        {"text/plain;q=0.5;version=0.0.4, application/openmetrics-text", true},
        {"application/openmetrics-text;q=0", false},
        {"application/openmetrics-text; q=0.3", true},
        {"application/openmetrics-text;q=-1", false},
        {"application/openmetrics-text;q=nan", false},
        {"application/openmetrics-text;q=1e300,text/plain", true},
        {"text/plain;q=0.1,text/plain;q=0.9,application/openmetrics-text;q=0.5", false},
        {"application/openmetrics-text;q=0.9,application/openmetrics-text;q=0.1,text/plain;q=0.5",
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (metrics_wants_openmetrics(rows[i].accept) != rows[i].openmetrics)
            fail_msg("Accept: %s", rows[i].accept);
}

static int set_up(void **state)
{
    (void)state;
    clock_replace(&fake_clock);
    return libraries_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readyz_names_the_first_few),
        cmocka_unit_test(other_paths_and_methods_are_refused),
        cmocka_unit_test(a_run_under_way_is_not_started_again),
        cmocka_unit_test(targets_are_found_as_people_write_them),
        cmocka_unit_test(status_before_and_after_a_run),
        cmocka_unit_test(other_targets_break_an_answer_off),
        cmocka_unit_test(a_scrape_keeps_to_its_format),
        cmocka_unit_test(an_answer_is_whole_or_none),
        cmocka_unit_test(certificates_of_any_age_are_told),
        cmocka_unit_test(a_scrape_reads_no_evidence),
        cmocka_unit_test(names_are_escaped_as_labels),
        cmocka_unit_test(accept_decides_the_format),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
