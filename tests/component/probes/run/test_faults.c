/* SPDX-License-Identifier: MIT */
/* A run in which this machine fails: one allocation after the other, descriptors, the clock.
 * Nothing crashes or leaks, no fault is blamed on the registry, and no fault lets a wrong
 * certificate pass. The peers live in a process of their own, so that only the probe's allocations
 * are counted. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_site.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/libraries.h"
#include "probes/probe.h"
#include "stepping_clock.h"
#include "tests/component/probes/transport/fake_dns.h"
#include "tests/component/probes/transport/fake_tls.h"
#include "tests/support.h"

#define YEAR    (365L * 24 * 3600)
#define TIMEOUT (2 * USEC_PER_SEC)
#define REGISTRY                                                      \
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n" \
    "Docker-Distribution-Api-Version: registry/2.0\r\n"               \
    "WWW-Authenticate: Bearer realm=\"https://token.example/t\"\r\n"  \
    "Date: %a, %d %b %Y %T GMT\r\nContent-Length: 2\r\n\r\n{}"

/* Every STRIDE-th allocation unless TCR_PROBE_TEST_EVERY_FAULT is set: a prime, so that over
 * repeated work other places are hit. */
#define STRIDE 29

struct peers {
    pid_t process;
    struct endpoint resolver;
    uint16_t port;
};

static void serve(const struct fake_certificate *certificate, int out)
{
    struct event_base *base = libraries_new_loop();
    struct fake_dns dns = {.behaviour = FAKE_DNS_LOOPBACK};
    char reply[sizeof(REGISTRY) + 64];
    struct fake_site site = {.context = fake_pki_server(&shared_pki, certificate), .reply = reply};
    struct peers peers;
    time_t now = time(NULL);
    struct tm parts;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    strftime(reply, sizeof(reply), REGISTRY, gmtime_r(&now, &parts));
    if (fake_dns_start(&dns, base) || !fake_site_open(&site))
        _exit(1);
    peers = (struct peers){.resolver = dns.endpoint, .port = site.port};
    if (write(out, &peers, sizeof(peers)) != (ssize_t)sizeof(peers))
        _exit(1);
    event_base_dispatch(base);
    _exit(0);
}

static struct peers start_peers(const struct fake_certificate *certificate)
{
    struct peers peers;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t process = fork();
    if (process == 0)
        serve(certificate, ends[1]);
    assert_int_equal(read(ends[0], &peers, sizeof(peers)), sizeof(peers));
    peers.process = process;
    close(ends[0]);
    close(ends[1]);
    return peers;
}

static void stop_peers(const struct peers *peers)
{
    kill(peers->process, SIGKILL);
    waitpid(peers->process, NULL, 0);
}

/* ---- one run ---- */

static unsigned long failing; /* the allocation that fails; 0: none */

struct ending {
    struct event_base *base;
    struct evidence *evidence;
};

static void done(struct evidence *evidence, void *context)
{
    struct ending *ending = context;

    ending->evidence = evidence;
    event_base_loopbreak(ending->base);
}

/* Makes everything anew, also the trust store. Returns NULL if the run could not even start. */
static struct diagnosis *run_once(const struct peers *peers, bool *ret_failed)
{
    struct network_settings network = {
        .pod_resolver_count = 1, .pod_resolvers = {peers->resolver}, .private_range_count = 1};
    struct target target = {.name = "registry.example",
                            .host = "registry.example",
                            .port = peers->port,
                            .timeout = TIMEOUT,
                            .certificate_warning_days = 21,
                            .ca_file = shared_ca_file,
                            .network = &network};
    struct ending ending = {.base = libraries_new_loop()};
    struct diagnosis *diagnosis = NULL;

    assert_true(range_parse("127.0.0.0/8", &network.private_ranges[0]));
    fault_begin(failing);
    struct probe_environment *environment = probe_environment_new(ending.base, PROBE_ONCE);
    struct probe *run = environment ? probe_start(environment, &target, NULL, done, &ending) : NULL;
    if (run)
        event_base_dispatch(ending.base);
    *ret_failed = fault_end();
    if (run) {
        assert_non_null(ending.evidence);
        diagnosis = diagnose(ending.evidence, &target);
        evidence_free(ending.evidence);
    }
    probe_environment_free(environment);
    event_base_free(ending.base);
    return diagnosis;
}

/* ---- allocations ---- */

/* If no fault happens, the run gives `cause`. If one does, the run gives that, or says that the
 * trouble is our own. */
