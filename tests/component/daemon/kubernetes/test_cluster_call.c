/* SPDX-License-Identifier: MIT */
/* Calls of a scripted API server: the outcome of each answer, each failure of TLS and each token.
 */

#include "daemon/kubernetes/cluster_call.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tls.h"
#include "probes/libraries.h"
#include "tests/support.h"

#define DAY                  (24L * 3600)
#define DEADLINE             20 /* seconds */
#define HEAD(status)         "HTTP/1.1 " status "\r\nContent-Type: application/json\r\n"
#define ANSWER(status, body) HEAD(status) "\r\n" body
#define BYTES(literal)       .reply = (literal), .length = sizeof(literal) - 1
#define POD                  "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\"}}"

static struct fake_pki pki;
static char folder[] = "/tmp/tcr-probe-account.XXXXXX";
static char token_file[64];
static char ca_file[64];

/* One call, its request, and copies of the answer, because the call frees its own. */
struct scene {
    struct event_base *base;
    struct fake_script script;
    struct fake_tls *fake;
    struct service_account account;
    struct cluster_call *call;
    unsigned stands_still; /* microseconds, once the call has begun */
    unsigned requests;
    char asked[8192];
    unsigned answers;
    bool last;
    struct cluster_status status;
    char detail[512];
    char reason[64];
    char name[64];
};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void on_heard(const char *bytes, size_t count, void *context)
{
    struct scene *scene = context;

    scene->requests++;
    snprintf(scene->asked, sizeof(scene->asked), "%.*s", (int)count, bytes);
}

static void keep(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text ? text : "");
}

static void on_answered(const struct cluster_status *status, bool last, void *context)
{
    struct scene *scene = context;
    const json_t *metadata = json_object_get(status->document, "metadata");

    scene->answers++;
    scene->last = last;
    scene->status = *status;
    keep(scene->detail, sizeof(scene->detail), status->detail);
    keep(scene->reason, sizeof(scene->reason), status->reason);
    keep(scene->name, sizeof(scene->name), json_string_value(json_object_get(metadata, "name")));
    if (last)
        event_base_loopbreak(scene->base);
}

static void run_call(struct scene *scene, const struct cluster_request *request)
{
    static const struct timeval limit = {.tv_sec = DEADLINE};

    scene->base = libraries_new_loop();
    scene->fake = fake_tls_start(scene->base, &scene->script);
    scene->account.folder = folder;
    assert_true(endpoint_parse("127.0.0.1", fake_tls_port(scene->fake), &scene->account.server));
    scene->call = cluster_call_start(scene->base, &scene->account, request, on_answered, scene);
    assert_non_null(scene->call);
    usleep(scene->stands_still);
    event_base_loopexit(scene->base, &limit);
    event_base_dispatch(scene->base);
    assert_true(scene->last);
}

static void close_scene(struct scene *scene)
{
    cluster_call_free(scene->call);
    fake_tls_free(scene->fake);
    event_base_free(scene->base);
}

static const struct cluster_request get_pod = {
    .verb = CLUSTER_GET,
    .resource = {"", "v1", "pods", "web", "web-0"},
};

/* ---- answers ---- */

struct row {
    const char *name;
    const char *reply;
    size_t length;
    enum cluster_outcome outcome;
    const char *reason;
    const char *detail; /* part of it */
    usec_t retry_after;
};

