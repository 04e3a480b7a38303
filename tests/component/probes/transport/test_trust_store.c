/* SPDX-License-Identifier: MIT */
#include "probes/transport/trust_store.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tls.h"

#define AUTHORITIES 5000 /* 3 MB; a system has some 150 */
#define ATTEMPTS    5    /* the quickest counts, because others use the machine */
#ifdef __SANITIZE_ADDRESS__
#define MOST 200.0
#else
#define MOST 50.0 /* milliseconds of the loop */
#endif

static void trust_of_a_file(void **state)
{
    char error[512] = "";

    (void)state;
    assert_null(trust_store_open(&(struct trust_options){.ca_file = "/nonexistent/ca.pem"}, error,
                                 sizeof(error)));
    assert_string_equal(error, "/nonexistent/ca.pem: No such file or directory");
    assert_null(trust_store_open(&(struct trust_options){.ca_file = "/"}, error, sizeof(error)));
    assert_string_equal(error, "/: Is a directory");
    assert_null(
        trust_store_open(&(struct trust_options){.ca_file = "/dev/null"}, error, sizeof(error)));
    assert_non_null(strstr(error, "/dev/null: no usable certificate"));
}

static void trust_of_the_system(void **state)
{
    char directory[] = "/tmp/test_trust.XXXXXX";
    char path[64];
    char error[512] = "";
    struct trust_store *found;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(directory));
    setenv("SSL_CERT_DIR", directory, 1);
    setenv("SSL_CERT_FILE", "/nonexistent/bundle.pem", 1);
    assert_null(trust_store_open(&(struct trust_options){0}, error, sizeof(error)));
    assert_non_null(strstr(error, "/nonexistent/bundle.pem"));
    assert_non_null(strstr(error, directory));

    setenv("SSL_CERT_FILE", shared_ca_file, 1);
    found = trust_store_open(&(struct trust_options){0}, error, sizeof(error));
    assert_non_null(found);
    assert_string_equal(error, "");
    trust_store_release(found);

    snprintf(path, sizeof(path), "%s/5ed36f99.0", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    setenv("SSL_CERT_FILE", "/nonexistent/bundle.pem", 1);
    found = trust_store_open(&(struct trust_options){0}, error, sizeof(error));
    assert_non_null(found);
    assert_ptr_equal(trust_store_hold(found), found);
    trust_store_release(found);
    assert_non_null(trust_store_context(found));
    trust_store_release(found);
    unlink(path);
    rmdir(directory);
    unsetenv("SSL_CERT_DIR");
    unsetenv("SSL_CERT_FILE");
}

/* One more authority: the trusted one under another name. */
static void write_authority(FILE *file, unsigned number)
{
    unsigned char *bytes = NULL;
    char name[16];
    int length = i2d_X509(shared_pki.trusted_ca, &bytes);

    snprintf(name, sizeof(name), "CA %07u", number); /* as long as its own */
    for (int i = 0; i + 10 <= length; i++)
        if (memcmp(bytes + i, "Trusted CA", 10) == 0)
            memcpy(bytes + i, name, 10);
    PEM_write(file, "CERTIFICATE", "", bytes, length);
    OPENSSL_free(bytes);
}

static double cpu_milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The loop waits meanwhile, and a peer chooses when: with a certificate of an unknown issuer. */
static void a_bundle_of_any_size_is_loaded_at_a_bounded_price(void **state)
{
    char bundle[] = "/tmp/test_trust.XXXXXX";
    const struct trust_options options = {.ca_file = shared_ca_file};
    FILE *file = fdopen(mkstemp(bundle), "w");
    X509_NAME *wanted = X509_NAME_new();
    X509 *found[4];
    double least = 1e9;

    (void)state;
    for (unsigned i = 0; i < AUTHORITIES; i++)
        write_authority(file, i);
    assert_int_equal(fclose(file), 0);
    X509_NAME_add_entry_by_txt(wanted, "CN", MBSTRING_UTF8, (const unsigned char *)"CA 0001234", -1,
                               -1, 0);
    setenv("SSL_CERT_DIR", "/nonexistent", 1);
    setenv("SSL_CERT_FILE", bundle, 1);
    for (int i = 0; i < ATTEMPTS && least > MOST / 2; i++) {
        struct trust_store *store = trust_store_open(&options, NULL, 0);
        assert_non_null(store);
        assert_int_equal(trust_store_find(store, wanted, found, 4), 0);
        double before = cpu_milliseconds();
        trust_store_load_rest(store);
        assert_int_equal(trust_store_find(store, wanted, found, 4), 1);
        double spent = cpu_milliseconds() - before;
        least = spent < least ? spent : least;
        assert_int_equal(X509_NAME_cmp(X509_get_subject_name(found[0]), wanted), 0);
        trust_store_release(store);
    }
    print_message("%d certificates: %.1f ms\n", AUTHORITIES, least);
    assert_true(least <= MOST);
    X509_NAME_free(wanted);
    unlink(bundle);
    unsetenv("SSL_CERT_DIR");
    unsetenv("SSL_CERT_FILE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_of_a_file),
        cmocka_unit_test(trust_of_the_system),
        cmocka_unit_test(a_bundle_of_any_size_is_loaded_at_a_bounded_price),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
