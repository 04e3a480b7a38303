#pragma once

/* The socket calls that c-ares makes, so that their errno is known: it calls a closed port, a
 * missing route and an empty descriptor table all "could not contact DNS servers". */

#include <ares.h>
#include <stdbool.h>

struct dns_socket_errors {
    int family;     /* of the server */
    bool is_tcp;    /* the channel speaks TCP */
    int last_error; /* errno of the last call that failed; 0 none */
    bool is_local;  /* ... which was this machine's fault */
};

/* Their context is a struct dns_socket_errors. */
extern const struct ares_socket_functions dns_socket_functions;
