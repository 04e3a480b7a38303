/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The certificates that clients trust, found as Go's crypto/x509 finds them (root_unix.go): the
 * first readable bundle file, and every file of the certificate folders, hashed or not.
 * SSL_CERT_FILE replaces the bundle, SSL_CERT_DIR (a list with colons) the folders. A ca_file is
 * added to them, and so are the certificates of struct puller_tls.
 *
 * Loading everything at the start costs time and memory, so a search looks only at the ca_file and
 * at files with hashed names, which costs nothing until a certificate is looked up. The rest is
 * loaded before the first certificate is called untrusted, and again once a file of it has changed;
 * OpenSSL reads a certificate (150 us) only once its subject is looked for.
 */

#include <openssl/ssl.h>
#include <stdbool.h>

#include "probes/transport/puller.h"

struct trust_store;

struct trust_options {
    const char *ca_file;         /* added to the system's certificates; NULL: none */
    bool ca_file_only;           /* trust nothing else */
    bool ignore_environment;     /* SSL_CERT_FILE and SSL_CERT_DIR are not the puller's */
    const struct puller *puller; /* whose bundle and folders are read; NULL: this process */
};

/* NULL on failure, with one line in `error` that names the file and the reason. */
struct trust_store *trust_store_open(const struct trust_options *options, char *error,
                                     size_t error_size);
struct trust_store *trust_store_hold(struct trust_store *store);
void trust_store_release(struct trust_store *store); /* NULL is allowed */

/* True if these certificates, and this key, can be used. */
bool trust_store_takes(const struct puller_tls *tls);

/* The trusted certificates with this subject, at most `max`, borrowed until the rest is loaded.
 * Certificates are missing if memory is short. */
size_t trust_store_find(struct trust_store *store, const X509_NAME *subject, X509 **ret,
                        size_t max);

/* Adds the bundle and every file of the folders to the searches that follow. */
void trust_store_load_rest(struct trust_store *store);

/* Borrowed; lives as long as the store. Offers the versions, ciphers, groups and signature
 * algorithms that Go's client offers. Finds no certificate by itself. */
SSL_CTX *trust_store_context(struct trust_store *store);
