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

/* What libevent could not do its calls say, to those who know what was wanted. It writes itself
 * only before it gives up for good. */
static void on_event_message(int severity, const char *message)
{
    if (severity == EVENT_LOG_ERR)
        fprintf(stderr, "libevent: %s\n", message);
}

/* Where c-ares 1.18 cannot open /dev/urandom, as for want of descriptors, it makes the ids of its
 * questions with rand() (CVE-2023-31147): they must not be the same in every process. */
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

    /* An openssl.cnf of the machine must not change what a probe accepts. */
    if (!OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
        return -1;
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, memory_allocate_unset, memory_release,
                              resize_or_release) != ARES_SUCCESS)
        return -1;
    return 0;
}

/* Of each kind of algorithm that a handshake uses, all are made when the first is asked for. */
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
    /* Without it what follows would crash in OpenSSL. */
    if (!OSSL_LIB_CTX_get0_global_default() || memory_failures() != failures)
        return -1;
    fetch_algorithms();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    if (ssl) {
        SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_connect(ssl); /* as far as the ClientHello */
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

const char *libraries_versions(void)
{
    static char versions[256];

    snprintf(versions, sizeof(versions),
             "c-ares %s, OpenSSL %s, libevent %s, llhttp %d.%d.%d, jansson %s, libyaml %s",
             ares_version(NULL), OpenSSL_version(OPENSSL_VERSION_STRING), event_get_version(),
             LLHTTP_VERSION_MAJOR, LLHTTP_VERSION_MINOR, LLHTTP_VERSION_PATCH, JANSSON_VERSION,
             yaml_get_version_string());
    return versions;
}
