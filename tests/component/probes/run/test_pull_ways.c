/* SPDX-License-Identifier: MIT */
/*
 * The other ways in which registries, their token services and stores answer, and the keys that
 * a docker config may hold: the evidence of each step, and the name that the diagnosis gives it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pull_scene.h"

#define MAX_ROUTES       4
#define AUTHS(host, key) "{\"auths\":{\"" host "\":{" key "}}}"
#define BASIC                                                                          \
    ANSWER("401 Unauthorized",                                                         \
           "Docker-Distribution-Api-Version: registry/2.0\r\nWWW-Authenticate: Basic " \
           "realm=\"r\"\r\n",                                                          \
           "{\"errors\":[]}")
#define EMPTY(status) ANSWER(status, "", "")
#define MOVED(to)     ANSWER("307 x", "Location: " to "\r\n", "")
#define TIMES_16(text) \
    text text text text text text text text text text text text text text text text
/* An index of the manifest, an index of that, one for another system, and one of nothing. */
#define INDEX                                                                                      \
    "{\"manifests\":[{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"" DIGEST "\",\"size\":318}" \
    "]}"
#define INDEX_DIGEST "sha256:5898fd8d7eb7572aee2a0bcdf10f665e35e9ff631d34789c48200f52b07bc277"
#define OUTER                                                                      \
    "{\"manifests\":[{\"mediaType\":\"" INDEX_TYPE "\",\"digest\":\"" INDEX_DIGEST \
    "\",\"size\":168}]}"
#define OUTER_DIGEST "sha256:61b1a998b53bdf8780c96cf8d714454c69b6117d4263390b088f4121aa5788ad"
#define WINDOWS                                                                 \
    "{\"manifests\":[{\"mediaType\":\"" MANIFEST_TYPE "\",\"digest\":\"" DIGEST \
    "\",\"size\":318,\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}}]}"
#define WINDOWS_DIGEST "sha256:8da4f06df8654e836fff729f0c77f7db91233fab7aa43bfc52298d2a2790fb65"
#define NOTHING        "{\"manifests\":[]}"
#define NOTHING_DIGEST "sha256:27b7a2ad77ebd6c3663a9dc5d493a96943c48d8c7c77b3c123d2f6712f1ff7ed"
#define LED_TO(digest, length) \
    ON_WITH("HEAD " PATH_OF_MANIFEST " ", "Bearer", DESCRIBED(INDEX_TYPE, digest, length))
#define SERVED(digest, body) \
    ON_WITH("GET /v2/team/app/manifests/" digest " ", "Bearer", WHOLE(INDEX_TYPE, body))

/* One answer of the registry, or of the other host. */
#define ON(start_, reply_)                   \
    {                                        \
        .start = (start_), .reply = (reply_) \
    }
#define ON_WITH(start_, in, reply_)                         \
    {                                                       \
        .start = (start_), .needs = (in), .reply = (reply_) \
    }

