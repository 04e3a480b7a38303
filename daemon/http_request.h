#pragma once

/*
 * The head of one HTTP/1 request, read strictly (RFC 9112): llhttp parses it, and what llhttp 6
 * lets through but a server must not guess about is refused before: bare CR or LF, NUL, folded
 * lines, field names that are no tokens, not exactly one Host in 1.1, any Transfer-Encoding, a
 * repeated Content-Length. Pure: no socket, no clock.
 */

#include <stdbool.h>
#include <stddef.h>

#define HTTP_REQUEST_MAX_HEAD 8192 /* bytes of request line and header fields */
#define HTTP_REQUEST_MAX_BODY 1024

struct http_request_head {
    const char *method; /* "GET", "HEAD" or "POST"; the others point into the bytes read */
    char *path;
    char *query;  /* "" when there is none */
    char *host;   /* "" when HTTP/1.0 sent none */
    char *accept; /* "" */
    size_t content_length;
    bool keep_alive;
    bool is_1_1; /* else HTTP/1.0, which knows no chunks */
};

/* Bytes up to and with the empty line, or 0 while it has not come. */
size_t http_request_head_length(const char *bytes, size_t count);

/* Reads a complete head in place, cutting it into strings. 0, or the status that refuses it: 400,
 * 405, 413. */
unsigned http_request_parse(char *head, size_t length, struct http_request_head *ret);

/* Whether a Host field names this server: an address, "localhost", `hostname` or one of `allowed`,
 * with or without a port. Guards against DNS rebinding. */
bool http_request_host_allowed(const char *host, const char *hostname, const char *const *allowed,
                               size_t allowed_count);
