/* SPDX-License-Identifier: MIT */
#include "probes/libraries.h"
#include "probes/transport/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define DEADLINE_SECONDS 10

struct scene {
    struct event_base *base;
    unsigned calls;
    struct dial_result result;
    struct dial *dial;
};

static void on_done(const struct dial_result *result, void *context)
{
    struct scene *scene = context;

    scene->calls++;
    scene->result = *result;
    dial_free(scene->dial);
    scene->dial = NULL;
    event_base_loopbreak(scene->base);
}

static void await(struct scene *scene)
{
    struct timeval deadline = {DEADLINE_SECONDS, 0};

    event_base_loopexit(scene->base, &deadline);
    event_base_dispatch(scene->base);
    assert_int_equal(scene->calls, 1);
}

static int setup(void **state)
{
    static struct scene scene;

    scene = (struct scene){.base = libraries_new_loop()};
    *state = &scene;
    return scene.base ? 0 : -1;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    dial_free(scene->dial);
    event_base_free(scene->base);
    return 0;
}

/* A bound socket on a free port of loopback. */
static int bound(struct endpoint *ret)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&name, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    assert_true(endpoint_from_sockaddr((const struct sockaddr *)&name, ret));
    return fd;
}

static void start(struct scene *scene, const struct endpoint *endpoint, int max_segment)
{
    scene->dial = dial_start(scene->base, endpoint, max_segment, on_done, scene);
    assert_non_null(scene->dial);
    assert_int_equal(scene->calls, 0);
}

static void connected(void **state)
{
    struct scene *scene = *state;
    struct endpoint endpoint;
    int listener = bound(&endpoint);
    int value = 0;
    socklen_t length = sizeof(value);

    assert_int_equal(listen(listener, 4), 0);
    start(scene, &endpoint, 536);
    await(scene);
    assert_int_equal(scene->result.outcome, TCP_OK);
    assert_true(scene->result.fd >= 0);
    assert_true(fcntl(scene->result.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(scene->result.fd, F_GETFD) & FD_CLOEXEC);
    getsockopt(scene->result.fd, IPPROTO_TCP, TCP_NODELAY, &value, &length);
    assert_true(value);
    getsockopt(scene->result.fd, IPPROTO_TCP, TCP_MAXSEG, &value, &length);
    assert_true(value <= 536);
    close(scene->result.fd);
    close(listener);
}

static void refused(void **state)
{
    struct scene *scene = *state;
    struct endpoint endpoint;
    int holder = bound(&endpoint); /* bound, not listening: nobody else can take the port */

    start(scene, &endpoint, 0);
    await(scene);
    assert_int_equal(scene->result.outcome, TCP_REFUSED);
    assert_int_equal(scene->result.error, ECONNREFUSED);
    assert_int_equal(scene->result.fd, -1);
    close(holder);
}

/* TCP has no route to a broadcast address, and Linux says so before a packet could leave. */
static void skipped_without_a_route(void **state)
{
    struct scene *scene = *state;
    struct endpoint endpoint;

    assert_true(endpoint_parse("127.255.255.255:443", 0, &endpoint));
    start(scene, &endpoint, 0);
    await(scene);
    assert_int_equal(scene->result.outcome, TCP_SKIPPED);
    assert_int_equal(scene->result.error, ENETUNREACH);
}

static void local_without_descriptors(void **state)
{
    struct scene *scene = *state;
    struct rlimit old;
    struct rlimit none;
    struct endpoint endpoint;
    int holder = bound(&endpoint);

    getrlimit(RLIMIT_NOFILE, &old);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    start(scene, &endpoint, 0);
    setrlimit(RLIMIT_NOFILE, &old);
    await(scene);
    assert_int_equal(scene->result.outcome, TCP_LOCAL);
    assert_int_equal(scene->result.error, EMFILE);
    close(holder);
}

static void freed_before_the_end(void **state)
{
    struct scene *scene = *state;
    struct endpoint endpoint;
    int listener = bound(&endpoint);

    assert_int_equal(listen(listener, 4), 0);
    start(scene, &endpoint, 0);
    dial_free(scene->dial);
    scene->dial = NULL;
    event_base_dispatch(scene->base); /* returns at once: nothing is pending */
    assert_int_equal(scene->calls, 0);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(connected, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(skipped_without_a_route, setup, teardown),
        cmocka_unit_test_setup_teardown(local_without_descriptors, setup, teardown),
        cmocka_unit_test_setup_teardown(freed_before_the_end, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
