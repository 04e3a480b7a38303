/* SPDX-License-Identifier: MIT */
/* The requests for news that comes, changes, comes back and stays. The clock is the test's, so no
 * test waits. */

#include "daemon/kubernetes/event_sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tls.h"
#include "probes/libraries.h"

#define DAY            (24L * 3600)
#define DEADLINE       20 /* seconds */
#define MINUTE         (60 * USEC_PER_SEC)
#define HEAD           "Content-Type: application/json\r\n\r\n"
#define BYTES(literal) .reply = (literal), .length = sizeof(literal) - 1

static struct fake_pki pki;
static SSL_CTX *server;
static char folder[] = "/tmp/tcr-probe-sender.XXXXXX";
static char token_file[64];
static char ca_file[64];

/* The first `count` answers are given in order, then the last one again and again. */
struct answer {
    const char *reply;
    size_t length;
};

struct scene {
    struct event_base *base;
    struct fake_script script;
    struct fake_tls *fake;
    struct event_sender *sender;
    const struct answer *answers;
    size_t answer_count;
    size_t asked_count;
    char asked[8][4096];
    unsigned answered;
    enum cluster_outcome outcomes[8];
};

static usec_t ahead; /* of the system's clock */

static usec_t test_monotonic(void)
{
    return clock_system.monotonic() + ahead;
}

static int64_t test_wall(void)
{
    return clock_system.wall() + (int64_t)ahead;
}

static void on_heard(const char *bytes, size_t count, void *context)
{
    struct scene *scene = context;
    size_t next =
        scene->asked_count < scene->answer_count ? scene->asked_count : scene->answer_count - 1;

    assert_true(scene->asked_count < 8);
    snprintf(scene->asked[scene->asked_count++], 4096, "%.*s", (int)count, bytes);
    scene->script.reply = scene->answers[next].reply;
    scene->script.length = scene->answers[next].length;
}

static void on_answered(const struct cluster_request *request, const struct cluster_status *status,
                        void *context)
{
    struct scene *scene = context;

    (void)request;
    scene->outcomes[scene->answered++] = status->outcome;
}

static void open_scene(struct scene *scene, const struct answer *answers, size_t count)
{
    struct event_sender_options options = {
        .pod = {"web-0", "team-a", "1-2-3", NULL},
        .answered = on_answered,
        .context = scene,
    };

    ahead = 0;
    *scene = (struct scene){
        .script = {.context = server, BYTES(""), .heard = on_heard, .heard_context = scene},
        .answers = answers,
        .answer_count = count,
    };
    scene->base = libraries_new_loop();
    scene->fake = fake_tls_start(scene->base, &scene->script);
    options.account.folder = folder;
    assert_true(endpoint_parse("127.0.0.1", fake_tls_port(scene->fake), &options.account.server));
    scene->sender = event_sender_new(scene->base, &options);
    assert_non_null(scene->sender);
}

static void close_scene(struct scene *scene)
{
    event_sender_free(scene->sender);
    fake_tls_free(scene->fake);
    event_base_free(scene->base);
}

static void tell(struct scene *scene, const char *target, bool blocked, const char *cause)
{
    const struct event_news news = {.target = target,
                                    .blocked = blocked,
                                    .cause = cause,
                                    .sentence = "A sentence.",
                                    .at = clock_wall()};

    assert_true(event_sender_tell(scene->sender, &news));
}

/* Runs until `count` requests were answered and nothing is due. */
static void await_answers(struct scene *scene, unsigned count)
{
    static const struct timeval limit = {.tv_sec = DEADLINE};

    event_base_loopexit(scene->base, &limit);
    while (scene->answered < count || !event_sender_is_idle(scene->sender)) {
        event_base_loop(scene->base, EVLOOP_ONCE);
        if (event_base_got_exit(scene->base))
            fail_msg("%u of %u answers", scene->answered, count);
    }
    assert_int_equal(scene->answered, count);
    assert_int_equal(scene->asked_count, count);
}

static bool asks(const struct scene *scene, size_t index, const char *method, const char *part)
{
    return strncmp(scene->asked[index], method, strlen(method)) == 0 &&
           strstr(scene->asked[index], part);
}

static const struct answer created = {BYTES("HTTP/1.1 201 Created\r\n" HEAD "{}")};
static const struct answer exists = {
    BYTES("HTTP/1.1 409 Conflict\r\n" HEAD "{\"reason\":\"AlreadyExists\"}")};
