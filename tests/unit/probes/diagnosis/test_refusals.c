/* SPDX-License-Identifier: MIT */
/*
 * Answers with a status of success that only a parser of this program refuses. Another parser may
 * take them, so no finding that makes the target fail is certain. Digests are no parser: what does
 * not hash to the digest is damaged for everybody.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/probes/diagnosis/scenario.h"

#define UP   .dns = {POD(GIVES_PRIVATE)}, .paths = {PRIVATE(VIEW_POD, WORKS)}
#define GOOD (.outcome = AUTH_ACCEPTED, .realm = "https://auth.test/token", .scope_status = 200)

static void require_doubt(const struct scenario *scenario, const char *what)
{
    struct diagnosis *diagnosis = scenario_diagnose(scenario);
    bool refused = false;

    for (size_t i = 0; i < diagnosis->count; i++) {
        const struct finding *finding = &diagnosis->findings[i];
        refused |= finding->severity != SEVERITY_OK;
        if (finding->severity == SEVERITY_FAIL && finding->confidence == CONFIDENCE_CERTAIN)
            fail_msg("%s: %s", what, finding->summary);
    }
    if (!refused)
        fail_msg("%s: no finding", what);
    diagnosis_free(diagnosis);
}

static void manifests(void **state)
{
    static const enum manifest_outcome outcomes[] = {MANIFEST_MALFORMED, MANIFEST_OTHER_PLATFORM,
                                                     MANIFEST_TOO_LARGE, MANIFEST_UNSUPPORTED};

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        const struct scenario scenario = {
            UP, PULL(GOOD, .outcome = outcomes[i], .status = 200, .detail = "a detail")};
        if (outcomes[i] != MANIFEST_TOO_LARGE) /* pulls work, and no more is said */
            require_doubt(&scenario, manifest_outcome_name(outcomes[i]));
    }
}

static void blobs(void **state)
{
    const struct scenario layer = {UP, PULL(GOOD, .outcome = MANIFEST_FOUND, .status = 200,
                                            .blob = {.outcome = BLOB_MALFORMED, .status = 200})};
    const struct scenario config = {UP,
                                    PULL(GOOD, .outcome = MANIFEST_FOUND, .status = 200,
                                         .config = {.outcome = BLOB_MALFORMED, .status = 200},
                                         .blob = {.outcome = BLOB_NOT_REDIRECTED, .status = 200})};

    (void)state;
    require_doubt(&layer, "a layer");
    require_doubt(&config, "a config");
}

static void tokens(void **state)
{
    static const enum auth_outcome outcomes[] = {AUTH_MALFORMED, AUTH_TOO_LARGE};

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        const struct scenario scenario = {
            UP, PULL((.outcome = outcomes[i], .realm = "https://auth.test/token",
                      .scope_status = 200, .has_key = true, .key_sent = true, .host_listed = true),
                     .outcome = MANIFEST_SKIPPED, .auth = outcomes[i])};
        require_doubt(&scenario, auth_outcome_name(outcomes[i]));
    }
}

static void ping(void **state)
{
    static const enum api_outcome outcomes[] = {API_NOT_A_REGISTRY, API_MALFORMED, API_CLOSED};

    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++) {
        const struct scenario scenario = {
            .dns = {POD(GIVES_PRIVATE)},
            .paths = {PRIVATE(VIEW_POD, API(outcomes[i]), .api.status = 200)}};
        require_doubt(&scenario, api_outcome_name(outcomes[i]));
    }
}

static void proxies(void **state)
{
    const struct scenario scenario = {.dns = {POD(GIVES_PRIVATE)},
                                      .paths = {PRIVATE(VIEW_PROXY, TCP(TCP_OK))},
                                      .proxy = {.outcome = PROXY_INVALID,
                                                .url = "http://proxy.test:3128",
                                                .source = "proxy",
                                                .status = 200}};

    (void)state;
    require_doubt(&scenario, "a proxy");
}

static void resolvers(void **state)
{
    const struct scenario scenario = {.dns = {POD(.outcome = DNS_MALFORMED)}};

    (void)state;
    require_doubt(&scenario, "a resolver");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests), cmocka_unit_test(blobs),   cmocka_unit_test(tokens),
        cmocka_unit_test(ping),      cmocka_unit_test(proxies), cmocka_unit_test(resolvers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
