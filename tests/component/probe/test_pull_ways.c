/* The other ways in which registries, their token services and stores answer, and the keys that a
 * docker config may hold: what comes of each step, and what the diagnosis calls it. */

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
#define FOUND ANSWER("200 OK", "Docker-Content-Digest: " DIGEST "\r\nContent-Length: 99\r\n", "")

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
     .routes = {ON_WITH("GET /v2/ ", "Basic " PAIR, EMPTY("200 OK")), ON("GET /v2/ ", BASIC),
                ON_WITH("HEAD " PATH_OF_MANIFEST, "Basic " PAIR, FOUND),
                ON_WITH("GET /v2/team/app/", "Basic " PAIR, ANSWER("200 OK", "", MANIFEST))},
     .asked = "Basic " PAIR, .times = 4, .never = "/token"},
    {"a Basic key refused", "credentials_rejected", AUTH_REJECTED, MANIFEST_SKIPPED, BLOB_SKIPPED,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", EMPTY("401 x")), ON("GET /v2/ ", BASIC)}},
    {"a Basic key forbidden", "credentials_rejected", AUTH_REJECTED, MANIFEST_SKIPPED, BLOB_SKIPPED,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", EMPTY("403 x")), ON("GET /v2/ ", BASIC)}},
    {"an outage at a Basic key", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED,
     BLOB_SKIPPED,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", EMPTY("503 x")), ON("GET /v2/ ", BASIC)}},
    {"a Basic key closed on", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED, BLOB_SKIPPED,
     .routes = {ON_WITH("GET /v2/ ", "Basic ", ""), ON("GET /v2/ ", BASIC)}},
    {"a Basic challenge without a key", "credentials_missing", AUTH_SKIPPED, MANIFEST_UNAUTHORIZED,
     BLOB_SKIPPED,
     .routes = {ON("GET /v2/ ", BASIC), ON("HEAD ", BASIC), ON("GET /v2/team", BASIC)},
     .config = AUTHS("other.example:%u", "\"auth\":\"" PAIR "\""), .never = "Authorization"},

    /* keys and challenges */
    {"no image and no key", "ok_private", AUTH_SKIPPED, .config = "{\"auths\":{}}",
     .no_image = true, .never = "/token"},
    {"a key alone", "ok_private", AUTH_ACCEPTED, .no_image = true, .asked = "/token", .times = 2},
    {"a broken docker config", "local_error", AUTH_LOCAL,
     .config = "{\"auths\":", .never = "/token"},
    {"an identity token", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON_WITH("POST /token",
                        "grant_type=refresh_token&service=s&client_id=tcr-probe&"
                        "scope=repository%3Ateam%2Fapp%3Apull&refresh_token=IDENTITY",
                        ACCESS_TOKEN(GOOD)),
                ON_WITH("POST /token", "refresh_token=IDENTITY", ACCESS_TOKEN(LESS))},
     .config = AUTHS("registry.example:%u", "\"identitytoken\":\"IDENTITY\""), .never = "username"},
    {"an identity token where POST is not taken", "token_service_failed", AUTH_FAILED,
     .config = AUTHS("registry.example:%u", "\"identitytoken\":\"IDENTITY\""), .asked = "/token",
     .times = 1},
    {"POST that is not found", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("POST /token", EMPTY("404 x"))}, .asked = "POST /token", .times = 1},
    {"POST that is a bad request", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("POST /token", EMPTY("400 x"))}, .asked = "POST /token", .times = 1},
    {"a realm with a query", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /v2/ ", CHALLENGE("https://registry.example:%P/token?a=b", "")),
                ON_WITH("GET /token?a=b&service=s&scope=", "Basic " PAIR, TOKEN(GOOD)),
                ON_WITH("GET /token?a=b&service=s ", "Basic " PAIR, TOKEN(LESS))}},
    {"a challenge without a service", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /v2/ ", ANSWER("401 x",
                                       "Docker-Distribution-Api-Version: registry/2.0\r\n"
                                       "WWW-Authenticate: Bearer realm=\"" REALM "\"\r\n",
                                       "")),
                ON_WITH("GET /token?scope=repo", "Basic " PAIR, TOKEN(GOOD)),
                ON_WITH("GET /token ", "Basic " PAIR, TOKEN(LESS))}},
    {"a token that POST calls token", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("POST /token", TOKEN(GOOD))}, .asked = "/token", .times = 1},
    {"two tokens in one answer", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /token?service=s&scope=", ACCESS_TOKEN(GOOD))}},
    {"a token that a proxy has changed something about", "ok_private", AUTH_ACCEPTED,
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
    {"a realm that redirects to itself, for a key", "token_host_not_listed", AUTH_NO_CREDENTIALS,
     MANIFEST_SKIPPED, BLOB_SKIPPED, .routes = {ON("POST /token", MOVED("/token/"))},
     .asked = "Basic " PAIR, .times = 0},
    {"a realm that redirects without end", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED,
     BLOB_SKIPPED,
     .routes = {ON("POST /token", MOVED("/token")), ON("GET /token", MOVED("/token"))},
     .asked = "/token", .times = 10},
    {"a realm that redirects to nowhere", "token_service_failed", AUTH_FAILED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("POST /token", MOVED("ftp://store.example/"))}, .asked = "/token",
     .times = 1},
    {"a realm in plain HTTP", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("GET /v2/ ", CHALLENGE("http://registry.example:%P/token", ""))},
     .never = "/token"},
    {"a realm that is no URL", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED, .routes = {ON("GET /v2/ ", CHALLENGE("realm", ""))}, .never = "/token"},
    {"a challenge that cannot be read", "token_service_failed", AUTH_MALFORMED, MANIFEST_SKIPPED,
     BLOB_SKIPPED,
     .routes = {ON("GET /v2/ ", ANSWER("401 x",
                                       "Docker-Distribution-Api-Version: registry/2.0\r\n"
                                       "WWW-Authenticate: Bearer realm=\"x\r\n",
                                       ""))},
     .never = "/token"},
    {"a realm listed with its port", "token_service_unreachable", AUTH_REALM_UNREACHABLE,
     MANIFEST_SKIPPED, BLOB_SKIPPED,
     .routes = {ON("GET /v2/ ", CHALLENGE("https://[::1]:1/token", ""))}, .token_host = "[::1]:1"},
    {"two tags of one repository", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .images = {"team/app:1.4", "team/app@" DIGEST},
     .routes = {ON_WITH("HEAD /v2/team/app/manifests/" DIGEST " ", "Bearer " GOOD, FOUND),
                ON_WITH("GET /v2/team/app/manifests/" DIGEST " ", "Bearer " GOOD,
                        ANSWER("200 OK", "", MANIFEST))},
     .asked = "scope=repository", .times = 1},
    {"two repositories, of which one is refused", "insufficient_scope",
     AUTH_GRANTED_LESS_THAN_ASKED, MANIFEST_FOUND, BLOB_OK,
     .images = {"team/app:1.4", "team/web", "team/web:2"},
     .routes = {ON("GET /token?service=s&scope=repository%3Ateam%2Fweb", EMPTY("403 x")),
                ON("HEAD /v2/team/web/manifests/latest ", CHALLENGE(REALM, "")),
                ON("HEAD /v2/team/web/", CHALLENGE(REALM, "")),
                ON("GET /v2/team/web/", CHALLENGE(REALM, ""))},
     .asked = "scope=repository%3Ateam%2Fweb", .times = 1},

    /* manifests */
    {"HEAD that is not allowed", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("HEAD ", EMPTY("405 x"))}},
    {"a manifest where the token would be needed", "ok_private", AUTH_ACCEPTED, MANIFEST_REDIRECTED,
     BLOB_SKIPPED,
     .routes = {ON("HEAD " PATH_OF_MANIFEST, MOVED("//store.example:%Q/m")),
                ON("GET " PATH_OF_MANIFEST, MOVED("//store.example:%Q/m"))},
     .elsewhere = ON("HEAD /m ", EMPTY("401 x"))},
    {"a manifest that only GET refuses elsewhere", "ok_private", AUTH_ACCEPTED, MANIFEST_REDIRECTED,
     BLOB_SKIPPED, .routes = {ON("GET " PATH_OF_MANIFEST, MOVED("//store.example:%Q/m"))},
     .elsewhere = ON("GET /m ", EMPTY("403 x"))},
    {"words of a refusal that redirect nowhere", "image_not_found", AUTH_ACCEPTED,
     MANIFEST_NOT_FOUND, BLOB_SKIPPED,
     .routes = {ON("HEAD ", EMPTY("404 x")), ON("GET " PATH_OF_MANIFEST, MOVED("nowhere"))}},
    {"words of a refusal that are closed on", "image_not_found", AUTH_ACCEPTED, MANIFEST_NOT_FOUND,
     BLOB_SKIPPED, .routes = {ON("HEAD ", EMPTY("404 x")), ON("GET " PATH_OF_MANIFEST, "")}},
    {"a status that nobody expects", "http_invalid", AUTH_ACCEPTED, MANIFEST_UNEXPECTED,
     BLOB_SKIPPED, .routes = {ON("HEAD ", EMPTY("418 x"))}},
    {"an outage of GET", "registry_unavailable", AUTH_ACCEPTED, MANIFEST_UNAVAILABLE, BLOB_SKIPPED,
     .routes = {ON("GET " PATH_OF_MANIFEST, EMPTY("502 x"))}},
    {"a manifest closed on", "http_invalid", AUTH_ACCEPTED, MANIFEST_MALFORMED, BLOB_SKIPPED,
     .routes = {ON("HEAD ", "")}},
    {"an index of other machines", "image_not_found", AUTH_ACCEPTED, MANIFEST_OTHER_PLATFORM,
     BLOB_SKIPPED,
     .routes = {ON("GET " PATH_OF_MANIFEST,
                   ANSWER("200 OK", "",
                          "{\"manifests\":[{\"digest\":\"" DIGEST
                          "\",\"platform\":{\"os\":\"windows\",\"architecture\":\"amd64\"}}]}"))}},
    {"an index without a manifest", "image_not_found", AUTH_ACCEPTED, MANIFEST_OTHER_PLATFORM,
     BLOB_SKIPPED,
     .routes = {ON("GET " PATH_OF_MANIFEST, ANSWER("200 OK", "", "{\"manifests\":[]}"))}},
    {"an index in an index", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET " PATH_OF_MANIFEST,
                   ANSWER("200 OK", "", "{\"manifests\":[{\"digest\":\"" DIGEST "\"}]}")),
                ON("GET /v2/team/app/manifests/" DIGEST,
                   ANSWER("200 OK", "", "{\"manifests\":[{\"digest\":\"" LAYER "\"}]}")),
                ON("GET /v2/team/app/manifests/" LAYER, ANSWER("200 OK", "", MANIFEST))}},
    {"an index of itself", "ok_private", AUTH_ACCEPTED, MANIFEST_TOO_LARGE, BLOB_SKIPPED,
     .routes = {ON("GET /v2/team/app/manifests/",
                   ANSWER("200 OK", "", "{\"manifests\":[{\"digest\":\"" DIGEST "\"}]}"))}},
    {"a manifest without layers", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_SKIPPED,
     .routes = {ON("GET " PATH_OF_MANIFEST, ANSWER("200 OK", "", "{\"layers\":[]}"))},
     .never = "/blobs/"},

    /* layers */
    {"a layer of the registry itself", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND,
     BLOB_NOT_REDIRECTED, .routes = {ON("GET /v2/team/app/blobs/", ANSWER("206 x", "", "x"))}},
    {"a layer whose URL has a long signature", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_OK,
     .routes = {ON("GET /v2/team/app/blobs/",
                   MOVED("https://store.example:%Q/layer?" TIMES_16(TIMES_16("0123456789abc"))))},
     .elsewhere = ON("GET /layer?0123456789abc", ANSWER("206 x", "", "x"))},
    {"a layer where the token would be needed", "ok_private", AUTH_ACCEPTED, MANIFEST_FOUND,
     BLOB_SKIPPED,
     .routes = {ON("GET /v2/team/app/blobs/", MOVED("/mine")), ON("GET /mine ", EMPTY("401 x"))}},
    {"a limit at the store", "rate_limited", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_RATE_LIMITED,
     .elsewhere = ON("GET /layer", ANSWER("429 x", "Retry-After: 7\r\n", ""))},
    {"a store that closes", "blob_store_refused", AUTH_ACCEPTED, MANIFEST_FOUND, BLOB_MALFORMED,
     .elsewhere = ON("GET /layer", "")},
    {"a store that says nothing of its refusal", "blob_store_refused", AUTH_ACCEPTED,
     MANIFEST_FOUND, BLOB_REFUSED, .elsewhere = ON("GET /layer", EMPTY("404 x"))},
};

static void prepare(struct pull_scene *scene, const struct way *way)
{
    pull_scene_open(scene);
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

/* ---- what stands until the next interval ---- */

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

    return cmocka_run_group_tests(tests, pull_scenes_start, pull_scenes_stop);
}
