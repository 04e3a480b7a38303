#pragma once

/* The values that stand in a pull error: hosts, images, addresses, status codes. */

#include "probes/diagnosis/pull_error_scan.h"

struct found_url {
    const char *end;   /* in the text; after the closing quote, if there is one */
    const char *host;  /* host[:port]; NULL: none that could be one */
    const char *image; /* of /v2/REPOSITORY/manifests/REFERENCE; NULL: it is another path */
    unsigned flags;    /* what it is for: PHRASE_TOKEN, PHRASE_BLOB, PHRASE_MANIFEST, or 0 */
    bool api;          /* the path begins with /v2/ */
};

/* `at` is at "http". In quotes it goes to the closing one, else to the next space. */
struct found_url field_url(const char *at, bool quoted, struct arena *arena);

/* What a URL or the rest of one is for: as `flags` above. */
unsigned field_url_flags(const char *url);

/* An image reference at `at`, quoted or not; NULL: there is none. `ret_end` is after it. */
const char *field_image(const char *at, bool quoted, struct arena *arena, const char **ret_end);

/* "A:PORT" or "[A]:PORT" at `at`. */
bool field_endpoint(const char *at, struct endpoint *ret);

/* What follows "lookup ": HOST, or HOST on RESOLVER:53. */
const char *field_lookup(const char *at, struct arena *arena, const char **ret_resolver);

/* The HTTP status that follows, also after a URL at `url` (else NULL); 0: none. */
unsigned field_status(const char *at, const char **ret_end, const char **ret_url);
