/* SPDX-License-Identifier: MIT */
/*
 * Whole runs of the ladder against a resolver and servers on loopback: the evidence, when a run
 * ends, and things that it must not do.
 */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_site.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/libraries.h"
#include "probes/probe.h"
#include "tests/component/probes/transport/busy.h"
#include "tests/component/probes/transport/fake_dns.h"
#include "tests/component/probes/transport/fake_tls.h"

#define YEAR        (365L * 24 * 3600)
#define TIMEOUT     (1200 * USEC_PER_MSEC)
#define LEAST_SLEEP (200 * USEC_PER_MSEC) /* a sleep that long is allowed */
#define REGISTRY                                                      \
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n" \
    "Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n\r\n{}"
#define FORBIDDEN        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
#define ECHO_OF(address) "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"ip\": \"" address "\"}\n"

struct scene {
    struct event_base *base;
    struct probe_environment *environment;
    struct fake_dns dns;
    struct fake_site site;
    struct network_settings network;
    struct target target;
    struct evidence *evidence;
    struct diagnosis *diagnosis;
};

static void open_scene(struct scene *scene, enum probe_mode mode, enum fake_dns_behaviour dns,
                       long certificate_until)
{
    struct fake_certificate certificate = {.names = "DNS:registry.example,IP:127.0.0.1",
                                           .from_seconds = -2 * YEAR,
                                           .until_seconds = certificate_until};

    scene->base = libraries_new_loop();
    scene->environment = probe_environment_new(scene->base, mode);
    scene->dns.behaviour = dns;
    assert_int_equal(fake_dns_start(&scene->dns, scene->base), 0);
    scene->site.context = fake_pki_server(&shared_pki, &certificate);
    assert_true(fake_site_open(&scene->site));
    scene->network.pod_resolvers[scene->network.pod_resolver_count++] = scene->dns.endpoint;
    assert_true(range_parse("127.0.0.0/8", &scene->network.private_ranges[0]));
    scene->network.private_range_count = 1;
    scene->target = (struct target){
        .name = "registry.example",
        .host = "registry.example",
        .port = scene->site.port,
        .timeout = TIMEOUT,
        .certificate_warning_days = 21,
        .ca_file = shared_ca_file,
        .network = &scene->network,
    };
}

static void done(struct evidence *evidence, void *context)
{
    struct scene *scene = context;

    scene->evidence = evidence;
    event_base_loopbreak(scene->base);
}

static void run_without_hurry(struct scene *scene)
{
    assert_non_null(probe_start(scene->environment, &scene->target, NULL, done, scene));
    event_base_dispatch(scene->base);
    assert_non_null(scene->evidence);
    scene->diagnosis = diagnose(scene->evidence, &scene->target);
}

static void run_scene(struct scene *scene)
{
    usec_t before = waited_for_processor();

    run_without_hurry(scene);
    for (int i = 1; i < BUSY_ATTEMPTS &&
                    was_kept_from_running(scene->evidence, waited_for_processor() - before);
         i++) {
        diagnosis_free(scene->diagnosis);
        evidence_free(scene->evidence);
        before = waited_for_processor();
        run_without_hurry(scene);
    }
    assert_true(scene->evidence->duration <= TIMEOUT * 11 / 10 + waited_for_processor() - before);
}

static void close_scene(struct scene *scene)
{
    diagnosis_free(scene->diagnosis);
    evidence_free(scene->evidence);
    probe_environment_free(scene->environment);
    fake_dns_stop(&scene->dns);
    fake_site_close(&scene->site);
    SSL_CTX_free(scene->site.context);
    event_base_free(scene->base);
}

/* The target is the site's address instead of a name. */
static void aim_at_address(struct scene *scene)
{
    scene->target.host = "127.0.0.1";
    scene->target.host_is_address = true;
    assert_true(address_parse("127.0.0.1", &scene->target.address));
}

static const char *cause_of(const struct scene *scene)
{
    return cause_name(scene->diagnosis->findings[0].cause);
}

/* ---- a healthy target ---- */

static void healthy_run_ends_at_once_and_awaits_no_control(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};
    struct fake_site silent = {.path = PATH_SILENT};

    (void)state;
    assert_true(fake_site_open(&silent));
    open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
    /* It answers nothing at all, so a run that waited for it would last until the deadline. */
    scene.network.egress_url = &(struct url){.host = "127.0.0.1",
                                             .port = silent.port,
                                             .path = "/",
                                             .host_is_address = true,
                                             .address = {AF_INET, {127, 0, 0, 1}}};
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "ok_private");
    assert_false(scene.evidence->deadline_reached);
    assert_int_equal(scene.site.connections, 1);
    assert_int_equal(scene.site.requests, 1);
    assert_null(scene.evidence->egress_address);
    assert_int_equal(scene.evidence->paths[0].trials.clamped, TRIAL_NOT_MADE);
    close_scene(&scene);
    fake_site_close(&silent);
}

