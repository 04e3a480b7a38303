/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads one HTTP/1 response by the rules of Go's net/http (response.go, transfer.go, textproto),
 * because the clients that pull are written in Go. It takes LF as a line end, Content-Length beside
 * chunked, equal lengths twice, long and many headers, and undoes gzip; it refuses everything that
 * Go refuses. Bytes may come in any pieces. Hostile input: everything is bounded.
 *
 * States: status line -> header lines -> body -> done. The body has a length, or is chunked (size
 * line -> data -> end of data -> size line ...), or ends with the connection. http_reader_feed()
 * moves them, byte by byte or by whole pieces of a body; an informational response (1xx) goes back
 * to the status line.
 */

#include "config/base/arena.h"
#include "probes/transport/http_response.h"

enum http_reading {
    HTTP_READING,
    HTTP_READ,    /* the response is complete, or its body reached the limit */
    HTTP_REFUSED, /* http_reader_refusal() says why */
    HTTP_NO_MEMORY,
};

struct http_reader_options {
    bool is_head;    /* the answer has no body */
    bool is_connect; /* no answer comes after an informational one */
    bool may_be_zip; /* undo Content-Encoding: gzip, as Go does if it asked for it by itself */
    size_t max_body; /* bytes, after unzipping */
};

struct http_reader;

/* The kept headers go into `arena`. NULL: memory is short. */
struct http_reader *http_reader_new(const struct http_reader_options *options, struct arena *arena);
void http_reader_free(struct http_reader *reader); /* NULL is allowed */

enum http_reading http_reader_feed(struct http_reader *reader, const char *bytes, size_t count);

/* The connection ended: HTTP_READ if that completes the response, else HTTP_READING. */
enum http_reading http_reader_end(struct http_reader *reader);

const char *http_reader_refusal(const struct http_reader *reader);
bool http_reader_has_headers(const struct http_reader *reader);

/* Status, headers and body so far, without outcome, duration and detail. The headers live in
 * the arena, the body with the reader. The status is 0 until the headers are complete. */
void http_reader_response(const struct http_reader *reader, struct http_response *ret);
