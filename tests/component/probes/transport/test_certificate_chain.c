/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate_chain.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/base/clock.h"
#include "tests/support.h"

#define DAY          (24L * 3600)
#define MAX_EXTRAS   4
#define MANY_ISSUERS 14 /* with keys of 16,384 bits they just fit into a message of 64 KiB */

static EVP_PKEY *key;
static EVP_PKEY *other_key;
static X509 *root;
static struct trust_store *store;
static char ca_path[] = "/tmp/test_certificate_chain.XXXXXX";

/* ---- making certificates ---- */

struct extra {
    const char *name;
    const char *value;
};

struct recipe {
    const char *name;
    EVP_PKEY *public_key; /* NULL: `key` */
    const EVP_MD *digest; /* NULL: SHA-256 */
    long until;           /* seconds from now; 0: a day */
    struct extra extras[MAX_EXTRAS];
};

#define CA_EXTRAS                              \
    {                                          \
        "basicConstraints", "critical,CA:TRUE" \
    }

static X509 *make(const struct recipe *recipe, const X509 *issuer, EVP_PKEY *signer)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509V3_CTX context;

    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), recipe->until ? recipe->until : DAY);
    X509_set_pubkey(certificate, recipe->public_key ? recipe->public_key : key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)recipe->name, -1,
                               -1, 0);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : name);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509V3_set_nconf(&context, NULL);
    for (size_t i = 0; i < MAX_EXTRAS && recipe->extras[i].name; i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf(NULL, &context, recipe->extras[i].name, recipe->extras[i].value);
        assert_non_null(extension);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    assert_true(X509_sign(certificate, signer, recipe->digest ? recipe->digest : EVP_sha256()) > 0);
    return certificate;
}

static EVP_PKEY *rsa_key_of(const char *modulus, const char *exponent)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters;
    EVP_PKEY *made = NULL;
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;

    BN_hex2bn(&n, modulus);
    BN_hex2bn(&e, exponent);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
    parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_fromdata_init(context);
    EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return made;
}

/* ---- rows: a server's certificate, perhaps an intermediate, and the errors ---- */

struct row {
    struct recipe leaf;
    struct recipe between; /* no name: the root signs the leaf */
    struct chain_error errors[2];
    size_t error_count;
};

#define LEAF(...)          .leaf = {.name = "leaf", __VA_ARGS__}
#define BETWEEN(...)       .between = {.name = "between", __VA_ARGS__}
#define ERRORS(count, ...) .errors = {__VA_ARGS__}, .error_count = (count)

static const struct row rows[] = {
    {LEAF(.until = 0)},
    {LEAF(.until = -DAY), ERRORS(1, {X509_V_ERR_CERT_HAS_EXPIRED, 0})},
    {LEAF(.extras = {{"keyUsage", "critical,cRLSign"}})},
    {LEAF(.extras = {{"extendedKeyUsage", "anyExtendedKeyUsage"}})},
    {LEAF(.extras = {{"extendedKeyUsage", "clientAuth"}}),
     ERRORS(1, {X509_V_ERR_INVALID_PURPOSE, 0})},
    {LEAF(.extras = {{"basicConstraints", "CA:FALSE,pathlen:3"}})},
    {LEAF(.extras = {CA_EXTRAS})},
    {LEAF(.extras = {{"authorityKeyIdentifier", "DER:30:06:80:04:01:02:03:04"}})},
    {LEAF(.extras = {{"1.2.3.4", "critical,ASN1:UTF8String:x"}}),
     ERRORS(1, {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, 0})},
    {LEAF(.until = 0), BETWEEN(.extras = {CA_EXTRAS})},
    {LEAF(.until = 0), BETWEEN(.until = -DAY, .extras = {CA_EXTRAS}),
     ERRORS(1, {X509_V_ERR_CERT_HAS_EXPIRED, 1})},
    {LEAF(.until = 0), BETWEEN(.until = 0), ERRORS(1, {X509_V_ERR_INVALID_CA, 1})},
    {LEAF(.until = 0), BETWEEN(.extras = {CA_EXTRAS, {"keyUsage", "digitalSignature"}}),
     ERRORS(1, {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, 1})},
    {LEAF(.until = 0), BETWEEN(.extras = {CA_EXTRAS, {"extendedKeyUsage", "clientAuth"}}),
     ERRORS(1, {X509_V_ERR_INVALID_PURPOSE, 1})},
    {LEAF(.extras = {{"subjectAltName", "DNS:a.test"}}),
     BETWEEN(.extras = {CA_EXTRAS, {"nameConstraints", "critical,permitted;DNS:test"}})},
    {LEAF(.extras = {{"subjectAltName", "DNS:a.test"}}),
     BETWEEN(.extras = {CA_EXTRAS, {"nameConstraints", "critical,permitted;DNS:other"}}),
     ERRORS(1, {X509_V_ERR_PERMITTED_VIOLATION, 1})},
    {LEAF(.until = -DAY, .extras = {{"extendedKeyUsage", "clientAuth"}}),
     ERRORS(2, {X509_V_ERR_CERT_HAS_EXPIRED, 0}, {X509_V_ERR_INVALID_PURPOSE, 0})},
};

