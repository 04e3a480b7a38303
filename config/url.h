/* SPDX-License-Identifier: MIT */
#pragma once

/* Absolute http and https URLs (RFC 3986), in the parts that an HTTP client needs. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"

#define URL_MAX_LENGTH (32 * 1024) /* signed URLs with a session token have up to 16 KiB */

struct url {
    bool tls;         /* https */
    const char *host; /* lower case, or the text of `address` without brackets */
    uint16_t port;    /* default port of the scheme if the URL has none */
    bool host_is_address;
    struct address address;
    const char *path; /* with the query, without the fragment; at least "/" */
};

/* Parses `text` into `ret`, with texts in `arena`. Returns NULL, or one sentence that says which
 * URLs are valid. Refuses user information ("user@host"), blanks and control characters. */
const char *url_parse(const char *text, struct arena *arena, struct url *ret);

/* A URL as Go's client takes it, which url_parse() would refuse: blanks and bytes beyond ASCII are
 * percent-encoded, and user information is left out. NULL when memory is short. */
const char *url_clean(const char *text, struct arena *arena);

/* The same for a Location: dot segments of an absolute URL are resolved, too. */
const char *url_clean_location(const char *location, struct arena *arena);

/* A Location as it may be shown: cleaned, without its query, because that may be a signature, and
 * without the parts of its path that may be a token. NULL when memory is short. */
const char *url_shown_location(const char *location, struct arena *arena);

/* Undoes percent-encoding in place. False, with `text` unchanged, if an escape is broken or stands
 * for a NUL. */
bool url_unescape(char *text);

/* True if two hex digits follow each percent sign. */
bool url_has_good_escapes(const char *bytes, size_t length);

/* True if a reference (RFC 3986 section 4.1) begins with a scheme, so that it needs no base. */
bool url_has_scheme(const char *reference);

/* Resolves a reference without scheme and host (RFC 3986 section 5.2). `base` is the path of the
 * document, as in struct url. Returns path, query and fragment; NULL when memory is short. */
const char *url_resolve_path(const char *base, const char *reference, struct arena *arena);
