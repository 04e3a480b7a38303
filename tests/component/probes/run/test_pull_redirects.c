/* SPDX-License-Identifier: MIT */
/*
 * Manifests that the registry redirects: who is asked for them and with which headers, and who
 * is named if it fails.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pull_scene.h"

static void a_manifest_elsewhere_is_read_without_the_token(void **state)
{
    static const struct fake_route elsewhere[] = {
        {"HEAD /signed?manifest ", NULL, FOUND, TAIL_NONE, NULL},
        {"GET /signed?manifest ", NULL, WHOLE(MANIFEST_TYPE, MANIFEST), TAIL_NONE, NULL},
    };
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    for (size_t i = 0; i < 2; i++)
        fake_registry_last(&scene.other, &elsewhere[i]);
    for (size_t i = 0; i < 2; i++)
        fake_registry_first(
            &scene.registry,
            &(struct fake_route){
                i ? "HEAD " : "GET " PATH_OF_DIGEST " ", NULL,
                ANSWER("307 x", "Location: https://store.example:%Q/signed?manifest\r\n", ""),
                TAIL_NONE, NULL});
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "ok_private");
    const struct image_evidence *found = &scene.evidence->registry->images[0];
    assert_int_equal(found->outcome, MANIFEST_FOUND);
    assert_string_equal(found->digest, DIGEST);
    assert_int_equal(found->blob.outcome, BLOB_OK);
    assert_int_equal(fake_registry_count(&scene.other, "/signed?manifest"), 2);
    assert_int_equal(fake_registry_count(&scene.other, "Authorization"), 0);
    pull_scene_close(&scene);
}

/* Both blobs are asked for before anybody wanted a token. One of them gets its challenge only when
 * the token of the other is there. */
static void a_challenge_may_be_late(void **state)
{
    static const struct fake_route routes[] = {
        {"HEAD " PATH_OF_MANIFEST " ", NULL, FOUND, TAIL_NONE, NULL},
        {"GET " PATH_OF_DIGEST " ", NULL, WHOLE(MANIFEST_TYPE, MANIFEST), TAIL_NONE, NULL},
    };

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct fake_route late = {i ? "GET /v2/team/app/blobs/" IMAGE_CONFIG " "
                                          : "GET /v2/team/app/blobs/" LAYER " ",
                                        NULL, CHALLENGE(REALM, ""), TAIL_LATE, NULL};
        struct pull_scene scene;
        pull_scene_open(&scene);
        for (size_t k = 0; k < 2; k++)
            fake_registry_first(&scene.registry, &routes[k]);
        for (size_t k = 0; k < scene.registry.route_count; k++)
            if (strcmp(scene.registry.routes[k].start, "GET /v2/") == 0) {
                scene.registry.routes[scene.registry.route_count++] = scene.registry.routes[k];
                scene.registry.routes[k] = late;
                break;
            }
        pull_scene_run(&scene, NULL);
        pull_scene_expect(&scene, "ok_private");
        assert_int_equal(fake_registry_count(&scene.registry, "/token?"), 1);
        pull_scene_close(&scene);
    }
}

/* RFC 3986 says so, and containerd's client does it. */
static void a_relative_redirect_starts_where_it_was_said(void **state)
{
    static const struct fake_route registry[] = {
        {"HEAD " PATH_OF_MANIFEST " ", NULL, ANSWER("307 x", "Location: elsewhere?x\r\n", ""),
         TAIL_NONE, NULL},
        {"GET " PATH_OF_DIGEST " ", NULL, ANSWER("307 x", "Location: ../../../../signed/1\r\n", ""),
         TAIL_NONE, NULL},
        {"GET /signed/1 ", NULL, ANSWER("307 x", "Location: ?again\r\n", ""), TAIL_NONE, NULL},
        {"HEAD /v2/team/app/manifests/elsewhere?x ", NULL, FOUND, TAIL_NONE, NULL},
        {"GET /signed/1?again ", NULL, WHOLE(MANIFEST_TYPE, MANIFEST), TAIL_NONE, NULL},
    };
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    for (size_t i = sizeof(registry) / sizeof(registry[0]); i-- > 0;)
        fake_registry_first(&scene.registry, &registry[i]);
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "ok_private");
    assert_int_equal(fake_registry_count(&scene.registry, "GET /signed/1?again "), 1);
    pull_scene_close(&scene);
}

/* containerd's client makes ten requests: nine redirects are followed, a tenth is not. */
static void as_many_redirects_are_followed_as_containerd_does(void **state)
{
    static const struct fake_route deeper = {"HEAD ", NULL, ANSWER("307 x", "Location: x/\r\n", ""),
                                             TAIL_NONE, NULL};
    static const struct fake_route found = {"HEAD /v2/team/app/manifests/x/x/x/x/x/x/x/x/x/ ", NULL,
                                            FOUND, TAIL_NONE, NULL};

    (void)state;
    for (int more = 0; more < 2; more++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        fake_registry_first(&scene.registry, &deeper);
        if (!more)
            fake_registry_first(&scene.registry, &found);
        pull_scene_run(&scene, NULL);
        pull_scene_expect(&scene, more ? "http_invalid" : "ok_private");
        assert_int_equal(fake_registry_count(&scene.registry, "HEAD "), 10);
        pull_scene_close(&scene);
    }
}

