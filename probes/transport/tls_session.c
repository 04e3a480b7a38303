#include "probes/transport/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "config/base/text.h"
#include "probes/transport/certificate.h"
#include "probes/transport/socket_bio.h"
#include "probes/transport/socket_error.h"
#include "probes/transport/tls_failure.h"

#define MAX_VERIFY_ERRORS 16
#define HOST_SIZE         256
/* containerd, which pulls the image, knows nothing of names in the subject either. */
#define HOST_FLAGS (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

struct verify_error {
    int depth;
    int error;
};

struct tls_session {
    SSL *ssl;
    struct event *readable;
    struct event *writable;
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
    struct verify_error errors[MAX_VERIFY_ERRORS];
    size_t error_count;
    unsigned defects;
    bool verify_ran;
    bool established; /* the handshake ended and nothing failed on the connection since */
};

/* ---- verification ---- */

/* Going on after each error is how all of them are seen; finish() is what refuses. */
static int on_verify(int is_ok, X509_STORE_CTX *store_context)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store_context, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_session *session = SSL_get_app_data(ssl);
    int error = X509_STORE_CTX_get_error(store_context);

    session->verify_ran = true;
    if (is_ok)
        return 1;
    session->defects |= error == X509_V_OK ? DEFECT_OTHER : tls_failure_defect(error);
    if (session->error_count < MAX_VERIFY_ERRORS)
        session->errors[session->error_count++] = (struct verify_error){
            .depth = X509_STORE_CTX_get_error_depth(store_context),
            .error = error,
        };
    return 1;
}

static bool has_verify_error(const struct tls_session *session, int error)
{
    for (size_t i = 0; i < session->error_count; i++)
        if (session->errors[i].error == error)
            return true;
    return false;
}

/* 1 valid for the host, 0 not, negative when it could not be found out */
static int check_name(const struct tls_session *session, X509 *leaf)
{
    if (session->options.host_is_address)
        return X509_check_ip(leaf, session->address.bytes,
                             session->address.family == AF_INET ? 4 : 16, 0);
    return X509_check_host(leaf, session->host, 0, HOST_FLAGS, NULL);
}

/* Verification is believed only when everything that had to happen has left its trace. */
static const char *missing_trace(struct tls_session *session, X509 *leaf)
{
    int matches;

    if (!leaf || !session->verify_ran)
        return "the certificate was not verified";
    if (has_verify_error(session, X509_V_ERR_OUT_OF_MEM))
        return "memory is short";
    matches = check_name(session, leaf);
    if (matches < 0)
        return "the certificate's names could not be compared";
    if (matches == 0)
        session->defects |= DEFECT_NAME_MISMATCH;
    if (!session->options.host_is_address && !session->defects && !SSL_get0_peername(session->ssl))
        return "the certificate's names were not compared";
    if (!session->defects && SSL_get_verify_result(session->ssl) != X509_V_OK)
        session->defects |= DEFECT_OTHER;
    return NULL;
}

