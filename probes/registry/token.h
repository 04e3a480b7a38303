/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads the answer of a token service and the claims of its token (the token protocol of the
 * Distribution project; RFC 6749, RFC 7519). */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"
#include "probes/evidence/image.h"

enum token_result { TOKEN_OK, TOKEN_MALFORMED, TOKEN_TOO_LARGE, TOKEN_LOCAL };

/* True if the text holds a whole JSON document; containerd reads no further than its end. */
bool token_answer_is_enough(const char *body, size_t length);

/* True if nothing but blanks stands behind that document; podman and skopeo need that. */
bool token_answer_ends_well(const char *body, size_t length);

/* Gets the token of a JSON answer into `secrets`, if it is fit for a header line: `access_token`,
 * or else `token`, which containerd accepts only in the answer to a GET. `ret_error` is a static
 * sentence about the error. */
enum token_result token_parse(const char *body, size_t length, bool posted, struct arena *secrets,
                              const char **ret_token, const char **ret_error);

/* True if the answer to a GET has both, and they are not the same: podman and skopeo take `token`,
 * and containerd `access_token`. */
bool token_answer_has_two(const char *body, size_t length, struct arena *secrets);

#define TOKEN_MAX_GRANTS 16

/* Rights that a JWT grants. Only the registry can verify its signature. */
struct token_grants {
    enum pull_grant pull; /* of the repository asked about; GRANT_UNKNOWN: the token does not say */
    size_t count;
    const char *list[TOKEN_MAX_GRANTS]; /* "repository:team/app:pull,push", escaped, in `arena` */
};

void token_read_grants(const char *token, const char *repository, struct arena *secrets,
                       struct arena *arena, struct token_grants *ret);
