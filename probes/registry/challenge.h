#pragma once

/* What a registry asks for: the WWW-Authenticate headers of an answer (RFC 9110 section 11.6.1,
 * RFC 6750; the token protocol of the Distribution project). */

#include "config/base/arena.h"
#include "probes/evidence_path.h"
#include "probes/transport/http_exchange.h"

#define CHALLENGE_MAX_VALUE 4096 /* bytes of one parameter */

struct challenge {
    enum challenge_kind kind;
    const char *realm; /* raw text of the peer, as all of these; NULL where it is not given */
    const char *service;
    const char *scope;
    const char *error; /* "insufficient_scope", "invalid_token" */
};

/* Of all challenges in all headers the one that clients take: Bearer before Basic. CHALLENGE_NONE
 * without any header. Texts go into `arena`. */
void challenge_read(const struct http_response *response, struct arena *arena,
                    struct challenge *ret);

/* The same of one header value. */
void challenge_parse(const char *header, struct arena *arena, struct challenge *ret);
