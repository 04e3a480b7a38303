/* SPDX-License-Identifier: MIT */
/* Runs every command while one allocation after the other fails. A command prints its usual output,
 * or ends with 3 and a reason if memory was too short, but never prints half an answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/base/clock.h"
#include "daemon/commands/commands.h"
#include "probes/libraries.h"
#include "tests/support.h"

#define MAX_WORDS  10
#define MAX_OUTPUT ((size_t)256 * 1024)
#define STRIDE \
    7 /* of the allocations of a run: a prime, so that the runs fail at different places */
#define MOST_OF_WAIT 120 /* of its allocations, up to the first run's */
#define ERROR        "Failed to pull image \"acme-prod.tencentcloudcr.com/team/app:1.4\": i/o timeout"
#define RUN          "--resolver=127.0.0.1:1", "--no-controls" /* closed: a run takes no time */

#define IMAGE "acme-prod.tencentcloudcr.com/team/app:1.4"
#define POD                                                                                       \
    "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\"},\"spec\":{\"imagePullSecrets\":[{"       \
    "\"name\":\"k\"}],"                                                                           \
    "\"containers\":[{\"name\":\"app\",\"image\":\"" IMAGE                                        \
    "\"}]},\"status\":{\"containerStatuses\":[{"                                                  \
    "\"name\":\"app\",\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\",\"message\":\"no such " \
    "host\"}}}]}}"

static int64_t fake_wall(void)
{
    return 1700000000LL * (int64_t)USEC_PER_SEC;
}

static usec_t fake_monotonic(void)
{
    return 100 * USEC_PER_SEC;
}

static const struct clock_source fake_clock = {fake_monotonic, fake_wall, NULL};

static unsigned long failing; /* the allocation that fails; 0: none */

/* ---- a call ---- */

struct outcome {
    int status;
    bool failed; /* an allocation */
    char out[MAX_OUTPUT];
    char err[MAX_OUTPUT];
};

static int redirect(int fd, FILE *file)
{
    int kept = dup(fd);

    assert_true(kept >= 0);
    assert_true(dup2(fileno(file), fd) == fd);
    return kept;
}

static void restore(int fd, int kept)
{
    dup2(kept, fd);
    close(kept);
}

static void take(FILE *file, char text[MAX_OUTPUT])
{
    rewind(file);
    text[fread(text, 1, MAX_OUTPUT - 1, file)] = '\0';
    fclose(file);
}

/* Calls the program with `words`, `input` on its standard input. */
static void call(const char *const *words, const char *input, struct outcome *ret)
{
    char copies[MAX_WORDS][256] = {"tcr-probe"};
    char *arguments[MAX_WORDS + 1] = {copies[0]};
    FILE *in = tmpfile();
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int count = 1;

    for (; count < MAX_WORDS && words[count - 1]; count++) {
        snprintf(copies[count], sizeof(copies[count]), "%s", words[count - 1]);
        arguments[count] = copies[count];
    }
    assert_true(in && out && err);
    fputs(input ? input : "", in);
    rewind(in);
    fflush(stdout);
    int kept[] = {redirect(0, in), redirect(1, out), redirect(2, err)};
    fault_begin(failing);
    ret->status = command_main(count, arguments);
    ret->failed = fault_end();
    fflush(stdout);
    for (int fd = 0; fd < 3; fd++)
        restore(fd, kept[fd]);
    fclose(in);
    take(out, ret->out);
    take(err, ret->err);
}

/* ---- commands that print the same every time ---- */

static const struct row {
    const char *words[MAX_WORDS];
    int status;
    const char *input;
} rows[] = {
    {{"help"}, COMMAND_STATUS_OK, NULL},
    {{"check", "--help"}, COMMAND_STATUS_OK, NULL},
    {{"--version"}, COMMAND_STATUS_OK, NULL},
    {{"config", "--profile=tke-serverless", "acme-prod"}, COMMAND_STATUS_OK, NULL},
    {{"explain", ERROR}, COMMAND_STATUS_OK, NULL},
    {{"explain", "--format=json", ERROR}, COMMAND_STATUS_OK, NULL},
    {{"explain"},
     COMMAND_STATUS_OK,
     ERROR "\n\n" ERROR "\nFailed to pull image \"b.example/x\": x"},
    {{"explain", "-", "--color=always"}, COMMAND_STATUS_OK, ERROR},
    {{"explain"}, COMMAND_STATUS_UNKNOWN, "nothing"},
    {{"explain", "nat_missing"}, COMMAND_STATUS_OK, NULL},
    {{"explain", "--format=json", "nat_missing"}, COMMAND_STATUS_OK, NULL},
};

static void require_whole_or_a_word(const struct row *row, const struct outcome *whole,
                                    const struct outcome *found)
{
    bool same = found->status == row->status && strcmp(found->out, whole->out) == 0;

    if (!same && (found->status != COMMAND_STATUS_UNKNOWN || !*found->err))
        fail_msg("%s %s, allocation %lu: %d, \"%s\", \"%s\"", row->words[0],
                 row->words[1] ? row->words[1] : "", failing, found->status, found->out,
                 found->err);
    if (!found->failed)
        assert_true(same);
}

