#pragma once

/* A peer's certificate as evidence: bounded, escaped, valid or not (RFC 5280, names as RFC 2253).
 */

#include <openssl/x509.h>

#include "config/base/arena.h"
#include "probes/evidence.h"

/* Texts go into `arena`; a piece for which memory is short stays NULL or 0. */
void certificate_describe(X509 *certificate, struct arena *arena, struct certificate_evidence *ret);
