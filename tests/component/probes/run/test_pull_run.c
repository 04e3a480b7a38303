/* SPDX-License-Identifier: MIT */
/*
 * Runs that ask a fake registry on loopback for tokens, manifests and layers: the findings,
 * where the key goes, and where it never goes.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/clock.h"
#include "pull_scene.h"
#include "tests/support.h"

/* ---- a healthy image ---- */

static void a_healthy_image_costs_no_more_than_needed(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "ok_private");
    const struct registry_evidence *found = scene.evidence->registry;
    assert_int_equal(found->auth.outcome, AUTH_ACCEPTED);
    assert_true(found->auth.key_sent);
    assert_string_equal(found->auth.granted[0], "repository:team/app:pull");
    assert_int_equal(found->images[0].outcome, MANIFEST_FOUND);
    assert_string_equal(found->images[0].digest, DIGEST);
    assert_int_equal(found->images[0].size, 318);
    assert_int_equal(found->images[0].blob.outcome, BLOB_OK);
    assert_string_equal(found->images[0].blob.digest, LAYER);
    assert_string_equal(found->images[0].blob.remote.host, "store.example");
    assert_int_equal(found->images[0].blob.remote.paths[0].tls.outcome, TLS_OK);
    assert_int_equal(found->images[0].config.outcome, BLOB_NOT_REDIRECTED);
    assert_int_equal(found->images[0].layers_asked, 1);
    /* /v2/, HEAD, POST and GET for a token, HEAD, the manifest, the config, the layer */
    assert_int_equal(scene.registry.site.requests, 8);
    assert_int_equal(scene.other.site.requests, 1);
    assert_int_equal(fake_registry_count(&scene.other, "Authorization"), 0);
    assert_int_equal(fake_registry_count(&scene.registry, "/blobs/"), 2);
    pull_scene_close(&scene);
}

/* Some registries ask for a token only behind /v2/. */
static void a_challenge_at_the_manifest_is_met(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    fake_registry_first(
        &scene.registry,
        &(struct fake_route){"GET /v2/ ", NULL,
                             ANSWER("200 OK", "Content-Type: application/json\r\n", "{}"),
                             TAIL_NONE, NULL});
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "clients_differ");
    const struct registry_evidence *found = scene.evidence->registry;
    assert_int_equal(found->auth.outcome, AUTH_ACCEPTED);
    assert_int_equal(found->images[0].outcome, MANIFEST_FOUND);
    assert_int_equal(found->images[0].blob.outcome, BLOB_OK);
    pull_scene_close(&scene);
}

/* Runs with team/secret:1, which is refused, at place `refused` and team/app:1.4 at the other. */
static void expect_one_refused(struct pull_scene *scene, size_t refused, const char *cause,
                               const char *words)
{
    scene->target.image_count = 2;
    scene->target.images[refused] = "team/secret:1";
    scene->target.images[1 - refused] = "team/app:1.4";
    pull_scene_run(scene, NULL);
    pull_scene_expect(scene, cause);
    assert_non_null(strstr(scene->diagnosis->findings[0].summary, words));
    const struct registry_evidence *found = scene->evidence->registry;
    assert_int_equal(found->auth.scope_status, 401);
    assert_int_equal(found->images[refused].outcome, MANIFEST_SKIPPED);
    assert_int_equal(found->images[1 - refused].outcome, MANIFEST_FOUND);
}

/* In either order, because an answer about the last image is no answer about all of them. */
static void a_refusal_is_not_forgotten_over_the_token_of_another(void **state)
{
    struct pull_scene scene;

    (void)state;
    for (size_t refused = 0; refused < 2; refused++) {
        pull_scene_open(&scene);
        expect_one_refused(&scene, refused, "insufficient_scope", "/team/secret:1");
        pull_scene_close(&scene);
    }
}

