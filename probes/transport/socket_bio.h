#pragma once

/*
 * A socket as OpenSSL's BIO that remembers what OpenSSL forgets: how much came, how it began, and
 * with which errno it ended. Never raises SIGPIPE.
 */

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>

#define SOCKET_BIO_FIRST_BYTES 32
#define SOCKET_BIO_TURN        ((size_t)32 * 1024) /* bytes; a whole record is 16 KiB and some */

struct socket_bio {
    int fd; /* borrowed */
    BIO_METHOD *method;
    size_t received;
    size_t turn_end; /* of `received`: then the BIO says that it must wait */
    size_t first_count;
    unsigned char first[SOCKET_BIO_FIRST_BYTES];
    bool ended; /* the peer closed in an orderly way */
    int error;  /* errno of the last failure that was not "try again"; 0 when none */
};

/* A BIO that fills `state`, which must outlive it. NULL: memory is short. */
BIO *socket_bio_new(struct socket_bio *state, int fd);

/* OpenSSL reads on by itself over all that brings no data (tickets, hello requests): before each
 * call of it, so that a peer that never stops sending them leaves the loop its turns. */
void socket_bio_begin_turn(struct socket_bio *state);

/* After the BIO was freed. */
void socket_bio_release(struct socket_bio *state);

/* Reads on, without waiting, until the first bytes are complete: OpenSSL stops at 5 of them when
 * they are not TLS. */
void socket_bio_read_first(struct socket_bio *state);
