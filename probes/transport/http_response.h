/* SPDX-License-Identifier: MIT */
#pragma once

/* A response as it was read. See http_exchange.h for the exchange, http_reader.h for the rules. */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/clock.h"

#define HTTP_MAX_HEADER_BYTES  (10 * 1024 * 1024) /* status line and headers together, as in Go */
#define HTTP_MAX_HEADERS       64                 /* kept, of those that somebody here reads */
#define HTTP_MAX_HEADER_VALUE  (32 * 1024)        /* of one that is kept */
#define HTTP_MAX_BODY          (256 * 1024) /* of a body, unless a request gives another limit */
#define HTTP_MAX_INFORMATIONAL 5            /* 1xx answers before the real one, as in Go */

enum http_outcome {
    HTTP_ANSWERED,
    HTTP_MALFORMED, /* `detail` says why; headers beyond the limits too */
    HTTP_CLOSED,    /* the peer closed or reset before the answer was complete */
    HTTP_LOCAL,     /* memory, or the socket failed here */
};

struct http_header {
    const char *name; /* lower case */
    const char
        *value; /* raw bytes of the peer, trimmed, a NUL is a blank: escape before printing */
};

struct http_response {
    enum http_outcome outcome;
    unsigned status;  /* 0 before the headers were complete */
    int64_t asked_at; /* when the request began, in seconds since 1970-01-01 UTC */
    usec_t duration;  /* from the start of the request */
    size_t header_count;
    const struct http_header *headers;
    const char *body; /* NUL-terminated; may hold NULs; the exchange's, gone with it */
    size_t body_length;
    bool body_too_large;
    bool was_zipped;  /* the body is unpacked, so Content-Length is not its length */
    bool was_cut;     /* closed, in order or without close_notify, before its end */
    bool odd_headers; /* it has what Go 1.24 refuses and Go 1.19 took; also between its chunks */
    const char *detail;
};

/* The n-th value of a header (name in lower case), or NULL. Only the headers that some part of the
 * program reads are kept: add a new one to the list in http_reader.c. */
const char *http_response_header(const struct http_response *response, const char *name, size_t n);
