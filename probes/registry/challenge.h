/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads the WWW-Authenticate headers of a registry's answer (RFC 9110 section 11.6.1, RFC 6750; the
 * token protocol of the Distribution project). */

#include "config/base/arena.h"
#include "probes/evidence/path.h"
#include "probes/transport/http_exchange.h"

#define CHALLENGE_MAX_VALUE 16384 /* bytes of one parameter */

struct challenge {
    enum challenge_kind kind;
    const char *realm; /* this and the next three: raw text of the peer, NULL if it was not given */
    const char *service;
    const char *scope;
    const char *error; /* "insufficient_scope", "invalid_token" */
    bool basic_first;  /* it is Bearer, and Basic stands before it; some clients take the first */
};

/* Selects the challenge that clients answer, from all headers: Bearer before Basic. The kind is
 * CHALLENGE_NONE if there is no header. Texts are allocated in `arena`. */
void challenge_read(const struct http_response *response, struct arena *arena,
                    struct challenge *ret);

/* The same for a single header value. */
void challenge_parse(const char *header, struct arena *arena, struct challenge *ret);