/* The text of the error that decided the outcome, and where in the chain it was. */
static const char *defect_detail(const struct tls_session *session, enum tls_outcome outcome)
{
    for (size_t i = 0; i < session->error_count; i++) {
        const struct verify_error *error = &session->errors[i];
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

    /* After a failure only the chain may be there. */
    if (!leaf && chain && sk_X509_num(chain) > 0)
        leaf = sk_X509_value(chain, 0);
    if (leaf)
        certificate_describe(leaf, session->arena, &result->certificate);
    ERR_clear_error();
}

static void finish(struct tls_session *session)
{
    session->result->duration = tls_session_elapsed(session);
    describe_chain(session);
    session->result->defects = session->defects;
    session->done(session, session->context); /* may have freed the session */
}

static void finish_established(struct tls_session *session)
{
    struct tls_evidence *result = session->result;
    const char *missing = missing_trace(session, SSL_get0_peer_certificate(session->ssl));
    const char *cipher = SSL_get_cipher_name(session->ssl);

    result->version = SSL_get_version(session->ssl);
    result->cipher = arena_copy_text(session->arena, cipher);
    if (missing) {
        result->outcome = TLS_LOCAL;
        result->detail = missing;
    } else {
        enum tls_outcome outcome = tls_failure_of_defects(session->defects);
        session->established = true;
        result->detail = defect_detail(session, outcome);
        result->outcome = session->options.verify ? outcome : TLS_OK;
    }
    finish(session);
}

static void finish_failed(struct tls_session *session, int ssl_error)
{
    tls_failure_classify(ssl_error, &session->socket, session->arena, session->result);
    finish(session);
}

static void finish_local(struct tls_session *session, const char *why)
{
    session->result->outcome = TLS_LOCAL;
    session->result->detail = why;
    finish(session);
}

static void on_ready(evutil_socket_t fd, short events, void *context)
{
    struct tls_session *session = context;
    struct event *wanted;
    int outcome;
    int ssl_error;

    (void)fd;
    (void)events;
    if (!session->host[0]) {
        finish_local(session, "not a host name or address that can be verified");
        return;
    }
    /* The queue is the thread's: an error another connection left would be taken for ours. */
    ERR_clear_error();
    socket_bio_begin_turn(&session->socket);
    outcome = SSL_do_handshake(session->ssl);
    if (outcome == 1) {
        finish_established(session);
        return;
    }
    ssl_error = SSL_get_error(session->ssl, outcome);
    if (ssl_error != SSL_ERROR_WANT_READ && ssl_error != SSL_ERROR_WANT_WRITE) {
        finish_failed(session, ssl_error);
        return;
    }
    wanted = ssl_error == SSL_ERROR_WANT_READ ? session->readable : session->writable;
    if (event_add(wanted, NULL) < 0)
        finish_local(session, "memory is short");
}

/* ---- setting up ---- */

/* Leaves `host` empty when it could not be verified: an empty name turns OpenSSL's check off, and
 * one with a leading dot would match every name below it. */
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

static bool set_expectations(struct tls_session *session)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(session->ssl);

    X509_VERIFY_PARAM_set_time(parameters, (time_t)(clock_wall() / (int64_t)USEC_PER_SEC));
    X509_VERIFY_PARAM_set_hostflags(parameters, HOST_FLAGS);
    if (!session->host[0])
        return true; /* told from the loop */
    if (session->options.host_is_address)
        return X509_VERIFY_PARAM_set1_ip(parameters, session->address.bytes,
                                         session->address.family == AF_INET ? 4 : 16) == 1;
    return X509_VERIFY_PARAM_set1_host(parameters, session->host, 0) == 1;
}

/* RFC 6066: no address in SNI, and no trailing dot. */
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

static bool set_up(struct tls_session *session, struct event_base *base, SSL_CTX *context)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    BIO *bio;

    session->readable = event_new(base, session->fd, EV_READ, on_ready, session);
    session->writable = event_new(base, session->fd, EV_WRITE, on_ready, session);
    session->ssl = SSL_new(context);
    if (!session->readable || !session->writable || !session->ssl)
        return false;
    bio = socket_bio_new(&session->socket, session->fd);
    if (!bio)
        return false;
    SSL_set_bio(session->ssl, bio, bio);
    SSL_set_connect_state(session->ssl);
    SSL_set_verify(session->ssl, SSL_VERIFY_PEER, on_verify);
    if (SSL_set_app_data(session->ssl, session) != 1)
        return false;
    if (SSL_set_alpn_protos(session->ssl, protocols, sizeof(protocols) - 1) != 0)
        return false;
    set_host(session);
    return set_expectations(session) && set_sni(session);
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
    session->arena = arena;
    session->result = result;
    session->done = done;
    session->context = context;
    session->started = clock_monotonic();
    ERR_clear_error();
    if (set_up(session, base, trust_store_context(store))) {
        event_active(session->writable, EV_WRITE, 0); /* connected: it can be written to */
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
        SSL_shutdown(session->ssl); /* says goodbye once; the answer is not awaited */
    SSL_free(session->ssl);
    socket_bio_release(&session->socket);
    ERR_clear_error();
    if (session->readable)
        event_free(session->readable);
    if (session->writable)
        event_free(session->writable);
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

/* ---- speaking over it ---- */

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
        return STREAM_TRUNCATED;
    return session->socket.ended ? STREAM_TRUNCATED : STREAM_ERROR;
}

static enum stream_status session_read(struct stream *stream, void *bytes, size_t size,
                                       size_t *ret_count)
{
    struct tls_session *session = stream->session;
    int outcome;

    *ret_count = 0;
    if (!session->established)
        return STREAM_ERROR;
    ERR_clear_error();
    socket_bio_begin_turn(&session->socket);
    outcome = SSL_read_ex(session->ssl, bytes, size, ret_count);
    return outcome == 1 ? STREAM_OK : status_of_failure(session, outcome);
}

static enum stream_status session_write(struct stream *stream, const void *bytes, size_t size,
                                        size_t *ret_count)
{
    struct tls_session *session = stream->session;
    int outcome;

    *ret_count = 0;
    if (!session->established)
        return STREAM_ERROR;
    ERR_clear_error();
    socket_bio_begin_turn(&session->socket);
    outcome = SSL_write_ex(session->ssl, bytes, size, ret_count);
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
