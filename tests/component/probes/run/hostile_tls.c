/* SPDX-License-Identifier: MIT */
#include "hostile_tls.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/base/text.h"

#define YEAR        (365L * 24 * 3600)
#define KEY_UPDATES 20
#define REPLY                                                         \
    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n" \
    "Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: 2\r\n\r\n{}"

struct hostile_tls {
    const struct hostile_tls_row *row;
    struct event_base *base;
    SSL_CTX *context;
    bool *complete;
    int listener;
};

struct talk {
    struct hostile_tls *server;
    int fd;
    struct event *readable;
    struct event *writable; /* or a timer, for chunks */
    SSL *ssl;
    BIO *out;
    size_t sent;
    char sni[256]; /* fake_pki_server() writes it there */
    bool turned;
    bool replied;
};

static void close_talk(struct talk *talk, bool reset)
{
    const struct linger at_once = {.l_onoff = reset, .l_linger = 0};

    setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    event_free(talk->readable);
    event_free(talk->writable);
    SSL_free(talk->ssl);
    close(talk->fd);
    free(talk);
}

/* Everything that is ever said has been said. */
static void end(struct talk *talk)
{
    switch (talk->server->row->end) {
    case THEN_SILENCE:
        event_del(talk->readable);
        return;
    case THEN_END:
        shutdown(talk->fd, SHUT_WR);
        return;
    case THEN_RESET:
        close_talk(talk, true);
        return;
    }
}

/* ---- raw bytes ---- */

static void write_raw(struct talk *talk)
{
    const struct hostile_tls_row *row = talk->server->row;
    size_t total = row->length * (row->times ? row->times : 1);

    while (talk->sent < total) {
        size_t at = talk->sent % row->length;
        ssize_t count = send(talk->fd, row->bytes + at, row->length - at, MSG_NOSIGNAL);
        if (count < 0) {
            event_add(talk->writable, NULL);
            return;
        }
        talk->sent += (size_t)count;
    }
    *talk->server->complete = true;
    end(talk);
}

/* ---- a real handshake ---- */