static void expect_errors(const char *what, const struct chain_verdict *verdict,
                          const struct chain_error *errors, size_t count)
{
    assert_true(verdict->complete);
    for (size_t i = 0; i < verdict->error_count; i++)
        if (i >= count || verdict->errors[i].error != errors[i].error ||
            verdict->errors[i].depth != errors[i].depth)
            fail_msg("%s: %s at %d", what, X509_verify_cert_error_string(verdict->errors[i].error),
                     verdict->errors[i].depth);
    if (verdict->error_count != count)
        fail_msg("%s: %zu errors of %zu", what, verdict->error_count, count);
}

static void verify(X509 *leaf, STACK_OF(X509) * sent, struct chain_verdict *ret)
{
    certificate_chain_verify(store, leaf, sent, clock_wall() / (int64_t)USEC_PER_SEC, ret);
}

static void chains(void **state)
{
    char what[32];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        X509 *between = row->between.name ? make(&row->between, root, key) : NULL;
        X509 *leaf = make(&row->leaf, between ? between : root, key);
        STACK_OF(X509) *sent = sk_X509_new_null();
        struct chain_verdict verdict;
        sk_X509_push(sent, leaf);
        if (between)
            sk_X509_push(sent, between);
        verify(leaf, sent, &verdict);
        snprintf(what, sizeof(what), "row %zu", i);
        expect_errors(what, &verdict, row->errors, row->error_count);
        sk_X509_pop_free(sent, X509_free);
    }
}

static void sha1_signatures_never_count(void **state)
{
    const struct recipe recipe = {.name = "leaf", .digest = EVP_sha1()};
    const struct chain_error errors[] = {{X509_V_ERR_CA_MD_TOO_WEAK, 0}};
    X509 *leaf = make(&recipe, root, key);
    struct chain_verdict verdict;

    (void)state;
    verify(leaf, NULL, &verdict);
    expect_errors("SHA-1", &verdict, errors, 1);
    X509_free(leaf);
}

/* The right issuer comes after one with the same name and another key. */
static void every_issuer_of_the_name_is_tried(void **state)
{
    const struct recipe twin = {.name = "twin", .extras = {CA_EXTRAS}};
    const struct recipe false_twin = {
        .name = "twin", .public_key = other_key, .extras = {CA_EXTRAS}};
    const struct recipe recipe = {.name = "leaf"};
    X509 *wrong = make(&false_twin, root, key);
    X509 *right = make(&twin, root, key);
    X509 *leaf = make(&recipe, right, key);
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct chain_verdict verdict;

    (void)state;
    sk_X509_push(sent, leaf);
    sk_X509_push(sent, wrong);
    sk_X509_push(sent, right);
    verify(leaf, sent, &verdict);
    expect_errors("twins", &verdict, NULL, 0);
    sk_X509_pop_free(sent, X509_free);
}

static void missing_issuers(void **state)
{
    const struct recipe recipe = {.name = "leaf"};
    const struct recipe stranger = {.name = "stranger", .extras = {CA_EXTRAS}};
    const struct chain_error self_signed[] = {{X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, 0}};
    const struct chain_error in_chain[] = {{X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, 0}};
    const struct chain_error missing[] = {{X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0}};
    X509 *authority = make(&stranger, NULL, key);
    X509 *leaf = make(&recipe, authority, key);
    X509 *alone = make(&recipe, NULL, key);
    X509 *forged = make(&recipe, root, other_key);
    STACK_OF(X509) *sent = sk_X509_new_null();
    struct chain_verdict verdict;

    (void)state;
    verify(leaf, NULL, &verdict);
    expect_errors("no issuer", &verdict, missing, 1);
    verify(alone, NULL, &verdict);
    expect_errors("self-signed", &verdict, self_signed, 1);
    verify(forged, NULL, &verdict);
    expect_errors("signed by another key", &verdict, missing, 1);
    sk_X509_push(sent, leaf);
    sk_X509_push(sent, authority);
    verify(leaf, sent, &verdict);
    expect_errors("unknown authority", &verdict, in_chain, 1);
    sk_X509_pop_free(sent, X509_free);
    X509_free(alone);
    X509_free(forged);
}

/* ---- the price ---- */

static double cpu_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A signature as long as the issuer's key, so that the key is really used. */
static X509 *make_with_long_signature(const X509 *issuer)
{
    static unsigned char signature[16384 / 8];
    const struct recipe recipe = {.name = "leaf"};
    EVP_PKEY *rsa = EVP_RSA_gen(1024);
    X509 *leaf = make(&recipe, issuer, rsa);
    const ASN1_BIT_STRING *bits;

    memset(signature, 0x5a, sizeof(signature));
    X509_get0_signature(&bits, NULL, leaf);
    ASN1_STRING_set((ASN1_BIT_STRING *)(uintptr_t)bits, signature, sizeof(signature));
    EVP_PKEY_free(rsa);
    return leaf;
}

