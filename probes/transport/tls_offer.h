/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A ClientHello with the versions, ciphers, groups and signature algorithms that Go's client offers
 * (crypto/tls, common.go and cipher_suites.go, Go 1.19 to 1.21), so that a handshake here succeeds
 * when one of containerd does. Finite-field DH is not among them, so a peer cannot choose a group
 * that makes the handshake expensive.
 */

#include <openssl/ssl.h>

/* NULL: memory is short. */
SSL_CTX *tls_offer_context_new(void);

/* Lets the ClientHello of a connection need two TCP segments, as that of clients built with Go 1.24
 * or newer does. Call before the handshake. */
void tls_offer_lengthen(SSL *ssl);

/* Why some clients, or clients built with Go 1.24, refuse this session, or NULL. Static text. A
 * server may have another way for them, which this handshake does not show. */
const char *tls_offer_clients_differ(const SSL *ssl);