static const struct row rows[] = {
    {"a pod", BYTES(ANSWER("200 OK", POD)), CLUSTER_OK, "", "", 0},
    {"no token", BYTES(ANSWER("401 Unauthorized", "{\"reason\":\"Unauthorized\"}")),
     CLUSTER_UNAUTHORIZED, "Unauthorized", "", 0},
    {"no right",
     BYTES(ANSWER("403 Forbidden", "{\"reason\":\"Forbidden\",\"message\":\"pods is\\nno\"}")),
     CLUSTER_FORBIDDEN, "Forbidden", "pods is\\x0ano", 0},
    {"not there", BYTES(ANSWER("404 Not Found", "{}")), CLUSTER_NOT_FOUND, "", "", 0},
    {"there already", BYTES(ANSWER("409 Conflict", "{\"reason\":\"AlreadyExists\"}")),
     CLUSTER_EXISTS, "AlreadyExists", "", 0},
    {"changed", BYTES(ANSWER("409 Conflict", "{\"reason\":\"Conflict\"}")), CLUSTER_CONFLICT,
     "Conflict", "", 0},
    {"page gone", BYTES(ANSWER("410 Gone", "{\"reason\":\"Expired\"}")), CLUSTER_EXPIRED, "Expired",
     "", 0},
    {"invalid", BYTES(ANSWER("422 Unprocessable Entity", "{\"reason\":\"Invalid\"}")),
     CLUSTER_INVALID, "Invalid", "", 0},
    {"too many", BYTES(HEAD("429 Too Many Requests") "Retry-After: 7\r\n\r\n{}"),
     CLUSTER_RATE_LIMITED, "", "", 7 * USEC_PER_SEC},
    {"wait for ever", BYTES(HEAD("429 Too Many Requests") "Retry-After: 99999999999\r\n\r\n{}"),
     CLUSTER_RATE_LIMITED, "", "", 3600 * USEC_PER_SEC},
    {"wait for a date",
     BYTES(HEAD("503 Unavailable") "Retry-After: Mon, 01 Jan 2029 00:00:00 GMT\r\n\r\n"),
     CLUSTER_SERVER_ERROR, "", "", 0},
    {"broken", BYTES(ANSWER("500 Internal Server Error", "<html>")), CLUSTER_SERVER_ERROR, "", "",
     0},
    {"moved", BYTES(HEAD("302 Found") "Location: https://evil.example/\r\n\r\n{}"),
     CLUSTER_NOT_AN_API, "", "redirect", 0},
    {"a web page", BYTES(ANSWER("200 OK", "<html>")), CLUSTER_NOT_AN_API, "", "JSON", 0},
    {"a list", BYTES(ANSWER("200 OK", "[]")), CLUSTER_NOT_AN_API, "", "JSON", 0},
    {"not HTTP", BYTES("SSH-2.0-x\r\n\r\n"), CLUSTER_NOT_AN_API, "", "", 0},
    {"cut off", BYTES(HEAD("200 OK") "Content-Length: 4096\r\n\r\n{"), CLUSTER_UNREACHABLE, "",
     "before the answer was complete", 0},
    {"the token repeated",
     BYTES(ANSWER("403 Forbidden", "{\"reason\":\"first-token\","
                                   "\"message\":\"no first-token, no Zmlyc3QtdG9rZW4=\"}")),
     CLUSTER_FORBIDDEN, "***********", "no ***********, no **************", 0},
    {"the token in a status line", BYTES("HTTP/1.1 first-token\r\n\r\n"), CLUSTER_NOT_AN_API, "",
     "", 0},
    {"odd types", BYTES(ANSWER("403 Forbidden", "{\"reason\":7,\"message\":[]}")),
     CLUSTER_FORBIDDEN, "", "", 0},
};

static void test_each_answer_has_its_outcome(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct scene scene = {.script = {.context = context,
                                         .reply = row->reply,
                                         .length = row->length,
                                         .heard = on_heard,
                                         .heard_context = &scene}};
        run_call(&scene, &get_pod);
        if (scene.status.outcome != row->outcome || strcmp(scene.reason, row->reason) != 0 ||
            !strstr(scene.detail, row->detail) || scene.status.retry_after != row->retry_after)
            fail_msg("%s: outcome %s, reason %s, detail %s", row->name,
                     cluster_outcome_name(scene.status.outcome), scene.reason, scene.detail);
        assert_null(strstr(scene.detail, "first-token"));
        assert_int_equal(scene.answers, 1);
        assert_int_equal(scene.requests, 1);
        assert_string_equal(scene.name, row->outcome == CLUSTER_OK ? "web-0" : "");
        assert_memory_equal(scene.asked, "GET /api/v1/namespaces/web/pods/web-0 HTTP/1.1\r\n", 48);
        assert_non_null(strstr(scene.asked, "\r\nAuthorization: Bearer first-token\r\n"));
        assert_string_equal(fake_tls_sni(scene.fake), "");
        close_scene(&scene);
    }
    SSL_CTX_free(context);
}