/* A peer sends as many issuers of the right name as fit, each with the largest key there is. */
static void a_hostile_chain_has_a_bounded_price(void **state)
{
    static char modulus[16384 / 4 + 1];
    STACK_OF(X509) *sent = sk_X509_new_null();
    EVP_PKEY *large;
    X509 *leaf = NULL;
    struct chain_verdict verdict;

    (void)state;
    memset(modulus, 'f', sizeof(modulus) - 1);
    for (int i = 0; i < MANY_ISSUERS; i++) {
        modulus[100 + i] = 'e';
        large = rsa_key_of(modulus, "7fffffff");
        const struct recipe issuer = {
            .name = "expensive", .public_key = large, .extras = {CA_EXTRAS}};
        X509 *one = make(&issuer, NULL, key);
        if (!leaf) {
            leaf = make_with_long_signature(one);
            sk_X509_push(sent, leaf);
        }
        sk_X509_push(sent, one);
        EVP_PKEY_free(large);
    }
    verify(leaf, NULL, &verdict); /* loads the system's certificates, which happens once */
    double before = cpu_milliseconds();
    verify(leaf, sent, &verdict);
    double spent = cpu_milliseconds() - before;
    print_message("the price of a hostile chain: %.1f ms\n", spent);
    assert_int_equal(verdict.error_count, 1);
    assert_true(spent < 50);
    sk_X509_pop_free(sent, X509_free);
}

/* Go reads no exponent above 63 bits; one as long as the modulus is the most expensive. */
static void large_exponents_are_not_tried(void **state)
{
    EVP_PKEY *odd = rsa_key_of("f0000000000000000000000000000000000000000000000000000000000000000"
                               "000000000000000000000000000000000000000000000000000000000000001",
                               "10000000000000001");
    const struct recipe odd_leaf = {.name = "leaf", .public_key = odd};
    const struct chain_error errors[] = {{X509_V_ERR_INVALID_EXTENSION, 0},
                                         {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0}};
    X509 *leaf = make(&odd_leaf, root, key);
    struct chain_verdict verdict;

    (void)state;
    verify(leaf, NULL, &verdict);
    expect_errors("exponent", &verdict, errors, 2);
    X509_free(leaf);
    EVP_PKEY_free(odd);
}

/* ---- names ---- */

static void names(void **state)
{
    static const struct {
        const char *names;
        const char *host;
        bool matches;
    } pairs[] = {
        {"DNS:a.test", "a.test", true},
        {"DNS:A.TEST", "a.test", true},
        {"DNS:*.test", "a.test", true},
        {"DNS:*.test", "test", false},
        {"DNS:*.test", "a.b.test", false},
        {"DNS:a*.test", "ab.test", false},
        {"DNS:*", "a", false},
        {"DNS:*.*.test", "a.b.test", false},
        {"DNS:a.test.", "a.test", false},
        {"DNS:my_hub.test", "my_hub.test", true},
        {"email:a@b.test", "a.test", false},
        {"DNS:b.test,DNS:a.test", "a.test", true},
        {"DNS:*.a-b.test", "x.a-b.test", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct recipe recipe = {.name = "a.test",
                                      .extras = {{"subjectAltName", pairs[i].names}}};
        X509 *leaf = make(&recipe, root, key);
        if (certificate_is_for_host(leaf, pairs[i].host) != pairs[i].matches)
            fail_msg("%s for %s", pairs[i].names, pairs[i].host);
        X509_free(leaf);
    }
}

static int group_setup(void **state)
{
    const struct recipe recipe = {.name = "root", .extras = {CA_EXTRAS}};
    char error[256];
    int fd = mkstemp(ca_path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

    if (start_libraries(state))
        return -1;
    key = EVP_EC_gen("P-256");
    other_key = EVP_EC_gen("P-256");
    root = make(&recipe, NULL, key);
    if (!file || PEM_write_X509(file, root) != 1 || fclose(file))
        return -1;
    store = trust_store_open(&(struct trust_options){.ca_file = ca_path}, error, sizeof(error));
    return store ? 0 : -1;
}

static int group_teardown(void **state)
{
    trust_store_release(store);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
    unlink(ca_path);
    return stop_libraries(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains),
        cmocka_unit_test(sha1_signatures_never_count),
        cmocka_unit_test(every_issuer_of_the_name_is_tried),
        cmocka_unit_test(missing_issuers),
        cmocka_unit_test(a_hostile_chain_has_a_bounded_price),
        cmocka_unit_test(large_exponents_are_not_tried),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
