/* SPDX-License-Identifier: MIT */
#pragma once

/* A scripted TLS or TCP server inside the test process, on the test's own event_base, and the
 * certificates for it, made when the test runs. */

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- certificates (EC P-256) ---- */

struct fake_pki {
    bool even_signatures; /* Ed25519 in place of ECDSA, whose signatures differ in length */
    EVP_PKEY *key;        /* of every certificate, because only the signer differs */
    X509 *trusted_ca;
    X509 *unknown_ca;
};

struct fake_certificate {
    const char *names;       /* subjectAltName as in openssl.cnf: "DNS:a.example,IP:127.0.0.1" */
    const char *common_name; /* NULL: "leaf" */
    long from_seconds;       /* validity relative to now */
    long until_seconds;
    bool self_signed;
    bool unknown_ca; /* signed by the one that clients do not have */
    int max_version; /* 0: any */
};

bool fake_pki_make(struct fake_pki *pki);
void fake_pki_clear(struct fake_pki *pki);
bool fake_pki_write_ca(const struct fake_pki *pki, const char *path);
SSL_CTX *fake_pki_server(const struct fake_pki *pki, const struct fake_certificate *what);

/* Group fixtures of cmocka: one authority for all tests, the file with its certificate, and the
 * libraries of the program. */
extern struct fake_pki shared_pki;
extern char shared_ca_file[];
int shared_pki_start(void **state);
int shared_pki_stop(void **state);

/* ---- the server ---- */

enum fake_behaviour {
    FAKE_HANDSHAKE, /* and then `reply` to whatever is asked, if there is one */
    FAKE_REPLY,     /* no TLS: `reply` to the first bytes, then the end */
    FAKE_SILENCE,
    FAKE_RESET, /* after the ClientHello */
    FAKE_END,
};

struct fake_script {
    enum fake_behaviour behaviour;
    SSL_CTX *context; /* borrowed */
    const char *reply;
    size_t length;
    bool without_close_notify;
    bool byte_by_byte; /* a record for each of the reply */
    unsigned tickets;  /* new session tickets (RFC 8446 4.6.1) before the reply */
    /* Called with the request before the reply is sent, so that it can change the reply. NULL: not
     * called. */
    void (*heard)(const char *bytes, size_t count, void *context);
    void *heard_context;
};

struct fake_tls;

/* Listens on a free port of 127.0.0.1; one connection at a time. `script` is borrowed. */
struct fake_tls *fake_tls_start(struct event_base *base, const struct fake_script *script);
void fake_tls_free(struct fake_tls *fake);
uint16_t fake_tls_port(const struct fake_tls *fake);
const char *fake_tls_sni(const struct fake_tls *fake); /* "" when none was sent */
