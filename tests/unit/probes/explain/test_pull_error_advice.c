/* SPDX-License-Identifier: MIT */
/* The sentence, the steps and the check line of a pull error. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/probes/explain/pull_error_texts.h"

static bool remedy_says(const char *text, const char *part)
{
    struct pull_errors *errors = find(text);
    bool found = false;

    for (size_t i = 0; i < errors->list[0].remedy_count; i++)
        found |= strstr(errors->list[0].remedy[i], part) != NULL;
    pull_errors_free(errors);
    return found;
}

static bool summary_says(const char *text, const char *part)
{
    struct pull_errors *errors = find(text);
    bool found = strstr(errors->list[0].summary, part) != NULL;

    pull_errors_free(errors);
    return found;
}

#define FROM_ECR "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b:1: exit status 1"

/* The steps name no pull secret, because a plug-in's key is in none. */
static void a_failed_plugin_is_named(void **unused)
{
    static const char ecr[] = "error execing credential provider plugin ecr-credential-provider "
                              "for image " FROM_ECR;
    static const char azure[] = "error execing credential provider plugin acr-credential-provider "
                                "for image acme.azurecr.io/a/b:1: exit status 1";
    static const char docker[] = "error getting credentials - err: exec: "
                                 "\"docker-credential-pass\": executable file not found in $PATH";
    static const char none[] = "error getting credentials - err: exit status 1, out: ``";

    (void)unused;
    assert_true(summary_says(ecr, "plug-in ecr-credential-provider of"));
    assert_true(summary_says(docker, "plug-in docker-credential-pass of"));
    assert_true(summary_says(none, "plug-in of"));
    assert_true(remedy_says(ecr, "ecr:GetAuthorizationToken"));
    assert_false(remedy_says(ecr, "save the pull secret"));
    assert_true(remedy_says(azure, "AcrPull"));
    assert_false(remedy_says(azure, "ecr:"));
    assert_false(remedy_says(docker, "AcrPull"));
    assert_true(remedy_says("failed to fetch anonymous token: Get \"https://auth.example.com/token"
                            "?service=r.example.com&scope=repository%3Aa%2Fb%3Apull\": dial tcp "
                            "[2402:4e00::1]:443: connect: network is unreachable",
                            "IPv6"));
}

/* Cut before its end such a text says something else, so the corpus does not hold these. */
static void a_refused_address_is_told(void **unused)
{
    static const struct {
        const char *text;
        enum pull_stage stage;
    } rows[] = {
        {"failed to resolve reference \"acme.azurecr.io/a:1\": unexpected status from HEAD "
         "request to https://acme.azurecr.io/v2/a/manifests/1: 403 Forbidden: client with IP "
         "'43.1.2.3' is not allowed access",
         PULL_STAGE_MANIFEST},
        {"Error response from daemon: Get \"https://acme.azurecr.io/v2/\": denied: client with IP "
         "'43.1.2.3' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
         PULL_STAGE_API},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pull_errors *errors = find(rows[i].text);
        assert_int_equal(errors->count, 1);
        assert_int_equal(errors->list[0].cause, CAUSE_ALLOWLIST_MISSING);
        assert_int_equal(errors->list[0].stage, rows[i].stage);
        assert_string_equal(errors->list[0].host, "acme.azurecr.io");
        pull_errors_free(errors);
    }
}

static void the_remedy_is_of_what_the_text_tells(void **unused)
{
    static const char image[] = "acme-prod.tencentcloudcr.com/x:1";
    static const char public[] =
        "failed to copy: Get \"https://b-1.cos.ap-guangzhou.myqcloud.com/x\""
        ": dial tcp 119.1.1.1:443: i/o timeout";
    static const char internal[] =
        "failed to copy: Get \"https://b-1.cos.ap-guangzhou.myqcloud.com/x\""
        ": dial tcp 169.254.0.47:443: i/o timeout";
    char text[256];

    (void)unused;
    assert_true(remedy_says(public, "119.1.1.1:443 is a public address"));
    assert_false(remedy_says(internal, "is a public address"));
    assert_true(remedy_says(internal, "needs no NAT gateway"));
    snprintf(text, sizeof(text), "Get \"https://10.16.100.174:5000/v2/\": %s",
             "x509: certificate signed by unknown authority");
    assert_true(remedy_says(text, "registry-insecure-skip-verify: \"10.16.100.174:5000\""));
    assert_false(remedy_says(text, "TCR"));
    snprintf(text, sizeof(text), "Failed to pull image \"%s\": dial tcp 43.1.1.1:443: i/o timeout",
             image);
    assert_true(remedy_says(text, "instance acme-prod"));
    assert_true(remedy_says(text, "Use 0.0.0.0/0 only for a short test"));
    assert_true(remedy_says("dial tcp 43.1.1.1:443: i/o timeout", "> Private network, select"));
}