static void watching_run_starts_no_control_while_all_is_well(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};
    struct fake_site control = {.path = PATH_OPEN};

    (void)state;
    assert_true(fake_site_open(&control));
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    scene.network.controls[scene.network.control_count++] =
        (struct control){.name = "a",
                         .kind = CONTROL_VPC,
                         .host = "127.0.0.1",
                         .port = control.port,
                         .host_is_address = true,
                         .address = {AF_INET, {127, 0, 0, 1}}};
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "ok_private");
    assert_int_equal(scene.evidence->control_count, 0);
    assert_int_equal(control.connections, 0);
    close_scene(&scene);
    fake_site_close(&control);
}

/* ---- handshakes that stall or are reset ---- */

static void stall_is_told_apart(void **state)
{
    static const struct {
        enum fake_path path;
        const char *cause;
        enum trial_outcome clamped;
        enum trial_outcome control_sni;
    } rows[] = {
        {PATH_DROPS_LARGE, "mtu_black_hole", TRIAL_COMPLETED, TRIAL_SILENT},
        {PATH_DROPS_NAME, "sni_filtered", TRIAL_SILENT, TRIAL_COMPLETED},
        {PATH_SILENT, "tls_timeout", TRIAL_SILENT, TRIAL_SILENT},
        {PATH_DROPS_FIRST_BYTES, "tls_timeout", TRIAL_ANSWERED, TRIAL_ANSWERED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene = {.site = {.path = rows[i].path, .reply = REGISTRY}};
        open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
        run_scene(&scene);
        const struct handshake_trials *trials = &scene.evidence->paths[0].trials;
        assert_string_equal(cause_of(&scene), rows[i].cause);
        assert_int_equal(trials->clamped, rows[i].clamped);
        assert_int_equal(trials->control_sni, rows[i].control_sni);
        assert_true(trials->interface_mtu >= 1280);
        assert_true(trials->send_mss > 0);
        assert_int_equal(scene.site.connections, 4);
        close_scene(&scene);
    }
}

/* The run goes on with the short one, so that all above it is measured too. */
static void long_hello_without_answer_is_told(void **state)
{
    static const enum fake_path paths[] = {PATH_DROPS_LONG_HELLO, PATH_RESETS_LONG_HELLO};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct scene scene = {.site = {.path = paths[i], .reply = REGISTRY}};
        open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
        run_scene(&scene);
        const struct path_evidence *path = &scene.evidence->paths[0];
        assert_string_equal(cause_of(&scene), "client_hello_filtered");
        assert_int_equal(path->tls.outcome, TLS_OK);
        assert_true(path->tls.short_hello);
        assert_int_equal(path->trials.short_hello, TRIAL_COMPLETED);
        assert_int_equal(path->api.outcome, API_REGISTRY);
        assert_int_equal(scene.site.connections, 4);
        assert_int_equal(scene.site.requests, 1);
        close_scene(&scene);
    }
}

/* Its certificate counts, as it does for older clients. */
static void short_hello_is_verified(void **state)
{
    struct scene scene = {.site = {.path = PATH_RESETS_LONG_HELLO, .reply = REGISTRY}};

    (void)state;
    open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, -1);
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "tls_certificate_expired");
    assert_int_equal(scene.evidence->paths[0].tls.outcome, TLS_EXPIRED);
    assert_true(scene.evidence->paths[0].tls.short_hello);
    close_scene(&scene);
}

static void reset_by_name_is_told_before_the_deadline(void **state)
{
    struct scene scene = {.site = {.path = PATH_RESETS_NAME, .reply = REGISTRY}};

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "sni_filtered");
    assert_int_equal(scene.evidence->paths[0].tls.outcome, TLS_RESET);
    assert_int_equal(scene.evidence->paths[0].trials.clamped, TRIAL_CLOSED);
    assert_false(scene.evidence->deadline_reached);
    close_scene(&scene);
}

/* ---- the clock ---- */