/* A document of 1.5 MiB is read. If it is larger, it is refused. */
static void test_large_documents(void **state)
{
    static const char begin[] = ANSWER("200 OK", "{\"metadata\":{\"name\":\"large\"},\"x\":\"");
    static const struct {
        size_t size;
        enum cluster_outcome outcome;
    } sizes[] = {{1500000, CLUSTER_OK}, {2000000, CLUSTER_TOO_LARGE}};
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    char *reply = malloc(sizeof(begin) + 2000000);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t length = sizeof(begin) - 1;
        memcpy(reply, begin, length);
        memset(reply + length, 'x', sizes[i].size - 2);
        memcpy(reply + length + sizes[i].size - 2, "\"}", 2);
        struct scene scene = {
            .script = {.context = context, .reply = reply, .length = length + sizes[i].size}};
        run_call(&scene, &get_pod);
        assert_int_equal(scene.status.outcome, sizes[i].outcome);
        close_scene(&scene);
    }
    free(reply);
    SSL_CTX_free(context);
}

/* Small text that asks for much memory: 20 bytes for each bracket. */
static void test_document_beyond_its_memory(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    static const char begin[] = ANSWER("200 OK", "{\"x\":[{}");
    size_t count = 500000;
    size_t length = sizeof(begin) - 1;
    char *reply = malloc(length + 3 * count + 2);

    (void)state;
    memcpy(reply, begin, length);
    for (size_t i = 0; i < count; i++, length += 3)
        memcpy(reply + length, ",{}", 3);
    memcpy(reply + length, "]}", 2);
    struct scene scene = {.script = {.context = context, .reply = reply, .length = length + 2}};
    run_call(&scene, &get_pod);
    assert_int_equal(scene.status.outcome, CLUSTER_TOO_LARGE);
    close_scene(&scene);
    free(reply);
    SSL_CTX_free(context);
}

/* ---- trust ---- */