#define LOCAL_PUSH "Error response from daemon: Get \"http://localhost:5000/v2/\": "

/* No resolver is asked for localhost. */
/* The registry's own certificate has nothing to do with it. */
static void a_proxys_certificate_is_the_proxys(void **unused)
{
#define AT_PROXY                                                                           \
    "Head \"https://acme-prod.tencentcloudcr.com/v2/team/app/manifests/1\": proxyconnect " \
    "tcp: "
    static const struct {
        const char *text;
        const char *step;
    } rows[] = {
        {AT_PROXY
         "tls: failed to verify certificate: x509: certificate signed by unknown authority",
         "Add the authority of the proxy's certificate"},
        {AT_PROXY "x509: certificate is valid for other.test, not proxy",
         "Give the proxy a certificate"},
        {AT_PROXY "x509: certificate has expired or is not yet valid: current time "
                  "2026-11-30T12:43:50Z is after 2024-02-01T00:00:00Z",
         "Give the proxy a certificate"},
        {AT_PROXY "tls: first record does not look like a TLS handshake",
         "write its URL with http://"},
        {AT_PROXY "net/http: TLS handshake timeout", "check that the proxy runs"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!remedy_says(rows[i].text, rows[i].step))
            fail_msg("%s: no step says: %s", rows[i].text, rows[i].step);
        assert_false(remedy_says(rows[i].text, "Tencent's registries speak HTTPS"));
        assert_false(remedy_says(rows[i].text, "ca-certificates"));
    }
}

static void localhost_needs_no_resolver(void **unused)
{
    static const char text[] = LOCAL_PUSH "dial tcp 127.0.0.1:5000: connect: connection refused";

    (void)unused;
    assert_false(remedy_says(text, "resolver"));
    assert_true(remedy_says(text, "an address that can be reached"));
}

/* ---- the steps are for the registry that the text tells of ---- */

/* Registries that run Harbor, and others, print these too. */
static void only_the_vendors_errors_are_of_tcr_without_a_host(void **unused)
{
    static const struct {
        const char *text;
        bool tcr;
    } rows[] = {
        {"unauthorized: unauthorized to access repository: a/b, action: pull", false},
        {"unauthorized: project a not found", false},
        {"unknown: artifact a/b:1 not found", false},
        {"unknown: current image with 12 vulnerabilities cannot be pulled due to configured policy",
         false},
        {"denied: requested access to the resource is denied", false},
        {"Error response from daemon: unauthorized: authentication required", false},
        {"failed to fetch oauth token: unexpected status: 403 Forbidden", false},
        {"pull access denied, repository does not exist or may require authorization: server "
         "message: insufficient_scope: authorization failed",
         true},
        {"dial tcp 43.1.1.1:443: i/o timeout", true},
        {"PullImage from image service failed: failed to do request: dial tcp 43.1.1.1:443: i/o "
         "timeout",
         true},
        {"Error response from daemon: Head \"https://ghcr.io/v2/a/b/manifests/1\": denied", false},
        {"Failed to pull image \"acme.tencentcloudcr.com/a/b:1\": unauthorized: unauthorized to "
         "access repository: a/b, action: pull",
         true},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool tcr = remedy_says(rows[i].text, "TCR") || remedy_says(rows[i].text, "TKE console");
        if (tcr != rows[i].tcr)
            print_error("%s\n", rows[i].text);
        assert_true(tcr == rows[i].tcr);
    }
}

static void the_vendors_resolvers_are_for_its_names(void **unused)
{
    static const char format[] = "Get \"https://%s/v2/\": dial tcp: lookup %s on 10.0.0.2:53: read "
                                 "udp 10.0.0.9:4242->10.0.0.2:53: i/o timeout";
    static const struct {
        const char *host;
        bool vendor;
    } rows[] = {
        {"acme.tencentcloudcr.com", true},
        {"ccr.ccs.tencentyun.com", true},
        {"quay.io", false},
        {"registry-1.docker.io", false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), format, rows[i].host, rows[i].host);
        assert_true(remedy_says(text, "port 53"));
        assert_true(remedy_says(text, "183.60.83.19") == rows[i].vendor);
    }
}

