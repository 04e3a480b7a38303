/* SPDX-License-Identifier: MIT */
#include "probes/transport/tls_offer.h"

#include <openssl/evp.h>

/* Bounds the chain that a peer can send. Go 1.19 takes 64 KiB in one message, Go 1.23 256 KiB. */
#define MAX_CHAIN_BYTES   (100 * 1024)
#define OLDER_CHAIN_BYTES (64 * 1024)

/* Go 1.24 refuses RSA keys outside of these (crypto/rsa, crypto/tls maxRSAKeySize). */
#define NEWER_MIN_RSA_BITS 1024
#define NEWER_MAX_RSA_BITS 8192

/* In Go's order of preference. Debian's OpenSSL lacks the two suites with 3DES that end Go's. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                              "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"
                              "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:"
                              "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:AES256-SHA";
static const char ciphers_1_3[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
/* These two are not const, because OpenSSL's macros for them cast to char *. */
static char groups[] = "X25519:P-256:P-384:P-521";
static char signatures[] =
    "rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:"
    "rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512:ecdsa_secp384r1_sha384:"
    "ecdsa_secp521r1_sha512:rsa_pkcs1_sha1:ECDSA+SHA1";

/* Newer clients send a key share for X25519MLKEM768 of 1,220 bytes (draft-ietf-tls-ecdhe-mlkem).
 * OpenSSL 3.0 has no such group, so an extension that servers ignore (RFC 8701) takes its room.
 * OpenSSL writes it before the others: with this length the server name, as in Go, is in the first
 * of the two segments. */
#define FILLER_EXTENSION 0x1a1a
#define FILLER_BYTES     1232

void tls_offer_lengthen(SSL *ssl)
{
    SSL_set_options(ssl, SSL_OP_TLSEXT_PADDING); /* does nothing else to a ClientHello this long */
}

/* NOLINTBEGIN(readability-non-const-parameter): OpenSSL's type of this callback */
static int add_filler(SSL *ssl, unsigned type, unsigned where, const unsigned char **ret_bytes,
                      size_t *ret_size, X509 *certificate, size_t index, int *ret_alert,
                      void *context)
{
    static const unsigned char filler[FILLER_BYTES];

    (void)type, (void)where, (void)certificate, (void)index, (void)ret_alert, (void)context;
    *ret_bytes = filler;
    *ret_size = sizeof(filler);
    return (SSL_get_options(ssl) & SSL_OP_TLSEXT_PADDING) != 0;
}
/* NOLINTEND(readability-non-const-parameter) */

SSL_CTX *tls_offer_context_new(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        return NULL;
    /* Go has no security levels: its rules about keys and hashes are in certificate_chain.c. */
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* Go connects to servers without RFC 5746, and ends a response at EOF without close_notify. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT);
    /* Records are decrypted in place, and a token or a signed URL would stay in the freed buffer.
     */
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* one recv() for all records that are there */
    SSL_CTX_set_max_cert_list(context, MAX_CHAIN_BYTES);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
        SSL_CTX_set_cipher_list(context, ciphers) == 1 &&
        SSL_CTX_set_ciphersuites(context, ciphers_1_3) == 1 &&
        SSL_CTX_set1_groups_list(context, groups) == 1 &&
        SSL_CTX_set1_sigalgs_list(context, signatures) == 1 &&
        SSL_CTX_add_custom_ext(context, FILLER_EXTENSION, SSL_EXT_CLIENT_HELLO, add_filler, NULL,
                               NULL, NULL, NULL) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

const char *tls_offer_clients_differ(const SSL *ssl)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
    int bytes = 0;

    if (cipher && SSL_CIPHER_get_kx_nid(cipher) == NID_kx_rsa)
        return "docker, podman, skopeo and newer containerd do not exchange keys by RSA";
    for (int i = 0; chain && i < sk_X509_num(chain); i++) {
        const EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(chain, i));
        bytes += i2d_X509(sk_X509_value(chain, i), NULL);
        if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
            continue;
        if (EVP_PKEY_get_bits(key) < NEWER_MIN_RSA_BITS)
            return "newer containerd takes no RSA key below 1,024 bits";
        if (EVP_PKEY_get_bits(key) > NEWER_MAX_RSA_BITS)
            return "newer containerd takes no RSA key above 8,192 bits";
    }
    return bytes > OLDER_CHAIN_BYTES ? "older containerd takes no more than 64 KiB of certificates"
                                     : NULL;
}
