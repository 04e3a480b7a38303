/* SPDX-License-Identifier: MIT */
#pragma once

/* Describes a peer's certificate as evidence, whether it is valid or not: texts are bounded and
 * escaped (RFC 5280, names as in RFC 2253). */

#include <openssl/x509.h>

#include "config/base/arena.h"
#include "probes/evidence/evidence.h"

/* Texts go into `arena`. A field stays NULL or 0 if memory is short. */
void certificate_describe(X509 *certificate, struct arena *arena, struct certificate_evidence *ret);