static void fail_each_allocation(const struct fake_certificate *certificate, enum cause cause)
{
    struct peers peers = start_peers(certificate);
    unsigned long stride = getenv("TCR_PROBE_TEST_EVERY_FAULT") ? 1 : STRIDE;
    bool failed = true;

    for (failing = 1; failed; failing += stride) {
        struct diagnosis *diagnosis = run_once(&peers, &failed);
        if (!diagnosis)
            continue;
        const struct finding *first = &diagnosis->findings[0];
        if (first->cause != cause && first->cause != CAUSE_LOCAL_ERROR)
            fail_msg("allocation %lu: %s: %s", failing, cause_name(first->cause), first->summary);
        if (!failed)
            assert_int_equal(first->cause, cause);
        diagnosis_free(diagnosis);
    }
    print_message("%lu allocations\n", fault_allocations());
    assert_true(fault_allocations() > 500);
    stop_peers(&peers);
}

static void healthy_target_is_never_blamed(void **state)
{
    const struct fake_certificate certificate = {
        .names = "DNS:registry.example", .from_seconds = -YEAR, .until_seconds = YEAR};

    (void)state;
    fail_each_allocation(&certificate, CAUSE_OK_PRIVATE);
}

static void wrong_host_never_passes(void **state)
{
    const struct fake_certificate certificate = {
        .names = "DNS:other.example", .from_seconds = -YEAR, .until_seconds = YEAR};

    (void)state;
    fail_each_allocation(&certificate, CAUSE_TLS_NAME_MISMATCH);
}

static void unknown_issuer_never_passes(void **state)
{
    const struct fake_certificate certificate = {.names = "DNS:registry.example",
                                                 .from_seconds = -YEAR,
                                                 .until_seconds = YEAR,
                                                 .unknown_ca = true};

    (void)state;
    fail_each_allocation(&certificate, CAUSE_TLS_UNTRUSTED_ISSUER);
}

/* ---- descriptors ---- */

static void short_of_descriptors_is_our_own_fault(void **state)
{
    const struct fake_certificate certificate = {
        .names = "DNS:registry.example", .from_seconds = -YEAR, .until_seconds = YEAR};
    struct peers peers = start_peers(&certificate);
    struct rlimit usual;
    unsigned short_runs = 0;
    bool failed;

    (void)state;
    failing = 0;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(next);
    for (rlim_t more = 3; more < 16; more++) { /* the loop itself takes three */
        struct rlimit limit = {(rlim_t)next + more, usual.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        struct diagnosis *diagnosis = run_once(&peers, &failed);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
        assert_non_null(diagnosis);
        const struct finding *first = &diagnosis->findings[0];
        if (first->cause != CAUSE_OK_PRIVATE && first->cause != CAUSE_LOCAL_ERROR)
            fail_msg("%d descriptors: %s: %s", (int)more, cause_name(first->cause), first->summary);
        short_runs += first->cause == CAUSE_LOCAL_ERROR;
        diagnosis_free(diagnosis);
    }
    assert_true(short_runs > 0);
    struct diagnosis *diagnosis = run_once(&peers, &failed);
    assert_int_equal(diagnosis->findings[0].cause, CAUSE_OK_PRIVATE);
    diagnosis_free(diagnosis);
    stop_peers(&peers);
}

/* ---- the clock ---- */

/* The clock is set while a run is in progress, each time that the run reads it. */
static void a_clock_that_is_set_is_told_from_a_bad_certificate(void **state)
{
    const struct fake_certificate certificate = {
        .names = "DNS:registry.example", .from_seconds = -YEAR, .until_seconds = YEAR};
    static const int64_t steps[] = {3600, -3600, 10 * YEAR, -10 * YEAR};
    struct peers peers = start_peers(&certificate);
    bool failed;

    (void)state;
    failing = 0;
    stepping_clock_start();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        unsigned skewed = 0;
        bool reached = true;
        stepping_clock.step = steps[i] * (int64_t)USEC_PER_SEC;
        for (stepping_clock.at = 1; reached; stepping_clock.at++) {
            stepping_clock.readings = 0;
            struct diagnosis *diagnosis = run_once(&peers, &failed);
            enum cause cause = diagnosis->findings[0].cause;
            reached = stepping_clock.readings >= stepping_clock.at;
            skewed += cause == CAUSE_CLOCK_SKEW;
            if (cause != CAUSE_CLOCK_SKEW && cause != CAUSE_OK_PRIVATE)
                fail_msg("step at reading %u: %s", stepping_clock.at,
                         diagnosis->findings[0].summary);
            if (!reached)
                assert_int_equal(cause, CAUSE_OK_PRIVATE);
            diagnosis_free(diagnosis);
        }
        assert_true(skewed > 0);
    }
    stepping_clock_stop();
    stop_peers(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_target_is_never_blamed),
        cmocka_unit_test(wrong_host_never_passes),
        cmocka_unit_test(unknown_issuer_never_passes),
        cmocka_unit_test(short_of_descriptors_is_our_own_fault),
        cmocka_unit_test(a_clock_that_is_set_is_told_from_a_bad_certificate),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
