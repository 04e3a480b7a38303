/* SPDX-License-Identifier: MIT */
/* The resolver against a server that answers, lies, cuts or keeps silent: a row per behaviour. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "probes/libraries.h"
#include "probes/transport/dns_socket.h"
#include "probes/transport/resolver.h"
#include "tests/component/probes/transport/busy.h"
#include "tests/component/probes/transport/fake_dns.h"
#include "tests/support.h"

#define TIMEOUT (300 * USEC_PER_MSEC)
#define NAME    "acme-prod.tencentcloudcr.com"

struct row {
    const char *name;
    enum fake_dns_behaviour behaviour;
    unsigned rcode;
    enum record_type type;
    enum dns_outcome outcome;
    size_t addresses;
    size_t cnames;
    bool truncated;
};

static const struct row rows[] = {
    {"address", FAKE_DNS_ADDRESS, 0, RECORD_A, DNS_NOERROR, 1, 0, false},
    {"IPv6 address", FAKE_DNS_ADDRESS, 0, RECORD_AAAA, DNS_NOERROR, 1, 0, false},
    {"alias", FAKE_DNS_ALIAS, 0, RECORD_A, DNS_NOERROR, 1, 1, false},
    {"no data", FAKE_DNS_NODATA, 0, RECORD_A, DNS_NODATA, 0, 0, false},
    {"no such name", FAKE_DNS_RCODE, 3, RECORD_A, DNS_NXDOMAIN, 0, 0, false},
    {"server failure", FAKE_DNS_RCODE, 2, RECORD_A, DNS_SERVFAIL, 0, 0, false},
    {"refused", FAKE_DNS_RCODE, 5, RECORD_A, DNS_REFUSED, 0, 0, false},
    {"not implemented", FAKE_DNS_RCODE, 4, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"rcode 9", FAKE_DNS_RCODE, 9, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"truncated, then TCP", FAKE_DNS_TRUNCATED, 0, RECORD_A, DNS_NOERROR, 1, 0, true},
    {"truncated, TCP silent", FAKE_DNS_TRUNCATED_SILENT, 0, RECORD_A, DNS_TIMEOUT, 0, 0, true},
    {"reflected", FAKE_DNS_REFLECTED, 0, RECORD_A, DNS_TIMEOUT, 0, 0, false},
    {"cut short", FAKE_DNS_CUT, 0, RECORD_A, DNS_MALFORMED, 0, 0, false},
    {"EDNS refused", FAKE_DNS_NO_EDNS, 0, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"format error", FAKE_DNS_RCODE, 1, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"silent", FAKE_DNS_SILENT, 0, RECORD_A, DNS_TIMEOUT, 0, 0, false},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* A resolver, its server, and the answers so far. */
struct scene {
    struct event_base *base;
    struct arena *arena;
    struct fake_dns server;
    struct resolver *resolver; /* NULL: freed, or memory was short */
    unsigned wanted;           /* answers, which end dispatch() */
    unsigned answers;
    unsigned closed;
    unsigned resolved;
    unsigned local;
    struct dns_evidence answer; /* the last one */
    const char *other;          /* the last outcome that is neither resolved nor local */
    bool frees;                 /* the resolver in the first answer */
};

static void open_scene(struct scene *scene, struct fake_dns server)
{
    *scene = (struct scene){.base = libraries_new_loop(), .arena = arena_new(0), .server = server};
    assert_int_equal(fake_dns_start(&scene->server, scene->base), 0);
}

static void open_resolver(struct scene *scene, usec_t timeout)
{
    scene->resolver = resolver_new(scene->base, &scene->server.endpoint,
                                   &(struct resolver_options){.timeout = timeout}, scene->arena);
}

static void close_scene(struct scene *scene)
{
    resolver_free(scene->resolver);
    fake_dns_stop(&scene->server);
    arena_free(scene->arena);
    event_base_free(scene->base);
}

static void answered(const struct dns_evidence *answer, void *context)
{
    struct scene *scene = context;

    scene->answer = *answer;
    scene->answers++;
    scene->closed += answer->outcome == DNS_RESOLVER_PORT_CLOSED;
    scene->local += answer->outcome == DNS_LOCAL;
    scene->resolved += answer->outcome == DNS_NOERROR;
    if (answer->outcome != DNS_NOERROR && answer->outcome != DNS_LOCAL)
        scene->other = dns_outcome_name(answer->outcome);
    if (scene->frees) {
        resolver_free(scene->resolver);
        scene->resolver = NULL;
    }
    if (scene->answers == scene->wanted || scene->frees)
        event_base_loopbreak(scene->base);
}

