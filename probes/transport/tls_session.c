/* SPDX-License-Identifier: MIT */
#include "probes/transport/tls_session.h"

#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "probes/transport/certificate.h"
#include "probes/transport/certificate_chain.h"
#include "probes/transport/certificate_message.h"
#include "probes/transport/socket_bio.h"
#include "probes/transport/socket_error.h"
#include "probes/transport/tls_failure.h"
#include "probes/transport/tls_offer.h"

#define HOST_SIZE 256

struct tls_session {
    SSL *ssl;
    struct stream_events events;
    struct socket_bio socket;
    struct tls_options options;
    struct arena *arena;
    struct tls_evidence *result;
    tls_done_fn *done;
    void *context;
    usec_t started;
    int fd;
    char host[HOST_SIZE]; /* without a trailing dot */
    struct address address;
    struct trust_store *store;
    struct chain_verdict verdict;
    X509 *verified; /* the certificate that the verdict is about */
    unsigned defects;
    const char *refusal; /* of the certificates, before they were decoded */
    const char *newer_refusal;
    bool established; /* the handshake ended and nothing failed on the connection since */
};

/* ---- verification ---- */

/* Called with each message before it is read. OpenSSL cannot be told to refuse one, so a length at
 * the beginning of it is broken. */
static void look_at_message(int written, int version, int type, const void *bytes, size_t length,
                            SSL *ssl, void *context)
{
    struct tls_session *session = context;
    unsigned char *message = (unsigned char *)(uintptr_t)bytes;

    (void)version;
    if (written || type != SSL3_RT_HANDSHAKE || length <= SSL3_HM_HEADER_LENGTH ||
        message[0] != SSL3_MT_CERTIFICATE)
        return;
    const char *why =
        certificate_message_refusal(message + SSL3_HM_HEADER_LENGTH, length - SSL3_HM_HEADER_LENGTH,
                                    SSL_version(ssl) >= TLS1_3_VERSION, &session->newer_refusal);
    if (!why)
        return;
    session->refusal = why;
    message[SSL3_HM_HEADER_LENGTH] = 0xff;
}

/* Never stops the handshake, so that every defect is recorded; finish_established() refuses. */
static int verify_chain(X509_STORE_CTX *store_context, void *argument)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store_context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = SSL_get_app_data(ssl);
    struct chain_verdict *verdict = &session->verdict;

    (void)argument;
    session->verified = X509_STORE_CTX_get0_cert(store_context);
    certificate_chain_verify(session->store, session->verified,
                             X509_STORE_CTX_get0_untrusted(store_context),
                             clock_wall() / (int64_t)USEC_PER_SEC, verdict);
    for (size_t i = 0; i < verdict->error_count; i++)
        session->defects |= tls_failure_defect(verdict->errors[i].error);
    X509_STORE_CTX_set_error(store_context,
                             verdict->error_count ? verdict->errors[0].error : X509_V_OK);
    return 1;
}

/* NULL if the certificate was verified, and its names compared, without an error of this machine;
 * anything that did not happen counts as one. */
static const char *missing_verification(struct tls_session *session, X509 *leaf)
{
    uint64_t failures = memory_failures();
    bool matches;

    if (!leaf || leaf != session->verified)
        return "the certificate was not verified";
    matches = session->options.host_is_address ? certificate_is_for_address(leaf, &session->address)
                                               : certificate_is_for_host(leaf, session->host);
    if (!session->verdict.complete || memory_failures() != failures)
        return "memory is short";
    if (!matches)
        session->defects |= DEFECT_NAME_MISMATCH;
    if (!session->defects && SSL_get_verify_result(session->ssl) != X509_V_OK)
        session->defects |= DEFECT_OTHER;
    return NULL;
}

/* The error that decided the outcome, and its place in the chain. */
static const char *defect_detail(const struct tls_session *session, enum tls_outcome outcome)
{
    for (size_t i = 0; i < session->verdict.error_count; i++) {
        const struct chain_error *error = &session->verdict.errors[i];
        if (tls_failure_of_defects(tls_failure_defect(error->error)) == outcome)
            return arena_format(session->arena, "%s (certificate %d of the chain)",
                                X509_verify_cert_error_string(error->error), error->depth);
    }
    return NULL;
}

/* ---- the end of the handshake ---- */

static void describe_chain(struct tls_session *session)
{
    struct tls_evidence *result = session->result;
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(session->ssl);
    X509 *leaf = SSL_get0_peer_certificate(session->ssl);

    /* After a failure only the chain may be kept. */
    if (!leaf && chain && sk_X509_num(chain) > 0)
        leaf = sk_X509_value(chain, 0);
    if (leaf)
        certificate_describe(leaf, session->arena, &result->certificate);
    ERR_clear_error();
}

