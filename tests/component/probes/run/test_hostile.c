/* SPDX-License-Identifier: MIT */
/* Hostile resolvers and registries, each met by a whole run that must end in time, within bounded
 * memory and in the right finding. Many run at once, because most of them only wait. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostile_dns.h"
#include "hostile_tls.h"
#include "probes/diagnosis/diagnose.h"
#include "probes/libraries.h"
#include "probes/probe.h"
#include "tests/component/probes/transport/busy.h"

#define TIMEOUT    (4 * USEC_PER_SEC)
#define AT_ONCE    48
#define MAX_CASES  20000
#define MAX_ARENA  (512 * 1024)   /* bytes of one run's evidence */
#define PROMPT     (TIMEOUT / 20) /* a peer may look silent if it waited longer for a processor */
#define MAX_GROWTH (24L * 1024)   /* kB of the whole process, with AT_ONCE runs */
#define CUT_STRIDE 61             /* bytes, unless TCR_PROBE_TEST_EVERY_FAULT asks for each */
#define CUT_LIMIT  1800           /* more than a whole exchange */

/* One peer, its port filled in by the process that plays them all. */
struct peer {
    char name[80];
    const char *causes;                /* any of these words */
    const struct hostile_dns_row *dns; /* NULL: the right answer's */
    struct hostile_tls_row tls;
    struct endpoint resolver;
    uint16_t port;
    bool complete; /* all that its row says was sent */
};

static struct peer *peers; /* shared between the two processes */
static size_t peer_count;

static struct peer *add_peer(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct peer *add_peer(const char *format, ...)
{
    struct peer *peer = &peers[peer_count++];
    va_list more;

    assert_true(peer_count < MAX_CASES);
    *peer = (struct peer){.tls = hostile_tls_rows[0]};
    va_start(more, format);
    vsnprintf(peer->name, sizeof(peer->name), format, more);
    va_end(more);
    return peer;
}

/* ---- the other process ---- */

static void serve(int ready)
{
    struct event_base *base = libraries_new_loop();
    struct endpoint right;
    uint16_t healthy;
    bool ignored;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!hostile_dns_start(base, &hostile_dns_rows[0], &right) ||
        !hostile_tls_start(base, &shared_pki, &hostile_tls_rows[0], &ignored, &healthy))
        _exit(1);
    for (size_t i = 0; i < peer_count; i++) {
        struct peer *peer = &peers[i];
        peer->resolver = right;
        peer->port = healthy;
        if (peer->dns
                ? !hostile_dns_start(base, peer->dns, &peer->resolver)
                : !hostile_tls_start(base, &shared_pki, &peer->tls, &peer->complete, &peer->port))
            _exit(1);
    }
    if (write(ready, "", 1) != 1)
        _exit(1);
    event_base_dispatch(base);
    _exit(0);
}

static pid_t start_peers(void)
{
    char byte;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t process = fork();
    if (process == 0)
        serve(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return process;
}

/* ---- runs ---- */

struct bench {
    struct event_base *base;
    struct probe_environment *environment;
    size_t next;
    size_t under_way;
    size_t failed;
    usec_t longest;
    size_t largest;
    char peers[64]; /* schedstat of their process */
};

struct one_run {
    struct bench *bench;
    struct peer *peer;
    usec_t waited;       /* before it, for a processor */
    usec_t peers_waited; /* likewise */
    int attempt;
    struct network_settings network;
    struct target target;
};

static bool is_one_of(const char *word, const char *words)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (!at[length] || at[length] == ' '))
            return true;
    return false;
}

static const char *causes_of(const struct peer *peer)
{
    if (peer->dns)
        return peer->dns->cause;
    if (!peer->causes)
        return peer->tls.cause;
    return peer->complete ? "ok_private" : peer->causes;
}

static bool is_right(const struct one_run *run, const struct evidence *evidence,
                     const struct diagnosis *diagnosis)
{
    return is_one_of(cause_name(diagnosis->findings[0].cause), causes_of(run->peer)) &&
           arena_size(evidence->arena) < MAX_ARENA &&
           evidence->duration <= TIMEOUT * 11 / 10 + waited_for_processor() - run->waited;
}

static void judge(const struct one_run *run, const struct evidence *evidence,
                  const struct diagnosis *diagnosis)
{
    struct bench *bench = run->bench;
    const struct peer *peer = run->peer;
    const struct finding *first = &diagnosis->findings[0];
    size_t size = arena_size(evidence->arena);

    if (evidence->duration > bench->longest)
        bench->longest = evidence->duration;
    if (size > bench->largest)
        bench->largest = size;
    if (is_right(run, evidence, diagnosis))
        return;
    bench->failed++;
    print_error("%s: %s in %llu ms, %zu bytes, instead of %s: %s\n", peer->name,
                cause_name(first->cause), (unsigned long long)(evidence->duration / USEC_PER_MSEC),
                size, causes_of(peer), first->summary);
    for (size_t i = 0; i < first->evidence_count; i++)
        print_error("- %s\n", first->evidence[i]);
}

/* True if the machine kept this process or the peers from running, and may have changed the end. */
static bool machine_was_busy(const struct one_run *run)
{
    return waited_for_processor() - run->waited > PROMPT ||
           waited_in(run->bench->peers) - run->peers_waited > PROMPT;
}