static void test_only_the_own_authority_is_trusted(void **state)
{
    static const struct {
        const char *name;
        struct fake_certificate certificate;
        enum cluster_outcome outcome;
    } certificates[] = {
        {"good", {.names = "IP:127.0.0.1,IP:10.0.0.1", .until_seconds = DAY}, CLUSTER_OK},
        {"other authority",
         {.names = "IP:127.0.0.1", .until_seconds = DAY, .unknown_ca = true},
         CLUSTER_UNTRUSTED},
        {"self-signed",
         {.names = "IP:127.0.0.1", .until_seconds = DAY, .self_signed = true},
         CLUSTER_UNTRUSTED},
        {"other address", {.names = "IP:127.0.0.2", .until_seconds = DAY}, CLUSTER_UNTRUSTED},
        {"a name", {.names = "DNS:127.0.0.1", .until_seconds = DAY}, CLUSTER_UNTRUSTED},
        {"expired",
         {.names = "IP:127.0.0.1", .from_seconds = -2 * DAY, .until_seconds = -DAY},
         CLUSTER_UNTRUSTED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
        SSL_CTX *context = fake_pki_server(&pki, &certificates[i].certificate);
        struct scene scene = {.script = {.context = context,
                                         BYTES(ANSWER("200 OK", POD)),
                                         .heard = on_heard,
                                         .heard_context = &scene}};
        run_call(&scene, &get_pod);
        if (scene.status.outcome != certificates[i].outcome)
            fail_msg("%s: %s, %s", certificates[i].name, cluster_outcome_name(scene.status.outcome),
                     scene.detail);
        /* The token never goes to a server that is not trusted. */
        assert_int_equal(scene.requests, certificates[i].outcome == CLUSTER_OK);
        close_scene(&scene);
        SSL_CTX_free(context);
    }
}

/* The system's authorities do not count, because only the service account's one is the cluster's.
 */
static void test_system_authorities_are_not_trusted(void **state)
{
    const struct fake_certificate other = {
        .names = "IP:127.0.0.1", .until_seconds = DAY, .unknown_ca = true};
    struct fake_pki system = {.key = pki.key, .trusted_ca = pki.unknown_ca};
    SSL_CTX *context = fake_pki_server(&pki, &other);
    const char *before = getenv("SSL_CERT_FILE");
    char kept[256];
    char bundle[96];

    (void)state;
    keep(kept, sizeof(kept), before);
    snprintf(bundle, sizeof(bundle), "%s/bundle.pem", folder);
    assert_true(fake_pki_write_ca(&system, bundle));
    setenv("SSL_CERT_FILE", bundle, 1);
    struct scene scene = {.script = {.context = context, BYTES(ANSWER("200 OK", POD))}};
    run_call(&scene, &get_pod);
    assert_int_equal(scene.status.outcome, CLUSTER_UNTRUSTED);
    close_scene(&scene);
    setenv("SSL_CERT_FILE", kept, 1);
    unlink(bundle);
    SSL_CTX_free(context);
}

static void test_failures_before_the_answer(void **state)
{
    static const struct {
        enum fake_behaviour behaviour;
        enum cluster_outcome outcome;
        const char *detail;
    } failures[] = {
        {FAKE_RESET, CLUSTER_UNREACHABLE, ""},
        {FAKE_END, CLUSTER_UNREACHABLE, ""},
        {FAKE_SILENCE, CLUSTER_UNREACHABLE, "handshake did not end in time"},
        {FAKE_REPLY, CLUSTER_UNREACHABLE, "HTTP"},
    };
    struct cluster_request request = get_pod;

    (void)state;
    request.timeout = USEC_PER_SEC / 4;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct scene scene = {
            .script = {.behaviour = failures[i].behaviour, BYTES("HTTP/1.0 400 Bad\r\n\r\n")}};
        run_call(&scene, &request);
        assert_int_equal(scene.status.outcome, failures[i].outcome);
        if (!strstr(scene.detail, failures[i].detail))
            fail_msg("detail: %s", scene.detail);
        close_scene(&scene);
    }
}

/* The deadline fires before anything could be read, so it counts for nothing. */
static void test_a_process_that_stood_still_gets_its_time(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    struct scene scene = {.script = {.context = context, BYTES(ANSWER("200 OK", POD))},
                          .stands_still = 2500000};
    struct cluster_request request = get_pod;

    (void)state;
    request.timeout = 2 * USEC_PER_SEC;
    run_call(&scene, &request);
    assert_int_equal(scene.status.outcome, CLUSTER_OK);
    close_scene(&scene);
    SSL_CTX_free(context);
}

/* ---- the account ---- */

static void change_token(const char *bytes, size_t count, void *context)
{
    static const char pod[] = ANSWER("200 OK", POD);
    struct scene *scene = context;

    on_heard(bytes, count, context);
    write_file(token_file, "second-token\n");
    if (strstr(scene->asked, "Bearer second-token\r\n")) {
        scene->script.reply = pod;
        scene->script.length = sizeof(pod) - 1;
    }
}

static void test_a_new_token_is_read_after_401(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    struct scene scene = {.script = {.context = context,
                                     BYTES(ANSWER("401 Unauthorized", "{}")),
                                     .heard = change_token,
                                     .heard_context = &scene}};

    (void)state;
    run_call(&scene, &get_pod);
    assert_int_equal(scene.status.outcome, CLUSTER_OK);
    assert_int_equal(scene.requests, 2);
    assert_int_equal(scene.answers, 1);
    close_scene(&scene);
    write_file(token_file, "first-token\n");
    SSL_CTX_free(context);
}

