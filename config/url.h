#pragma once

/* An absolute http or https URL (RFC 3986), as far as an HTTP client needs it taken apart. */

#include <stdbool.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"

#define URL_MAX_LENGTH 8192 /* of a signed one a session token alone may be 4,096 */

struct url {
    bool tls;         /* https */
    const char *host; /* lower case, or the text of `address` without brackets */
    uint16_t port;    /* the scheme's where none is written */
    bool host_is_address;
    struct address address;
    const char *path; /* with the query, without the fragment; at least "/" */
};

/* Everything goes into `arena`. NULL, or one sentence of what would be valid. User information
 * ("user@host"), blanks and control characters are refused. */
const char *url_parse(const char *text, struct arena *arena, struct url *ret);

/* Whether a reference (RFC 3986 section 4.1) begins with a scheme: it is whole without a base. */
bool url_has_scheme(const char *reference);

/* The path, query and fragment that a reference without scheme and host means where it was said,
 * at `base`, a path as of `struct url` (RFC 3986 section 5.2). NULL: memory. */
const char *url_resolve_path(const char *base, const char *reference, struct arena *arena);