static void too_few_ids_have_steps_of_their_own(void **unused)
{
    static const char few[] = "writing blob: adding layer with blob \"sha256:aa\": potentially "
                              "insufficient UIDs or GIDs available in user namespace (requested "
                              "0:42 for /etc/gshadow)";
    static const char other[] = "Error: Source image rejected: invalid policy in "
                                "\"/etc/containers/policy.json\": Unknown key";

    (void)unused;
    assert_true(summary_says(few, "The image arrived"));
    assert_true(remedy_says(few, "/etc/subuid"));
    assert_false(remedy_says(other, "/etc/subuid"));
}

static void docker_counts_by_address(void **unused)
{
    static const char link[] = "toomanyrequests: You have reached your pull rate limit: "
                               "https://www.docker.com/increase-rate-limit";
    static const char none[] = "toomanyrequests: Rate exceeded";

    (void)unused;
    assert_true(remedy_says(link, "--docker-server=https://index.docker.io/v1/"));
    assert_false(remedy_says(none, "index.docker.io"));
}

/* Cut within its reason such a text says something else, so the corpus does not hold these. */
static void the_reason_behind_a_refusal_is_told(void **unused)
{
    static const struct {
        const char *text;
        enum cause cause;
    } rows[] = {
        {"Error response from daemon: Get \"https://a.example.com/v2/\": denied: personal access "
         "token is expired",
         CAUSE_CREDENTIALS_REJECTED},
        {"Failed to pull image \"a.example.com/b:1\": reading manifest 1 in a.example.com/b: "
         "unauthorized: the access token has expired",
         CAUSE_CREDENTIALS_REJECTED},
        {"docker login: Error response from daemon: Get \"https://a.example.com/v2/\": "
         "unauthorized: expired token",
         CAUSE_CREDENTIALS_REJECTED},
        {"Get \"https://a.example.com/v2/\": unauthorized: unauthenticated: User cannot be "
         "authenticated with the token provided.",
         CAUSE_CREDENTIALS_REJECTED},
        {"failed to pull: Get \"https://a.example.com/token?scope=repository%3Ab%3Apull&service="
         "a.example.com\": unexpected status code 403: denied: denied",
         CAUSE_INSUFFICIENT_SCOPE},
        {"unexpected status from HEAD request to https://a.example.com/v2/b/manifests/1: 403 "
         "Forbidden: denied: requested access to the resource is denied",
         CAUSE_INSUFFICIENT_SCOPE},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pull_errors *errors = find(rows[i].text);
        assert_int_equal(errors->count, 1);
        assert_int_equal(errors->list[0].cause, rows[i].cause);
        assert_string_equal(errors->list[0].host, "a.example.com");
        pull_errors_free(errors);
    }
}

/* A reason of its own replaces the cancellation, which other parts of a pull only repeat. */
static void a_cancellation_gives_way(void **unused)
{
    struct pull_errors *errors = find(
        "Failed to pull image \"a.example.com/b:1\": rpc error: code = Canceled desc = context "
        "canceled\nFailed to pull image \"a.example.com/b:1\": manifest unknown");

    (void)unused;
    assert_int_equal(errors->count, 1);
    assert_int_equal(errors->list[0].cause, CAUSE_IMAGE_NOT_FOUND);
    pull_errors_free(errors);
    /* Without an image one error may complete another. */
    errors =
        find("Failed to pull image \"a.example.com/b:1\"\n\nunknown: artifact b:1 not found\n");
    assert_int_equal(errors->count, 1);
    assert_string_equal(errors->list[0].image, "a.example.com/b:1");
    pull_errors_free(errors);
}

/* Docker's daemon and a runtime's agent write the reference and its cut end. */
static void a_cut_name_is_no_image(void **unused)
{
    struct pull_errors *errors =
        find("Failed to pull image \"a.example.com/b:1\": rpc error: code = "
             "Unknown desc = failed to pull and unpack image \"a.exam");

    (void)unused;
    assert_int_equal(errors->count, 1);
    assert_string_equal(errors->list[0].image, "a.example.com/b:1");
    pull_errors_free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_plugin_is_named),
        cmocka_unit_test(a_refused_address_is_told),
        cmocka_unit_test(the_remedy_is_of_what_the_text_tells),
        cmocka_unit_test(a_proxys_certificate_is_the_proxys),
        cmocka_unit_test(localhost_needs_no_resolver),
        cmocka_unit_test(only_the_vendors_errors_are_of_tcr_without_a_host),
        cmocka_unit_test(the_vendors_resolvers_are_for_its_names),
        cmocka_unit_test(too_few_ids_have_steps_of_their_own),
        cmocka_unit_test(docker_counts_by_address),
        cmocka_unit_test(the_reason_behind_a_refusal_is_told),
        cmocka_unit_test(a_cancellation_gives_way),
        cmocka_unit_test(a_cut_name_is_no_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