static void fail_each_allocation(const struct row *row)
{
    static struct outcome whole;
    static struct outcome found;

    failing = 0;
    call(row->words, row->input, &whole);
    if (whole.status != row->status || !*whole.out)
        fail_msg("%s: %d, %s%s", row->words[0], whole.status, whole.out, whole.err);
    found.failed = true;
    for (failing = 1; found.failed; failing++) {
        call(row->words, row->input, &found);
        require_whole_or_a_word(row, &whole, &found);
    }
    assert_true(failing > 2);
}

static void commands_say_all_or_why_not(void **state)
{
    (void)state;
    clock_replace(&fake_clock);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        fail_each_allocation(&rows[i]);
    clock_replace(NULL);
}

/* A report that was saved, as text and as JSON. */
static void a_replay_says_all_or_why_not(void **state)
{
    static struct outcome saved;
    static const char *const check[] = {"check",     RUN,         "--format=json",
                                        "acme-prod", "b.example", NULL};
    char path[] = "/tmp/tcr-probe-test.XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    failing = 0;
    call(check, NULL, &saved);
    assert_int_equal(saved.status, COMMAND_STATUS_FAIL);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, saved.out, strlen(saved.out)), strlen(saved.out));
    close(fd);
    clock_replace(&fake_clock);
    fail_each_allocation(&(struct row){{"check", "--replay", path}, COMMAND_STATUS_FAIL, NULL});
    fail_each_allocation(
        &(struct row){{"check", "--format=json", "--replay", path}, COMMAND_STATUS_FAIL, NULL});
    clock_replace(NULL);
    unlink(path);
}

/* ---- runs ---- */

/* Two targets with a closed resolver. The verdict names the resolver, or the shortage of memory if
 * that came first. */
static void fail_run(const char *const *words, const char *input, unsigned long stride)
{
    static struct outcome found;

    failing = 0;
    call(words, input, &found);
    assert_int_equal(found.status, COMMAND_STATUS_FAIL);
    assert_non_null(strstr(found.out, "dns_timeout"));
    found.failed = true;
    for (failing = 1; found.failed; failing += stride) {
        call(words, input, &found);
        bool told = strstr(found.out, "local_error") || *found.err;
        if (found.status != COMMAND_STATUS_FAIL &&
            (found.status != COMMAND_STATUS_UNKNOWN || !told))
            fail_msg("%s, allocation %lu: %d, \"%s\", \"%s\"", words[0], failing, found.status,
                     found.out, found.err);
        if (found.status == COMMAND_STATUS_FAIL)
            assert_non_null(strstr(found.out, "dns_timeout"));
    }
    assert_true(failing > 100);
}

static void a_check_reports_or_says_why_not(void **state)
{
    static const char *const text[] = {"check", RUN, "a.example", "b.example", NULL};
    static const char *const json[] = {"check", RUN, "--format=json", "a.example", NULL};

    (void)state;
    fail_run(text, NULL, STRIDE);
    fail_run(json, NULL, STRIDE);
}

static void a_diagnosis_of_a_pod_reports_or_says_why_not(void **state)
{
    static const char *const text[] = {"diagnose", RUN, "-", NULL};
    static const char *const json[] = {"diagnose", RUN, "--format=json", "-", NULL};

    (void)state;
    fail_run(text, POD, STRIDE);
    fail_run(json, POD, STRIDE);
}

/* If the first run could not be started, it is tried again although nothing else is in progress. */
static void a_wait_tries_again(void **state)
{
    static const char *const wait[] = {"wait",      RUN, "--interval=100ms", "--timeout=350ms",
                                       "a.example", NULL};
    static struct outcome found;
    bool could_not_begin = false;

    (void)state;
    found.failed = true;
    for (failing = 1; found.failed && failing < MOST_OF_WAIT; failing += STRIDE) {
        call(wait, NULL, &found);
        if (strstr(found.err, "not enough memory or descriptors to wait") ||
            strstr(found.err, "tcr-probe: out of memory")) {
            could_not_begin = true;
            continue;
        }
        if (found.status != COMMAND_STATUS_FAIL || !strstr(found.out, "dns_timeout"))
            fail_msg("allocation %lu: %d, \"%s\", \"%s\"", failing, found.status, found.out,
                     found.err);
    }
    assert_true(could_not_begin);
}

static int set_up(void **state)
{
    (void)state;
    unsetenv("NO_COLOR");
    return libraries_start();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_say_all_or_why_not),
        cmocka_unit_test(a_replay_says_all_or_why_not),
        cmocka_unit_test(a_check_reports_or_says_why_not),
        cmocka_unit_test(a_diagnosis_of_a_pod_reports_or_says_why_not),
        cmocka_unit_test(a_wait_tries_again),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