static const struct {
    const char *name;
    const char *cause;
    const char *says; /* of whoever answers at the other place */
    const char *head; /* the answer there */
    const char *get;
} mishaps[] = {
    {"no HTTP", "http_invalid", "does not answer the request", "SSH-2.0-x\r\n", ""},
    {"a strange status", "http_invalid", "(HTTP 418)", ANSWER("418 x", "", ""),
     ANSWER("418 x", "", "")},
    {"no manifest", "image_damaged", "gives other bytes", FOUND, WHOLE(MANIFEST_TYPE, "<html>")},
    {"an outage", "registry_unavailable", "HTTP 503: it is not serving", ANSWER("503 x", "", ""),
     ""},
    {"a limit", "rate_limited", "limits the rate", ANSWER("429 x", "", ""), ""},
};

/* The finding names the other host, because the registry did nothing wrong. */
static void who_fails_a_redirected_manifest_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mishaps) / sizeof(mishaps[0]); i++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        for (size_t get = 0; get < 2; get++) {
            fake_registry_last(&scene.other,
                               &(struct fake_route){get ? "GET /signed " : "HEAD /signed ", NULL,
                                                    get ? mishaps[i].get : mishaps[i].head,
                                                    TAIL_NONE, NULL});
            fake_registry_first(
                &scene.registry,
                &(struct fake_route){
                    get ? "GET /v2/team/app/manifests/" : "HEAD ", NULL,
                    ANSWER("307 x", "Location: https://store.example:%Q/signed\r\n", ""), TAIL_NONE,
                    NULL});
        }
        pull_scene_run(&scene, NULL);
        pull_scene_expect(&scene, mishaps[i].cause);
        const char *summary = scene.diagnosis->findings[0].summary;
        if (strncmp(summary, "https://store.example:", 22) != 0 ||
            !strstr(summary, mishaps[i].says))
            fail_msg("%s: %s", mishaps[i].name, summary);
        pull_scene_close(&scene);
    }
}

static void a_refusal_elsewhere_keeps_its_status(void **state)
{
    static const struct fake_route missing[] = {
        {"HEAD /signed ", NULL, ANSWER("404 Not Found", "", ""), TAIL_NONE, NULL},
        {"GET /signed ", NULL, ANSWER("404 Not Found", "", ""), TAIL_NONE, NULL},
    };
    static const struct fake_route redirect = {
        "", "/v2/team/app/manifests/",
        ANSWER("307 x", "Location: https://store.example:%Q/signed\r\n", ""), TAIL_NONE, NULL};
    static const struct fake_route no_token = {
        "GET /v2/ ", NULL, ANSWER("200 OK", "Content-Type: application/json\r\n", "{}"), TAIL_NONE,
        NULL};
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.target.docker_config_count = 0;
    for (size_t i = 0; i < 2; i++)
        fake_registry_last(&scene.other, &missing[i]);
    fake_registry_first(&scene.registry, &redirect);
    fake_registry_first(&scene.registry, &no_token);
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "image_not_found");
    assert_int_equal(scene.evidence->registry->images[0].status, 404);
    pull_scene_close(&scene);
}

/* If a store asks for a token itself, it gets one that was given without a key. */
static void a_challenge_elsewhere_is_answered_there(void **state)
{
    static const struct fake_route registry[] = {
        {"GET /v2/ ", NULL, ANSWER("200 OK", "Content-Type: application/json\r\n", "{}"), TAIL_NONE,
         NULL},
        {"GET /token", NULL, TOKEN(GOOD), TAIL_NONE, NULL},
        {"HEAD /v2/team/other/manifests/1 ", "Bearer", FOUND, TAIL_NONE, NULL},
        {"GET /v2/team/other/manifests/" DIGEST " ", "Bearer", WHOLE(MANIFEST_TYPE, MANIFEST),
         TAIL_NONE, NULL},
        {"HEAD /v2/team/other/manifests/1 ", NULL,
         ANSWER("307 x", "Location: https://store.example:%Q/signed\r\n", ""), TAIL_NONE, NULL},
    };
    static const struct fake_route challenge = {
        "HEAD /signed ", NULL, CHALLENGE("https://registry.example:%Q/token", ""), TAIL_NONE, NULL};
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.target.docker_config_count = 0;
    scene.target.image_count = 2;
    scene.target.images[0] = "team/other:1";
    scene.target.images[1] = "team/app:1.4";
    for (size_t i = sizeof(registry) / sizeof(registry[0]); i-- > 0;)
        fake_registry_first(&scene.registry, &registry[i]);
    fake_registry_first(&scene.other, &challenge);
    scene.other.other_port = scene.registry.site.port;
    pull_scene_run(&scene, NULL);
    /* containerd repeats the request to the registry without a token: it answers the store, with
     * the same token as often as it asks. */
    const struct image_evidence *found = &scene.evidence->registry->images[0];
    assert_int_equal(found->status, 401);
    assert_int_equal(fake_registry_count(&scene.other, "Bearer " GOOD), 5);
    assert_int_equal(scene.evidence->registry->images[1].outcome, MANIFEST_FOUND);
    pull_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_elsewhere_is_read_without_the_token),
        cmocka_unit_test(a_challenge_may_be_late),
        cmocka_unit_test(a_relative_redirect_starts_where_it_was_said),
        cmocka_unit_test(as_many_redirects_are_followed_as_containerd_does),
        cmocka_unit_test(who_fails_a_redirected_manifest_is_named),
        cmocka_unit_test(a_refusal_elsewhere_keeps_its_status),
        cmocka_unit_test(a_challenge_elsewhere_is_answered_there),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