static const struct way {
    const char *name;
    const char *cause;
    enum auth_outcome auth;
    enum manifest_outcome manifest; /* of the first image */
    enum blob_outcome blob;
    struct fake_route routes[MAX_ROUTES]; /* before the healthy ones */
    struct fake_route elsewhere;
    const char *challenge; /* to all that have no token; NULL: the healthy one */
    const char *config;    /* %u: the port; NULL: the healthy key */
    const char *images[3]; /* NULL: the healthy one */
    bool no_image;
    const char *token_host;
    const char *asked; /* stands in the requests */
    unsigned times;
    const char *never; /* stands in no request */
} ways[] = {
    /* the registry judges the key itself */
    {"a Basic challenge", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_NOT_REDIRECTED,
     .challenge = BASIC,
     .routes = {ON_WITH("HEAD " PATH_OF_MANIFEST, "Basic " PAIR, FOUND),
                ON_WITH("GET " PATH_OF_DIGEST, "Basic " PAIR, WHOLE(MANIFEST_TYPE, MANIFEST)),
                ON_WITH("GET /v2/team/app/blobs/" IMAGE_CONFIG, "Basic " PAIR,
                        ANSWER("200 OK", "", CONFIG_BODY)),
                ON_WITH("GET /v2/team/app/blobs/" LAYER, "Basic " PAIR, ANSWER("200 x", "", "x"))},
     .asked = "Basic " PAIR, .times = 4, .never = "/token"},
    {"a Basic key refused", "credentials_rejected", AUTH_ACCEPTED, MANIFEST_UNAUTHORIZED,
     BLOB_SKIPPED, .challenge = BASIC, .asked = "Basic " PAIR, .times = 3},
    {"a Basic key forbidden", "insufficient_scope", AUTH_ACCEPTED, MANIFEST_INSUFFICIENT_SCOPE,
     BLOB_SKIPPED, .challenge = BASIC,
     .routes = {ON_WITH("HEAD ", "Basic ", EMPTY("403 x")),
                ON_WITH("GET /v2/team", "Basic ", EMPTY("403 x"))}},
    {"a Basic key refused without an image", "credentials_rejected", AUTH_REJECTED,
     .no_image = true, .challenge = BASIC,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", EMPTY("401 x"))}},
    {"an outage at a Basic key without an image", "token_service_failed", AUTH_FAILED,
     .no_image = true, .challenge = BASIC,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", EMPTY("503 x"))}},
    {"a Basic key without an image, closed on", "token_service_failed", AUTH_FAILED,
     .no_image = true, .challenge = BASIC, .routes = {ON_WITH("GET /v2/ ", "Basic ", "")}},
    {"a Basic challenge without a key", "credentials_missing", AUTH_NO_CREDENTIALS,
     MANIFEST_SKIPPED, BLOB_SKIPPED, .challenge = BASIC,
     .config = AUTHS("other.example:%u", "\"auth\":\"" PAIR "\""), .never = "Authorization"},

    /* keys and challenges */
    {"no image and no key", "ok_private", AUTH_SKIPPED, .config = "{\"auths\":{}}",
     .no_image = true, .never = "/token"},
    {"a key alone", "ok_private", AUTH_ACCEPTED, .no_image = true, .asked = "/token", .times = 1},
    {"a broken docker config", "local_error", AUTH_LOCAL,
     .config = "{\"auths\":", .never = "/token"},
    {"an identity token, which is no key for the kubelet", "credentials_missing",
     AUTH_NO_CREDENTIALS, .config = AUTHS("registry.example:%u", "\"identitytoken\":\"IDENTITY\""),
     .never = "IDENTITY"},
    {"POST that is not found", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("POST /token", EMPTY("404 x"))}, .asked = "POST /token", .times = 1},
    {"POST that is a bad request", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("POST /token", EMPTY("400 x"))}, .asked = "POST /token", .times = 1},
    {"a realm with a query", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .challenge = CHALLENGE("https://registry.example:%P/token?a=b", ""),
     .routes = {ON_WITH("GET /token?a=b&service=s&scope=", "Basic " PAIR, TOKEN(GOOD)),
                ON_WITH("GET /token?a=b&service=s ", "Basic " PAIR, TOKEN(LESS))}},
    {"a challenge without a service", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .challenge = ANSWER("401 x",
                         "Docker-Distribution-Api-Version: registry/2.0\r\n"
                         "WWW-Authenticate: Bearer realm=\"" REALM "\"\r\n",
                         ""),
     .routes = {ON_WITH("GET /token?scope=repo", "Basic " PAIR, TOKEN(GOOD)),
                ON_WITH("GET /token ", "Basic " PAIR, TOKEN(LESS))}},
    {"a token that POST calls token", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("POST /token", TOKEN(GOOD))}, .asked = "/token", .times = 1},
    {"two tokens in one answer", "clients_differ", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /token?service=s&scope=", ACCESS_TOKEN(GOOD))}},
    {"a token that a proxy has changed something about", "clients_differ", AUTH_ACCEPTED,
     MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /token?service=s&scope=",
                   ANSWER("203 x", "", "{\"token\":\"" GOOD "\"}"))}},
    {"a realm that redirects to one that needs no key", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND,
     BLOB_OK, .routes = {ON("POST /token", MOVED("https://store.example:%Q/t?scope=other"))},
     .elsewhere = ON("GET /t?service=s&scope=repository%3Ateam%2Fapp%3Apull ", TOKEN(GOOD)),
     .asked = "/token", .times = 1},
    {"a realm that redirects to one that needs a key", "token_host_not_listed", AUTH_NO_CREDENTIALS,
     MANIFEST_SKIPPED, BLOB_SKIPPED,
     .routes = {ON("POST /token", MOVED("https://store.example:%Q/t"))},
     .elsewhere = ON("GET /t?", EMPTY("401 x")), .asked = "/token", .times = 1},
    {"a realm that moved, on the same host", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON_WITH("POST /token/", PASSWORD, ACCESS_TOKEN(GOOD)),
                ON("POST /token", MOVED("/token/"))}},
    {"a realm that redirects without end", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("POST /token", MOVED("/token"))}, .asked = "/token", .times = 10},
    {"a realm that redirects to nowhere", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("POST /token", MOVED("ftp://store.example/"))}, .asked = "/token",
     .times = 1},
    {"a realm in plain HTTP", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .challenge = CHALLENGE("http://registry.example:%P/token", ""),
     .never = "/token"},
    {"a realm that is no URL", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .challenge = CHALLENGE("realm", ""), .never = "/token"},
    {"a challenge that cannot be read", "token_service_failed", AUTH_MALFORMED,
     MANIFEST_UNAUTHORIZED, BLOB_SKIPPED,
     .challenge = ANSWER("401 x",
                         "Docker-Distribution-Api-Version: registry/2.0\r\n"
                         "WWW-Authenticate: Bearer realm=\"x\r\n",
                         ""),
     .never = "/token"},
    {"a realm listed with its port", "token_service_unreachable", AUTH_REALM_UNREACHABLE,
     MANIFEST_SKIPPED, BLOB_SKIPPED, .challenge = CHALLENGE("https://[::1]:1/token", ""),
     .token_host = "[::1]:1"},
    {"two tags of one repository", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .images = {"team/app:1.4", "team/app@" DIGEST},
     .routes = {ON_WITH("HEAD " PATH_OF_DIGEST " ", "Bearer " GOOD, FOUND)}},
    {"two repositories, of which one is refused", "insufficient_scope",
     AUTH_GRANTED_LESS_THAN_ASKED, MANIFEST_FOUND, BLOB_OK,
     .images = {"team/app:1.4", "team/web", "team/web:2"},
     .routes = {ON("GET /token?service=s&scope=repository%3Ateam%2Fweb", EMPTY("403 x")),
                ON("HEAD /v2/team/web/", CHALLENGE(REALM, ""))},
     .asked = "GET /token?service=s&scope=repository%3Ateam%2Fweb", .times = 2},

    /* manifests */
    {"HEAD that is not allowed", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON_WITH("HEAD ", "Bearer", EMPTY("405 x")),
                ON_WITH("GET " PATH_OF_MANIFEST, "Bearer", WHOLE(MANIFEST_TYPE, MANIFEST))}},
    {"a manifest that another host refuses, as it would to clients", "insufficient_scope",
     AUTH_ACCEPTED, MANIFEST_INSUFFICIENT_SCOPE, BLOB_SKIPPED,
     .routes = {ON_WITH("GET " PATH_OF_DIGEST, "Bearer", MOVED("//store.example:%Q/m"))},
     .elsewhere = ON("GET /m ", EMPTY("403 x"))},
    {"words of a refusal that redirect nowhere", "image_not_found", AUTH_ACCEPTED,
     MANIFEST_NOT_FOUND, BLOB_SKIPPED,
     .routes = {ON_WITH("HEAD ", "Bearer", EMPTY("404 x")),
                ON("GET " PATH_OF_MANIFEST, MOVED("nowhere"))}},
    {"words of a refusal that are closed on", "image_not_found", AUTH_ACCEPTED, MANIFEST_NOT_FOUND,
     BLOB_SKIPPED,
     .routes = {ON_WITH("HEAD ", "Bearer", EMPTY("404 x")), ON("GET " PATH_OF_MANIFEST, "")}},
    {"a status that nobody expects", "http_invalid", AUTH_ACCEPTED, MANIFEST_UNEXPECTED,
     BLOB_SKIPPED,
     .routes = {ON_WITH("HEAD ", "Bearer", EMPTY("418 x")),
                ON("GET " PATH_OF_MANIFEST, EMPTY("418 x"))}},
    {"an outage of GET", "registry_unavailable", AUTH_ACCEPTED, MANIFEST_UNAVAILABLE, BLOB_SKIPPED,
     .routes = {ON("GET " PATH_OF_DIGEST, EMPTY("502 x"))}},
    {"a manifest closed on", "http_invalid", AUTH_ACCEPTED, MANIFEST_MALFORMED, BLOB_SKIPPED,
     .routes = {ON_WITH("HEAD ", "Bearer", "")}},
    {"an index of other machines", "image_platform_missing", AUTH_ACCEPTED, MANIFEST_OTHER_PLATFORM,
     BLOB_SKIPPED, .routes = {LED_TO(WINDOWS_DIGEST, "219"), SERVED(WINDOWS_DIGEST, WINDOWS)}},
    {"an index without a manifest", "image_platform_missing", AUTH_ACCEPTED,
     MANIFEST_OTHER_PLATFORM, BLOB_SKIPPED,
     .routes = {LED_TO(NOTHING_DIGEST, "16"), SERVED(NOTHING_DIGEST, NOTHING)}},
    {"an index in an index", "clients_differ", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {LED_TO(OUTER_DIGEST, "165"), SERVED(OUTER_DIGEST, OUTER),
                SERVED(INDEX_DIGEST, INDEX)}},

    /* layers */
    {"a layer of the registry itself", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND,
     BLOB_NOT_REDIRECTED,
     .routes = {ON_WITH("GET /v2/team/app/blobs/" LAYER, "Bearer", ANSWER("200 x", "", "x"))}},
    {"a layer whose URL has a long signature", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /v2/team/app/blobs/" LAYER,
                   MOVED("https://store.example:%Q/layer?" TIMES_16(TIMES_16("0123456789abc"))))},
     .elsewhere = ON("GET /layer?0123456789abc", ANSWER("200 x", "", "x"))},
    {"a layer elsewhere at the registry, which gets the token", "ok_private", AUTH_ACCEPTED,
     MANIFEST_FOUND, BLOB_NOT_REDIRECTED,
     .routes = {ON("GET /v2/team/app/blobs/" LAYER, MOVED("/mine")),
                ON_WITH("GET /mine ", "Bearer " GOOD, ANSWER("200 x", "", "x"))}},
    {"a layer that is another one", "image_damaged", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_DAMAGED,
     .elsewhere = ON("GET /layer", ANSWER("200 x", "", "y"))},
    {"a layer that is a page", "image_damaged", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_DAMAGED,
     .elsewhere = ON("GET /layer", WHOLE("text/html", "<html></html>"))},
    {"a limit at the store", "rate_limited", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_RATE_LIMITED,
     .elsewhere = ON("GET /layer", ANSWER("429 x", "Retry-After: 7\r\n", ""))},
    {"a store that closes", "blob_store_refused", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_MALFORMED,
     .elsewhere = ON("GET /layer", "")},
    {"a store that repeats the signed URL", "blob_store_refused", AUTH_ACCEPTED, MANIFEST_FOUND,
     BLOB_REFUSED,
     .elsewhere = ON("GET /layer", ANSWER("403 x", "", "<Url>/layer?signature=SIGNED</Url>"))},
    {"a registry that repeats the token", "insufficient_scope", AUTH_ACCEPTED,
     MANIFEST_INSUFFICIENT_SCOPE, BLOB_SKIPPED,
     .routes = {ON_WITH("HEAD ", "Bearer", EMPTY("403 x")),
                ON_WITH("GET /v2/team", "Bearer", ANSWER("403 x", "", "Bearer " GOOD "!"))}},
    {"a registry that repeats the key", "insufficient_scope", AUTH_ACCEPTED,
     MANIFEST_INSUFFICIENT_SCOPE, BLOB_SKIPPED, .challenge = BASIC,
     .routes = {ON_WITH("HEAD ", "Basic", EMPTY("403 x")),
                ON_WITH("GET /v2/team", "Basic",
                        ANSWER("403 x", "", "Basic " PAIR " is user:" PASSWORD "!"))}},
    {"a store that says nothing of its refusal", "blob_store_refused", AUTH_ACCEPTED,
     MANIFEST_FOUND, BLOB_REFUSED, .elsewhere = ON("GET /layer", EMPTY("404 x"))},
};

