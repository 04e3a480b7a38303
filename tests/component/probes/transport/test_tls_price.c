/* SPDX-License-Identifier: MIT */
/* The certificates of a peer have a bounded price: decoding them, and looking for a chain. */

#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "tls_scene.h"

#define HOST     "demo.tencentcloudcr.com"
#define DAY      (24L * 3600)
#define ISSUER   "Unknown CA" /* of fake_pki */
#define ATTEMPTS 5            /* the quickest counts, because others use the machine */
#ifdef __SANITIZE_ADDRESS__
#define MOST 200.0
#else
#define MOST 50.0 /* milliseconds of the loop */
#endif

/* A leaf for HOST and further certificates, each the issuer of the leaf if its issuer is unknown.
 */
struct peer_row {
    const char *name;
    const char *curve; /* of the further ones; NULL: the key that signs everything */
    bool compressed;   /* its point */
    unsigned further;
    unsigned rules;   /* of names, in each of them */
    unsigned names;   /* of the leaf */
    bool unknown_ca;  /* issued the leaf */
    const char *word; /* of the refusal; NULL: decoded and looked at */
};

static const struct peer_row peer_rows[] = {
    {"an ordinary one", NULL, false, 0, 0, 1, false, NULL},
    {"150 keys on P-521", "P-521", false, 150, 0, 1, false, NULL},
    {"99 issuers with rules", NULL, false, 99, 25, 1000, true, NULL},
    {"60 issuers and thousands of names", NULL, false, 60, 1, 4000, true, NULL},
    {"160 further certificates", NULL, false, 160, 0, 1, false, "more certificates"},
    {"a compressed point", "P-224", true, 1, 0, 1, false, "elliptic curve point"},
    {"a curve of Brainpool", "brainpoolP256r1", false, 1, 0, 1, false,
     "unsupported elliptic curve"},
    {"6000 names", NULL, false, 0, 0, 6000, false, "more parts"},
    {"100 certificates of many parts", NULL, false, 90, 100, 1, true, "more parts"},
};

static EVP_PKEY *key_of(const struct peer_row *row)
{
    EVP_PKEY *key = EVP_EC_gen(row->curve);

    if (row->compressed)
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED);
    return key;
}

static X509 *make_further(const struct peer_row *row, EVP_PKEY *key, long serial)
{
    X509 *certificate = X509_dup(shared_pki.unknown_ca);
    struct text rules = TEXT_WITH_LIMIT(65536);

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1000 + serial);
    X509_set_pubkey(certificate, key);
    for (unsigned i = 0; i < row->rules; i++)
        text_append_format(&rules, "%sexcluded;DNS:x%u", i ? "," : "", i);
    if (row->rules) {
        X509_EXTENSION *constraints =
            X509V3_EXT_conf_nid(NULL, NULL, NID_name_constraints, text_string(&rules));
        X509_add_ext(certificate, constraints, -1); /* which adds a copy */
        X509_EXTENSION_free(constraints);
    }
    text_free(&rules);
    assert_true(X509_sign(certificate, shared_pki.key, EVP_sha256()) > 0);
    return certificate;
}

static SSL_CTX *make_server(const struct peer_row *row)
{
    struct text names = TEXT_WITH_LIMIT(1 << 20);
    EVP_PKEY *key = row->curve ? key_of(row) : shared_pki.key;

    text_append(&names, "DNS:" HOST);
    for (unsigned i = 1; i < row->names; i++)
        text_append_format(&names, ",DNS:n%u", i % 10);
    const struct fake_certificate leaf = {
        .names = text_string(&names), .until_seconds = DAY, .unknown_ca = row->unknown_ca};
    SSL_CTX *context = fake_pki_server(&shared_pki, &leaf);
    for (unsigned i = 0; i < row->further; i++)
        SSL_CTX_add_extra_chain_cert(context, make_further(row, key, i));
    if (row->curve)
        EVP_PKEY_free(key);
    text_free(&names);
    return context;
}

static double cpu_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Both sides of one handshake, so an upper bound of ours. */
static double price_of(const struct peer_row *row, SSL_CTX *context)
{
    struct fake_script script = {.context = context};
    struct tls_options options = {.host = HOST, .verify = true};
    struct scene scene;
    double before = cpu_milliseconds();

    scene_run(&scene, scene_store, &script, &options);
    double spent = cpu_milliseconds() - before;
    enum tls_outcome expected = row->word         ? TLS_INVALID_CERTIFICATE
                                : row->unknown_ca ? TLS_UNTRUSTED_ISSUER
                                                  : TLS_OK;
    if (scene.result.outcome != expected || (row->word && !strstr(scene.result.detail, row->word)))
        fail_msg("%s: %s (%s)", row->name, tls_outcome_name(scene.result.outcome),
                 scene.result.detail);
    scene_close(&scene);
    return spent;
}

static void certificates_have_a_bounded_price(void **state)
{
    double worst = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(peer_rows) / sizeof(peer_rows[0]); i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            SSL_CTX *context = make_server(&peer_rows[i]);
            double least = 1e9;
            SSL_CTX_set_min_proto_version(context, version);
            SSL_CTX_set_max_proto_version(context, version);
            for (int k = 0; k < ATTEMPTS && least > MOST / 2; k++) {
                double spent = price_of(&peer_rows[i], context);
                least = spent < least ? spent : least;
            }
            print_message("%s: %.1f ms\n", peer_rows[i].name, least);
            worst = least > worst ? least : worst;
            SSL_CTX_free(context);
        }
    }
    print_message("the most expensive handshake: %.1f ms\n", worst);
    assert_true(worst <= MOST);
}

static int setup(void **state)
{
    const struct peer_row row = {.names = 1, .unknown_ca = true};

    if (scene_group_setup(state))
        return -1;
    SSL_CTX *context = make_server(&row);
    price_of(&row, context); /* loads the system's certificates, which happens once */
    SSL_CTX_free(context);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(certificates_have_a_bounded_price)};

    return cmocka_run_group_tests(tests, setup, scene_group_teardown);
}