static void date_is_read_over_a_session_that_does_not_verify(void **state)
{
    struct scene scene = {.site = {.reply = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
                                            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"}};

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, -YEAR);
    run_scene(&scene);
    const struct path_evidence *path = &scene.evidence->paths[0];
    assert_string_equal(cause_of(&scene), "tls_certificate_expired");
    assert_int_equal(path->tls.outcome, TLS_EXPIRED);
    assert_int_equal(path->api.outcome, API_SKIPPED);
    assert_int_equal(path->api.status, 0);
    assert_int_equal(path->api.peer_time, 784111777);
    assert_true(path->api.local_time > path->api.peer_time);
    close_scene(&scene);
}

/* ---- the address this network shows ---- */

static void egress_address_is_read_when_the_registry_turns_us_away(void **state)
{
    struct scene scene = {.site = {.reply = FORBIDDEN}};
    struct fake_site echo = {.reply = ECHO_OF("198.51.100.77")};

    (void)state;
    assert_true(fake_site_open(&echo));
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    /* The target is a name, so the run's resolver is asked for it. */
    scene.network.egress_url =
        &(struct url){.host = "echo.example", .port = echo.port, .path = "/ip"};
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "api_forbidden");
    assert_string_equal(scene.evidence->egress_address, "198.51.100.77");
    assert_null(scene.evidence->egress_error);
    close_scene(&scene);
    fake_site_close(&echo);
}

static void echo_service_that_fails_explains_nothing(void **state)
{
    static const struct {
        const char *reply;
        const char *error;
    } rows[] = {
        {"HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n10.0.0.1", "HTTP status 500"},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "no address in the answer"},
        {"garbage", "the answer was not complete"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene = {.site = {.reply = FORBIDDEN}};
        struct fake_site echo = {.reply = rows[i].reply};
        assert_true(fake_site_open(&echo));
        open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
        scene.network.egress_url =
            &(struct url){.host = "echo.example", .port = echo.port, .path = "/"};
        run_scene(&scene);
        assert_string_equal(cause_of(&scene), "api_forbidden");
        assert_null(scene.evidence->egress_address);
        assert_string_equal(scene.evidence->egress_error, rows[i].error);
        close_scene(&scene);
        fake_site_close(&echo);
    }
}

/* The run is of an address, so the resolver is asked for the echo service's name alone. */
static void the_way_to_the_echo_service_is_told(void **state)
{
    static const struct {
        const char *names; /* of its certificate; NULL: no TLS */
        enum fake_dns_behaviour dns;
        bool closed;
        const char *address;
        const char *error;
    } rows[] = {
        {"DNS:echo.example", FAKE_DNS_LOOPBACK, false, "198.51.100.77", NULL},
        {"DNS:other.example", FAKE_DNS_LOOPBACK, false, NULL, "tls: certificate for another name"},
        {NULL, FAKE_DNS_LOOPBACK, true, NULL, "tcp: connection refused"},
        {NULL, FAKE_DNS_NODATA, false, NULL, "dns: no address"},
        {NULL, FAKE_DNS_LOOPBACK, false, "198.51.100.77", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene = {.site = {.reply = FORBIDDEN}};
        const struct fake_certificate certificate = {
            .names = rows[i].names, .from_seconds = -YEAR, .until_seconds = YEAR};
        struct fake_site echo = {.reply = ECHO_OF("198.51.100.77")};
        echo.context = rows[i].names ? fake_pki_server(&shared_pki, &certificate) : NULL;
        assert_true(fake_site_open(&echo));
        open_scene(&scene, PROBE_ONCE, rows[i].dns, YEAR);
        aim_at_address(&scene);
        scene.network.egress_url = &(struct url){.host = "echo.example",
                                                 .port = rows[i].closed ? 1 : echo.port,
                                                 .path = "/",
                                                 .tls = rows[i].names != NULL};
        run_scene(&scene);
        const char *address = scene.evidence->egress_address;
        const char *error = scene.evidence->egress_error;
        assert_string_equal(address ? address : "none", rows[i].address ? rows[i].address : "none");
        assert_string_equal(error ? error : "none", rows[i].error ? rows[i].error : "none");
        close_scene(&scene);
        fake_site_close(&echo);
        SSL_CTX_free(echo.context);
    }
}

/* ---- names and deadlines ---- */

static void silent_resolver_is_given_up_at_half_the_timeout(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};
    usec_t before = waited_for_processor();

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_SILENT, YEAR);
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "dns_timeout");
    assert_true(scene.evidence->duration > TIMEOUT * 2 / 5);
    assert_true(scene.evidence->duration < TIMEOUT * 3 / 4 + waited_for_processor() - before);
    assert_int_equal(scene.evidence->path_count, 0);
    close_scene(&scene);
}

