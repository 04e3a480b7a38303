/* SPDX-License-Identifier: MIT */
#include "probes/libraries.h"

#include <ares.h>
#include <event2/event.h>
#include <jansson.h>
#include <llhttp.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <yaml.h>
#include <zlib.h>

#include "config/base/memory.h"
#include "probes/registry/peer_json.h"

static void *crypto_allocate(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return size ? memory_allocate_unset(size) : NULL;
}

static void *crypto_resize(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    if (size)
        return memory_resize(block, size);
    memory_release(block);
    return NULL;
}

static void crypto_release(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    memory_release(block);
}

/* libevent and c-ares may ask to resize to 0, which frees for them. */
static void *resize_or_release(void *block, size_t size)
{
    if (size)
        return memory_resize(block, size);
    memory_release(block);
    return NULL;
}

/* Ignore libevent's own messages: its functions return errors, and the caller knows the context. It
 * prints by itself only before it aborts. */
static void on_event_message(int severity, const char *message)
{
    if (severity == EVENT_LOG_ERR)
        fprintf(stderr, "libevent: %s\n", message);
}

/* If c-ares 1.18 cannot open /dev/urandom, for example because no descriptor is free, it makes
 * query ids with rand() (CVE-2023-31147). Seed it so that the ids differ between processes. */
static void seed_rand(void)
{
    unsigned seed = 1;

    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
        srand(seed);
}

int libraries_start(void)
{
    seed_rand();
    event_set_log_callback(on_event_message);
    /* Refused only after OpenSSL has allocated already, as when a test calls this again. */
    CRYPTO_set_mem_functions(crypto_allocate, crypto_resize, crypto_release);
    event_set_mem_functions(memory_allocate_unset, resize_or_release, memory_release);
    json_set_alloc_funcs(peer_json_allocate, peer_json_release);

    /* Ignore the machine's openssl.cnf, because it could change which certificates a probe accepts.
     * */
    if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        return -1;
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, memory_allocate_unset, memory_release,
                              resize_or_release) != ARES_SUCCESS)
        return -1;
    return 0;
}

/* OpenSSL makes all algorithms of a kind when the first one is fetched, so fetch one of each kind
 * that a handshake uses. */
static void fetch_algorithms(void)
{
    EVP_MD_free(EVP_MD_fetch(NULL, "SHA256", NULL));
    EVP_CIPHER_free(EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL));
    EVP_MAC_free(EVP_MAC_fetch(NULL, "HMAC", NULL));
    EVP_KDF_free(EVP_KDF_fetch(NULL, "TLS13-KDF", NULL));
    EVP_KEYMGMT_free(EVP_KEYMGMT_fetch(NULL, "EC", NULL));
    EVP_KEYEXCH_free(EVP_KEYEXCH_fetch(NULL, "X25519", NULL));
    EVP_SIGNATURE_free(EVP_SIGNATURE_fetch(NULL, "ECDSA", NULL));
    EVP_ASYM_CIPHER_free(EVP_ASYM_CIPHER_fetch(NULL, "RSA", NULL));
    OSSL_DECODER_free(OSSL_DECODER_fetch(NULL, "EC", NULL));
}

int libraries_prepare(void)
{
    static bool prepared;
    uint64_t failures = memory_failures();

    if (prepared)
        return 0;
    /* OpenSSL would crash later without it. */
    if (!OSSL_LIB_CTX_get0_global_default() || memory_failures() != failures)
        return -1;
    fetch_algorithms();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    if (ssl) {
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(ssl);
        if (memory_failures() == failures) /* OpenSSL 3.5 has no record layer otherwise */
            SSL_do_handshake(ssl);         /* as far as the ClientHello */
    }
    SSL_get_ex_data_X509_STORE_CTX_idx();
    SSL_free(ssl);
    SSL_CTX_free(context);
    ERR_clear_error();
    prepared = ssl && memory_failures() == failures;
    return prepared ? 0 : -1;
}

void libraries_stop(void)
{
    ares_library_cleanup();
    libevent_global_shutdown();
    OPENSSL_cleanup();
}

json_t *libraries_read_json(FILE *file, json_error_t *ret_error)
{
    return peer_json_load(file, ret_error);
}

struct event_base *libraries_new_loop(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

const char *libraries_versions(void)
{
    static char versions[256];

    snprintf(versions, sizeof(versions),
             "c-ares %s, OpenSSL %s, libevent %s, llhttp %d.%d.%d, jansson %s, libyaml %s, "
             "zlib %s",
             ares_version(NULL), OpenSSL_version(OPENSSL_VERSION_STRING), event_get_version(),
             LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH, JANSSON_VERSION,
             yaml_get_version_string(), zlibVersion());
    return versions;
}
