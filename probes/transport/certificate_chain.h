/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Verifies a server's certificates by the rules of Go's crypto/x509 (verify.go), which differ from
 * OpenSSL's: every issuer with the right name is tried, whatever its key identifier; the key usage
 * of the server's certificate and the size of RSA keys do not matter; SHA-1 and MD5 signatures
 * never count; a name in the subject is ignored, and "*.corp" matches a host of two labels.
 *
 * All defects are found, not only the first. Fails closed: a verdict without `complete` proves
 * nothing.
 */

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "probes/transport/trust_store.h"

#define CHAIN_MAX_ERRORS 16

struct chain_error {
    int error; /* X509_V_ERR_... */
    int depth; /* of the certificate in the chain; 0: the server's own */
};

struct chain_verdict {
    bool complete; /* everything was checked; false: memory is short */
    size_t error_count;
    struct chain_error errors[CHAIN_MAX_ERRORS]; /* none: a trusted certificate ends the chain */
    const char *clients_differ; /* why some clients refuse the chain; NULL: none do. Static text. */
    const char *newer_refusal;  /* of the trusted certificate, as in struct go_certificate */
};

/* `sent` are the certificates that the server sent, in any order; `now` is in seconds since 1970.
 */
void certificate_chain_verify(struct trust_store *store, X509 *leaf, STACK_OF(X509) * sent,
                              int64_t now, struct chain_verdict *ret);

/* True if the certificate is valid for the host name (RFC 6125 as Go applies it) or address. */
bool certificate_is_for_host(X509 *leaf, const char *host);
bool certificate_is_for_address(X509 *leaf, const struct address *address);
