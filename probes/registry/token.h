#pragma once

/* What a token service answers, and what its token says (the token protocol of the Distribution
 * project; RFC 6749, RFC 7519). */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"
#include "probes/evidence_image.h"

enum token_result { TOKEN_OK, TOKEN_MALFORMED, TOKEN_TOO_LARGE, TOKEN_LOCAL };

/* The token of a JSON answer, fit for a header line, in `secrets`: `access_token`, or else `token`,
 * which containerd knows in the answer to GET only. `ret_error` says statically what was wrong. */
enum token_result token_parse(const char *body, size_t length, bool posted, struct arena *secrets,
                              const char **ret_token, const char **ret_error);

#define TOKEN_MAX_GRANTS 16

/* What a JWT grants. Its signature is the registry's to verify. */
struct token_grants {
    enum pull_grant pull; /* of the repository asked about; GRANT_UNKNOWN: the token does not say */
    size_t count;
    const char *list[TOKEN_MAX_GRANTS]; /* "repository:team/app:pull,push", escaped, in `arena` */
};

void token_read_grants(const char *token, const char *repository, struct arena *secrets,
                       struct arena *arena, struct token_grants *ret);
