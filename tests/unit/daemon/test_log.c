/* Lines of the log: limits with a count, the summary, the one line for systemd. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/summary.h"

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

static const struct clock_source fake_clock = {fake_monotonic, fake_wall};

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

/* Runs summary_log() with standard error in a file, and gives what was written. */
static void log_summary(const struct watcher *watcher, struct summary *since, char line[1024])
{
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);

    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    summary_log(watcher, since);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    line[fread(line, 1, 1023, file)] = '\0';
    fclose(file);
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
