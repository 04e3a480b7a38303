/* SPDX-License-Identifier: MIT */
/* Each system call of a run with tokens, manifests and layers fails once. If a call fails, the
 * registry is never blamed, a wrong certificate never passes, and no descriptor is left behind. */

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "call_faults.h"
#include "probes/libraries.h"
#include "probes/run/source_ports.h"
#include "pull_scene.h"
#include "tests/component/probes/transport/busy.h"
#include "tests/support.h"

#define STRIDE 7 /* of the calls, unless TCR_PROBE_TEST_EVERY_FAULT asks for each */

/* How a call may end, and which verdict that may cost. */
enum cost {
    NOTHING,    /* it passes, and the run goes on as if it had not been */
    THE_RUN,    /* the run may end as our own trouble */
    EVERY_CALL, /* ... and the fault may last */
};

static const struct fault {
    enum call call;
    int error;
    enum cost cost;
} faults[] = {
    {CALL_SOCKET, EMFILE, EVERY_CALL},
    {CALL_SOCKET, ENFILE, EVERY_CALL},
    {CALL_SOCKET, ENOBUFS, EVERY_CALL},
    {CALL_SOCKET, EACCES, EVERY_CALL},
    {CALL_CONNECT, EINTR, NOTHING},
    {CALL_CONNECT, EAGAIN, EVERY_CALL},
    {CALL_CONNECT, ENOBUFS, EVERY_CALL},
    {CALL_CONNECT, EADDRNOTAVAIL, EVERY_CALL},
    {CALL_SETSOCKOPT, ENOBUFS, EVERY_CALL},
    {CALL_GETSOCKOPT, ENOBUFS, EVERY_CALL},
    {CALL_SEND, EINTR, NOTHING},
    {CALL_SEND, EAGAIN, THE_RUN}, /* a datagram that finds no room is lost */
    {CALL_SEND, FAULT_SHORT, NOTHING},
    {CALL_SEND, ENOBUFS, EVERY_CALL},
    {CALL_SEND, ENOMEM, EVERY_CALL},
    {CALL_SEND, EIO, EVERY_CALL},
    {CALL_RECV, EINTR, NOTHING},
    {CALL_RECV, EAGAIN, NOTHING},
    {CALL_RECV, FAULT_SHORT, NOTHING},
    {CALL_RECV, ENOBUFS, EVERY_CALL},
    {CALL_RECV, ENOMEM, EVERY_CALL},
    {CALL_RECV, EIO, EVERY_CALL},
    {CALL_READ, EINTR, NOTHING},
    {CALL_READ, FAULT_SHORT, NOTHING},
    {CALL_READ, EIO, EVERY_CALL},
    {CALL_EPOLL_CTL, ENOMEM, EVERY_CALL},
    {CALL_EPOLL_CTL, ENOSPC, EVERY_CALL},
    {CALL_EPOLL_WAIT, EINTR, NOTHING},
    {CALL_ENTROPY, EIO, EVERY_CALL},
    {CALL_ENTROPY, ENOSYS, EVERY_CALL},
    {CALL_OPEN, EMFILE, EVERY_CALL},
    {CALL_OPEN, EIO, EVERY_CALL},
};

static unsigned long runs;

static void done(struct evidence *evidence, void *context)
{
    struct pull_scene *scene = context;

    scene->evidence = evidence;
    event_base_loopbreak(scene->base);
}

/* A whole run with a new loop, in which calls `from` to `until` of the ordered kind fail. NULL:
 * it could not even start. */
static struct diagnosis *run_once(struct pull_scene *scene, const struct fault *fault,
                                  uint64_t from, uint64_t until)
{
    struct diagnosis *diagnosis = NULL;
    unsigned descriptors = count_descriptors();
    usec_t before = waited_for_processor();

    runs++;
    scene->base = libraries_new_loop();
    assert_non_null(scene->base);
    scene->environment = probe_environment_new(scene->base, PROBE_ONCE);
    *call_faults = (struct call_faults){
        .call = fault->call, .error = fault->error, .from = from, .until = until};
    struct probe *run = probe_start(scene->environment, &scene->target, NULL, done, scene);
    scene->evidence = NULL;
    if (run)
        assert_true(event_base_dispatch(scene->base) >= 0);
    call_faults->error = 0;
    if (run)
        assert_non_null(scene->evidence);
    if (scene->evidence) {
        assert_true(scene->evidence->duration <=
                    scene->target.timeout * 11 / 10 + waited_for_processor() - before);
        diagnosis = diagnose(scene->evidence, &scene->target);
        evidence_free(scene->evidence);
    }
    probe_environment_free(scene->environment);
    event_base_free(scene->base);
    assert_int_equal(count_descriptors(), descriptors);
    return diagnosis;
}

/* True if the outcome is `cause` or, if the fault may cost the run, trouble of our own. */
static bool is_right(const struct diagnosis *diagnosis, const struct fault *fault, uint64_t number,
                     enum cause cause)
{
    const struct finding *first = &diagnosis->findings[0];

