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

#include "config/base/memory.h"
#include "probes/libraries.h"
#include "probes/transport/dns_socket.h"
#include "probes/transport/resolver.h"
#include "tests/component/probes/transport/busy.h"
#include "tests/component/probes/transport/fake_dns.h"

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
    {"reflected", FAKE_DNS_REFLECTED, 0, RECORD_A, DNS_MALFORMED, 0, 0, false},
    {"cut short", FAKE_DNS_CUT, 0, RECORD_A, DNS_MALFORMED, 0, 0, false},
    {"EDNS refused", FAKE_DNS_NO_EDNS, 0, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"format error", FAKE_DNS_RCODE, 1, RECORD_A, DNS_OTHER_RCODE, 0, 0, false},
    {"silent", FAKE_DNS_SILENT, 0, RECORD_A, DNS_TIMEOUT, 0, 0, false},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

struct waiting {
    struct event_base *base;
    struct dns_evidence answer;
    unsigned answers;
    unsigned wanted;
    unsigned closed;
    unsigned resolved;
    unsigned local;
    const char *other; /* the last outcome that is neither */
    struct resolver *free_when_answered;
    struct fake_dns *release_when_answered;
};

static void answered(const struct dns_evidence *answer, void *context)
{
    struct waiting *waiting = context;

    waiting->answer = *answer;
    waiting->answers++;
    waiting->closed += answer->outcome == DNS_RESOLVER_PORT_CLOSED;
    waiting->local += answer->outcome == DNS_LOCAL;
    if (answer->outcome != DNS_NOERROR && answer->outcome != DNS_LOCAL)
        waiting->other = dns_outcome_name(answer->outcome);
    waiting->resolved += answer->outcome == DNS_NOERROR;
    if (waiting->release_when_answered && waiting->release_when_answered->held_length)
        fake_dns_release(waiting->release_when_answered);
    if (waiting->free_when_answered)
        resolver_free(waiting->free_when_answered);
    if (waiting->answers == waiting->wanted)
        event_base_loopbreak(waiting->base);
}

static void run_row(void **state)
{
    const struct row *row = *state;
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = row->behaviour, .rcode = row->rcode};
    struct waiting waiting = {.base = base, .wanted = 1};

    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    assert_non_null(resolver);
    usec_t waited = waited_for_processor();
    usec_t started = clock_monotonic();
    assert_int_equal(resolver_ask(resolver, NAME, row->type, answered, &waiting), 0);
    assert_int_equal(waiting.answers, 0);
    event_base_dispatch(base);
    assert_int_equal(waiting.answers, 1);
    assert_int_equal(waiting.answer.outcome, row->outcome);
    assert_int_equal(waiting.answer.address_count, row->addresses);
    assert_int_equal(waiting.answer.cname_count, row->cnames);
    assert_int_equal(waiting.answer.truncated, row->truncated);
    assert_true(clock_monotonic() - started <=
                TIMEOUT * 11 / 10 + 20 * USEC_PER_MSEC + waited_for_processor() - waited);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

static void closed_port_is_told_from_silence(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {0};
    struct waiting waiting = {.base = base, .wanted = 3};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    fake_dns_stop(&server); /* nobody listens there any more */
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    for (int i = 0; i < 3; i++)
        resolver_ask(resolver, NAME, i % 2 ? RECORD_A : RECORD_AAAA, answered, &waiting);
    event_base_dispatch(base);
    assert_int_equal(waiting.closed, 3);
    assert_int_equal(waiting.answer.outcome, DNS_RESOLVER_PORT_CLOSED);
    assert_string_equal(waiting.answer.error, "Connection refused");
    resolver_free(resolver);
    arena_free(arena);
    event_base_free(base);
}

static void a_lost_datagram_is_not_a_silent_resolver(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_ADDRESS, .lost = 1};
    struct waiting waiting = {.base = base, .wanted = 2};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    resolver_ask(resolver, NAME, RECORD_A, answered, &waiting);
    resolver_ask(resolver, NAME, RECORD_AAAA, answered, &waiting);
    event_base_dispatch(base);
    assert_int_equal(waiting.resolved, 2);
    assert_int_equal(server.questions_seen, 3);
    assert_int_equal(waiting.answer.type, RECORD_A); /* the later one, whose question was lost */
    assert_true(waiting.answer.repeated);
    /* libevent's timers go by the kernel's coarse clock, and may fire a tick early */
    assert_in_range(waiting.answer.duration, TIMEOUT / 2 - 10 * USEC_PER_MSEC, TIMEOUT - 1);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
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
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_ADDRESS, .junk = 2 * DNS_SOCKET_TURN};
    struct waiting waiting = {.base = base, .wanted = 1};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver = resolver_new(
        base, &server.endpoint, &(struct resolver_options){.timeout = 10 * TIMEOUT}, arena);
    resolver_ask(resolver, NAME, RECORD_A, answered, &waiting);
    event_base_dispatch(base);
    assert_int_equal(waiting.resolved, 1);
    assert_false(waiting.answer.repeated);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

