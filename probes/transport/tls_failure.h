#pragma once

/* Why a handshake failed, from what OpenSSL and the socket left behind. */

#include "config/base/arena.h"
#include "probes/evidence.h"
#include "probes/transport/socket_bio.h"

/*
 * Call right after the failed SSL call: takes this thread's error queue and empties it. Sets
 * outcome and detail. `ssl_error` is SSL_get_error()'s.
 */
void tls_failure_classify(int ssl_error, struct socket_bio *state, struct arena *arena,
                          struct tls_evidence *result);

/* The defect that an X509_V_ERR_ stands for; 0 for X509_V_OK. */
unsigned tls_failure_defect(int verify_error);

/* The outcome that a set of defects amounts to: the worst first. TLS_OK for none. */
enum tls_outcome tls_failure_of_defects(unsigned defects);