static void prepare(struct pull_scene *scene, const struct way *way)
{
    pull_scene_open(scene);
    if (way->challenge)
        pull_scene_challenge(scene, way->challenge);
    for (size_t i = MAX_ROUTES; i > 0; i--)
        if (way->routes[i - 1].start)
            fake_registry_first(&scene->registry, &way->routes[i - 1]);
    if (way->elsewhere.start)
        fake_registry_first(&scene->other, &way->elsewhere);
    if (way->config) {
        FILE *file = fopen(scene->config, "w");
        const char *port = strstr(way->config, "%u");
        assert_non_null(file);
        if (port)
            fprintf(file, "%.*s%u%s", (int)(port - way->config), way->config,
                    (unsigned)scene->registry.site.port, port + 2);
        else
            fputs(way->config, file);
        fclose(file);
    }
    if (way->no_image)
        scene->target.image_count = 0;
    for (size_t i = 0; i < 3 && way->images[i]; i++) {
        scene->target.images[i] = way->images[i];
        scene->target.image_count = i + 1;
    }
    if (way->token_host) {
        scene->target.token_hosts = &way->token_host;
        scene->target.token_host_count = 1;
    }
}

static void check(struct pull_scene *scene, const struct way *way)
{
    const struct registry_evidence *found = scene->evidence->registry;

    if (strcmp(cause_name(scene->diagnosis->findings[0].cause), way->cause) != 0)
        print_error("%s:\n", way->name);
    pull_scene_expect(scene, way->cause);
    if (found->auth.outcome != way->auth)
        fail_msg("%s: auth %s", way->name, auth_outcome_name(found->auth.outcome));
    if (found->image_count && found->images[0].outcome != way->manifest)
        fail_msg("%s: manifest %s", way->name, manifest_outcome_name(found->images[0].outcome));
    if (found->image_count && found->images[0].blob.outcome != way->blob)
        fail_msg("%s: blob %s", way->name, blob_outcome_name(found->images[0].blob.outcome));
    if (way->asked && fake_registry_count(&scene->registry, way->asked) != way->times)
        fail_msg("%s: %u times %s", way->name, fake_registry_count(&scene->registry, way->asked),
                 way->asked);
    if (way->never)
        assert_int_equal(fake_registry_count(&scene->registry, way->never), 0);
    /* The key and the token stay where they belong. */
    assert_int_equal(fake_registry_count(&scene->other, "Authorization"), 0);
    assert_int_equal(fake_registry_count(&scene->other, PASSWORD), 0);
}