    if (first->cause == cause || (first->cause == CAUSE_LOCAL_ERROR && fault->cost != NOTHING))
        return true;
    print_error("%s, error %d from call %lu on: %s: %s\n", call_name(fault->call), fault->error,
                (unsigned long)number, cause_name(first->cause), first->summary);
    for (size_t i = 0; i < first->evidence_count; i++)
        print_error("- %s\n", first->evidence[i]);
    return false;
}

/* True if something failed as ordered. */
static bool fail_calls(struct pull_scene *scene, const struct fault *fault, uint64_t from,
                       uint64_t until, enum cause cause)
{
    struct diagnosis *diagnosis = run_once(scene, fault, from, until);

    assert_true(!diagnosis || is_right(diagnosis, fault, from, cause));
    diagnosis_free(diagnosis);
    return call_faults->injected;
}

/* A new process needs new randomness. If it is old, it asks for it once in an hour. */
static bool fail_calls_in_child(struct pull_scene *scene, const struct fault *fault, uint64_t from,
                                uint64_t until, enum cause cause)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        struct diagnosis *diagnosis = run_once(scene, fault, from, until);
        bool right = !diagnosis || is_right(diagnosis, fault, from, cause);
        _exit(!right ? 1 : call_faults->injected ? 2 : 0);
    }
    runs++;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    return WEXITSTATUS(status) == 2;
}

/* Each call alone, and each with all that come after it. */
static void fail_each_call(struct pull_scene *scene, const struct fault *fault, enum cause cause)
{
    bool (*const fail_from)(struct pull_scene *, const struct fault *, uint64_t, uint64_t,
                            enum cause) =
        fault->call == CALL_ENTROPY ? fail_calls_in_child : fail_calls;
    uint64_t stride = getenv("TCR_PROBE_TEST_EVERY_FAULT") ? 1 : STRIDE;
    unsigned ways = fault->cost == EVERY_CALL ? 2 : 1;

    for (unsigned lasting = 0; lasting < ways; lasting++) {
        bool injected = true;
        for (uint64_t number = 1; injected; number += stride)
            injected = fail_from(scene, fault, number, lasting ? UINT64_MAX : number + 1, cause);
    }
}

static void torture(const struct fake_certificate *certificate, enum cause cause)
{
    static const struct fault none = {0};
    struct pull_scene scene = {0};
    pid_t process = pull_scene_fork(&scene, certificate);

    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        fail_each_call(&scene, &faults[i], cause);
        struct diagnosis *diagnosis = run_once(&scene, &none, 0, 0);
        if (diagnosis->findings[0].cause != cause)
            fail_msg("after %s %d: %s", call_name(faults[i].call), faults[i].error,
                     diagnosis->findings[0].summary);
        diagnosis_free(diagnosis);
    }
    print_message("%lu runs; in the last of them", runs);
    for (unsigned call = 0; call < CALL_COUNT; call++)
        print_message(" %lu %s", (unsigned long)call_faults->counts[call],
                      call_name((enum call)call));
    print_message("\n");
    pull_scene_kill(&scene, process);
}

static void the_registry_is_never_blamed(void **state)
{
    (void)state;
    torture(&pull_certificate, CAUSE_OK_PRIVATE);
}

static void wrong_host_never_passes(void **state)
{
    (void)state;
    torture(&pull_wrong_host, CAUSE_TLS_NAME_MISMATCH);
}

static void unknown_issuer_never_passes(void **state)
{
    (void)state;
    torture(&pull_unknown_issuer, CAUSE_TLS_UNTRUSTED_ISSUER);
}

/* ---- further source ports ---- */

static void source_port_ended(int fd, bool all_ended, void *context)
{
    struct event_base *base = context;

    if (fd >= 0)
        close(fd);
    if (all_ended)
        event_base_loopbreak(base);
}

/* A connect that this machine could not make says nothing about a NAT gateway. */
static void source_ports_count_only_what_was_tried(void **state)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    struct endpoint endpoint;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&name, length), 0);
    assert_int_equal(listen(listener, 128), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &length), 0);
    assert_true(endpoint_from_sockaddr((struct sockaddr *)&name, &endpoint));
    for (unsigned failing = 0; failing <= SOURCE_PORTS_FURTHER; failing++) {
        struct event_base *base = libraries_new_loop();
        struct tcp_evidence result = {0};
        *call_faults = (struct call_faults){
            .call = CALL_CONNECT, .error = EADDRNOTAVAIL, .from = 1, .until = failing + 1};
        struct source_ports *ports =
            source_ports_start(base, &endpoint, &result, source_port_ended, base);
        event_base_dispatch(base);
        call_faults->error = 0;
        assert_int_equal(result.trials, SOURCE_PORTS_FURTHER - failing);
        assert_int_equal(result.trials_connected, SOURCE_PORTS_FURTHER - failing);
        source_ports_free(ports);
        event_base_free(base);
    }
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_is_never_blamed),
        cmocka_unit_test(wrong_host_never_passes),
        cmocka_unit_test(unknown_issuer_never_passes),
        cmocka_unit_test(source_ports_count_only_what_was_tried),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