/* Answers to both tries of the first question are no answers to the second question. */
static void late_answers_do_not_end_a_question_put_anew(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_TRUNCATED, .late = 4};
    struct waiting waiting = {.base = base, .wanted = 2};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver = resolver_new(
        base, &server.endpoint, &(struct resolver_options){.timeout = 4 * TIMEOUT}, arena);
    resolver_ask(resolver, NAME, RECORD_A, answered, &waiting);
    resolver_ask(resolver, NAME, RECORD_AAAA, answered, &waiting);
    event_base_dispatch(base);
    if (waiting.resolved != 2)
        fail_msg("%s", waiting.other);
    assert_true(waiting.answer.repeated);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

static void one_channel_carries_all_questions(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_ADDRESS};
    struct waiting waiting = {.base = base, .wanted = 4};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    for (int i = 0; i < 4; i++)
        assert_int_equal(
            resolver_ask(resolver, NAME, i % 2 ? RECORD_A : RECORD_AAAA, answered, &waiting), 0);
    event_base_dispatch(base);
    assert_int_equal(waiting.answers, 4);
    assert_int_equal(server.questions_seen, 4);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

static void may_be_freed_inside_its_callback(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_ADDRESS};
    struct waiting waiting = {.base = base, .wanted = 1};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    waiting.free_when_answered =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    resolver_ask(waiting.free_when_answered, NAME, RECORD_A, answered, &waiting);
    resolver_ask(waiting.free_when_answered, NAME, RECORD_AAAA, answered, &waiting);
    event_base_dispatch(base);
    assert_int_equal(waiting.answers, 1); /* the other one was cancelled with it */
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

/* c-ares would ask again without EDNS, and Go's resolver does not. */
static void a_format_error_is_final(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_NO_EDNS};
    struct waiting waiting = {.base = base, .wanted = 4};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    for (int i = 0; i < 4; i++)
        resolver_ask(resolver, NAME, i % 2 ? RECORD_A : RECORD_AAAA, answered, &waiting);
    event_base_dispatch(base);
    assert_int_equal(waiting.answers, 4);
    assert_int_equal(waiting.resolved, 0);
    assert_int_equal(waiting.answer.rcode, 1);
    assert_int_equal(server.questions_seen, 4);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

/* A is truncated and TCP refused; only then is AAAA answered, over UDP. */
static void refused_tcp_ends_only_its_own_question(void **state)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = FAKE_DNS_HALF};
    struct waiting a = {.base = base, .release_when_answered = &server};
    struct waiting aaaa = {.base = base, .wanted = 1};

    (void)state;
    assert_int_equal(fake_dns_start(&server, base), 0);
    fake_dns_refuse_tcp(&server);
    struct resolver *resolver =
        resolver_new(base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT}, arena);
    resolver_ask(resolver, NAME, RECORD_AAAA, answered, &aaaa);
    resolver_ask(resolver, NAME, RECORD_A, answered, &a);
    event_base_dispatch(base);
    assert_int_equal(a.answer.outcome, DNS_RESOLVER_PORT_CLOSED);
    assert_true(a.answer.truncated);
    assert_int_equal(aaaa.answer.outcome, DNS_NOERROR);
    assert_false(aaaa.answer.truncated);
    assert_null(aaaa.answer.error);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
}

/* ---- short of memory ---- */

static unsigned long allocations_left;

static int fail_at_zero(void)
{
    return allocations_left-- == 0;
}

/* Two questions while the n-th allocation fails; whether there was an n-th. */
static bool ask_short_of_memory(enum fake_dns_behaviour behaviour, unsigned long nth)
{
    struct event_base *base = libraries_new_loop();
    struct arena *arena = arena_new(0);
    struct fake_dns server = {.behaviour = behaviour};
    struct waiting waiting = {.base = base};
    uint64_t failures = memory_failures();

    assert_int_equal(fake_dns_start(&server, base), 0);
    allocations_left = nth;
    memory_set_fault(fail_at_zero);
    struct resolver *resolver = resolver_new(
        base, &server.endpoint, &(struct resolver_options){.timeout = TIMEOUT / 3}, arena);
    for (int i = 0; resolver && i < 2; i++)
        if (resolver_ask(resolver, NAME, i ? RECORD_A : RECORD_AAAA, answered, &waiting) == 0)
            waiting.wanted++;
    if (waiting.wanted)
        event_base_dispatch(base);
    memory_set_fault(NULL);
    assert_int_equal(waiting.answers, waiting.wanted);
    if (waiting.resolved + waiting.local != waiting.wanted)
        print_error("allocation %lu: %s\n", nth, waiting.other);
    assert_int_equal(waiting.resolved + waiting.local, waiting.wanted);
    resolver_free(resolver);
    fake_dns_stop(&server);
    arena_free(arena);
    event_base_free(base);
    return memory_failures() > failures;
}

static void short_of_memory_is_local(void **state)
{
    static const enum fake_dns_behaviour behaviours[] = {FAKE_DNS_ADDRESS, FAKE_DNS_ALIAS,
                                                         FAKE_DNS_TRUNCATED};

    (void)state;
    for (size_t i = 0; i < sizeof(behaviours) / sizeof(behaviours[0]); i++) {
        unsigned long nth = 0;
        while (ask_short_of_memory(behaviours[i], nth))
            nth++;
        assert_true(nth > 20);
    }
}

static int start_libraries(void **state)
{
    (void)state;
    return libraries_start();
}

static int stop_libraries(void **state)
{
    (void)state;
    libraries_stop();
    return 0;
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