static const struct answer seen_4 = {
    BYTES("HTTP/1.1 200 OK\r\n" HEAD "{\"series\":{\"count\":4}}")};
static const struct answer seen_5 = {
    BYTES("HTTP/1.1 200 OK\r\n" HEAD "{\"series\":{\"count\":5}}")};
static const struct answer gone = {
    BYTES("HTTP/1.1 404 Not Found\r\n" HEAD "{\"reason\":\"NotFound\"}")};
static const struct answer refused = {
    BYTES("HTTP/1.1 422 Unprocessable Entity\r\n" HEAD "{\"reason\":\"Invalid\"}")};
static const struct answer too_many = {
    BYTES("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 600\r\n" HEAD "{}")};

/* ---- news ---- */

static void test_each_cause_is_an_event_of_its_own(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, &created, 1);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 1);
    tell(&scene, "a", true, "allowlist_missing");
    await_answers(&scene, 2);
    tell(&scene, "a", false, "ok_public");
    await_answers(&scene, 3);
    assert_true(asks(&scene, 0, "POST", "\"type\":\"Warning\""));
    assert_true(asks(&scene, 1, "POST", "allowlist_missing"));
    assert_true(asks(&scene, 2, "POST", "\"type\":\"Normal\""));
    close_scene(&scene);
}

static void test_only_the_newest_is_sent(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, &created, 1);
    tell(&scene, "a", true, "nat_missing");
    tell(&scene, "a", false, "ok_public");
    tell(&scene, "b", true, "dns_timeout");
    await_answers(&scene, 2);
    assert_true(asks(&scene, 0, "POST", "ok_public") || asks(&scene, 1, "POST", "ok_public"));
    assert_true(asks(&scene, 0, "POST", "dns_timeout") || asks(&scene, 1, "POST", "dns_timeout"));
    close_scene(&scene);
}

/* A cause that comes back is told at once, but a series is patched once in 30 minutes. */
static void test_a_cause_that_comes_back(void **state)
{
    const struct answer answers[] = {created, created, seen_4, created};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 4);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 1);
    tell(&scene, "a", false, "ok_public");
    await_answers(&scene, 2);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 3);
    assert_true(asks(&scene, 2, "PATCH", "\"series\":{\"count\":2,"));

    ahead = 29 * MINUTE;
    tell(&scene, "a", true, "nat_missing");
    tell(&scene, "b", true, "dns_timeout"); /* so that something is sent */
    await_answers(&scene, 4);
    assert_true(asks(&scene, 3, "POST", "dns_timeout"));

    ahead = 31 * MINUTE;
    tell(&scene, "c", true, "dns_timeout"); /* looks at the clock */
    await_answers(&scene, 6);
    assert_true(asks(&scene, 4, "PATCH", "\"count\":5,") ||
                asks(&scene, 5, "PATCH", "\"count\":5,"));
    close_scene(&scene);
}

/* The Event is renewed if the pod stays blocked. If the pod works, it may expire. */
static void test_a_cause_that_stays(void **state)
{
    const struct answer answers[] = {created, created, created, seen_4};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 4);
    tell(&scene, "a", true, "nat_missing");
    tell(&scene, "b", false, "ok_public");
    await_answers(&scene, 2);
    ahead = 31 * MINUTE;
    tell(&scene, "c", false, "ok_public");
    await_answers(&scene, 4);
    assert_true(asks(&scene, 2, "PATCH", "\"count\":2,") ||
                asks(&scene, 3, "PATCH", "\"count\":2,"));
    event_sender_forget(scene.sender, "a");
    ahead = 62 * MINUTE;
    tell(&scene, "d", false, "ok_public");
    await_answers(&scene, 5);
    assert_true(asks(&scene, 4, "POST", "d: A sentence."));
    close_scene(&scene);
}

/* An earlier process created the Event: its count is read by a patch that changes nothing. */
static void test_an_event_that_exists(void **state)
{
    const struct answer answers[] = {exists, seen_4, seen_5};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 3);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 3);
    assert_true(asks(&scene, 1, "PATCH", "\r\n\r\n{}"));
    assert_true(asks(&scene, 2, "PATCH", "\"count\":5,"));
    close_scene(&scene);
}

