#pragma once

/* The socket calls that c-ares makes, so that their errno is known: it calls a closed port, a
 * missing route and an empty descriptor table all "could not contact DNS servers". */

#include <ares.h>
#include <stdbool.h>

#define DNS_SOCKET_TURN 32 /* reads: no channel waits for so many answers */

struct dns_socket_errors {
    int family;     /* of the server */
    bool is_tcp;    /* the channel speaks TCP */
    int last_error; /* errno of the last call that failed; 0 none */
    bool is_local;  /* ... which was this machine's fault */
    unsigned reads; /* in this turn; then there seems to be nothing more */
};

/* Before each call into c-ares, which reads for as long as there is something to read. */
void dns_socket_begin_turn(struct dns_socket_errors *errors);

/* Their context is a struct dns_socket_errors. */
extern const struct ares_socket_functions dns_socket_functions;
