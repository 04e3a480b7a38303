/* SPDX-License-Identifier: MIT */
/* Tokens and manifests as services answer them, and as nobody should. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/registry/base64.h"
#include "probes/registry/manifest.h"
#include "probes/registry/peer_json.h"
#include "probes/registry/token.h"
#include "tests/support.h"

#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A   "sha256:" HEX
#define B   "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* ---- tokens ---- */

static const struct {
    const char *body;
    enum token_result expected;
    const char *token;
} tokens[] = {
    {"{\"token\":\"abc\"}", TOKEN_OK, "abc"},
    {"{\"access_token\":\"abc\",\"expires_in\":60}", TOKEN_OK, "abc"},
    {"{\"token\":\"abc\",\"access_token\":\"\"}", TOKEN_OK, "abc"},
    {"{\"token\":\"\",\"access_token\":\"def\"}", TOKEN_OK, "def"},
    {"{\"token\":\"abc\",\"access_token\":\"def\"}", TOKEN_OK, "def"},
    {"{\"token\":1}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"TOKEN\":null}", TOKEN_OK, "abc"},
    {"{\"token\":\"a\",\"TOKEN\":\"b\",\"token\":\"abc\"} {\"token\":\"x\"}", TOKEN_OK, "abc"},
    {"{\"token\":1,\"token\":\"abc\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"x\":-99999999999999999999,\"y\":[1e999,2E+99]}", TOKEN_OK, "abc"},
    {"{\"token\":\"abc\",\"expires_in\":99999999999999999999}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"x\":099999999999999999999}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"a\\r\\nX: y\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"a b \"}", TOKEN_OK, "a b "},
    {"{\"token\":\"abc\"} and more", TOKEN_OK, "abc"},
    {"{\"token\":\"abc\",\"x\":\"\\ud800 \\u0000 \\\\ud800\"}", TOKEN_OK, "abc"},
    {"{\"token\":\"abc\",\"issued_at\":\"2024-02-29T1:02:03,5+08:00\"}", TOKEN_OK, "abc"},
    {"{\"token\":\"abc\",\"issued_at\":\"2023-02-29T01:02:03Z\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"issued_at\":\"2024-02-29T01:02:03\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"issued_at\":1}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"issued_at\":\"2024-02-29T01:02:03\\u005a\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"expires_in\":60.0}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"abc\",\"scope\":[]}", TOKEN_OK, "abc"},
    {"{\"token\":\"a\\u0000b\"}", TOKEN_MALFORMED, NULL},
    {"{}", TOKEN_MALFORMED, NULL},
    {"\"abc\"", TOKEN_MALFORMED, NULL},
    {"<html>", TOKEN_MALFORMED, NULL},
    {"", TOKEN_MALFORMED, NULL},
};

static void token_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct arena *arena = arena_new(0);
        const char *token = NULL;
        const char *error = NULL;
        if (token_parse(tokens[i].body, strlen(tokens[i].body), false, arena, &token, &error) !=
            tokens[i].expected)
            fail_msg("%s", tokens[i].body);
        if (tokens[i].token)
            assert_string_equal(token, tokens[i].token);
        else
            assert_non_null(error);
        arena_free(arena);
    }
}

