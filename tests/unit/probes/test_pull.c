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
#include "probes/libraries.h"
#include "probes/registry/base64.h"
#include "probes/registry/manifest.h"
#include "probes/registry/peer_json.h"
#include "probes/registry/token.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

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
    {"{\"token\":\"a\\r\\nX: y\"}", TOKEN_MALFORMED, NULL},
    {"{\"token\":\"a b\"}", TOKEN_MALFORMED, NULL},
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
        struct arena *arena = arena_new_secret(0);
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
        struct arena *arena = arena_new_secret(0);
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
    struct arena *arena = arena_new_secret(0);

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

#define HERE                MANIFEST_ARCHITECTURE
#define LAYER(digest, size) "{\"digest\":\"" digest "\",\"size\":" #size "}"
#define FOR(digest, os, architecture)                                                             \
    "{\"digest\":\"" digest "\",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture \
    "\"}}"

static const struct {
    const char *body;
    enum manifest_result expected;
    const char *digest;
    int64_t size;
} manifests[] = {
    {"{\"config\":" LAYER(A, 700) ",\"layers\":[" LAYER(B, 90) "]}", MANIFEST_IS_IMAGE, B, 90},
    {"{\"config\":" LAYER(A, 7) ",\"layers\":[" LAYER(B, 90) "]}", MANIFEST_IS_IMAGE, A, 7},
    {"{\"config\":{},\"layers\":[" LAYER("sha256:../..", 1) "," LAYER(B, 2) "]}", MANIFEST_IS_IMAGE,
     B, 2},
    {"{\"config\":{\"digest\":\"" A "\"}}", MANIFEST_IS_IMAGE, A, -1},
    {"{\"layers\":[]}", MANIFEST_IS_IMAGE, NULL, -1},
    {"{\"manifests\":[" FOR(A, "unknown", "unknown") "," FOR(B, "linux", HERE) "]}",
     MANIFEST_IS_INDEX, B, -1},
    {"{\"manifests\":[" FOR(A, "linux", "other") "," FOR(B, "linux", HERE) "]}", MANIFEST_IS_INDEX,
     B, -1},
    {"{\"manifests\":[" FOR(A, "windows", HERE) "," FOR(B, "linux", HERE) "]}", MANIFEST_IS_INDEX,
     B, -1},
    {"{\"manifests\":[{\"digest\":\"" A "\"}," FOR(B, "linux", HERE) "]}", MANIFEST_IS_INDEX, B,
     -1},
    {"{\"manifests\":[" FOR(B, "linux", HERE) ",{\"digest\":\"" A "\"}]}", MANIFEST_IS_INDEX, B,
     -1},
    {"{\"manifests\":[" FOR(B, "linux", "other") ",{\"digest\":\"" A "\"}]}", MANIFEST_IS_INDEX, A,
     -1},
    {"{\"manifests\":[{\"digest\":\"" A "\",\"platform\":null}]}", MANIFEST_IS_INDEX, A, -1},
    {"{\"manifests\":[" FOR("sha256:../..", "linux", HERE) "]}", MANIFEST_IS_INDEX, NULL, -1},
    {"{\"manifests\":[" FOR(A, "linux", "other") "," FOR(B, "windows", HERE) "]}",
     MANIFEST_IS_INDEX, NULL, -1},
    {"{\"manifests\":[{\"digest\":\"" A "\",\"platform\":{}}]}", MANIFEST_IS_INDEX, NULL, -1},
    {"{\"manifests\":[]}", MANIFEST_IS_INDEX, NULL, -1},
    {"{\"schemaVersion\":1,\"fsLayers\":[{\"blobSum\":\"" A "\"}]}", MANIFEST_IS_IMAGE, A, -1},
    {"{\"layers\":7}", MANIFEST_IS_NEITHER, NULL, -1},
    {"[]", MANIFEST_IS_NEITHER, NULL, -1},
    {"<html>", MANIFEST_IS_NEITHER, NULL, -1},
};

static void what_manifests_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(manifests) / sizeof(manifests[0]); i++) {
        struct arena *arena = arena_new(0);
        struct manifest found;
        const char *error = NULL;
        if (manifest_parse(manifests[i].body, strlen(manifests[i].body), arena, &found, &error) !=
            manifests[i].expected)
            fail_msg("%s", manifests[i].body);
        if (manifests[i].digest)
            assert_string_equal(found.digest, manifests[i].digest);
        else
            assert_null(found.digest);
        assert_int_equal(found.size, manifests[i].size);
        arena_free(arena);
    }
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

static int start(void **state)
{
    (void)state;
    return libraries_start();
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

static unsigned long allocations;
static unsigned long failing;

static int count_and_fail(void)
{
    return ++allocations == failing;
}

/* The same while memory is short: nothing is lost from a text, and nothing leaks. */
static void a_shortage_is_told_from_other_texts(void **state)
{
    static const char body[] = "{\"token\":\"0123456789abcdef0123456789abcdef0123456789abcdef\","
                               "\"list\":[1,2,{\"a\":\"0123456789abcde\"}]}";
    bool failed = true;

    (void)state;
    for (failing = 1; failed; failing++) {
        uint64_t before = memory_failures();
        json_t *document;
        allocations = 0;
        memory_set_fault(count_and_fail);
        enum peer_json_result result = peer_json_parse(body, sizeof(body) - 1, &document);
        memory_set_fault(NULL);
        failed = memory_failures() != before;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_answers),
        cmocka_unit_test(only_an_access_token_comes_by_post),
        cmocka_unit_test(what_tokens_grant),
        cmocka_unit_test(what_manifests_name),
        cmocka_unit_test(error_bodies),
        cmocka_unit_test(json_has_a_budget),
        cmocka_unit_test(a_text_is_whole_or_refused),
        cmocka_unit_test(a_shortage_is_told_from_other_texts),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
