/* SPDX-License-Identifier: MIT */
#pragma once

/* Finds out why a handshake failed, from OpenSSL's error queue and the socket. */

#include "config/base/arena.h"
#include "probes/evidence/evidence.h"
#include "probes/transport/socket_bio.h"

/*
 * Call right after the failed SSL call, because it reads and empties this thread's error queue.
 * Sets outcome and detail. `ssl_error` comes from SSL_get_error().
 */
void tls_failure_classify(int ssl_error, struct socket_bio *state, struct arena *arena,
                          struct tls_evidence *result);

/* Returns the defect for an X509_V_ERR_ code; 0 for X509_V_OK. */
unsigned tls_failure_defect(int verify_error);

/* The outcome of the worst defect in a set; TLS_OK for none. */
enum tls_outcome tls_failure_of_defects(unsigned defects);