static void test_no_account(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    static const char *const tokens[] = {"", "\n", "two tokens", "a\r\nHost: b", NULL};
    SSL_CTX *context = fake_pki_server(&pki, &good);

    (void)state;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        struct scene scene = {.script = {.context = context, BYTES(ANSWER("200 OK", POD))}};
        if (tokens[i])
            write_file(token_file, tokens[i]);
        else
            unlink(token_file);
        run_call(&scene, &get_pod);
        assert_int_equal(scene.status.outcome, CLUSTER_NO_ACCOUNT);
        close_scene(&scene);
    }
    write_file(token_file, "first-token\n");
    unlink(ca_file);
    struct scene scene = {.script = {.context = context, BYTES(ANSWER("200 OK", POD))}};
    run_call(&scene, &get_pod);
    assert_int_equal(scene.status.outcome, CLUSTER_NO_ACCOUNT);
    close_scene(&scene);
    assert_true(fake_pki_write_ca(&pki, ca_file));
    SSL_CTX_free(context);
}

/* ---- lists and bodies ---- */

static void second_page(const char *bytes, size_t count, void *context)
{
    static const char page[] = ANSWER("200 OK", "{\"metadata\":{\"name\":\"last\"}}");
    struct scene *scene = context;

    on_heard(bytes, count, context);
    if (strstr(scene->asked, "&continue=a%2Bb%26c HTTP/1.1\r\n")) {
        scene->script.reply = page;
        scene->script.length = sizeof(page) - 1;
    }
}

static void test_a_list_is_read_page_by_page(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    const struct cluster_request list = {
        .verb = CLUSTER_LIST,
        .resource = {"", "v1", "events", "web", NULL},
        .field_selector = "involvedObject.name=web-0,reason=Failed",
    };
    struct scene scene = {
        .script = {.context = context,
                   BYTES(ANSWER("200 OK", "{\"metadata\":{\"continue\":\"a+b&c\"}}")),
                   .heard = second_page,
                   .heard_context = &scene}};

    (void)state;
    run_call(&scene, &list);
    assert_int_equal(scene.answers, 2);
    assert_string_equal(scene.name, "last");
    assert_non_null(strstr(scene.asked, "?limit=100&fieldSelector=involvedObject.name%3Dweb-0%2C"
                                        "reason%3DFailed&continue="));
    close_scene(&scene);

    /* A list that never ends is given up. */
    scene =
        (struct scene){.script = {.context = context,
                                  BYTES(ANSWER("200 OK", "{\"metadata\":{\"continue\":\"x\"}}")),
                                  .heard = on_heard,
                                  .heard_context = &scene}};
    run_call(&scene, &list);
    assert_int_equal(scene.status.outcome, CLUSTER_TOO_LARGE);
    assert_int_equal(scene.requests, CLUSTER_MAX_PAGES);
    close_scene(&scene);
    SSL_CTX_free(context);
}

static void test_bodies_are_sent(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    struct cluster_request request = {
        .verb = CLUSTER_CREATE,
        .resource = {"events.k8s.io", "v1", "events", "web", "web-0.1"},
        .body = "{\"a\":1}",
    };

    (void)state;
    struct scene scene = {.script = {.context = context,
                                     BYTES(ANSWER("201 Created", POD)),
                                     .heard = on_heard,
                                     .heard_context = &scene}};
    run_call(&scene, &request);
    assert_int_equal(scene.status.outcome, CLUSTER_OK);
    assert_memory_equal(scene.asked,
                        "POST /apis/events.k8s.io/v1/namespaces/web/events HTTP/1.1\r\n", 60);
    assert_non_null(strstr(scene.asked,
                           "\r\nContent-Type: application/json\r\nContent-Length: 7\r\n"
                           "\r\n{\"a\":1}"));
    close_scene(&scene);

    request.verb = CLUSTER_PATCH;
    run_call(&scene, &request);
    assert_memory_equal(
        scene.asked, "PATCH /apis/events.k8s.io/v1/namespaces/web/events/web-0.1 HTTP/1.1\r\n", 69);
    assert_non_null(strstr(scene.asked, "\r\nContent-Type: application/merge-patch+json\r\n"));
    close_scene(&scene);
    SSL_CTX_free(context);
}