static void start_more(struct bench *bench);
static void done(struct evidence *evidence, void *context);

static void start_run(struct one_run *run)
{
    run->attempt++;
    run->waited = waited_for_processor();
    run->peers_waited = waited_in(run->bench->peers);
    assert_non_null(probe_start(run->bench->environment, &run->target, NULL, done, run));
}

static void done(struct evidence *evidence, void *context)
{
    struct one_run *run = context;
    struct bench *bench = run->bench;

    struct diagnosis *diagnosis = diagnose(evidence, &run->target);

    assert_non_null(diagnosis);
    bool again = run->attempt < BUSY_ATTEMPTS && !is_right(run, evidence, diagnosis) &&
                 machine_was_busy(run);
    if (!again)
        judge(run, evidence, diagnosis);
    diagnosis_free(diagnosis);
    evidence_free(evidence);
    if (again) {
        start_run(run);
        return;
    }
    free(run);
    bench->under_way--;
    start_more(bench);
}

static void start_one(struct bench *bench, struct peer *peer)
{
    struct one_run *run = calloc(1, sizeof(*run));

    run->bench = bench;
    run->peer = peer;
    run->network = (struct network_settings){
        .pod_resolver_count = 1, .pod_resolvers = {peer->resolver}, .private_range_count = 1};
    assert_true(range_parse("127.0.0.0/8", &run->network.private_ranges[0]));
    run->target = (struct target){.name = "registry.example",
                                  .host = "registry.example",
                                  .port = peer->port,
                                  .timeout = TIMEOUT,
                                  .certificate_warning_days = 21,
                                  .ca_file = shared_ca_file,
                                  .network = &run->network};
    start_run(run);
    bench->under_way++;
}

static void start_more(struct bench *bench)
{
    while (bench->under_way < AT_ONCE && bench->next < peer_count)
        start_one(bench, &peers[bench->next++]);
    if (!bench->under_way)
        event_base_loopbreak(bench->base);
}

static long peak_kilobytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void meet_all(void)
{
    struct bench bench = {.base = libraries_new_loop()};
    pid_t process = start_peers();
    long before = peak_kilobytes();

    snprintf(bench.peers, sizeof(bench.peers), "/proc/%d/schedstat", (int)process);
    bench.environment = probe_environment_new(bench.base, PROBE_ONCE);
    start_more(&bench);
    event_base_dispatch(bench.base);
    probe_environment_free(bench.environment);
    event_base_free(bench.base);
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    print_message(
        "%zu hostile peers, %zu failed; the longest run took %llu ms of %llu, the largest "
        "evidence %zu bytes, the process %ld kB more\n",
        peer_count, bench.failed, (unsigned long long)(bench.longest / USEC_PER_MSEC),
        (unsigned long long)(TIMEOUT / USEC_PER_MSEC), bench.largest, peak_kilobytes() - before);
    peer_count = 0;
    assert_int_equal(bench.failed, 0);
#ifndef __SANITIZE_ADDRESS__ /* it keeps freed memory */
    assert_true(peak_kilobytes() - before < MAX_GROWTH);
#endif
}

static void resolvers_that_lie(void **state)
{
    (void)state;
    for (size_t i = 0; i < hostile_dns_row_count; i++)
        add_peer("dns: %s", hostile_dns_rows[i].name)->dns = &hostile_dns_rows[i];
    meet_all();
}

static void registries_that_lie_below_http(void **state)
{
    (void)state;
    for (size_t i = 0; i < hostile_tls_row_count; i++)
        add_peer("tls: %s", hostile_tls_rows[i].name)->tls = hostile_tls_rows[i];
    meet_all();
}

static void an_exchange_that_is_cut_at_each_byte(void **state)
{
    static const struct {
        const char *name;
        const char *causes;
    } ends[] = {[THEN_SILENCE] = {"silence", "tls_timeout http_timeout"},
                [THEN_END] = {"the end", "tls_connection_closed http_invalid"},
                [THEN_RESET] = {"a reset", "tls_connection_closed http_invalid"}};
    size_t stride = getenv("TCR_PROBE_TEST_EVERY_FAULT") ? 1 : CUT_STRIDE;

    (void)state;
    for (size_t limit = 1; limit < CUT_LIMIT; limit += stride)
        for (int end = THEN_SILENCE; end <= THEN_RESET; end++) {
            struct peer *peer = add_peer("%zu bytes, then %s", limit, ends[end].name);
            peer->causes = ends[end].causes;
            peer->tls.limit = limit;
            peer->tls.end = (enum hostile_end)end;
        }
    meet_all();
}

static int set_up(void **state)
{
    peers = mmap(NULL, MAX_CASES * sizeof(*peers), PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_pki.even_signatures = true; /* else a cut is earlier or later in the next handshake */
    return peers == MAP_FAILED ? -1 : shared_pki_start(state);
}

static int tear_down(void **state)
{
    munmap(peers, MAX_CASES * sizeof(*peers));
    return shared_pki_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resolvers_that_lie),
        cmocka_unit_test(registries_that_lie_below_http),
        cmocka_unit_test(an_exchange_that_is_cut_at_each_byte),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