static void session_finish(struct tls_session *session)
{
    session->result->duration = tls_session_elapsed(session);
    describe_chain(session);
    session->result->defects = session->defects;
    session->done(session, session->context); /* may have freed the session */
}

static const char *differences(struct tls_session *session)
{
    const struct chain_verdict *verdict = &session->verdict;
    const char *why = session->newer_refusal ? session->newer_refusal : verdict->newer_refusal;

    if (why)
        return arena_format(session->arena, "newer containerd cannot read a certificate: %s", why);
    return verdict->clients_differ ? verdict->clients_differ
                                   : tls_offer_clients_differ(session->ssl);
}

static void finish_established(struct tls_session *session)
{
    struct tls_evidence *result = session->result;
    const char *missing = missing_verification(session, SSL_get0_peer_certificate(session->ssl));
    const char *cipher = SSL_get_cipher_name(session->ssl);

    result->version = SSL_get_version(session->ssl);
    result->cipher = arena_copy_text(session->arena, cipher);
    result->clients_differ = differences(session);
    if (missing) {
        result->outcome = TLS_LOCAL;
        result->detail = missing;
    } else {
        enum tls_outcome outcome = tls_failure_of_defects(session->defects);
        session->established = true;
        result->detail = defect_detail(session, outcome);
        result->outcome = session->options.verify ? outcome : TLS_OK;
    }
    session_finish(session);
}

static void finish_failed(struct tls_session *session, int ssl_error)
{
    tls_failure_classify(ssl_error, &session->socket, session->arena, session->result);
    if (session->refusal) {
        session->result->outcome = TLS_INVALID_CERTIFICATE;
        session->result->detail = session->refusal;
    }
    session_finish(session);
}

static void finish_tls_local(struct tls_session *session, const char *why)
{
    session->result->outcome = TLS_LOCAL;
    session->result->detail = why;
    session_finish(session);
}

static void shake_hands(evutil_socket_t fd, short events, void *context)
{
    struct tls_session *session = context;
    int outcome;
    int ssl_error;

    (void)fd;
    (void)events;
    if (!session->host[0]) {
        finish_tls_local(session, "not a host name or address that can be verified");
        return;
    }
    /* The queue belongs to the thread, so it may hold an error of another connection. */
    ERR_clear_error();
    socket_bio_begin_turn(&session->socket);
    outcome = SSL_do_handshake(session->ssl);
    if (outcome == 1) {
        finish_established(session);
        return;
    }
    ssl_error = SSL_get_error(session->ssl, outcome);
    if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE)
        finish_failed(session, ssl_error);
    else if (!stream_events_await(&session->events, ssl_error == SSL_ERROR_WANT_READ
                                                        ? STREAM_WANT_READ
                                                        : STREAM_WANT_WRITE))
        finish_tls_local(session, "memory is short");
}

/* ---- setting up ---- */

/* Leaves `host` empty if no certificate can be valid for it: an empty name, or a leading dot. */
static void set_host(struct tls_session *session)
{
    const char *host = session->options.host;
    size_t length = host ? strlen(host) : 0;

    if (session->options.host_is_address) {
        if (!host || !address_parse(host, &session->address))
            return;
    } else if (length > 1 && host[length - 1] == '.') {
        length--;
    }
    if (!length || length >= HOST_SIZE || host[0] == '.')
        return;
    memcpy(session->host, host, length);
    session->host[length] = '\0';
}

/* RFC 6066: SNI has no address and no trailing dot. */
static bool set_sni(struct tls_session *session)
{
    const char *sni = session->options.sni;
    char name[HOST_SIZE];
    size_t length;

    if (!sni && session->options.host_is_address)
        return true;
    if (!sni)
        sni = session->host;
    length = strlen(sni);
    if (length && sni[length - 1] == '.')
        length--;
    if (!length || length >= sizeof(name))
        return true;
    memcpy(name, sni, length);
    name[length] = '\0';
    return SSL_set_tlsext_host_name(session->ssl, name) == 1;
}

static bool session_set_up(struct tls_session *session, struct event_base *base, SSL_CTX *context)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    BIO *bio;

    if (!stream_events_new(&session->events, base, session->fd, shake_hands, session))
        return false;
    session->ssl = SSL_new(context);
    if (!session->ssl)
        return false;
    bio = socket_bio_new(&session->socket, session->fd);
    if (!bio)
        return false;
    SSL_set_bio(session->ssl, bio, bio);
    uint64_t failures = memory_failures();
    SSL_set_connect_state(session->ssl);
    if (memory_failures() != failures) /* OpenSSL 3.5 has no record layer then, and would crash */
        return false;
    SSL_set_verify(session->ssl, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify_chain, NULL);
    SSL_set_msg_callback(session->ssl, look_at_message);
    SSL_set_msg_callback_arg(session->ssl, session);
    if (SSL_set_app_data(session->ssl, session) != 1)
        return false;
    if (session->options.long_hello)
        tls_offer_lengthen(session->ssl);
    if (SSL_set_alpn_protos(session->ssl, protocols, sizeof(protocols) - 1) != 0)
        return false;
    set_host(session);
    return set_sni(session);
}

