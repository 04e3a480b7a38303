/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One TLS client handshake on a connected socket, with SNI (RFC 6066), the offer of tls_offer.h and
 * the verification of certificate_chain.h. Every defect is recorded, and the certificate is kept
 * when verification fails. Fails closed: the outcome is TLS_OK only if the certificate of this
 * session was verified and its names compared after the handshake, because OpenSSL 3.0 can report a
 * wrong host as verified when an allocation fails.
 */

#include <event2/event.h>

#include "config/base/arena.h"
#include "probes/evidence/evidence.h"
#include "probes/transport/stream.h"
#include "probes/transport/trust_store.h"

struct tls_session;

struct tls_options {
    const char *host;     /* name or address text to verify; borrowed until freed */
    bool host_is_address; /* then no SNI is sent and the certificate's addresses are compared */
    const char *sni;      /* NULL: `host` */
    bool verify;          /* false: defects are recorded, but the outcome is TLS_OK */
    bool long_hello;      /* the ClientHello needs two segments, as that of newer clients does */
};

/* Called from the loop exactly once, never from inside start, never after free. */
typedef void tls_done_fn(struct tls_session *session, void *context);

/*
 * The session owns `fd` from now on, also on failure. `result` (texts in `arena`) is complete when
 * `done` runs; both are borrowed and must outlive the session. A session has no timeout. NULL:
 * memory is short.
 */
struct tls_session *tls_session_start(struct event_base *base, struct trust_store *store, int fd,
                                      const struct tls_options *options, struct arena *arena,
                                      struct tls_evidence *result, tls_done_fn *done,
                                      void *context);

void tls_session_free(struct tls_session *session); /* allowed in the callback; NULL is allowed */

usec_t tls_session_elapsed(const struct tls_session *session);

/* Bytes received from the peer so far, record headers included. */
size_t tls_session_bytes_received(const struct tls_session *session);

/* True if the peer's first bytes are those of a TLS record (RFC 8446 section 5.1). */
bool tls_session_heard_tls(const struct tls_session *session);

int tls_session_fd(const struct tls_session *session);

/* The stream over the session. False if there is none: the handshake failed, or the certificate has
 * defects and `even_unverified` is false. Use an unverified stream only to read a Date header. */
bool tls_session_stream(struct tls_session *session, bool even_unverified, struct stream *ret);
