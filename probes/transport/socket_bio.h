/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A BIO for OpenSSL over a socket. It keeps facts that OpenSSL drops: how many bytes came, the
 * first of them, and the errno at the end. Never raises SIGPIPE.
 */

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

#define SOCKET_BIO_FIRST_BYTES 32
#define SOCKET_BIO_TURN \
    ((size_t)32 * 1024) /* bytes per turn; a TLS record has a little over 16 KiB */

struct socket_bio {
    int fd; /* borrowed */
    BIO_METHOD *method;
    size_t received;
    size_t turn_end; /* once `received` gets here, reads ask OpenSSL to wait */
    size_t first_count;
    unsigned char first[SOCKET_BIO_FIRST_BYTES];
    bool ended; /* the peer closed in an orderly way */
    int error;  /* errno of the last failure other than EAGAIN and EINTR; 0: none */
};

/* Makes a BIO that fills `state`, which must outlive it. NULL: memory is short. */
BIO *socket_bio_new(struct socket_bio *state, int fd);

/* Call before each call into OpenSSL, which keeps reading while records bring no data (tickets,
 * hello requests). The limit keeps a peer that never stops sending them from holding the loop. */
void socket_bio_begin_turn(struct socket_bio *state);

/* Call after the BIO was freed. */
void socket_bio_release(struct socket_bio *state);

/* Reads more of the first bytes, without waiting, because OpenSSL stops after 5 bytes that are not
 * TLS. */
void socket_bio_read_first(struct socket_bio *state);