static void turn(struct talk *talk)
{
    switch (talk->server->row->turn) {
    case TURN_HELLO_REQUEST:
        SSL_renegotiate(talk->ssl);
        SSL_do_handshake(talk->ssl);
        break;
    case TURN_KEY_UPDATES:
        for (unsigned i = 0; i < KEY_UPDATES; i++) {
            SSL_key_update(talk->ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
            SSL_do_handshake(talk->ssl);
        }
        break;
    case TURN_NONE:
    case TURN_WITHOUT_GOODBYE:
        break;
    }
    talk->turned = true;
}

static void drive(struct talk *talk)
{
    char request[4096];

    if (!SSL_is_init_finished(talk->ssl) && SSL_accept(talk->ssl) != 1)
        return;
    if (!talk->turned)
        turn(talk);
    if (talk->replied || SSL_read(talk->ssl, request, sizeof(request)) <= 0)
        return;
    SSL_write(talk->ssl, REPLY, sizeof(REPLY) - 1);
    if (talk->server->row->turn != TURN_WITHOUT_GOODBYE && !talk->server->row->limit)
        SSL_shutdown(talk->ssl);
    talk->replied = true;
}

/* Moves the bytes that TLS has written to the socket, as far as the row lets it. */
static void pump(struct talk *talk)
{
    static const struct timeval wait = {0, 1000};
    const struct hostile_tls_row *row = talk->server->row;
    char *bytes = NULL;
    size_t length;

    while ((length = (size_t)BIO_get_mem_data(talk->out, &bytes)) > 0) {
        bool last = row->limit && talk->sent + length > row->limit;
        if (last)
            length = row->limit - talk->sent;
        if (row->chunk && row->chunk < length)
            length = row->chunk;
        if (!last && !row->chunk && talk->replied) /* before the peer can know */
            *talk->server->complete = true;
        if (length && send(talk->fd, bytes, length, MSG_NOSIGNAL) < (ssize_t)length) {
            close_talk(talk, false);
            return;
        }
        talk->sent += length;
        if (row->limit && talk->sent == row->limit && last) {
            end(talk);
            return;
        }
        char skipped[65536];
        for (size_t left = length; left;)
            left -= (size_t)BIO_read(talk->out, skipped,
                                     (int)(left < sizeof(skipped) ? left : sizeof(skipped)));
        if (row->chunk) {
            event_add(talk->writable, &wait);
            return;
        }
    }
    if (talk->replied) {
        *talk->server->complete = true;
        shutdown(talk->fd, SHUT_WR);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
    struct talk *talk = context;

    (void)fd;
    (void)what;
    if (talk->ssl)
        pump(talk);
    else
        write_raw(talk);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct talk *talk = context;
    char bytes[16384];
    ssize_t count = recv(fd, bytes, sizeof(bytes), 0);

    (void)what;
    if (count <= 0) {
        close_talk(talk, false);
    } else if (talk->ssl) {
        BIO_write(SSL_get_rbio(talk->ssl), bytes, (int)count);
        drive(talk);
        pump(talk);
    } else if (!talk->replied) {
        talk->replied = true;
        write_raw(talk);
    }
}

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
    struct hostile_tls *server = context;
    struct talk *talk = calloc(1, sizeof(*talk));

    (void)what;
    talk->server = server;
    talk->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    talk->readable = event_new(server->base, talk->fd, EV_READ | EV_PERSIST, on_readable, talk);
    talk->writable =
        event_new(server->base, server->row->bytes ? talk->fd : -1, EV_WRITE, on_writable, talk);
    event_add(talk->readable, NULL);
    if (server->row->bytes)
        return;
    talk->ssl = SSL_new(server->context);
    talk->out = BIO_new(BIO_s_mem());
    SSL_set_bio(talk->ssl, BIO_new(BIO_s_mem()), talk->out);
    SSL_set_app_data(talk->ssl, talk->sni);
    SSL_set_accept_state(talk->ssl);
}

/* ---- certificates ---- */

static SSL_CTX *make_context(const struct fake_pki *pki, const struct hostile_tls_row *row)
{
    struct fake_certificate certificate = row->certificate;
    struct text names = TEXT_WITH_LIMIT(1 << 20);
    SSL_CTX *context;

    text_append(&names, "DNS:registry.example");
    for (unsigned i = 1; i < row->names; i++)
        text_append_format(&names, ",DNS:name-%05u.registry.example", i);
    if (!certificate.names)
        certificate.names = text_string(&names);
    if (!certificate.until_seconds) {
        certificate.from_seconds = -YEAR;
        certificate.until_seconds = YEAR;
    }
    context = fake_pki_server(pki, &certificate);
    for (unsigned i = 0; i < row->chain; i++)
        SSL_CTX_add_extra_chain_cert(context, X509_dup(pki->unknown_ca));
    if (row->version) {
        SSL_CTX_set_min_proto_version(context, row->version);
        SSL_CTX_set_max_proto_version(context, row->version);
    }
    if (row->asks_for_certificate)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (row->small_records)
        SSL_CTX_set_max_send_fragment(context, 512);
    if (row->tickets)
        SSL_CTX_set_num_tickets(context, row->tickets);
    text_free(&names);
    return context;
}

struct hostile_tls *hostile_tls_start(struct event_base *base, const struct fake_pki *pki,
                                      const struct hostile_tls_row *row, bool *ret_complete,
                                      uint16_t *ret_port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(name);
    struct hostile_tls *server = calloc(1, sizeof(*server));

    server->row = row;
    server->base = base;
    server->complete = ret_complete;
    if (!row->bytes)
        server->context = make_context(pki, row);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(server->listener, (const struct sockaddr *)&name, length) ||
        listen(server->listener, 16) ||
        getsockname(server->listener, (struct sockaddr *)&name, &length)) {
        free(server);
        return NULL;
    }
    *ret_port = ntohs(name.sin_port);
    event_add(event_new(base, server->listener, EV_READ | EV_PERSIST, on_acceptable, server), NULL);
    return server;
}
