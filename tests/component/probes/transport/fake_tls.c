/* SPDX-License-Identifier: MIT */
#include "fake_tls.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "tests/support.h"

/* ---- certificates ---- */

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool done;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

static X509 *make_certificate(EVP_PKEY *key, X509 *issuer, const char *common_name, long from,
                              long until, const char *names)
{
    static long serial = 1;
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(certificate), until);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1,
                               -1, 0);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : name);
    if (names && *names)
        add_extension(certificate, issuer ? issuer : certificate, NID_subject_alt_name, names);
    if (!names)
        add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (X509_sign(certificate, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0)
        return certificate;
    X509_free(certificate);
    return NULL;
}

bool fake_pki_make(struct fake_pki *pki)
{
    const long year = 365L * 24 * 3600;

    pki->key =
        pki->even_signatures ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
    pki->trusted_ca = make_certificate(pki->key, NULL, "Trusted CA", -year, year, NULL);
    pki->unknown_ca = make_certificate(pki->key, NULL, "Unknown CA", -year, year, NULL);
    return pki->key && pki->trusted_ca && pki->unknown_ca;
}

void fake_pki_clear(struct fake_pki *pki)
{
    X509_free(pki->trusted_ca);
    X509_free(pki->unknown_ca);
    EVP_PKEY_free(pki->key);
}

bool fake_pki_write_ca(const struct fake_pki *pki, const char *path)
{
    FILE *file = fopen(path, "w");
    bool done = file && PEM_write_X509(file, pki->trusted_ca) == 1;

    return file && fclose(file) == 0 && done;
}

static int on_sni(SSL *ssl, int *alert, void *context)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    char *sni = SSL_get_app_data(ssl);

    (void)alert;
    (void)context;
    snprintf(sni, 256, "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *fake_pki_server(const struct fake_pki *pki, const struct fake_certificate *what)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    X509 *issuer = what->unknown_ca ? pki->unknown_ca : pki->trusted_ca;
    X509 *leaf = make_certificate(pki->key, what->self_signed ? NULL : issuer,
                                  what->common_name ? what->common_name : "leaf",
                                  what->from_seconds, what->until_seconds, what->names);

    SSL_CTX_use_certificate(context, leaf);
    SSL_CTX_use_PrivateKey(context, pki->key);
    SSL_CTX_set_tlsext_servername_callback(context, on_sni);
    X509_free(leaf);
    if (what->max_version) {
        SSL_CTX_set_security_level(context, 0);
        SSL_CTX_set_min_proto_version(context, 0);
        SSL_CTX_set_max_proto_version(context, what->max_version);
    }
    return context;
}

struct fake_pki shared_pki;
char shared_ca_file[] = "/tmp/tcr-probe-test-XXXXXX";

int shared_pki_start(void **state)
{
    int fd = mkstemp(shared_ca_file);

    signal(SIGPIPE, SIG_IGN);
    if (fd < 0 || close(fd) || start_libraries(state) || !fake_pki_make(&shared_pki))
        return -1;
    return fake_pki_write_ca(&shared_pki, shared_ca_file) ? 0 : -1;
}

int shared_pki_stop(void **state)
{
    unlink(shared_ca_file);
    fake_pki_clear(&shared_pki);
    return stop_libraries(state);
}

/* ---- the server ---- */

struct fake_tls {
    const struct fake_script *script;
    struct event_base *base;
    struct event *acceptable;
    struct event *readable;
    int listener;
    int fd;
    SSL *ssl;
    char sni[256];
    bool answering;
    unsigned tickets; /* sent so far */
    size_t sent;      /* of the reply */
};

static void drop(struct fake_tls *fake)
{
    if (fake->readable)
        event_free(fake->readable);
    fake->readable = NULL;
    SSL_free(fake->ssl);
    fake->ssl = NULL;
    if (fake->fd >= 0)
        close(fake->fd);
    fake->fd = -1;
    fake->answering = false;
    fake->tickets = 0;
    fake->sent = 0;
}

/* False: the peer must read first. */
static bool send_tickets(struct fake_tls *fake)
{
    while (fake->tickets < fake->script->tickets && SSL_new_session_ticket(fake->ssl) == 1)
        fake->tickets++;
    return !fake->tickets || SSL_do_handshake(fake->ssl) == 1;
}

