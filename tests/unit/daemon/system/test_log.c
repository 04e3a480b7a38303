/* SPDX-License-Identifier: MIT */
/* Lines of the log: limits with a count, the summary, the one line for systemd. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/watch/summary.h"

#define MINUTE (60 * USEC_PER_SEC)

static usec_t monotonic_now;

static usec_t fake_monotonic(void)
{
    return monotonic_now;
}

static int64_t fake_wall(void)
{
    return 1700000000LL * (int64_t)USEC_PER_SEC;
}

static const struct clock_source fake_clock = {fake_monotonic, fake_wall, NULL};

static void limits_count_what_they_leave_out(void **state)
{
    struct log_limit limit = {0};
    unsigned left_out = 9;

    (void)state;
    clock_replace(&fake_clock);
    monotonic_now = MINUTE;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(log_limit_allows(&limit, 3, MINUTE, &left_out));
        assert_int_equal(left_out, 0);
    }
    for (unsigned i = 0; i < 5; i++)
        assert_false(log_limit_allows(&limit, 3, MINUTE, &left_out));
    monotonic_now += MINUTE;
    assert_true(log_limit_allows(&limit, 3, MINUTE, &left_out));
    assert_int_equal(left_out, 5);
    assert_true(log_limit_allows(&limit, 3, MINUTE, &left_out));
    assert_int_equal(left_out, 0);
    clock_replace(NULL);
}

/* Three targets: one works, one fails with words of its own, one has not run yet. */
struct scene {
    struct target targets[3];
    struct watch watches[3];
    struct watch *list[3];
    struct diagnosis diagnosis;
    struct watcher watcher;
};

static void set_scene(struct scene *scene)
{
    static const char *const names[] = {"works", "fails", "new"};

    *scene = (struct scene){.watcher = {.count = 3, .watches = scene->list, .late_runs = 4}};
    for (size_t i = 0; i < 3; i++) {
        scene->targets[i].name = names[i];
        scene->list[i] = &scene->watches[i];
        scene->watches[i].target = &scene->targets[i];
        scene->watches[i].watcher = &scene->watcher;
        scene->watches[i].runs = 10 * i;
    }
    scene->watches[0].state =
        (struct state){.known = true, .status = SEVERITY_OK, .cause = CAUSE_OK_PUBLIC};
    scene->watches[1].state = (struct state){
        .known = true, .status = SEVERITY_FAIL, .cause = CAUSE_NAT_MISSING, .changes = 2};
    scene->diagnosis = (struct diagnosis){
        .count = 1,
        .findings = {{.cause = CAUSE_NAT_MISSING, .summary = "There is no \"way\" out."}}};
    scene->watcher.meaning = &scene->diagnosis;
    scene->watcher.looked_at = &scene->watches[1];
    scene->watcher.looked_at_run = scene->watches[1].runs;
}

static void one_line_names_the_worst(void **state)
{
    struct text text = TEXT_WITH_LIMIT(1024);
    struct scene scene;

    (void)state;
    set_scene(&scene);
    summary_line(&scene.watcher, &text);
    assert_string_equal(text_string(&text), "3 targets: 1 fail, 1 unknown, 1 ok; fails: "
                                            "nat_missing: There is no \"way\" out.");
    text_clear(&text);
    scene.watcher.count = 1;
    summary_line(&scene.watcher, &text);
    assert_string_equal(text_string(&text), "1 target: 1 ok");
    text_free(&text);
}

/* Standard error in a file, up to the end. */
struct capture {
    FILE *file;
    int kept;
};

static struct capture capture_begin(void)
{
    struct capture capture = {tmpfile(), dup(STDERR_FILENO)};

    assert_non_null(capture.file);
    dup2(fileno(capture.file), STDERR_FILENO);
    return capture;
}

static void capture_end(struct capture capture, char line[1024])
{
    dup2(capture.kept, STDERR_FILENO);
    close(capture.kept);
    rewind(capture.file);
    line[fread(line, 1, 1023, capture.file)] = '\0';
    fclose(capture.file);
}

static void log_summary(const struct watcher *watcher, struct summary *since, char line[1024])
{
    struct capture capture = capture_begin();

    summary_log(watcher, since);
    capture_end(capture, line);
}

/* Names may be in any script; a byte that is no character, or that a terminal obeys, is escaped. */
static void values_keep_their_script(void **state)
{
    static const struct {
        const char *value;
        const char *logged;
    } values[] = {
        {"\xe7\x94\x9f\xe4\xba\xa7", "=\"\xe7\x94\x9f\xe4\xba\xa7\""}, /* two of three bytes */
        {"caf\xc3\xa9 \xf0\x9f\x98\x80", "=\"caf\xc3\xa9 \xf0\x9f\x98\x80\""},
        {"\xc2\x9b"
         "1m",
         "=\"\\u00c2\\u009b1m\""},           /* C1 */
        {"\xe7\x94", "=\"\\u00e7\\u0094\""}, /* cut off */
        {"\xc0\xaf", "=\"\\u00c0\\u00af\""}, /* longer than needed */
        {"\xe0\x9f\xbf", "=\"\\u00e0\\u009f\\u00bf\""},
        {"\xf0\x8f\xbf\xbf", "=\"\\u00f0\\u008f\\u00bf\\u00bf\""},
        {"\xed\xa0\x80", "=\"\\u00ed\\u00a0\\u0080\""},            /* a surrogate */
        {"\xf4\x90\x80\x80", "=\"\\u00f4\\u0090\\u0080\\u0080\""}, /* beyond the last */
        {"\x1b[31m\n\x7f", "=\"\\u001b[31m\\u000a\\u007f\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct log_field fields[] = {{"name", values[i].value}};
        char line[1024];
        struct capture capture = capture_begin();
        log_event(LOG_LEVEL_ERROR, "seen", fields, 1);
        capture_end(capture, line);
        assert_non_null(strstr(line, " name="));
        assert_string_equal(strstr(line, " name=") + 5 + strlen(values[i].logged), "\n");
        assert_memory_equal(strstr(line, " name=") + 5, values[i].logged, strlen(values[i].logged));
    }
}

static void summary_counts_since_the_last(void **state)
{
    struct summary since = {0};
    struct scene scene;
    char line[1024];

    (void)state;
    clock_replace(&fake_clock);
    set_scene(&scene);
    log_summary(&scene.watcher, &since, line);
    assert_string_equal(
        line, "ts=2023-11-14T22:13:20.000Z level=info msg=summary targets=3 ok=1 warn=0 fail=1 "
              "unknown=1 runs=30 changes=2 late_runs=4 worst=\"fails: nat_missing: There is no "
              "\\\"way\\\" out.\"\n");
    scene.watches[1].runs++;
    log_summary(&scene.watcher, &since, line);
    assert_non_null(strstr(line, "runs=1 changes=0 late_runs=0"));
    clock_replace(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_count_what_they_leave_out),
        cmocka_unit_test(one_line_names_the_worst),
        cmocka_unit_test(summary_counts_since_the_last),
        cmocka_unit_test(values_keep_their_script),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