/* If one image needs no key, it is checked, and the other is named as refused. */
static void without_a_key_each_image_is_judged_by_itself(void **state)
{
    static const struct fake_route anonymous = {
        "GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull ", NULL, TOKEN(GOOD), TAIL_NONE,
        NULL};
    struct pull_scene scene;

    (void)state;
    for (size_t refused = 0; refused < 2; refused++) {
        pull_scene_open(&scene);
        fake_registry_first(&scene.registry, &anonymous);
        scene.target.docker_config_count = 0;
        expect_one_refused(&scene, refused, "credentials_missing", "/team/secret:1 without");
        pull_scene_close(&scene);
    }
}

static void without_a_key_all_images_refused_are_counted(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.target.docker_config_count = 0;
    scene.target.images[scene.target.image_count++] = "team/secret:1";
    scene.target.images[scene.target.image_count++] = "team/app:1.5";
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "credentials_missing");
    assert_non_null(
        strstr(scene.diagnosis->findings[0].summary, "/team/app:1.4 and 2 more images"));
    assert_int_equal(scene.evidence->registry->auth.outcome, AUTH_NO_CREDENTIALS);
    pull_scene_close(&scene);
}

static void between_two_intervals_the_last_answers_stand(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    fake_registry_first(
        &scene.registry,
        &(struct fake_route){"HEAD ", NULL, ANSWER("404 Not Found", "", ""), TAIL_NONE, NULL});
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "image_not_found");
    struct evidence *earlier = scene.evidence;
    for (unsigned turn = 0; turn < 2; turn++) {
        unsigned before = scene.registry.site.requests;
        diagnosis_free(scene.diagnosis);
        if (turn == 1)
            pull_scene_write_key(&scene); /* another file than before */
        pull_scene_run(&scene, earlier->registry);
        pull_scene_expect(&scene, "image_not_found");
        assert_true(scene.evidence->registry->standing == (turn == 0));
        if (turn == 0)
            assert_int_equal(scene.registry.site.requests - before, 1);
        else
            assert_true(scene.registry.site.requests - before > 1);
        if (turn == 0)
            evidence_free(scene.evidence);
    }
    evidence_free(earlier);
    pull_scene_close(&scene);
}

struct key_change {
    struct pull_scene *scene;
    struct fake_dns silent; /* keeps the run going */
    unsigned questions;     /* it had before */
    struct event *look;
    bool done;
};

static void change_key(int fd, short what, void *context)
{
    struct key_change *change = context;

    (void)fd;
    (void)what;
    /* Asked a second time, after a quarter of the timeout: the registry has answered long since. */
    if (change->done || change->silent.questions_seen - change->questions <= 2)
        return;
    pull_scene_write_key(change->scene);
    change->done = true;
}

/* Each run decides once if they are still valid, whatever happens to the key until its end. */
static void answers_do_not_vanish_with_the_key(void **state)
{
    const struct timeval moment = {.tv_usec = 10000};
    struct pull_scene scene;
    struct key_change change = {.scene = &scene, .silent = {.behaviour = FAKE_DNS_SILENT}};

    (void)state;
    pull_scene_open(&scene);
    assert_int_equal(fake_dns_start(&change.silent, scene.base), 0);
    scene.network.pod_resolvers[scene.network.pod_resolver_count++] = change.silent.endpoint;
    scene.target.timeout = 2 * USEC_PER_SEC;
    fake_registry_first(
        &scene.registry,
        &(struct fake_route){"HEAD ", NULL, ANSWER("404 Not Found", "", ""), TAIL_NONE, NULL});
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "image_not_found");
    struct evidence *earlier = scene.evidence;
    diagnosis_free(scene.diagnosis);
    change.questions = change.silent.questions_seen;
    change.look = event_new(scene.base, -1, EV_PERSIST, change_key, &change);
    event_add(change.look, &moment);
    pull_scene_run(&scene, earlier->registry);
    assert_true(change.done);
    pull_scene_expect(&scene, "image_not_found");
    assert_true(scene.evidence->registry->standing);
    evidence_free(earlier);
    event_free(change.look);
    fake_dns_stop(&change.silent);
    pull_scene_close(&scene);
}

