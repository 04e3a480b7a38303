/* SPDX-License-Identifier: MIT */
#include "probes/transport/trust_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tls.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_of_a_file),
        cmocka_unit_test(trust_of_the_system),
    };

    return cmocka_run_group_tests(tests, shared_pki_start, shared_pki_stop);
}