static void test_an_event_that_was_just_patched_waits(void **state)
{
    char seen[256];
    time_t minutes_ago = time(NULL) - 600;
    struct tm parts;
    struct answer answers[] = {exists, {seen, 0}, seen_5};
    struct scene scene;

    (void)state;
    gmtime_r(&minutes_ago, &parts);
    strftime(seen, sizeof(seen),
             "HTTP/1.1 200 OK\r\n" HEAD
             "{\"series\":{\"count\":4,\"lastObservedTime\":\"%Y-%m-%dT%H:%M:%S.000000Z\"}}",
             &parts);
    answers[1].length = strlen(seen);
    open_scene(&scene, answers, 3);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 2);
    ahead = 21 * MINUTE;
    tell(&scene, "b", true, "dns_timeout");
    await_answers(&scene, 4);
    assert_true(asks(&scene, 2, "PATCH", "\"count\":5,") ||
                asks(&scene, 3, "PATCH", "\"count\":5,"));
    close_scene(&scene);
}

static void test_an_event_that_has_expired_is_created_again(void **state)
{
    const struct answer answers[] = {created, gone, created};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 3);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 1);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 3);
    assert_true(asks(&scene, 1, "PATCH", "series"));
    assert_true(asks(&scene, 2, "POST", "nat_missing"));
    close_scene(&scene);
}

/* ---- trouble ---- */

static void test_a_refused_event_is_not_sent_again(void **state)
{
    const struct answer answers[] = {refused, created};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 2);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 1);
    ahead = 31 * MINUTE;
    tell(&scene, "b", true, "dns_timeout");
    await_answers(&scene, 2);
    assert_true(asks(&scene, 1, "POST", "dns_timeout"));
    close_scene(&scene);
}

static void test_the_server_says_how_long_to_wait(void **state)
{
    const struct answer answers[] = {too_many, created};
    struct scene scene;

    (void)state;
    open_scene(&scene, answers, 2);
    tell(&scene, "a", true, "nat_missing");
    await_answers(&scene, 1);
    ahead = 9 * MINUTE;
    tell(&scene, "b", true, "dns_timeout");
    await_answers(&scene, 1);
    ahead = 11 * MINUTE;
    tell(&scene, "b", true, "dns_timeout");
    await_answers(&scene, 3);
    assert_int_equal(scene.outcomes[0], CLUSTER_RATE_LIMITED);
    assert_int_equal(scene.outcomes[2], CLUSTER_OK);
    close_scene(&scene);
}

static void test_too_many_targets(void **state)
{
    struct scene scene;
    char target[16];

    (void)state;
    open_scene(&scene, &created, 1);
    for (unsigned i = 0; i < EVENT_MAX_TARGETS; i++) {
        snprintf(target, sizeof(target), "t%u", i);
        tell(&scene, target, false, "ok_public");
    }
    const struct event_news news = {"more", false, "ok_public", "A sentence.", NULL, 0};
    assert_false(event_sender_tell(scene.sender, &news));
    event_sender_forget(scene.sender, "t7");
    assert_true(event_sender_tell(scene.sender, &news));
    close_scene(&scene);
}

static int set_up(void **state)
{
    static const struct clock_source source = {.monotonic = test_monotonic, .wall = test_wall};
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};

    (void)state;
    if (libraries_start() || !fake_pki_make(&pki) || !mkdtemp(folder))
        return -1;
    clock_replace(&source);
    server = fake_pki_server(&pki, &good);
    snprintf(token_file, sizeof(token_file), "%s/token", folder);
    snprintf(ca_file, sizeof(ca_file), "%s/ca.crt", folder);
    FILE *file = fopen(token_file, "w");
    if (!file || fputs("token\n", file) < 0 || fclose(file))
        return -1;
    return fake_pki_write_ca(&pki, ca_file) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    clock_replace(NULL);
    unlink(token_file);
    unlink(ca_file);
    SSL_CTX_free(server);
    fake_pki_clear(&pki);
    libraries_stop();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_cause_is_an_event_of_its_own),
        cmocka_unit_test(test_only_the_newest_is_sent),
        cmocka_unit_test(test_a_cause_that_comes_back),
        cmocka_unit_test(test_a_cause_that_stays),
        cmocka_unit_test(test_an_event_that_exists),
        cmocka_unit_test(test_an_event_that_was_just_patched_waits),
        cmocka_unit_test(test_an_event_that_has_expired_is_created_again),
        cmocka_unit_test(test_a_refused_event_is_not_sent_again),
        cmocka_unit_test(test_the_server_says_how_long_to_wait),
        cmocka_unit_test(test_too_many_targets),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