/* ---- refusals ---- */

static const struct {
    const char *name;
    const char *cause;
    struct fake_route first; /* before the healthy ones */
    bool at_the_other;
    bool without_key;
    const char *token_host;
} refusals[] = {
    {"a bad key", "credentials_rejected",
     .first = {"GET /token", NULL, ANSWER("401 Unauthorized", "", ""), TAIL_NONE, NULL}},
    {"a bad key, told by POST alone", "credentials_rejected",
     .first = {"POST /token", NULL, ANSWER("403 Forbidden", "", ""), TAIL_NONE, NULL}},
    {"no key", "credentials_missing", .first = {"-", NULL, "", TAIL_NONE, NULL},
     .without_key = true},
    {"a key without the right", "insufficient_scope",
     .first = {"GET /token?service=s&scope", NULL, TOKEN(LESS), TAIL_NONE, NULL}},
    {"a scope refused by the realm", "insufficient_scope",
     .first = {"GET /token?service=s&scope", NULL, ANSWER("403 Forbidden", "", ""), TAIL_NONE,
               NULL}},
    {"a token that is refused", "token_rejected",
     .first = {"HEAD ", NULL, CHALLENGE(REALM, ",error=\"invalid_token\""), TAIL_NONE, NULL}},
    {"no such tag", "image_not_found",
     .first = {"HEAD ", NULL, ANSWER("404 Not Found", "", ""), TAIL_NONE, NULL}},
    {"a manifest where nobody serves it", "registry_unavailable",
     .first = {"HEAD ", NULL, ANSWER("307 x", "Location: https://store.example:1/?SIGNED\r\n", ""),
               TAIL_NONE, NULL}},
    {"a manifest at the metadata service", "registry_unavailable",
     .first = {"HEAD ", NULL, ANSWER("307 x", "Location: http://169.254.169.254/latest\r\n", ""),
               TAIL_NONE, NULL}},
    {"a manifest without end", "http_invalid",
     .first = {"HEAD ", NULL, ANSWER("307 x", "Location: /v2/team/app/manifests/x\r\n", ""),
               TAIL_NONE, NULL}},
    {"a manifest that is no URL", "http_invalid",
     .first = {"HEAD ", NULL, ANSWER("307 x", "Location: ftp://b/\r\n", ""), TAIL_NONE, NULL}},
    {"a policy", "image_blocked_by_policy",
     .first = {"GET " PATH_OF_DIGEST, NULL,
               ANSWER("412 Precondition Failed", "",
                      "{\"errors\":[{\"code\":\"PROJECTPOLICYVIOLATION\",\"message\":\"no\"}]}"),
               TAIL_NONE, NULL}},
    {"a limit", "rate_limited",
     .first = {"HEAD ", NULL, ANSWER("429 Too Many Requests", "Retry-After: 30\r\n", ""), TAIL_NONE,
               NULL}},
    {"a limit at the realm", "rate_limited",
     .first = {"POST /token", NULL, ANSWER("429 Too Many Requests", "", ""), TAIL_NONE, NULL}},
    {"an outage of manifests", "registry_unavailable",
     .first = {"HEAD ", NULL, ANSWER("503 Service Unavailable", "", ""), TAIL_NONE, NULL}},
    {"an outage of tokens", "token_service_failed",
     .first = {"POST /token", NULL, ANSWER("500 Internal Server Error", "", ""), TAIL_NONE, NULL}},
    {"a store that refuses", "blob_store_refused",
     .first = {"GET /layer", NULL,
               ANSWER("403 Forbidden", "", "<Code>SignatureDoesNotMatch</Code>"), TAIL_NONE, NULL},
     .at_the_other = true},
    {"a store that nobody serves", "blob_store_unreachable",
     .first = {"GET /v2/team/app/blobs/", NULL,
               ANSWER("307 x", "Location: https://store.example:1/layer\r\n", ""), TAIL_NONE,
               NULL}},
    {"a store at the metadata service", "blob_store_unreachable",
     .first = {"GET /v2/team/app/blobs/", NULL,
               ANSWER("307 x", "Location: http://169.254.169.254/latest\r\n", ""), TAIL_NONE,
               NULL}},
    {"a store without end", "blob_store_refused",
     .first = {"GET /v2/team/app/blobs/", NULL,
               ANSWER("307 x", "Location: /v2/team/app/blobs/x\r\n", ""), TAIL_NONE, NULL}},
    {"a store that is no URL", "blob_store_refused",
     .first = {"GET /v2/team/app/blobs/", NULL, ANSWER("307 x", "Location: ftp://b/\r\n", ""),
               TAIL_NONE, NULL}},
    {"a realm without TLS", "token_service_failed",
     .first = {"HEAD /v2/team", NULL, CHALLENGE("http://registry.example:%P/token", ""), TAIL_NONE,
               NULL}},
    {"a realm at the metadata service", "token_service_unreachable",
     .first = {"HEAD /v2/team", NULL, CHALLENGE("https://169.254.169.254/token", ""), TAIL_NONE,
               NULL},
     .token_host = "169.254.169.254"},
    {"a realm that nobody serves", "token_service_unreachable",
     .first = {"HEAD /v2/team", NULL, CHALLENGE("https://auth.example:1/token", ""), TAIL_NONE,
               NULL}},
    {"an empty challenge", "token_service_failed",
     .first = {"HEAD /v2/team", NULL, ANSWER("401 x", "WWW-Authenticate:\r\n", ""), TAIL_NONE,
               NULL}},
};

