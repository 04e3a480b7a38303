/* SPDX-License-Identifier: MIT */
/* The runs and settings that the daemon keeps while memory is short, and how much it logs. */

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/invocation.h"
#include "daemon/watch/watcher_parts.h"
#include "probes/libraries.h"
#include "tests/support.h"
#include "watch_scene.h"

#define MINUTE (60 * USEC_PER_SEC)

static usec_t monotonic_now = MINUTE;

static usec_t fake_monotonic(void)
{
    return monotonic_now;
}

static int64_t fake_wall(void)
{
    return (int64_t)MEASURED * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fake_clock = {fake_monotonic, fake_wall, NULL};

static const struct scenario works = {.dns = {POD(GIVES_PUBLIC)},
                                      .paths = {PUBLIC(VIEW_POD, WORKS)}};
/* More is measured, so that keeping it takes memory. */
static const struct scenario fails = {.dns = {POD(GIVES_PUBLIC), POD_AAAA(.outcome = DNS_NODATA)},
                                      .paths = {PUBLIC(VIEW_POD, TCP(TCP_TIMEOUT))}};

static unsigned long failing; /* the allocation that fails; 0: none */

/* Standard error goes to a file from start_log() to end_log(), which returns the text. */
static FILE *log_file;
static int log_kept;

static void start_log(void)
{
    log_file = tmpfile();
    assert_non_null(log_file);
    log_kept = dup(STDERR_FILENO);
    dup2(fileno(log_file), STDERR_FILENO);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
}

static char *end_log(void)
{
    static char lines[65536];

    dup2(log_kept, STDERR_FILENO);
    close(log_kept);
    rewind(log_file);
    lines[fread(lines, 1, sizeof(lines) - 1, log_file)] = '\0';
    fclose(log_file);
    return lines;
}

static size_t count_of(const char *lines, const char *words)
{
    size_t count = 0;

    for (const char *at = strstr(lines, words); at; at = strstr(at + 1, words))
        count++;
    return count;
}

/* ---- a result ---- */

/* Observes a failing run while an allocation fails. Returns true if one did. */
static bool observe_short(struct watch *watch)
{
    struct target *target = (struct target *)(uintptr_t)watch->target;
    struct evidence *evidence = scenario_measure(&fails, target);
    struct diagnosis *diagnosis = diagnose(evidence, target);

    evidence->measured_at = MEASURED + 60;
    fault_begin(failing);
    watch_observe(watch, evidence, diagnosis, NULL, target);
    return fault_end();
}

/* The line as it is where memory does not lack. */
static void whole_line(char *ret, size_t size)
{
    struct watch_scene scene;

    failing = 0;
    watch_scene_open(&scene);
    scene.settings.failure_threshold = 1;
    struct watch *watch = watch_scene_add(&scene, "r");
    watch_scene_run(watch, &works, MEASURED);
    start_log();
    assert_false(observe_short(watch));
    snprintf(ret, size, "%s", end_log());
    watch_scene_close(&scene);
}

/* Evidence and diagnosis are always of the same run, and the believed state does not depend on
 * them. */
static void a_result_is_kept_whole_or_not(void **state)
{
    bool failed = true;
    bool kept_old = false;
    char line[4096];

    (void)state;
    whole_line(line, sizeof(line));
    assert_non_null(strstr(line, " remedy="));
    for (failing = 1; failed; failing++) {
        struct watch_scene scene;
        watch_scene_open(&scene);
        scene.settings.failure_threshold = 1;
        struct watch *watch = watch_scene_add(&scene, "r");
        watch_scene_run(watch, &works, MEASURED);
        watch->renewed = true;
        start_log();
        failed = observe_short(watch);
        const char *lines = end_log();
        bool is_old = watch_evidence(watch)->measured_at == MEASURED;
        assert_int_equal(watch_diagnosis(watch)->findings[0].cause,
                         is_old ? CAUSE_OK_PUBLIC : CAUSE_PUBLIC_PATH_BLOCKED);
        assert_int_equal(watch->state.cause, CAUSE_PUBLIC_PATH_BLOCKED);
        assert_int_equal(watch->runs, 2);
        assert_true(watch->renewed == is_old); /* evidence under other settings is never used */
        if (count_of(lines, "msg=\"out of memory\"") != is_old || !strstr(lines, line))
            fail_msg("allocation %lu: %s", failing, lines);
        kept_old |= is_old;
        watch_scene_close(&scene);
    }
    assert_true(kept_old);
}

static const enum cause coming_and_going[] = {CAUSE_INTERMITTENT, CAUSE_OK_PUBLIC};

/* If a finding of the history has no room, the log says so. */
static void history_that_does_not_fit_is_logged(void **state)
{
    bool failed = true;

    (void)state;
    for (failing = 1; failed; failing++) {
        struct watch_scene scene;
        watch_scene_open(&scene);
        struct watch *watch = watch_scene_add(&scene, "r");
        for (int64_t i = 0; i < 12; i++)
            watch_scene_run(watch, i % 2 ? &fails : &works, MEASURED + i);
        struct target *target = &scene.targets[0];
        struct evidence *evidence = scenario_measure(&works, target);
        struct diagnosis *diagnosis = diagnose(evidence, target);
        start_log();
        fault_begin(failing);
        watch_observe(watch, evidence, diagnosis, NULL, target);
        failed = fault_end();
        const char *lines = end_log();
        const struct diagnosis *kept = watch_diagnosis(watch);
        if (!failed) {
            assert_int_equal(kept->count, 2);
            assert_int_equal(kept->findings[0].cause, coming_and_going[0]);
            assert_int_equal(kept->findings[1].cause, coming_and_going[1]);
            assert_int_equal(count_of(lines, "out of memory"), 0);
        }
        assert_true(kept->findings[0].cause == CAUSE_INTERMITTENT ||
                    count_of(lines, "out of memory") == 1);
        watch_scene_close(&scene);
    }
    assert_true(failing > 2);
}

/* Nor does a look without memory leave a finding out of the looks that follow. */
static void a_look_without_memory_is_made_again(void **state)
{
    bool failed = true;

    (void)state;
    for (failing = 1; failed; failing++) {
        struct watch_scene scene;
        watch_scene_open(&scene);
        struct watch *watch = watch_scene_add(&scene, "r");
        for (int64_t i = 0; i < 13; i++)
            watch_scene_run(watch, i % 2 ? &fails : &works, MEASURED + i);
        fault_begin(failing);
        watch_diagnosis(watch);
        failed = fault_end();
        const struct diagnosis *again = watch_diagnosis(watch);
        assert_int_equal(again->count, 2);
        for (size_t i = 0; i < again->count; i++) {
            assert_int_equal(again->findings[i].cause, coming_and_going[i]);
            assert_non_null(again->findings[i].summary);
            assert_true(again->findings[i].evidence_count > 0);
            for (size_t n = 0; n < again->findings[i].evidence_count; n++)
                assert_non_null(again->findings[i].evidence[n]);
            for (size_t n = 0; n < again->findings[i].remedy_count; n++)
                assert_non_null(again->findings[i].remedy[n]);
        }
        watch_scene_close(&scene);
    }
    assert_true(failing > 2);
}

/* ---- the log ---- */

static void many_changes_are_counted(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    scene.settings.failure_threshold = 1;
    struct watch *watch = watch_scene_add(&scene, "r");
    start_log();
    for (int64_t i = 0; i < 30; i++)
        watch_scene_run(watch, i % 2 ? &fails : &works, MEASURED + i);
    const char *lines = end_log();
    assert_int_equal(count_of(lines, "msg=\"state changed\""), 20);
    assert_int_equal(count_of(lines, " previous_lasted=1s "), 19);
    assert_null(strstr(lines, "changes_left_out"));
    monotonic_now += 10 * MINUTE;
    start_log();
    watch_scene_run(watch, &works, MEASURED + 60);
    lines = end_log();
    assert_int_equal(count_of(lines, "changes_left_out=10"), 1);
    start_log();
    watch_scene_run(watch, &fails, MEASURED - 3600); /* the clock was set back */
    assert_int_equal(count_of(end_log(), " previous_lasted=0s "), 1);
    watch_scene_close(&scene);
}

static void many_shortages_are_counted(void **state)
{
    struct watch_scene scene;

    (void)state;
    watch_scene_open(&scene);
    struct watch *watch = watch_scene_add(&scene, "r");
    monotonic_now += MINUTE;
    start_log();
    for (int i = 0; i < 8; i++)
        watch_log_no_memory(watch);
    assert_int_equal(count_of(end_log(), "msg=\"out of memory\" target=r\n"), 5);
    monotonic_now += MINUTE;
    start_log();
    watch_log_no_memory(watch);
    assert_int_equal(count_of(end_log(), "target=r lines_left_out=3\n"), 1);
    watch_scene_close(&scene);
}

/* ---- settings ---- */

static struct settings *settings_of(const char *targets)
{
    char variable[256];
    char *arguments[] = {(char[]){"tcr-probe"}, (char[]){"run"}, (char[]){"--resolver=127.0.0.1:1"},
                         (char[]){"--max-in-flight=2"}, NULL};
    char *environment[] = {variable, NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};
    struct settings *settings = NULL;

    snprintf(variable, sizeof(variable), "TCR_PROBE_TARGETS=%s", targets);
    assert_int_equal(settings_load(4, arguments, environment, &invocation, &settings, &errors), 0);
    return settings;
}

static void a_watcher_starts_or_not(void **state)
{
    struct settings *settings = settings_of("a.example,b.example,c.example");
    bool failed = true;
    bool started = false;

    (void)state;
    log_configure((enum log_level)(LOG_LEVEL_ERROR + 1), LOG_FORMAT_LOGFMT);
    for (failing = 1; failed; failing++) {
        struct event_base *base = libraries_new_loop();
        fault_begin(failing);
        struct watcher *watcher = watcher_new(base, settings);
        failed = fault_end();
        started = watcher != NULL;
        if (watcher) {
            unsigned under_way = 0;
            assert_int_equal(watcher->count, 3);
            for (size_t i = 0; i < watcher->count; i++)
                under_way += watcher->watches[i]->run != NULL;
            assert_int_equal(watcher->in_flight, under_way);
            assert_in_range(under_way, failed ? 0 : 2, 2);
        }
        watcher_free(watcher);
        event_base_free(base);
        assert_int_equal(settings->references, 1);
    }
    assert_true(started);
    settings_release(settings);
}

/* However many places are free at once. */
static void every_free_place_is_taken(void **state)
{
    struct settings *settings = settings_of("a.example,b.example,c.example,d.example,e.example");
    struct event_base *base = libraries_new_loop();
    struct watcher *watcher = watcher_new(base, settings);

    (void)state;
    assert_non_null(watcher);
    assert_int_equal(watcher->in_flight, 2);
    assert_int_equal(watcher->waiting, 3);
    settings->max_in_flight = 4;
    watcher_start_waiting(watcher);
    assert_int_equal(watcher->in_flight, 4);
    assert_int_equal(watcher->waiting, 1);
    watcher_free(watcher);
    event_base_free(base);
    settings_release(settings);
}

/* One target stays, one goes, one comes; or none of that. */
static void a_reload_happens_or_not(void **state)
{
    struct settings *before = settings_of("a.example,b.example");
    struct settings *after = settings_of("c.example,d.example,a.example");
    bool failed = true;
    int status = -1;

    (void)state;
    log_configure((enum log_level)(LOG_LEVEL_ERROR + 1), LOG_FORMAT_LOGFMT);
    for (failing = 1; failed; failing++) {
        struct event_base *base = libraries_new_loop();
        struct watcher *watcher = watcher_new(base, before);
        assert_non_null(watcher);
        struct watch *stays = watcher->watches[0];
        struct watch *goes = watcher->watches[1];
        uint64_t generation = watcher->generation;
        struct watcher_changes changes;
        fault_begin(failing);
        status = watcher_reload(watcher, after, &changes);
        failed = fault_end();
        if (status) {
            assert_true(failed);
            assert_ptr_equal(watcher->settings, before);
            assert_int_equal(watcher->generation, generation);
            assert_int_equal(watcher->count, 2);
            assert_ptr_equal(watcher->watches[0], stays);
            assert_ptr_equal(watcher->watches[1], goes);
            assert_false(stays->keep);
            assert_non_null(stays->run);
        } else {
            assert_ptr_equal(watcher->settings, after);
            assert_int_equal(watcher->count, 3);
            assert_ptr_equal(watcher->watches[2], stays);
            assert_int_equal(changes.added, 2);
            assert_int_equal(changes.removed, 1);
            assert_non_null(watcher_find(watcher, "d.example"));
            assert_null(watcher_find(watcher, "b.example"));
        }
        watcher_free(watcher);
        event_base_free(base);
        assert_int_equal(before->references, 1);
        assert_int_equal(after->references, 1);
    }
    assert_int_equal(status, 0);
    settings_release(before);
    settings_release(after);
}

static int stop_clock(void **state)
{
    (void)state;
    clock_replace(&fake_clock);
    return 0;
}

static int start_clock(void **state)
{
    (void)state;
    clock_replace(NULL);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_result_is_kept_whole_or_not, stop_clock, start_clock),
        cmocka_unit_test_setup_teardown(history_that_does_not_fit_is_logged, stop_clock,
                                        start_clock),
        cmocka_unit_test_setup_teardown(a_look_without_memory_is_made_again, stop_clock,
                                        start_clock),
        cmocka_unit_test_setup_teardown(many_changes_are_counted, stop_clock, start_clock),
        cmocka_unit_test_setup_teardown(many_shortages_are_counted, stop_clock, start_clock),
        cmocka_unit_test(a_watcher_starts_or_not),
        cmocka_unit_test(every_free_place_is_taken),
        cmocka_unit_test(a_reload_happens_or_not),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