/* So many questions, of both types in turn, and their answers. */
static void ask(struct scene *scene, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(
            resolver_ask(scene->resolver, NAME, i % 2 ? RECORD_AAAA : RECORD_A, answered, scene),
            0);
    scene->wanted = count;
    event_base_dispatch(scene->base);
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct scene scene;

    open_scene(&scene, (struct fake_dns){.behaviour = row->behaviour, .rcode = row->rcode});
    open_resolver(&scene, TIMEOUT);
    usec_t waited = waited_for_processor();
    usec_t started = clock_monotonic();
    scene.wanted = 1;
    assert_int_equal(resolver_ask(scene.resolver, NAME, row->type, answered, &scene), 0);
    assert_int_equal(scene.answers, 0);
    event_base_dispatch(scene.base);
    assert_int_equal(scene.answers, 1);
    assert_int_equal(scene.answer.outcome, row->outcome);
    assert_int_equal(scene.answer.address_count, row->addresses);
    assert_int_equal(scene.answer.cname_count, row->cnames);
    assert_int_equal(scene.answer.truncated, row->truncated);
    assert_true(clock_monotonic() - started <=
                TIMEOUT * 11 / 10 + 20 * USEC_PER_MSEC + waited_for_processor() - waited);
    close_scene(&scene);
}

static void closed_port_is_told_from_silence(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){0});
    fake_dns_stop(&scene.server); /* nobody listens there any more */
    open_resolver(&scene, TIMEOUT);
    ask(&scene, 3);
    assert_int_equal(scene.closed, 3);
    assert_int_equal(scene.answer.outcome, DNS_RESOLVER_PORT_CLOSED);
    assert_string_equal(scene.answer.error, "Connection refused");
    resolver_free(scene.resolver);
    arena_free(scene.arena);
    event_base_free(scene.base);
}

static void a_lost_datagram_is_not_a_silent_resolver(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_ADDRESS, .lost = 1});
    open_resolver(&scene, TIMEOUT);
    ask(&scene, 2);
    assert_int_equal(scene.resolved, 2);
    assert_int_equal(scene.server.questions_seen, 3);
    assert_int_equal(scene.answer.type, RECORD_A); /* the later one, whose question was lost */
    assert_true(scene.answer.repeated);
    /* libevent's timers go by the kernel's coarse clock, and may fire a tick early */
    assert_in_range(scene.answer.duration, TIMEOUT / 2 - 10 * USEC_PER_MSEC, TIMEOUT - 1);
    close_scene(&scene);
}

/* c-ares reads for as long as there is something to read. */
static void a_flood_leaves_the_loop_its_turns(void **state)
{
    const unsigned many = 4 * DNS_SOCKET_TURN;
    char bytes[16];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    for (unsigned is_tcp = 0; is_tcp < 2; is_tcp++) {
        struct dns_socket_errors errors = {.family = AF_INET, .is_tcp = is_tcp};
        for (unsigned read = 0; read < many; read += errors.reads) {
            while (send(ends[0], "", 0, 0) == 0)
                continue;
            dns_socket_begin_turn(&errors);
            while (dns_socket_functions.arecvfrom(ends[1], bytes, sizeof(bytes), 0, NULL, NULL,
                                                  &errors) >= 0)
                assert_true(is_tcp); /* a datagram that answers nothing is left out */
            assert_int_equal(errno, EAGAIN);
            assert_int_equal(errors.last_error, 0);
            assert_in_range(errors.reads, 1, DNS_SOCKET_TURN);
        }
    }
    close(ends[0]);
    close(ends[1]);
}

static void an_answer_behind_junk_is_found(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene,
               (struct fake_dns){.behaviour = FAKE_DNS_ADDRESS, .junk = 2 * DNS_SOCKET_TURN});
    open_resolver(&scene, 10 * TIMEOUT);
    ask(&scene, 1);
    assert_int_equal(scene.resolved, 1);
    assert_false(scene.answer.repeated);
    close_scene(&scene);
}

/* Answers to both tries of the first question are no answers to the second question. */
static void late_answers_do_not_end_a_question_put_anew(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_TRUNCATED, .late = 4});
    open_resolver(&scene, 4 * TIMEOUT);
    ask(&scene, 2);
    if (scene.resolved != 2)
        fail_msg("%s", scene.other);
    assert_true(scene.answer.repeated);
    close_scene(&scene);
}

static void one_channel_carries_all_questions(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_ADDRESS});
    open_resolver(&scene, TIMEOUT);
    ask(&scene, 4);
    assert_int_equal(scene.answers, 4);
    assert_int_equal(scene.server.questions_seen, 4);
    close_scene(&scene);
}

