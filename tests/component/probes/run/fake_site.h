/* SPDX-License-Identifier: MIT */
#pragma once

/* A whole server on a free port of 127.0.0.1, with a thread for each connection, which answers
 * every request the same. It also plays the faults of the network between. */

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_path {
    PATH_OPEN,
    PATH_DROPS_LARGE,       /* a handshake gets an answer only if its segments are small */
    PATH_DROPS_NAME,        /* ... unless its SNI is example.com */
    PATH_RESETS_NAME,       /* the connection is reset unless ... */
    PATH_DROPS_LONG_HELLO,  /* a handshake gets an answer only if its ClientHello fits a segment */
    PATH_RESETS_LONG_HELLO, /* the connection is reset unless ... */
    PATH_DROPS_FIRST_BYTES, /* a handshake gets the first bytes of the answer and no more */
    PATH_SILENT,
};

struct fake_talk; /* one connection, after its request */
struct fake_site;

/* Answers `request` as it likes, in the connection's thread. */
typedef void fake_speak_fn(struct fake_site *site, struct fake_talk *talk, const char *request);

struct fake_site {
    enum fake_path path;
    int delay;            /* milliseconds before it answers a first byte */
    SSL_CTX *context;     /* borrowed; NULL: plain TCP */
    const char *reply;    /* to each request; NULL: none */
    fake_speak_fn *speak; /* instead of `reply` */
    void *speaker;        /* for speak */
    uint16_t port;
    int listener;
    int ends[2]; /* a pipe; readable once the site closes */
    unsigned connections;
    unsigned requests;
    unsigned slowest; /* milliseconds of a connection, at most */
    struct site_threads *threads;
};

/* False once the peer or the site is closing. */
bool fake_talk_write(struct fake_talk *talk, const char *bytes, size_t length);
bool fake_talk_wait(struct fake_talk *talk, int milliseconds);

/* Fill in path, context and reply (or speak) first. */
bool fake_site_open(struct fake_site *site);
void fake_site_close(struct fake_site *site); /* waits for its threads */