struct tls_session *tls_session_start(struct event_base *base, struct trust_store *store, int fd,
                                      const struct tls_options *options, struct arena *arena,
                                      struct tls_evidence *result, tls_done_fn *done, void *context)
{
    struct tls_session *session = memory_allocate(sizeof(*session));

    if (!session) {
        close(fd);
        return NULL;
    }
    session->fd = fd;
    session->options = *options;
    session->store = store;
    session->arena = arena;
    session->result = result;
    session->done = done;
    session->context = context;
    session->started = clock_monotonic();
    ERR_clear_error();
    if (session_set_up(session, base, trust_store_context(store))) {
        event_active(session->events.writable, EV_WRITE, 0); /* a connected socket is writable */
        return session;
    }
    ERR_clear_error();
    tls_session_free(session);
    return NULL;
}

void tls_session_free(struct tls_session *session)
{
    if (!session)
        return;
    ERR_clear_error();
    if (session->established)
        SSL_shutdown(session->ssl); /* sends close_notify and does not wait for the peer's */
    SSL_free(session->ssl);
    socket_bio_release(&session->socket);
    ERR_clear_error();
    stream_events_free(&session->events);
    close(session->fd);
    memory_release(session);
}

usec_t tls_session_elapsed(const struct tls_session *session)
{
    return clock_monotonic() - session->started;
}

size_t tls_session_bytes_received(const struct tls_session *session)
{
    return session->socket.received;
}

bool tls_session_heard_tls(const struct tls_session *session)
{
    const struct socket_bio *socket = &session->socket;

    return socket->first_count > 1 && socket->first[0] >= SSL3_RT_CHANGE_CIPHER_SPEC &&
           socket->first[0] <= SSL3_RT_APPLICATION_DATA && socket->first[1] == SSL3_VERSION_MAJOR;
}

int tls_session_fd(const struct tls_session *session)
{
    return session->fd;
}

/* ---- the stream over it ---- */

static enum stream_status status_of_failure(struct tls_session *session, int outcome)
{
    unsigned long code = ERR_peek_error();

    switch (SSL_get_error(session->ssl, outcome)) {
    case SSL_ERROR_WANT_READ:
        return STREAM_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return STREAM_END;
    default:
        break;
    }
    session->established = false; /* SSL_shutdown() is not allowed after such an error */
    ERR_clear_error();
    if (session->socket.error && socket_error_of(session->socket.error) == SOCKET_ERROR_RESET)
        return STREAM_RESET;
    if (session->socket.error && socket_error_of(session->socket.error) == SOCKET_ERROR_LOCAL)
        return STREAM_LOCAL;
    if (ERR_GET_LIB(code) == ERR_LIB_SSL &&
        ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return SSL_has_pending(session->ssl) ? STREAM_ERROR : STREAM_TRUNCATED;
    return STREAM_ERROR;
}

/* False once something failed on the connection. */
static bool begin_turn(struct tls_session *session)
{
    ERR_clear_error(); /* see shake_hands() */
    socket_bio_begin_turn(&session->socket);
    return session->established;
}

static enum stream_status session_read(struct stream *stream, void *bytes, size_t size,
                                       size_t *ret_count)
{
    struct tls_session *session = stream->session;

    *ret_count = 0;
    if (!begin_turn(session))
        return STREAM_ERROR;
    int outcome = SSL_read_ex(session->ssl, bytes, size, ret_count);
    return outcome == 1 ? STREAM_OK : status_of_failure(session, outcome);
}

static enum stream_status session_write(struct stream *stream, const void *bytes, size_t size,
                                        size_t *ret_count)
{
    struct tls_session *session = stream->session;

    *ret_count = 0;
    if (!begin_turn(session))
        return STREAM_ERROR;
    int outcome = SSL_write_ex(session->ssl, bytes, size, ret_count);
    return outcome == 1 ? STREAM_OK : status_of_failure(session, outcome);
}

bool tls_session_stream(struct tls_session *session, bool even_unverified, struct stream *ret)
{
    if (!session->established || (session->result->outcome != TLS_OK && !even_unverified))
        return false;
    *ret = (struct stream){
        .fd = session->fd,
        .session = session,
        .read = session_read,
        .write = session_write,
    };
    return true;
}
