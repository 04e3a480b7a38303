/* SPDX-License-Identifier: MIT */
/*
 * A daemon's watcher while memory is short, one allocation after the other, and while the clock
 * is set. It says the truth of each registry or that this machine was short, is right again in
 * the next run, and keeps every target's turn. The peers are in a process of their own, so that
 * only the watcher's allocations are counted.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/invocation.h"
#include "daemon/watch/watcher.h"
#include "probes/libraries.h"
#include "tests/component/probes/run/fake_site.h"
#include "tests/component/probes/run/stepping_clock.h"
#include "tests/component/probes/transport/fake_dns.h"
#include "tests/component/probes/transport/fake_tls.h"
#include "tests/support.h"

#define YEAR   (365L * 24 * 3600)
#define STRIDE 97 /* of the allocations, unless TCR_PROBE_TEST_EVERY_FAULT asks for each */
#define SETTINGS                                                                         \
    "{resolvers: {pod: ['127.0.0.1:%u']}, private_ranges: [127.0.0.0/8], interval: 1h, " \
    "timeout: 5s, failure_threshold: 1, ca_file: %s, targets: ["                         \
    "{name: ok_private, registry: 'registry.example:%u'}, "                              \
    "{name: tls_name_mismatch, registry: 'registry.example:%u'}, "                       \
    "{name: tls_untrusted_issuer, registry: 'registry.example:%u'}]}\n"
#define REGISTRY                                                      \
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n" \
    "Docker-Distribution-Api-Version: registry/2.0\r\n"               \
    "Date: %a, %d %b %Y %T GMT\r\nContent-Length: 2\r\n\r\n{}"
#define TARGETS 3

static const enum cause causes[TARGETS] = {CAUSE_OK_PRIVATE, CAUSE_TLS_NAME_MISMATCH,
                                           CAUSE_TLS_UNTRUSTED_ISSUER};
static char config_file[] = "/tmp/tcr-probe-test-XXXXXX";
static pid_t peers;
static unsigned long long runs;

/* ---- the peers ---- */

static void speak(struct fake_site *site, struct fake_talk *talk, const char *request)
{
    time_t now = time(NULL);
    char reply[512];
    struct tm parts;

    (void)site;
    (void)request;
    fake_talk_write(talk, reply, strftime(reply, sizeof(reply), REGISTRY, gmtime_r(&now, &parts)));
}

static void serve(int out)
{
    static const struct fake_certificate certificates[TARGETS] = {
        {.names = "DNS:registry.example", .from_seconds = -YEAR, .until_seconds = YEAR},
        {.names = "DNS:other.example", .from_seconds = -YEAR, .until_seconds = YEAR},
        {.names = "DNS:registry.example",
         .from_seconds = -YEAR,
         .until_seconds = YEAR,
         .unknown_ca = true}};
    static struct fake_site sites[TARGETS];
    struct event_base *base = libraries_new_loop();
    struct fake_dns dns = {.behaviour = FAKE_DNS_LOOPBACK};
    uint16_t ports[TARGETS + 1];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (fake_dns_start(&dns, base))
        _exit(1);
    ports[TARGETS] = dns.endpoint.port;
    for (size_t i = 0; i < TARGETS; i++) {
        sites[i] = (struct fake_site){.context = fake_pki_server(&shared_pki, &certificates[i]),
                                      .speak = speak};
        if (!fake_site_open(&sites[i]))
            _exit(1);
        ports[i] = sites[i].port;
    }
    if (write(out, ports, sizeof(ports)) != (ssize_t)sizeof(ports))
        _exit(1);
    event_base_dispatch(base);
    _exit(0);
}

/* Starts them, and writes the settings that lead there. */
static bool start_peers(void)
{
    uint16_t ports[TARGETS + 1];
    int ends[2];

    if (pipe(ends))
        return false;
    peers = fork();
    if (peers == 0)
        serve(ends[1]);
    bool told = read(ends[0], ports, sizeof(ports)) == (ssize_t)sizeof(ports);
    close(ends[0]);
    close(ends[1]);
    FILE *file = told ? fopen(config_file, "w") : NULL;
    if (!file)
        return false;
    fprintf(file, SETTINGS, (unsigned)ports[TARGETS], shared_ca_file, (unsigned)ports[0],
            (unsigned)ports[1], (unsigned)ports[2]);
    return fclose(file) == 0;
}

/* ---- the daemon ---- */

struct scene {
    struct event_base *base;
    struct settings *settings;
    struct watcher *watcher; /* NULL: memory was too short to start */
    unsigned descriptors;
};

static unsigned long failing; /* the allocation that fails; 0: none */

static void open_scene(struct scene *scene)
{
    static char words[2][16] = {"tcr-probe", "run"};
    static char option[] = "--config";
    char *arguments[] = {words[0], words[1], option, config_file, NULL};
    struct invocation invocation = {0};
    struct config_errors errors = {0};

    *scene = (struct scene){.descriptors = count_descriptors()};
    assert_int_equal(settings_load(4, arguments, NULL, &invocation, &scene->settings, &errors), 0);
    scene->base = libraries_new_loop();
    assert_non_null(scene->base);
}

static void close_scene(struct scene *scene)
{
    watcher_free(scene->watcher);
    assert_int_equal(scene->settings->references, 1);
    settings_release(scene->settings);
    event_base_free(scene->base);
    assert_int_equal(count_descriptors(), scene->descriptors);
}

static const struct state_result *last_run(const struct watch *watch)
{
    return state_run(&watch->state, state_run_count(&watch->state) - 1);
}

/* The last run of target `index` told the truth or, if it `may_differ`, another verdict of ours
 * that is not ok. */
