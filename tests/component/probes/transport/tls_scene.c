/* SPDX-License-Identifier: MIT */
#include "tls_scene.h"
#include "probes/libraries.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#define DEADLINE_SECONDS 20

static void on_done(struct tls_session *session, void *context)
{
    struct scene *scene = context;

    (void)session;
    scene->calls++;
    event_base_loopbreak(scene->base);
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    /* Loopback completes this from the backlog, before anybody accepts. */
    assert_int_equal(connect(fd, (const struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

struct trust_store *scene_store;

int scene_group_setup(void **state)
{
    char error[512];

    if (shared_pki_start(state))
        return -1;
    scene_store =
        trust_store_open(&(struct trust_options){.ca_file = shared_ca_file}, error, sizeof(error));
    return scene_store ? 0 : -1;
}

int scene_group_teardown(void **state)
{
    trust_store_release(scene_store);
    return shared_pki_stop(state);
}

void scene_open(struct scene *scene, const struct fake_script *script)
{
    *scene = (struct scene){.base = libraries_new_loop(), .arena = arena_new(0)};
    scene->fake = fake_tls_start(scene->base, script);
    assert_non_null(scene->fake);
}

void scene_start(struct scene *scene, struct trust_store *store, const struct tls_options *options)
{
    scene->session = tls_session_start(scene->base, store, connect_to(fake_tls_port(scene->fake)),
                                       options, scene->arena, &scene->result, on_done, scene);
    assert_int_equal(scene->calls, 0);
}

void scene_await(struct scene *scene, const unsigned *count)
{
    struct timeval deadline = {DEADLINE_SECONDS, 0};

    event_base_loopexit(scene->base, &deadline);
    event_base_dispatch(scene->base);
    assert_int_equal(*count, 1);
}

void scene_close(struct scene *scene)
{
    tls_session_free(scene->session);
    fake_tls_free(scene->fake);
    event_base_free(scene->base);
    arena_free(scene->arena);
}

void scene_run(struct scene *scene, struct trust_store *store, const struct fake_script *script,
               const struct tls_options *options)
{
    scene_open(scene, script);
    scene_start(scene, store, options);
    assert_non_null(scene->session);
    scene_await(scene, &scene->calls);
}
