#pragma once

/*
 * The certificates that are trusted, loaded once and shared by every session: one SSL_CTX per CA
 * file. Loading the system's bundle costs 20 to 36 ms and 1.3 MB, so the system's hashed directory
 * (SSL_CERT_DIR, else OpenSSL's default) is used, which costs nothing until a certificate is
 * looked up; the bundle (SSL_CERT_FILE, else OpenSSL's default) only where there is no directory.
 */

#include <openssl/ssl.h>

struct trust_store;

/*
 * `ca_file` NULL: the system's. NULL on failure with `ret_error` set to one line of static or
 * arena text saying which file and why.
 */
struct trust_store *trust_store_open(const char *ca_file, char *error, size_t error_size);
struct trust_store *trust_store_hold(struct trust_store *store);
void trust_store_release(struct trust_store *store); /* NULL is allowed */

/* Borrowed; lives as long as the store. TLS 1.2 at least, no session cache, no tickets. */
SSL_CTX *trust_store_context(struct trust_store *store);