/* A run starts again if this process stood still. If it never gets its time, it ends without a
 * verdict on the registry. */
static void a_process_that_stands_still_blames_nobody(void **state)
{
    static const struct {
        struct fake_dns dns;
        struct fake_site site;
        const char *cause;
    } cases[] = {
        {{.busy_usec = TIMEOUT * 9 / 10}, {.reply = REGISTRY}, "ok_private"},
        {{.busy_usec = TIMEOUT * 3 / 2}, {.reply = REGISTRY}, "ok_private"},
        {{.busy_usec = TIMEOUT * 9 / 10}, {.path = PATH_SILENT}, "tls_timeout"},
        {{.busy_usec = TIMEOUT * 9 / 10, .busy_always = true},
         {.path = PATH_SILENT},
         "local_error"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene = {.site = cases[i].site, .dns = cases[i].dns};
        usec_t waited = waited_for_processor();
        /* after one answer, or after the answer to each of the two questions */
        usec_t busy = cases[i].dns.busy_usec * (cases[i].dns.busy_always ? 2 : 1);
        open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
        run_without_hurry(&scene);
        assert_string_equal(cause_of(&scene), cases[i].cause);
        assert_true(scene.evidence->duration <=
                    TIMEOUT * 11 / 10 + busy + waited_for_processor() - waited);
        close_scene(&scene);
    }
}

static usec_t double_time(void)
{
    return 2 * clock_system.monotonic();
}

/* Every pulse is late by less than what counts, and all of them together by more. */
static void short_standstills_add_up(void **state)
{
    struct clock_source clock = {double_time, clock_system.wall, NULL};
    struct scene scene = {.site = {.path = PATH_SILENT}};

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    clock_replace(&clock);
    run_without_hurry(&scene);
    clock_replace(NULL);
    assert_string_equal(cause_of(&scene), "local_error");
    assert_non_null(strstr(scene.evidence->local_error, "stood still"));
    close_scene(&scene);
}

static void stand_still_and_start(evutil_socket_t fd, short what, void *context)
{
    struct scene *scene = context;

    (void)fd;
    (void)what;
    poll(NULL, 0, (int)(TIMEOUT / USEC_PER_MSEC));
    assert_non_null(probe_start(scene->environment, &scene->target, NULL, done, scene));
}

/* Its time counts from its start, and not from the begin of the loop's turn. */
static void a_run_that_starts_after_a_standstill_has_all_its_time(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    assert_int_equal(event_base_once(scene.base, -1, EV_TIMEOUT, stand_still_and_start, &scene,
                                     &(struct timeval){0, 0}),
                     0);
    event_base_dispatch(scene.base);
    assert_non_null(scene.evidence);
    scene.diagnosis = diagnose(scene.evidence, &scene.target);
    assert_string_equal(cause_of(&scene), "ok_private");
    close_scene(&scene);
}

/* ---- a machine that sleeps ---- */

static usec_t sleeps[2]; /* of the first look, and of all later ones */
static unsigned looks;

static usec_t slept(void)
{
    return sleeps[looks++ > 0];
}

static void only_a_machine_that_slept_repeats_a_failed_run(void **state)
{
    static const struct {
        usec_t sleeps[2];
        unsigned requests;
    } cases[] = {
        {{5 * USEC_PER_SEC, 5 * USEC_PER_SEC}, 1},
        {{5 * USEC_PER_SEC, 5 * USEC_PER_SEC - 1}, 1}, /* two clocks that were rounded */
        {{5 * USEC_PER_SEC, 5 * USEC_PER_SEC + LEAST_SLEEP}, 1},
        {{5 * USEC_PER_SEC, 6 * USEC_PER_SEC}, 2},
    };
    struct clock_source clock = {clock_system.monotonic, clock_system.wall, slept};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scene scene = {.site = {.reply = FORBIDDEN}};
        memcpy(sleeps, cases[i].sleeps, sizeof(sleeps));
        looks = 0;
        open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
        clock_replace(&clock);
        run_without_hurry(&scene);
        clock_replace(NULL);
        assert_string_equal(cause_of(&scene), "api_forbidden");
        assert_int_equal(scene.site.requests, cases[i].requests);
        close_scene(&scene);
    }
}

