#pragma once

/*
 * One TLS client handshake on a connected socket: SNI, verification of chain and name with every
 * defect recorded, and the chain kept when verification fails. Fails closed: after the handshake
 * the peer name is required and the host checked against the leaf again, because OpenSSL 3.0 can
 * report a wrong host as verified when an allocation fails (RFC 6125, RFC 6066).
 */

#include <event2/event.h>

#include "config/base/arena.h"
#include "probes/evidence.h"
#include "probes/transport/stream.h"
#include "probes/transport/trust_store.h"

struct tls_session;

struct tls_options {
    const char *host;     /* name or address text to verify; borrowed until freed */
    bool host_is_address; /* then no SNI is sent and the certificate's addresses are compared */
    const char *sni;      /* NULL: `host` */
    bool verify;          /* false: defects are still recorded but do not fail the handshake */
};

/* Called from the loop exactly once, never from inside start, never after free. */
typedef void tls_done_fn(struct tls_session *session, void *context);

/*
 * `fd` is owned by the session from now on, also on failure. `result` is filled by the time `done`
 * runs (texts in `arena`); both are borrowed and must outlive the session. NULL: memory is short.
 * There is no timeout of its own.
 */
struct tls_session *tls_session_start(struct event_base *base, struct trust_store *store, int fd,
                                      const struct tls_options *options, struct arena *arena,
                                      struct tls_evidence *result, tls_done_fn *done,
                                      void *context);

void tls_session_free(struct tls_session *session); /* allowed in the callback; NULL is allowed */

usec_t tls_session_elapsed(const struct tls_session *session);

/* Bytes received from the peer so far, at TLS record level; 0 means it has been silent. */
size_t tls_session_bytes_received(const struct tls_session *session);

/* What came from the peer begins as a TLS record does (RFC 8446 section 5.1), whatever it says. */
bool tls_session_heard_tls(const struct tls_session *session);

int tls_session_fd(const struct tls_session *session);

/* To speak over it once the outcome is TLS_OK, or, `even_unverified` (only ever for reading a
 * Date header, nothing secret), when only certificate defects stand against it. */
bool tls_session_stream(struct tls_session *session, bool even_unverified, struct stream *ret);