static void test_a_name_cannot_change_the_path(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    static const char *const names[] = {"a/b",   "..", "a b", "A",    "",    "a\r\nb",
                                        "a%2fb", "-a", "a-",  "a..b", "a.-b"};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    struct cluster_request request = get_pod;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct scene scene = {.script = {.context = context,
                                         BYTES(ANSWER("200 OK", POD)),
                                         .heard = on_heard,
                                         .heard_context = &scene}};
        request.resource.name = names[i];
        run_call(&scene, &request);
        assert_int_equal(scene.status.outcome, CLUSTER_INVALID);
        assert_int_equal(scene.requests, 0);
        close_scene(&scene);
    }
    SSL_CTX_free(context);
}

/* ---- shortage ---- */

/* Each allocation of a call fails once: the call ends, and nothing leaks. */
static void test_each_allocation_may_fail(void **state)
{
    const struct fake_certificate good = {.names = "IP:127.0.0.1", .until_seconds = DAY};
    SSL_CTX *context = fake_pki_server(&pki, &good);
    bool failed = true;

    (void)state;
    /* Not every allocation, because a handshake has thousands. */
    for (unsigned long n = 1; failed; n += 23) {
        struct scene scene = {.script = {.context = context, BYTES(ANSWER("200 OK", POD))}};
        static const struct timeval limit = {.tv_sec = DEADLINE};
        scene.base = libraries_new_loop();
        scene.fake = fake_tls_start(scene.base, &scene.script);
        scene.account.folder = folder;
        endpoint_parse("127.0.0.1", fake_tls_port(scene.fake), &scene.account.server);
        event_base_loopexit(scene.base, &limit);
        fault_begin(n);
        struct cluster_request request = get_pod;
        request.timeout = 2 * USEC_PER_SEC; /* the fake is short of memory too */
        scene.call = cluster_call_start(scene.base, &scene.account, &request, on_answered, &scene);
        if (scene.call)
            event_base_dispatch(scene.base);
        failed = fault_end();
        assert_true(!scene.call || scene.last);
        if (!failed)
            assert_int_equal(scene.status.outcome, CLUSTER_OK);
        close_scene(&scene);
    }
    SSL_CTX_free(context);
}

static int set_up(void **state)
{
    (void)state;
    if (libraries_start() || libraries_prepare() || !fake_pki_make(&pki) || !mkdtemp(folder))
        return -1;
    snprintf(token_file, sizeof(token_file), "%s/token", folder);
    snprintf(ca_file, sizeof(ca_file), "%s/ca.crt", folder);
    write_file(token_file, "first-token\n");
    return fake_pki_write_ca(&pki, ca_file) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(token_file);
    unlink(ca_file);
    fake_pki_clear(&pki);
    libraries_stop();
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_answer_has_its_outcome),
        cmocka_unit_test(test_large_documents),
        cmocka_unit_test(test_document_beyond_its_memory),
        cmocka_unit_test(test_only_the_own_authority_is_trusted),
        cmocka_unit_test(test_system_authorities_are_not_trusted),
        cmocka_unit_test(test_failures_before_the_answer),
        cmocka_unit_test(test_a_process_that_stood_still_gets_its_time),
        cmocka_unit_test(test_a_new_token_is_read_after_401),
        cmocka_unit_test(test_no_account),
        cmocka_unit_test(test_a_list_is_read_page_by_page),
        cmocka_unit_test(test_bodies_are_sent),
        cmocka_unit_test(test_a_name_cannot_change_the_path),
        cmocka_unit_test(test_each_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
