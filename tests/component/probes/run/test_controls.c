/* SPDX-License-Identifier: MIT */
/*
 * Controls that have to be looked up: which of their addresses are tried, and which conclusion
 * that allows.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pull_scene.h"

/* A run against a registry that refuses, with one control at `port`. */
static const struct control_evidence *run_with(struct pull_scene *scene, enum control_kind kind,
                                               uint16_t port)
{
    scene->target.image_count = 0;
    scene->target.docker_config_count = 0;
    scene->target.port = 1; /* closed */
    scene->network.controls[scene->network.control_count++] =
        (struct control){.name = "a", .kind = kind, .host = "control.example", .port = port};
    pull_scene_run(scene, NULL);
    return &scene->evidence->controls[0];
}

static void a_control_in_this_network_may_be_private(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    assert_int_equal(run_with(&scene, CONTROL_VPC, scene.registry.site.port)->outcome, CONTROL_OK);
    pull_scene_close(&scene);
}

/* The connect would succeed, but not over the internet. */
static void a_private_address_is_no_witness_of_the_internet(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    assert_int_equal(run_with(&scene, CONTROL_INTERNET, scene.registry.site.port)->outcome,
                     CONTROL_UNRESOLVED);
    pull_scene_close(&scene);
}

static void a_bogus_address_is_not_dialled(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.network.private_range_count = 0; /* it really is loopback */
    assert_int_equal(run_with(&scene, CONTROL_VPC, scene.registry.site.port)->outcome,
                     CONTROL_UNRESOLVED);
    assert_int_equal(scene.registry.site.connections, 0);
    pull_scene_close(&scene);
}

/* A pod with IPv6 alone; nobody listens at ::1. */
static void controls_are_reached_over_ipv6_too(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.dns.behaviour = FAKE_DNS_LOOPBACK6;
    assert_true(range_parse("::1/128", &scene.network.private_ranges[1]));
    scene.network.private_range_count = 2;
    const struct control_evidence *control = run_with(&scene, CONTROL_VPC, 1);
    assert_int_equal(control->address.family, AF_INET6);
    assert_true(control->outcome == CONTROL_REFUSED ||
                control->outcome == CONTROL_UNREACHABLE); /* where there is no IPv6 at all */
    pull_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_in_this_network_may_be_private),
        cmocka_unit_test(a_private_address_is_no_witness_of_the_internet),
        cmocka_unit_test(a_bogus_address_is_not_dialled),
        cmocka_unit_test(controls_are_reached_over_ipv6_too),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
