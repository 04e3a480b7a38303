/* SPDX-License-Identifier: MIT */
#pragma once

/* The socket calls of a c-ares channel. They keep the errno, because c-ares calls a closed port, a
 * missing route and a full descriptor table all "could not contact DNS servers". And they keep the
 * datagrams: those that answer no question are left out, and of an answer c-ares sees the question
 * alone. Its versions differ in what they do with an answer that they dislike: 1.18 reads
 * on, 1.34 ends the question, and both ask again without EDNS after a FORMERR, which Go's resolver
 * does not. */

#include <ares.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DNS_SOCKET_DATAGRAM 1232 /* bytes, as EDNS says; the rest of a longer one is cut off */
#define DNS_SOCKET_TURN     32 /* reads per turn of the loop; no channel waits for so many answers */

struct dns_socket_errors {
    int family;                     /* of the server */
    uint32_t scope;                 /* interface of a link-local server; 0: none */
    bool is_tcp;                    /* the channel speaks TCP */
    int last_error;                 /* errno of the last call that failed in this turn; 0: none */
    bool is_local;                  /* that error was this machine's fault */
    unsigned reads;                 /* in this turn; beyond the limit a read gives EAGAIN */
    struct dns_datagram *datagrams; /* of the questions that were sent, and of their answers */
};

/* Call before each call into c-ares, which reads until nothing is left to read. */
void dns_socket_begin_turn(struct dns_socket_errors *errors);

/* Call for each answer that c-ares hands over: gives the one that came, which c-ares did not see.
 * bytes itself over TCP. It lives until dns_socket_forget(). */
const uint8_t *dns_socket_answer(const struct dns_socket_errors *errors, const uint8_t *bytes,
                                 size_t *length);

/* Call after the channel was destroyed. */
void dns_socket_forget(struct dns_socket_errors *errors);

/* Their context is a struct dns_socket_errors. */
extern const struct ares_socket_functions dns_socket_functions;
