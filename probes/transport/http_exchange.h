#pragma once

/*
 * One HTTP/1.1 request and its answer (RFC 9112) over a stream, parsed by llhttp, with limits on
 * everything a peer can make long. Redirects are reported, never followed here.
 */

#include <event2/event.h>

#include "config/base/arena.h"
#include "config/base/clock.h"
#include "probes/transport/stream.h"

#define HTTP_MAX_HEADER_BYTES  (32 * 1024) /* status line and headers together */
#define HTTP_MAX_HEADERS       100
#define HTTP_MAX_BODY          (256 * 1024) /* a larger body is cut, and body_too_large says so */
#define HTTP_MAX_INFORMATIONAL 8            /* 1xx answers before the real one */

enum http_outcome {
    HTTP_ANSWERED,
    HTTP_MALFORMED, /* `detail` says what; includes headers beyond the limits */
    HTTP_CLOSED,    /* the peer closed or reset before the answer was complete */
    HTTP_LOCAL,     /* memory, or the socket failed here */
};

struct http_header {
    const char *name;  /* lower case */
    const char *value; /* raw bytes of the peer, NUL-free, trimmed: escape before printing */
};

struct http_response {
    enum http_outcome outcome;
    unsigned status; /* 0 before a status line was read */
    usec_t duration; /* from the start of the request */
    size_t header_count;
    const struct http_header *headers;
    const char *body; /* NUL-terminated; may hold NULs; the exchange's, gone with it */
    size_t body_length;
    bool body_too_large;
    const char *detail;
};

/* The n-th value of a header (name in lower case), or NULL. */
const char *http_response_header(const struct http_response *response, const char *name, size_t n);

struct http_request {
    const char *method;        /* "GET", "HEAD" or "POST" */
    const char *host_header;   /* host, or host:port where the port is not the scheme's default */
    const char *path;          /* origin form, starts with '/' */
    const char *accept;        /* NULL: any type */
    const char *extra_headers; /* complete lines each ending in CRLF, or NULL */
    const char *form;          /* body of a POST, application/x-www-form-urlencoded; NULL: none */
    size_t max_body;           /* cut the answer's body here; 0: HTTP_MAX_BODY */
    bool secret;               /* wipe what was sent and read; give it an arena that does so too */
};

struct http_exchange;
typedef void http_done_fn(const struct http_response *response, void *context);

/*
 * `stream` is borrowed and must outlive the exchange. `done` is called from the loop exactly once,
 * never from inside start, never after free; the response lives in `arena`, its body with the
 * exchange. There is no timeout of its own; http_exchange_progress() is what there is when the
 * caller's deadline comes. Sends "User-Agent: tcr-probe/VERSION" and "Connection: close". NULL:
 * memory is short.
 */
struct http_exchange *http_exchange_start(struct event_base *base, struct stream *stream,
                                          const struct http_request *request, struct arena *arena,
                                          http_done_fn *done, void *context);
void http_exchange_free(struct http_exchange *exchange); /* allowed in the callback; NULL too */
usec_t http_exchange_elapsed(const struct http_exchange *exchange);

/* What has been read so far (status and headers if they are complete), for a stalled answer. */
const struct http_response *http_exchange_progress(const struct http_exchange *exchange);