static void require_right(const struct watch *watch, size_t index, bool may_differ,
                          enum cause other)
{
    enum cause cause = (enum cause)last_run(watch)->cause;

    if (cause != causes[index] && (!may_differ || cause != other))
        fail_msg("allocation %lu: %s: %s", failing, watch->target->name, cause_name(cause));
}

/* Waits until no run is in progress. */
static void settle(struct scene *scene)
{
    while (scene->watcher->in_flight)
        assert_true(event_base_loop(scene->base, EVLOOP_ONCE) >= 0);
}

/* One run of each target, if it can be started. */
static void turn(struct scene *scene)
{
    for (size_t i = 0; i < TARGETS; i++)
        watcher_probe_now(scene->watcher->watches[i]);
    settle(scene);
}

static void judge(const struct scene *scene, bool may_differ, enum cause other)
{
    for (size_t i = 0; i < TARGETS; i++) {
        const struct watch *watch = scene->watcher->watches[i];
        if (watch->runs)
            require_right(watch, i, may_differ, other);
        if (!event_pending(watch->due, EV_TIMEOUT, NULL))
            fail_msg("allocation %lu: %s has lost its turn", failing, watch->target->name);
    }
}

/* The fault is over, so all is right again, and the kept state says so. */
static void require_recovery(struct scene *scene)
{
    uint64_t before[TARGETS];

    for (size_t i = 0; i < TARGETS; i++)
        before[i] = scene->watcher->watches[i]->runs;
    turn(scene);
    judge(scene, false, CAUSE_LOCAL_ERROR);
    for (size_t i = 0; i < TARGETS; i++) {
        const struct watch *watch = scene->watcher->watches[i];
        assert_int_equal(watch->runs, before[i] + 1);
        assert_int_equal(watch->state.cause, causes[i]);
        assert_int_equal(watch_diagnosis(watch)->findings[0].cause, causes[i]);
        runs += watch->runs - before[i];
    }
}

/* ---- memory ---- */

static unsigned long stride(void)
{
    return getenv("TCR_PROBE_TEST_EVERY_FAULT") ? 1 : STRIDE;
}

/* From the start through the first run of each target. */
static void a_start_without_memory_is_recovered_from(void **state)
{
    unsigned long started = 0;
    bool failed = true;

    (void)state;
    for (failing = 1; failed; failing += stride()) {
        struct scene scene;
        open_scene(&scene);
        fault_begin(failing);
        scene.watcher = watcher_new(scene.base, scene.settings);
        if (scene.watcher)
            settle(&scene);
        failed = fault_end();
        if (scene.watcher) {
            started++;
            judge(&scene, failed, CAUSE_LOCAL_ERROR);
            require_recovery(&scene);
        }
        close_scene(&scene);
    }
    print_message("%lu allocations, %lu started\n", fault_allocations(), started);
    assert_true(fault_allocations() > 1000 && started);
}

/* One daemon that lives through a failure of each allocation of a turn of all targets. */
static void a_daemon_lives_through_each_failure(void **state)
{
    struct scene scene;
    bool failed = true;

    (void)state;
    runs = 0;
    failing = 0;
    open_scene(&scene);
    scene.watcher = watcher_new(scene.base, scene.settings);
    settle(&scene);
    judge(&scene, false, CAUSE_LOCAL_ERROR);
    for (failing = 1; failed; failing += stride()) {
        fault_begin(failing);
        turn(&scene);
        failed = fault_end();
        judge(&scene, failed, CAUSE_LOCAL_ERROR);
        require_recovery(&scene);
    }
    print_message("%lu allocations, %llu runs\n", fault_allocations(), runs);
    assert_true(fault_allocations() > 1000 && runs >= 20);
    close_scene(&scene);
}

/* ---- the clock ---- */

/* Sets the clock at look number `at` of a turn, and right again after the turn. Returns false if
 * the turn had fewer looks. Each watcher has one such turn, because several failures among its runs
 * would be `intermittent`, and how many looks fail a target depends on the order of the answers. */
static bool set_clock_during_turn(unsigned at, int64_t step)
{
    struct scene scene;

    open_scene(&scene);
    scene.watcher = watcher_new(scene.base, scene.settings);
    settle(&scene);
    judge(&scene, false, CAUSE_LOCAL_ERROR);
    stepping_clock.step = step;
    stepping_clock.readings = 0;
    stepping_clock.at = at;
    turn(&scene);
    bool reached = stepping_clock.readings >= at;
    judge(&scene, reached, CAUSE_CLOCK_SKEW);
    stepping_clock.at = 0;
    require_recovery(&scene);
    close_scene(&scene);
    return reached;
}

static void a_clock_that_is_set_is_recovered_from(void **state)
{
    static const int64_t steps[] = {3600, -3600, 10 * YEAR, -10 * YEAR};

    (void)state;
    failing = 0;
    stepping_clock_start();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        unsigned at = 1;
        while (set_clock_during_turn(at, steps[i] * (int64_t)USEC_PER_SEC))
            at++;
        assert_true(at > 3);
    }
    stepping_clock_stop();
}

static int set_up(void **state)
{
    int config = mkstemp(config_file);

    log_configure((enum log_level)(LOG_LEVEL_ERROR + 1), LOG_FORMAT_LOGFMT);
    if (config < 0 || shared_pki_start(state))
        return -1;
    close(config);
    return start_peers() ? 0 : -1;
}

static int tear_down(void **state)
{
    kill(peers, SIGKILL);
    waitpid(peers, NULL, 0);
    unlink(config_file);
    return shared_pki_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_without_memory_is_recovered_from),
        cmocka_unit_test(a_daemon_lives_through_each_failure),
        cmocka_unit_test(a_clock_that_is_set_is_recovered_from),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