static void refusals_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        fake_registry_first(refusals[i].at_the_other ? &scene.other : &scene.registry,
                            &refusals[i].first);
        if (refusals[i].without_key)
            scene.target.docker_config_count = 0;
        if (refusals[i].token_host) {
            scene.target.token_hosts = &refusals[i].token_host;
            scene.target.token_host_count = 1;
        }
        pull_scene_run(&scene, NULL);
        if (strcmp(cause_name(scene.diagnosis->findings[0].cause), refusals[i].cause) != 0)
            print_error("%s:\n", refusals[i].name);
        pull_scene_expect(&scene, refusals[i].cause);
        pull_scene_close(&scene);
    }
}

/* ---- where the key goes ---- */

static void the_key_goes_to_another_host_only_if_it_is_listed(void **state)
{
    static const char *const hosts[] = {"elsewhere.example", "auth.example"};

    (void)state;
    for (unsigned listed = 0; listed < 2; listed++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        scene.target.token_hosts = &hosts[listed];
        scene.target.token_host_count = 1;
        pull_scene_challenge(&scene, CHALLENGE("https://auth.example:%Q/token", ""));
        for (size_t i = PULL_FIRST_TOKEN; i < PULL_FIRST_IMAGE; i++)
            fake_registry_last(&scene.other, &pull_healthy[i]);
        pull_scene_run(&scene, NULL);
        pull_scene_expect(&scene, listed ? "ok_private" : "token_host_not_listed");
        assert_int_equal(scene.evidence->registry->auth.host_listed, listed);
        assert_int_equal(scene.evidence->registry->auth.remote.paths[0].tls.outcome, TLS_OK);
        assert_true(fake_registry_count(&scene.other, PAIR) == listed);
        assert_true(fake_registry_count(&scene.other, PASSWORD) == listed);
        pull_scene_close(&scene);
    }
}

