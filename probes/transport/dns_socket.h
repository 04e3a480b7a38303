/* SPDX-License-Identifier: MIT */
#pragma once

/* The socket calls of a c-ares channel. They keep the errno, because c-ares calls a closed port, a
 * missing route and a full descriptor table all "could not contact DNS servers". */

#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

#define DNS_SOCKET_TURN 32 /* reads per turn of the loop; no channel waits for so many answers */

struct dns_socket_errors {
    int family;     /* of the server */
    uint32_t scope; /* interface of a link-local server; 0: none */
    bool is_tcp;    /* the channel speaks TCP */
    int last_error; /* errno of the last call that failed in this turn; 0: none */
    bool is_local;  /* that error was this machine's fault */
    unsigned reads; /* in this turn; beyond the limit a read gives EAGAIN */
};

/* Call before each call into c-ares, which reads until nothing is left to read. */
void dns_socket_begin_turn(struct dns_socket_errors *errors);

/* Call for each answer that c-ares hands over: gives an error back that was hidden from it. */
void dns_socket_restore(unsigned char *bytes, int count);

/* Their context is a struct dns_socket_errors. */
extern const struct ares_socket_functions dns_socket_functions;