static void every_way_has_its_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct pull_scene scene;
        prepare(&scene, &ways[i]);
        pull_scene_run(&scene, NULL);
        check(&scene, &ways[i]);
        pull_scene_close(&scene);
    }
}

/* ---- evidence that is kept until the next interval ---- */

static void other_images_do_not_stand(void **state)
{
    static const struct {
        const char *name;
        const char *images[2];
        usec_t interval;
        bool stands;
    } rows[] = {
        {"the same", {"team/app:1.4", NULL}, 300 * USEC_PER_SEC, true},
        {"another tag", {"team/app:1.5", NULL}, 300 * USEC_PER_SEC, false},
        {"one more", {"team/app:1.4", "team/app:1.5"}, 300 * USEC_PER_SEC, false},
        {"too old", {"team/app:1.4", NULL}, 1, false},
    };
    struct pull_scene scene;

    (void)state;
    pull_scene_open(&scene);
    pull_scene_run(&scene, NULL);
    struct evidence *earlier = scene.evidence;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        scene.target.image_count = rows[i].images[1] ? 2 : 1;
        memcpy(scene.target.images, rows[i].images, sizeof(rows[i].images));
        scene.target.registry_interval = rows[i].interval;
        diagnosis_free(scene.diagnosis);
        pull_scene_run(&scene, earlier->registry);
        if (scene.evidence->registry->standing != rows[i].stands)
            fail_msg("%s", rows[i].name);
        if (i + 1 < sizeof(rows) / sizeof(rows[0]))
            evidence_free(scene.evidence);
    }
    evidence_free(earlier);
    pull_scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_has_its_end),
        cmocka_unit_test(other_images_do_not_stand),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