/* If the token service speaks plain HTTP, it is asked, but without the key. */
static void the_key_never_goes_over_plain_http(void **state)
{
    (void)state;
    for (unsigned needed = 0; needed < 2; needed++) {
        struct pull_scene scene;
        pull_scene_open(&scene);
        fake_registry_close(&scene.other);
        assert_true(fake_registry_open(&scene.other, NULL));
        scene.registry.other_port = scene.other.site.port;
        pull_scene_challenge(&scene, CHALLENGE("http://registry.example:%Q/token", ""));
        fake_registry_first(&scene.registry,
                            &(struct fake_route){"GET /v2/team/app/blobs/" LAYER, NULL,
                                                 ANSWER("200 x", "", "x"), TAIL_NONE, NULL});
        fake_registry_last(&scene.other,
                           &(struct fake_route){"GET /token?service=s&scope=", NULL,
                                                needed ? ANSWER("401 x", "", "") : TOKEN(GOOD),
                                                TAIL_NONE, NULL});
        pull_scene_run(&scene, NULL);
        pull_scene_expect(&scene, needed ? "token_host_not_listed" : "ok_private");
        assert_false(scene.evidence->registry->auth.host_listed);
        assert_int_equal(fake_registry_count(&scene.other, "/token"), 1);
        assert_int_equal(fake_registry_count(&scene.other, "Authorization"), 0);
        pull_scene_close(&scene);
    }
}

static void plain_http_is_spoken_when_asked_for(void **state)
{
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    fake_registry_close(&scene.registry);
    assert_true(fake_registry_open(&scene.registry, NULL));
    pull_scene_challenge(&scene, CHALLENGE("http://registry.example:%P/token", ""));
    fake_registry_last(
        &scene.registry,
        &(struct fake_route){"\x16", NULL, ANSWER("400 Bad Request", "", ""), TAIL_NONE, NULL});
    scene.target.port = scene.registry.site.port;
    pull_scene_write_key(&scene);
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "tls_plain_http");
    assert_int_equal(fake_registry_count(&scene.registry, "HTTP/1.1"), 0);
    diagnosis_free(scene.diagnosis);
    evidence_free(scene.evidence);
    scene.target.plain_http = true;
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "verification_skipped");
    assert_int_equal(scene.evidence->registry->images[0].blob.outcome, BLOB_OK);
    assert_int_equal(scene.diagnosis->findings[1].cause, CAUSE_OK_PRIVATE);
    pull_scene_close(&scene);
}

static void verification_is_skipped_when_asked_for(void **state)
{
    const struct fake_certificate certificate = {.names = "DNS:registry.example",
                                                 .from_seconds = -YEAR,
                                                 .until_seconds = YEAR,
                                                 .self_signed = true};
    SSL_CTX *self_signed = fake_pki_server(&shared_pki, &certificate);
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    scene.registry.site.context = self_signed;
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "tls_untrusted_issuer");
    assert_int_equal(fake_registry_count(&scene.registry, "Authorization"), 0);
    diagnosis_free(scene.diagnosis);
    evidence_free(scene.evidence);
    scene.target.insecure_skip_verify = true;
    scene.target.send_key_unverified = true;
    pull_scene_run(&scene, NULL);
    pull_scene_expect(&scene, "verification_skipped");
    assert_int_equal(scene.evidence->registry->auth.outcome, AUTH_ACCEPTED);
    pull_scene_close(&scene);
    SSL_CTX_free(self_signed);
}

/* Sixteen repositories. Each answer takes less than a tenth of the timeout, and all of them
 * together take more than the timeout. */