static void controls_of_an_address_target_are_resolved(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};

    (void)state;
    open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
    aim_at_address(&scene);
    scene.target.port = 1; /* closed */
    scene.network.controls[scene.network.control_count++] = (struct control){
        .name = "a", .kind = CONTROL_VPC, .host = "control.example", .port = scene.site.port};
    scene.network.controls[scene.network.control_count++] =
        (struct control){.name = "b", .kind = CONTROL_VPC, .host = "control.example", .port = 1};
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "connection_refused");
    assert_int_equal(scene.evidence->dns_count, 0);
    assert_int_equal(scene.evidence->controls[0].outcome, CONTROL_OK);
    assert_int_equal(scene.evidence->controls[1].outcome, CONTROL_REFUSED);
    assert_int_equal(scene.evidence->controls[1].error, ECONNREFUSED);
    close_scene(&scene);
}

static void a_control_without_an_address_says_so(void **state)
{
    struct scene scene = {.site = {.reply = REGISTRY}};

    (void)state;
    open_scene(&scene, PROBE_ONCE, FAKE_DNS_NODATA, YEAR);
    aim_at_address(&scene);
    scene.target.port = 1; /* closed */
    scene.network.controls[scene.network.control_count++] = (struct control){
        .name = "a", .kind = CONTROL_INTERNET, .host = "control.example", .port = 443};
    run_scene(&scene);
    assert_string_equal(cause_of(&scene), "connection_refused");
    assert_int_equal(scene.evidence->controls[0].outcome, CONTROL_UNRESOLVED);
    assert_int_equal(scene.evidence->controls[0].address.family, 0);
    close_scene(&scene);
}

static void tick(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(context);
}

static void cancelled_run_calls_nobody_back(void **state)
{
    static const enum fake_path paths[] = {PATH_OPEN, PATH_SILENT, PATH_RESETS_NAME,
                                           PATH_DROPS_NAME};
    const usec_t waits[] = {0, TIMEOUT / 100, TIMEOUT / 3};

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct scene scene = {.site = {.path = paths[i % 4]}}; /* never a reply */
        struct timeval wait = {0, (suseconds_t)waits[i / 4]};
        open_scene(&scene, PROBE_ONCE, FAKE_DNS_LOOPBACK, YEAR);
        struct probe *run = probe_start(scene.environment, &scene.target, NULL, done, &scene);
        assert_non_null(run);
        event_base_once(scene.base, -1, EV_TIMEOUT, tick, scene.base, &wait);
        event_base_dispatch(scene.base);
        if (!scene.evidence)
            probe_cancel(run);
        close_scene(&scene);
    }
}

static void say_nothing(struct fake_site *site, struct fake_talk *talk, const char *request)
{
    (void)site;
    (void)request;
    (void)fake_talk_wait(talk, -1);
}

/* If an answer had no fair part of the time, nothing is known about it. */
static void what_begins_with_the_deadline_near_does_not_stall(void **state)
{
    struct scene scene = {.site = {.speak = say_nothing, .delay = 1100}};

    (void)state;
    open_scene(&scene, PROBE_WATCH, FAKE_DNS_LOOPBACK, YEAR);
    run_without_hurry(&scene);
    const struct path_evidence *path = &scene.evidence->paths[0];
    if (path->tls.outcome == TLS_OK && path->api.duration < TIMEOUT / 10) {
        assert_int_equal(path->api.outcome, API_CANCELLED);
        assert_string_equal(cause_of(&scene), "local_error");
    }
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(healthy_run_ends_at_once_and_awaits_no_control),
        cmocka_unit_test(watching_run_starts_no_control_while_all_is_well),
        cmocka_unit_test(stall_is_told_apart),
        cmocka_unit_test(long_hello_without_answer_is_told),
        cmocka_unit_test(short_hello_is_verified),
        cmocka_unit_test(reset_by_name_is_told_before_the_deadline),
        cmocka_unit_test(date_is_read_over_a_session_that_does_not_verify),
        cmocka_unit_test(egress_address_is_read_when_the_registry_turns_us_away),
        cmocka_unit_test(echo_service_that_fails_explains_nothing),
        cmocka_unit_test(silent_resolver_is_given_up_at_half_the_timeout),
        cmocka_unit_test(a_process_that_stands_still_blames_nobody),
        cmocka_unit_test(short_standstills_add_up),
        cmocka_unit_test(a_run_that_starts_after_a_standstill_has_all_its_time),
        cmocka_unit_test(only_a_machine_that_slept_repeats_a_failed_run),
        cmocka_unit_test(what_begins_with_the_deadline_near_does_not_stall),
        cmocka_unit_test(controls_of_an_address_target_are_resolved),
        cmocka_unit_test(a_control_without_an_address_says_so),
        cmocka_unit_test(the_way_to_the_echo_service_is_told),
        cmocka_unit_test(cancelled_run_calls_nobody_back),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