/* containerd stops to read at the end of the document; podman and skopeo read on. */
static void ends_of_token_answers(void **state)
{
    static const struct {
        const char *body;
        bool is_enough;
        bool ends_well;
    } rows[] = {
        {"{\"token\":\"abc\"}", true, true},    {"{\"token\":\"abc\"} \r\n", true, true},
        {"{\"token\":\"abc\"}x", true, false},  {"{\"token\":\"abc\"}{}", true, false},
        {"{\"token\":\"abc\"", false, false},   {"", false, false},
        {"{\"token\":\"abc\",}", false, false}, {"<html>", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t length = strlen(rows[i].body);
        assert_int_equal(token_answer_is_enough(rows[i].body, length), rows[i].is_enough);
        assert_int_equal(token_answer_ends_well(rows[i].body, length), rows[i].ends_well);
    }
}

static void two_tokens_in_an_answer(void **state)
{
    static const struct {
        const char *body;
        bool has_two;
    } rows[] = {
        {"{\"token\":\"a\",\"access_token\":\"b\"}", true},
        {"{\"token\":\"a\",\"access_token\":\"b\"}x", true},
        {"{\"token\":\"a\",\"access_token\":\"a\"}", false},
        {"{\"token\":\"\",\"access_token\":\"a\"}", false},
        {"{\"token\":\"a\",\"access_token\":null}", false},
        {"{\"token\":\"a\"}", false},
        {"<html>", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        assert_int_equal(token_answer_has_two(rows[i].body, strlen(rows[i].body), arena),
                         rows[i].has_two);
        arena_free(arena);
    }
}

/* containerd looks for nothing else in the answer to POST (RFC 6749 section 5.1). */
static void only_an_access_token_comes_by_post(void **state)
{
    static const struct {
        const char *body;
        enum token_result expected;
    } rows[] = {
        {"{\"access_token\":\"abc\"}", TOKEN_OK},
        {"{\"token\":\"def\",\"access_token\":\"abc\"}", TOKEN_OK},
        {"{\"token\":\"abc\"}", TOKEN_MALFORMED},
        {"{\"token\":\"abc\",\"access_token\":\"\"}", TOKEN_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        const char *token = "abc";
        const char *error = NULL;
        assert_int_equal(
            token_parse(rows[i].body, strlen(rows[i].body), true, arena, &token, &error),
            rows[i].expected);
        assert_string_equal(token, "abc");
        arena_free(arena);
    }
}

static const struct {
    const char *claims;
    enum pull_grant expected;
    const char *first;
} grants[] = {
    {"{\"access\":[{\"type\":\"repository\",\"name\":\"team/app\",\"actions\":[\"pull\"]}]}",
     GRANT_PULL, "repository:team/app:pull"},
    {"{\"access\":[{\"type\":\"repository\",\"name\":\"team/app\",\"actions\":[\"*\"]}]}",
     GRANT_PULL, "repository:team/app:*"},
    {"{\"access\":[{\"type\":\"repository\",\"name\":\"team/app\",\"actions\":[]}]}", GRANT_LESS,
     "repository:team/app:nothing"},
    {"{\"access\":[{\"type\":\"repository\",\"name\":\"other\",\"actions\":[\"push\",\"pull\"]}]}",
     GRANT_LESS, "repository:other:push,pull"},
    {"{\"access\":[{\"type\":\"registry\",\"name\":\"team/app\",\"actions\":[\"pull\"]}]}",
     GRANT_LESS, "registry:team/app:pull"},
    {"{\"access\":[{\"type\":\"\\u001b[31m\"}]}", GRANT_LESS, "\\x1b[31m::nothing"},
    {"{\"access\":[]}", GRANT_LESS, NULL},
    {"{\"access\":null}", GRANT_LESS, NULL},
    {"{\"access\":[7]}", GRANT_LESS, "::nothing"},
    {"{\"sub\":\"x\"}", GRANT_UNKNOWN, NULL},
    {"nonsense", GRANT_UNKNOWN, NULL},
};

static void what_tokens_grant(void **state)
{
    struct token_grants found;
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(grants) / sizeof(grants[0]); i++) {
        char *payload = base64_encode(grants[i].claims, strlen(grants[i].claims), arena);
        char *token = arena_format(arena, "e30.%.*s.c2ln", (int)strcspn(payload, "="), payload);
        token_read_grants(token, "team/app", arena, arena, &found);
        if (found.pull != grants[i].expected)
            fail_msg("%s: %s", grants[i].claims, pull_grant_name(found.pull));
        if (grants[i].first)
            assert_string_equal(found.list[0], grants[i].first);
        else
            assert_int_equal(found.count, 0);
    }
    token_read_grants("opaque", "team/app", arena, arena, &found);
    assert_int_equal(found.pull, GRANT_UNKNOWN);
    token_read_grants("a.!!.c", "team/app", arena, arena, &found);
    assert_int_equal(found.pull, GRANT_UNKNOWN);
    arena_free(arena);
}

/* ---- manifests ---- */

#define CONFIG \
    "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" A "\",\"size\":7}"
#define LAYER(digest, size)                                                               \
    "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" digest \
    "\",\"size\":" #size "}"
#define FOR(digest, os, architecture, variant)                                                    \
    "{\"digest\":\"" digest "\",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture \
    "\",\"variant\":\"" variant "\"}}"
#define INDEX(...) "{\"manifests\":[" __VA_ARGS__ "]}"

static const struct {
    const char *body;
    enum media_kind kind;
    enum manifest_result expected;
    const char *platform;
    const char *digest; /* of the config, or of the entry of an index */
    size_t layers;
} manifests[] = {
    {"{\"config\":" CONFIG ",\"layers\":[" LAYER(B, 90) "]}", MEDIA_MANIFEST, MANIFEST_IS_IMAGE,
     "linux/amd64", A, 1},
    {"{\"config\":" CONFIG "}", MEDIA_MANIFEST, MANIFEST_IS_IMAGE, "linux/amd64", A, 0},
    {"{\"config\":" CONFIG ",\"layers\":[" LAYER("sha256:../..", 1) "]}", MEDIA_MANIFEST,
     MANIFEST_IS_UNSUPPORTED, "linux/amd64", A, 0},
    {"{\"config\":{\"digest\":\"" A "\",\"mediaType\":\"application/vnd.cncf.helm\"}}",
     MEDIA_MANIFEST, MANIFEST_IS_IMAGE, "linux/amd64", A, 0}, /* its members decide */
    {"{\"config\":" CONFIG ",\"layers\":[" LAYER("sha512:" HEX HEX, 1) "]}", MEDIA_MANIFEST,
     MANIFEST_IS_UNSUPPORTED, "linux/amd64", A, 1},
    {"{\"config\":" CONFIG ",\"schemaVersion\":\"2\"}", MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED,
     "linux/amd64", NULL, 0},
    {"{\"config\":" CONFIG ",\"annotations\":{\"a\":1}}", MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED,
     "linux/amd64", NULL, 0},
    {"{\"config\":" CONFIG ",\"layers\":[{\"digest\":\"" A "\",\"size\":\"1\"}]}", MEDIA_MANIFEST,
     MANIFEST_IS_UNSUPPORTED, "linux/amd64", NULL, 0},
    {"{\"config\":" CONFIG ",\"annotations\":null,\"x\":{\"y\":[1]}}", MEDIA_MANIFEST,
     MANIFEST_IS_IMAGE, "linux/amd64", A, 0},
    {"{\"layers\":[]}", MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED, "linux/amd64", NULL, 0},
    {"{\"fsLayers\":[{\"blobSum\":\"" A "\"}]}", MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED,
     "linux/amd64", NULL, 0},
    {INDEX(FOR(A, "linux", "amd64", "")), MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED, "linux/amd64",
     NULL, 0},
    {"{\"config\":" CONFIG "}", MEDIA_INDEX, MANIFEST_IS_UNSUPPORTED, "linux/amd64", NULL, 0},
    {"<html>", MEDIA_MANIFEST, MANIFEST_IS_NEITHER, "linux/amd64", NULL, 0},
    {"[]", MEDIA_MANIFEST, MANIFEST_IS_UNSUPPORTED, "linux/amd64", NULL, 0},
    {INDEX(FOR(A, "unknown", "unknown", "") "," FOR(B, "linux", "amd64", "")), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/amd64", B, 0},
    {INDEX(FOR(A, "linux", "386", "") "," FOR(B, "linux", "x86_64", "v1")), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/amd64", B, 0},
    {INDEX(FOR(A, "linux", "386", "")), MEDIA_INDEX, MANIFEST_IS_INDEX, "linux/amd64", A, 0},
    {INDEX(FOR(A, "linux", "amd64", "v3")), MEDIA_INDEX, MANIFEST_IS_INDEX, "linux/amd64", NULL, 0},
    {INDEX(FOR(A, "linux", "amd64", "v2") "," FOR(B, "linux", "amd64", "v3")), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/amd64/v3", B, 0},
    {INDEX(FOR(A, "windows", "amd64", "") "," FOR(B, "linux", "arm64", "v8")), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/arm64", B, 0},
    {INDEX(FOR(A, "linux", "arm", "v6") "," FOR(B, "linux", "arm", "v7")), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/arm64", B, 0},
    {INDEX(FOR(A, "linux", "arm", "v7")), MEDIA_INDEX, MANIFEST_IS_INDEX, "linux/arm/v6", NULL, 0},
    {INDEX("{\"digest\":\"" A "\"}," FOR(B, "linux", "amd64", "")), MEDIA_INDEX, MANIFEST_IS_INDEX,
     "linux/amd64", B, 0},
    {INDEX(FOR(B, "linux", "s390x", "") ",{\"digest\":\"" A "\",\"platform\":null}"), MEDIA_INDEX,
     MANIFEST_IS_INDEX, "linux/amd64", A, 0},
    {INDEX(FOR("sha256:../..", "linux", "amd64", "")), MEDIA_INDEX, MANIFEST_IS_UNSUPPORTED,
     "linux/amd64", NULL, 0},
    {INDEX(FOR("x", "linux", "amd64", "") "," FOR(A, "linux", "amd64", "")), MEDIA_INDEX,
     MANIFEST_IS_UNSUPPORTED, "linux/amd64", NULL, 0}, /* containerd takes the first */
    {INDEX(""), MEDIA_INDEX, MANIFEST_IS_INDEX, "linux/amd64", NULL, 0},
};

static void what_manifests_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(manifests) / sizeof(manifests[0]); i++) {
        struct arena *arena = arena_new(0);
        struct platform platform;
        struct manifest found;
        const char *error = NULL;
        assert_true(platform_parse(manifests[i].platform, &platform));
        if (manifest_parse(manifests[i].body, strlen(manifests[i].body), manifests[i].kind,
                           &platform, arena, &found, &error) != manifests[i].expected)
            fail_msg("%s: %s", manifests[i].body, error);
        const char *digest =
            manifests[i].kind == MEDIA_INDEX ? found.child.digest : found.config.digest;
        if ((digest == NULL) != (manifests[i].digest == NULL) ||
            (digest && strcmp(digest, manifests[i].digest) != 0))
            fail_msg("%s: %s", manifests[i].body, digest);
        assert_int_equal(found.layer_count, manifests[i].layers);
        arena_free(arena);
    }
}

/* The words that podman and skopeo look for. */
static void platforms_as_they_are_written(void **state)
{
    static const struct {
        const char *index;
        const char *platform;
        bool found;
    } rows[] = {
        {INDEX(FOR(A, "linux", "amd64", "")), "linux/amd64", true},
        {INDEX("{\"digest\":\"" A "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}}"),
         "linux/amd64", true},
        {INDEX(FOR(A, "linux", "amd64", "v1")), "linux/amd64", false},
        {INDEX(FOR(A, "linux", "x86_64", "")), "linux/amd64", false},
        {INDEX(FOR(A, "Linux", "amd64", "")), "linux/amd64", false},
        {INDEX(FOR(A, "linux", "386", "")), "linux/amd64", false},
        {INDEX("{\"digest\":\"" A "\"}"), "linux/amd64", false},
        {INDEX(FOR(A, "linux", "x86_64", "") "," FOR(B, "linux", "amd64", "")), "linux/amd64",
         true},
        {INDEX(FOR(A, "linux", "arm64", "v8")), "linux/arm64", true},
        {INDEX(FOR(A, "linux", "arm64", "")), "linux/arm64", true},
        {INDEX(FOR(A, "linux", "aarch64", "")), "linux/arm64", false},
        {INDEX(FOR(A, "linux", "arm", "v6")), "linux/arm/v7", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct platform platform;
        struct manifest found;
        const char *error = NULL;
        assert_true(platform_parse(rows[i].platform, &platform));
        assert_int_equal(manifest_parse(rows[i].index, strlen(rows[i].index), MEDIA_INDEX,
                                        &platform, arena, &found, &error),
                         MANIFEST_IS_INDEX);
        if (found.has_written_platform != rows[i].found)
            fail_msg("%s", rows[i].index);
        arena_free(arena);
    }
}

static void what_media_types_mean(void **state)
{
    static const struct {
        const char *content_type;
        enum media_kind kind;
    } types[] = {
        {"application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST},
        {"application/vnd.oci.image.index.v1+json; charset=utf-8", MEDIA_INDEX},
        {"application/vnd.oci.image.index.v1+json ; charset=utf-8", MEDIA_OTHER},
        {"Application/vnd.oci.image.manifest.v1+json", MEDIA_OTHER},
        {"application/vnd.docker.distribution.manifest.v1+prettyjws", MEDIA_SCHEMA1},
        {"text/plain; charset=utf-8", MEDIA_SCHEMA1},
        {"application/json", MEDIA_OTHER},
        {"", MEDIA_OTHER},
        {NULL, MEDIA_OTHER},
        {"application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER},
        {"application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER},
        {"application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted", MEDIA_OTHER},
        {"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", MEDIA_OTHER},
        {"application/vnd.oci.image.layer.nydus.blob.v1", MEDIA_OTHER},
        {"application/vnd.cncf.helm.chart.content.v1.tar+gzip", MEDIA_OTHER},
    };
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (media_kind_of(media_type_of(types[i].content_type, arena)) != types[i].kind)
            fail_msg("%s", types[i].content_type);
    arena_free(arena);
}

static void what_digests_fit(void **state)
{
    static const char empty[] =
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct arena *arena = arena_new(0);

    (void)state;
    assert_true(digest_is_valid(A));
    assert_false(digest_is_valid("sha256:abc"));
    assert_false(digest_is_valid("sha256:" A));
    assert_false(digest_is_valid("md5:d41d8cd98f00b204e9800998ecf8427e"));
    assert_false(digest_is_valid(NULL));
    assert_true(digest_fits(empty, "", 0));
    assert_false(digest_fits(empty, "a", 1));
    assert_false(digest_fits("sha256:abc", "", 0));
    assert_string_equal(digest_of("", 0, arena), empty);
    arena_free(arena);
}

static void what_configs_must_hold(void **state)
{
    static const struct {
        const char *body;
        const char *says; /* NULL: it is good */
        bool other;
    } configs[] = {
        {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"x\"]}}", NULL,
         false},
        {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[]}}",
         "names 0 layers, the manifest 1", false},
        {"{\"os\":\"linux\",\"architecture\":\"arm64\",\"rootfs\":{\"diff_ids\":[\"x\"]}}",
         "for linux/arm64", true},
        {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"variant\":8,\"rootfs\":{\"diff_ids\":["
         "\"x\"]}}",
         "\"variant\" has another type", false},
        {"{\"os\":\"linux\",\"architecture\":\"amd64\",\"os.features\":\"y\",\"rootfs\":{\"diff_"
         "ids\":[\"x\"]}}",
         "\"os.features\" has another type", false},
        {"nothing", "not JSON", false},
    };
    struct descriptor layer = {.media_type = "application/vnd.oci.image.layer.v1.tar"};
    struct manifest manifest = {.layer_count = 1, .layers = &layer};
    struct arena *arena = arena_new(0);
    struct platform platform;

    (void)state;
    assert_true(platform_parse("linux/amd64", &platform));
    for (size_t i = 0; i < sizeof(configs) / sizeof(configs[0]); i++) {
        bool other = false;
        const char *error = image_config_error(configs[i].body, strlen(configs[i].body), &manifest,
                                               &platform, true, arena, &other);
        assert_int_equal(other, configs[i].other);
        if (configs[i].says)
            assert_non_null(strstr(error, configs[i].says));
        else
            assert_null(error);
    }
    arena_free(arena);
}

static void error_bodies(void **state)
{
    static const struct {
        const char *body;
        const char *expected;
    } errors[] = {
        {"{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"manifest unknown\"}]}",
         "MANIFEST_UNKNOWN: manifest unknown"},
        {"{\"errors\":[{\"code\":\"DENIED\"}]}", "DENIED"},
        {"{\"errors\":[{\"message\":\"a\\nb\"}]}", "a\\x0ab"},
        {"<h1>\x1b[2J", "<h1>\\x1b[2J"},
    };
    struct arena *arena = arena_new(0);

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        assert_string_equal(manifest_error(errors[i].body, strlen(errors[i].body), arena),
                            errors[i].expected);
    assert_null(manifest_error("", 0, arena));
    arena_free(arena);
}

/* ---- budgets ---- */

static char *repeated(const char *unit, size_t length)
{
    char *text = malloc(length + 1);

    for (size_t i = 0; i < length; i++)
        text[i] = unit[i % strlen(unit)];
    text[length] = '\0';
    return text;
}

static void json_has_a_budget(void **state)
{
    json_t *document = NULL;
    char *deep = repeated("[", PEER_JSON_MAX_TEXT);
    char *greedy = repeated("{},", PEER_JSON_MAX_TEXT);

    (void)state;
    assert_int_equal(peer_json_parse(deep, PEER_JSON_MAX_TEXT + 1, &document), PEER_JSON_TOO_LARGE);
    assert_int_equal(peer_json_parse(deep, PEER_JSON_MAX_TEXT, &document), PEER_JSON_MALFORMED);
    memmove(greedy + 1, greedy, PEER_JSON_MAX_TEXT - 1);
    greedy[0] = '[';
    uint64_t failures = memory_failures();
    assert_int_equal(peer_json_parse(greedy, PEER_JSON_MAX_TEXT, &document), PEER_JSON_TOO_LARGE);
    assert_null(document);
    assert_true(memory_failures() == failures); /* the peer's fault, not this machine's */
    assert_int_equal(peer_json_parse("[1]", 3, &document), PEER_JSON_OK);
    json_decref(document);
    free(deep);
    free(greedy);
}

#define LONG_TEXT 3000

/* "[{},{},...,"xxx"]" with so many objects. */
static enum peer_json_result parse_objects(size_t objects, size_t text)
{
    char *greedy = malloc(3 * objects + text + 4);
    size_t length = 0;
    json_t *document;

    greedy[length++] = '[';
    for (size_t i = 0; i < objects; i++, length += 3)
        memcpy(greedy + length, "{},", 3);
    greedy[length++] = '"';
    memset(greedy + length, 'x', text);
    length += text;
    memcpy(greedy + length, "\"]", 2);
    enum peer_json_result result = peer_json_parse(greedy, length + 2, &document);
    if (result == PEER_JSON_OK) {
        assert_int_equal(json_string_length(json_array_get(document, objects)), text);
        json_decref(document);
    }
    free(greedy);
    return result;
}

/* The budget ends within a text: jansson's lexer does not look whether its buffer could grow. */
static void a_text_is_whole_or_refused(void **state)
{
    size_t fits = 0;
    size_t refused = 0;

    (void)state;
    for (size_t step = 65536; step; step /= 2)
        if (3 * (fits + step) < PEER_JSON_MAX_TEXT && parse_objects(fits + step, 0) == PEER_JSON_OK)
            fits += step;
    for (size_t objects = fits - 100; objects <= fits + 1; objects++) {
        enum peer_json_result result = parse_objects(objects, LONG_TEXT);
        assert_true(result == PEER_JSON_OK || result == PEER_JSON_TOO_LARGE);
        refused += result == PEER_JSON_TOO_LARGE;
    }
    assert_in_range(refused, 10, 100);
}

/* The same while memory is short: nothing is lost from a text, and nothing leaks. */
static void a_shortage_is_told_from_other_texts(void **state)
{
    static const char body[] = "{\"token\":\"0123456789abcdef0123456789abcdef0123456789abcdef\","
                               "\"list\":[1,2,{\"a\":\"0123456789abcde\"}]}";
    unsigned long failing;
    bool failed = true;

    (void)state;
    for (failing = 1; failed; failing++) {
        json_t *document;
        fault_begin(failing);
        enum peer_json_result result = peer_json_parse(body, sizeof(body) - 1, &document);
        failed = fault_end();
        assert_int_equal(result, failed ? PEER_JSON_LOCAL : PEER_JSON_OK);
        if (failed) {
            assert_null(document);
            continue;
        }
        assert_string_equal(peer_json_text(document, "token"),
                            "0123456789abcdef0123456789abcdef0123456789abcdef");
        json_decref(document);
    }
    assert_true(failing > 10);
}

#define OF_OCI "application/vnd.oci.image.layer.v1.tar"

static void what_layers_begin_with(void **state)
{
    char tar[1024] = "a";

    (void)state;
    assert_null(layer_error(OF_OCI, tar, 511)); /* too little to judge */
    assert_non_null(layer_error(OF_OCI, tar, sizeof(tar)));
    memcpy(tar + 148, "0000541", 7); /* 'a' and eight blanks */
    assert_null(layer_error(OF_OCI, tar, sizeof(tar)));
    assert_null(layer_error(OF_OCI "+gzip", tar, sizeof(tar)));
    tar[1] = 'b';
    assert_non_null(layer_error(OF_OCI "+gzip", tar, sizeof(tar)));
    memset(tar, 0, sizeof(tar)); /* an empty archive */
    assert_null(layer_error(NULL, tar, sizeof(tar)));
    memcpy(tar, "\x1f\x8b\x08", 4);
    assert_non_null(layer_error(OF_OCI, tar, sizeof(tar)));
    assert_null(layer_error(OF_OCI "+zstd", tar, sizeof(tar)));
    assert_null(layer_error("application/vnd.docker.image.rootfs.diff.tar", tar, sizeof(tar)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_answers),
        cmocka_unit_test(ends_of_token_answers),
        cmocka_unit_test(two_tokens_in_an_answer),
        cmocka_unit_test(only_an_access_token_comes_by_post),
        cmocka_unit_test(what_tokens_grant),
        cmocka_unit_test(what_manifests_name),
        cmocka_unit_test(platforms_as_they_are_written),
        cmocka_unit_test(what_media_types_mean),
        cmocka_unit_test(what_digests_fit),
        cmocka_unit_test(what_configs_must_hold),
        cmocka_unit_test(what_layers_begin_with),
        cmocka_unit_test(error_bodies),
        cmocka_unit_test(json_has_a_budget),
        cmocka_unit_test(a_text_is_whole_or_refused),
        cmocka_unit_test(a_shortage_is_told_from_other_texts),
    };

    return cmocka_run_group_tests(tests, start_libraries, stop_libraries);
}