static void may_be_freed_inside_its_callback(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_ADDRESS});
    open_resolver(&scene, TIMEOUT);
    scene.frees = true;
    ask(&scene, 2);
    assert_int_equal(scene.answers, 1); /* the other one was cancelled with it */
    close_scene(&scene);
}

/* c-ares would ask again without EDNS, and Go's resolver does not. */
static void a_format_error_is_final(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_NO_EDNS});
    open_resolver(&scene, TIMEOUT);
    ask(&scene, 4);
    assert_int_equal(scene.answers, 4);
    assert_int_equal(scene.resolved, 0);
    assert_int_equal(scene.answer.rcode, 1);
    assert_int_equal(scene.server.questions_seen, 4);
    close_scene(&scene);
}

/* The truncated answer has come, so the other question gets its own. */
static void release_other(const struct dns_evidence *answer, void *context)
{
    struct scene *scene = context;

    assert_int_equal(answer->outcome, DNS_RESOLVER_PORT_CLOSED);
    assert_true(answer->truncated);
    if (scene->server.held_length)
        fake_dns_release(&scene->server);
}

/* A is truncated and TCP refused; only then is AAAA answered, over UDP. */
static void refused_tcp_ends_only_its_own_question(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, (struct fake_dns){.behaviour = FAKE_DNS_HALF});
    fake_dns_refuse_tcp(&scene.server);
    open_resolver(&scene, TIMEOUT);
    scene.wanted = 1;
    resolver_ask(scene.resolver, NAME, RECORD_AAAA, answered, &scene);
    resolver_ask(scene.resolver, NAME, RECORD_A, release_other, &scene);
    event_base_dispatch(scene.base);
    assert_int_equal(scene.answer.outcome, DNS_NOERROR);
    assert_false(scene.answer.truncated);
    assert_null(scene.answer.error);
    close_scene(&scene);
}

/* ---- short of memory ---- */

/* Two questions while the n-th allocation fails; true if there was an n-th. */
static bool ask_short_of_memory(enum fake_dns_behaviour behaviour, unsigned long n)
{
    struct scene scene;

    open_scene(&scene, (struct fake_dns){.behaviour = behaviour});
    fault_begin(n);
    open_resolver(&scene, TIMEOUT / 3);
    for (int i = 0; scene.resolver && i < 2; i++)
        if (resolver_ask(scene.resolver, NAME, i ? RECORD_A : RECORD_AAAA, answered, &scene) == 0)
            scene.wanted++;
    if (scene.wanted)
        event_base_dispatch(scene.base);
    bool failed = fault_end();
    assert_int_equal(scene.answers, scene.wanted);
    if (scene.resolved + scene.local != scene.wanted)
        fail_msg("allocation %lu: %s", n, scene.other);
    close_scene(&scene);
    return failed;
}

static void short_of_memory_is_local(void **state)
{
    static const enum fake_dns_behaviour behaviours[] = {FAKE_DNS_ADDRESS, FAKE_DNS_ALIAS,
                                                         FAKE_DNS_TRUNCATED};

    (void)state;
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        unsigned long n = 1;
        while (ask_short_of_memory(behaviours[i], n))
            n++;
        assert_true(n > 20);
    }
}

static const struct CMUnitTest scenes[] = {
    cmocka_unit_test(closed_port_is_told_from_silence),
    cmocka_unit_test(a_lost_datagram_is_not_a_silent_resolver),
    cmocka_unit_test(a_flood_leaves_the_loop_its_turns),
    cmocka_unit_test(an_answer_behind_junk_is_found),
    cmocka_unit_test(late_answers_do_not_end_a_question_put_anew),
    cmocka_unit_test(one_channel_carries_all_questions),
    cmocka_unit_test(may_be_freed_inside_its_callback),
    cmocka_unit_test(a_format_error_is_final),
    cmocka_unit_test(refused_tcp_ends_only_its_own_question),
    cmocka_unit_test(short_of_memory_is_local),
};
#define SCENE_COUNT (sizeof(scenes) / sizeof(scenes[0]))

int main(void)
{
    struct CMUnitTest tests[SCENE_COUNT + ROW_COUNT];

    for (size_t i = 0; i < SCENE_COUNT; i++)
        tests[i] = scenes[i];
    for (size_t i = 0; i < ROW_COUNT; i++)
        tests[SCENE_COUNT + i] = (struct CMUnitTest){.name = rows[i].name,
                                                     .test_func = run_row,
                                                     .initial_state = (void *)(uintptr_t)&rows[i]};
    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