static bool send_reply(struct fake_tls *fake)
{
    const struct fake_script *script = fake->script;

    while (fake->sent < script->length) {
        size_t piece = script->byte_by_byte ? 1 : script->length - fake->sent;
        if (SSL_write(fake->ssl, script->reply + fake->sent, (int)piece) <= 0)
            return false;
        fake->sent += piece;
    }
    return true;
}

static void answer(struct fake_tls *fake)
{
    fake->answering = true;
    if (!send_tickets(fake) || !send_reply(fake)) {
        event_active(fake->readable, EV_READ, 0);
        return;
    }
    fake->answering = false;
    if (!fake->script->without_close_notify)
        SSL_shutdown(fake->ssl);
    shutdown(fake->fd, SHUT_WR);
}

static void speak_tls(struct fake_tls *fake)
{
    char bytes[4096];
    int outcome;

    ERR_clear_error();
    if (!SSL_is_init_finished(fake->ssl)) {
        outcome = SSL_accept(fake->ssl);
        if (outcome != 1 && SSL_get_error(fake->ssl, outcome) != SSL_ERROR_WANT_READ)
            drop(fake);
        if (outcome != 1)
            return;
    }
    outcome = fake->answering ? 1 : SSL_read(fake->ssl, bytes, sizeof(bytes));
    if (outcome <= 0) {
        if (SSL_get_error(fake->ssl, outcome) != SSL_ERROR_WANT_READ)
            drop(fake);
        return;
    }
    if (fake->script->heard && !fake->answering)
        fake->script->heard(bytes, (size_t)outcome, fake->script->heard_context);
    if (fake->script->reply)
        answer(fake);
}

static void on_readable(evutil_socket_t fd, short events, void *context)
{
    struct fake_tls *fake = context;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    char bytes[4096];

    (void)events;
    if (fake->ssl) {
        speak_tls(fake);
        return;
    }
    /* Unread bytes would turn the end into a reset. */
    if (recv((int)fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0) {
        drop(fake);
        return;
    }
    switch (fake->script->behaviour) {
    case FAKE_REPLY:
        send((int)fd, fake->script->reply, fake->script->length, MSG_NOSIGNAL);
        shutdown((int)fd, SHUT_WR);
        break;
    case FAKE_END:
        shutdown((int)fd, SHUT_WR);
        break;
    case FAKE_RESET:
        setsockopt((int)fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        drop(fake);
        break;
    case FAKE_HANDSHAKE:
    case FAKE_SILENCE:
        break;
    }
}

static void on_acceptable(evutil_socket_t fd, short events, void *context)
{
    struct fake_tls *fake = context;

    (void)events;
    drop(fake);
    fake->fd = accept4((int)fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fake->fd < 0)
        return;
    fake->readable = event_new(fake->base, fake->fd, EV_READ | EV_PERSIST, on_readable, fake);
    if (!fake->readable || event_add(fake->readable, NULL) < 0)
        goto out;
    if (fake->script->behaviour != FAKE_HANDSHAKE)
        return;
    fake->ssl = SSL_new(fake->script->context);
    if (fake->ssl && SSL_set_fd(fake->ssl, fake->fd) == 1 &&
        SSL_set_app_data(fake->ssl, fake->sni) == 1)
        return;
out:
    drop(fake);
}

struct fake_tls *fake_tls_start(struct event_base *base, const struct fake_script *script)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct fake_tls *fake = memory_allocate(sizeof(*fake));

    fake->script = script;
    fake->base = base;
    fake->fd = -1;
    fake->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fake->listener, (const struct sockaddr *)&name, sizeof(name)) == 0 &&
        listen(fake->listener, 16) == 0) {
        fake->acceptable =
            event_new(base, fake->listener, EV_READ | EV_PERSIST, on_acceptable, fake);
        event_add(fake->acceptable, NULL);
        return fake;
    }
    fake_tls_free(fake);
    return NULL;
}

void fake_tls_free(struct fake_tls *fake)
{
    if (!fake)
        return;
    drop(fake);
    if (fake->acceptable)
        event_free(fake->acceptable);
    close(fake->listener);
    memory_release(fake);
}

uint16_t fake_tls_port(const struct fake_tls *fake)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    socklen_t length = sizeof(name);

    getsockname(fake->listener, (struct sockaddr *)&name, &length);
    return ntohs(name.sin_port);
}

const char *fake_tls_sni(const struct fake_tls *fake)
{
    return fake->sni;
}