static void many_prompt_answers_are_no_stall(void **state)
{
    static const char *const images[SETTINGS_MAX_IMAGES] = {
        "a/a", "a/b", "a/c", "a/d", "a/e", "a/f", "a/g", "a/h",
        "a/i", "a/j", "a/k", "a/l", "a/m", "a/n", "a/o", "a/p"};
    static const struct fake_route routes[] = {
        {"GET /token", NULL, TOKEN("opaque"), TAIL_NONE, NULL},
        {"HEAD /v2/a", "Bearer", FOUND, TAIL_NONE, NULL},
        {"GET /v2/a", "/manifests/", WHOLE(MANIFEST_TYPE, MANIFEST), TAIL_NONE, NULL},
        {"GET /v2/a", "/blobs/" LAYER, ANSWER("200 x", "", "x"), TAIL_NONE, NULL},
        {"GET /v2/a", "/blobs/" IMAGE_CONFIG, ANSWER("200 OK", "", CONFIG_BODY), TAIL_NONE, NULL},
    };
    struct pull_scene scene;

    (void)state;
    for (int i = 0; i < 5; i++) {
        pull_scene_open(&scene);
        scene.target.timeout = 6 * USEC_PER_SEC;
        scene.target.image_count = SETTINGS_MAX_IMAGES;
        memcpy(scene.target.images, images, sizeof(images));
        scene.registry.site.delay = 250;
        for (size_t k = 0; k < sizeof(routes) / sizeof(routes[0]); k++)
            fake_registry_first(&scene.registry, &routes[k]);
        pull_scene_run(&scene, NULL);
        const char *trouble = scene.evidence->local_error;
        bool stood_still = trouble && strstr(trouble, "stood still");
        if (scene.registry.site.slowest < 500 && !stood_still) {
            assert_true(scene.evidence->deadline_reached);
            assert_int_not_equal(scene.evidence->registry->auth.outcome, AUTH_STALLED);
            pull_scene_expect(&scene, "local_error");
            pull_scene_close(&scene);
            return;
        }
        pull_scene_close(&scene);
    }
    skip(); /* the machine lets no answer be prompt */
}

static usec_t slept; /* more at each look */

static usec_t sleep_on(void)
{
    return slept += USEC_PER_SEC;
}

/* If the run ends while the path or the registry's stages are pending, they are freed. */
static void a_run_that_is_given_up_leaves_nothing_behind(void **state)
{
    static const struct fake_route slow[] = {
        {"GET /v2/ ", NULL, CHALLENGE(REALM, ""), TAIL_DRIP, NULL},
        {"HEAD ", NULL, FOUND, TAIL_DRIP, NULL},
    };
    struct clock_source clock = {clock_system.monotonic, clock_system.wall, sleep_on};
    struct pull_scene scene;

    (void)state;
    for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
        unsigned before = count_descriptors();
        pull_scene_open(&scene);
        scene.target.timeout = USEC_PER_SEC / 2;
        fake_registry_first(&scene.registry, &slow[i]);
        clock_replace(&clock);
        pull_scene_run(&scene, NULL);
        clock_replace(NULL);
        pull_scene_expect(&scene, "local_error");
        assert_non_null(strstr(scene.evidence->local_error, "stood still"));
        pull_scene_close(&scene);
        assert_int_equal(count_descriptors(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_prompt_answers_are_no_stall),
        cmocka_unit_test(a_healthy_image_costs_no_more_than_needed),
        cmocka_unit_test(a_challenge_at_the_manifest_is_met),
        cmocka_unit_test(a_refusal_is_not_forgotten_over_the_token_of_another),
        cmocka_unit_test(without_a_key_each_image_is_judged_by_itself),
        cmocka_unit_test(without_a_key_all_images_refused_are_counted),
        cmocka_unit_test(between_two_intervals_the_last_answers_stand),
        cmocka_unit_test(answers_do_not_vanish_with_the_key),
        cmocka_unit_test(refusals_are_told_apart),
        cmocka_unit_test(the_key_goes_to_another_host_only_if_it_is_listed),
        cmocka_unit_test(the_key_never_goes_over_plain_http),
        cmocka_unit_test(plain_http_is_spoken_when_asked_for),
        cmocka_unit_test(verification_is_skipped_when_asked_for),
        cmocka_unit_test(a_run_that_is_given_up_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
