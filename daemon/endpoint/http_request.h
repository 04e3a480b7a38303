/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads the head of one HTTP/1 request strictly (RFC 9112). llhttp 6 parses it, but accepts some
 * heads that a server must not guess about, so these are refused first: bare CR or LF, NUL, folded
 * lines, field names that are not tokens, not exactly one Host in 1.1 or an empty one, any
 * Transfer-Encoding, a repeated Content-Length. Pure functions: no socket, no clock.
 */

#include <stdbool.h>
#include <stddef.h>

#define HTTP_REQUEST_MAX_HEAD 8192 /* bytes of request line and header fields */
#define HTTP_REQUEST_MAX_BODY 1024

struct http_request_head {
    const char *method; /* "GET", "HEAD", "POST", "OPTIONS", or "" for any other */
    char *path;         /* this and the next point into the bytes that were read */
    char *query;        /* "" if there is none, as in all that follow */
    char *host;         /* "" only in HTTP/1.0 */
    char *accept;
    char *origin;
    char *fetch_site; /* Sec-Fetch-Site */
    size_t content_length;
    bool keep_alive;
    bool is_1_1; /* else HTTP/1.0, which has no chunks */
};

/* Bytes up to and including the empty line, or 0 if it is not there yet. */
size_t http_request_head_length(const char *bytes, size_t count);

/* Reads a complete head in place and cuts it into strings. Returns 0, or the status that refuses
 * it: 400 or 413. */
unsigned http_request_parse(char *head, size_t length, struct http_request_head *ret);

/* True if a Host field names this server: an address, "localhost", `hostname` or one of `allowed`,
 * with or without a port. Guards against DNS rebinding. */
bool http_request_host_allowed(const char *host, const char *hostname, const char *const *allowed,
                               size_t allowed_count);

/* True if a page of another site makes a browser send a request that changes something: the method
 * is POST, and Sec-Fetch-Site or Origin names another origin (the Fetch standard; RFC 6454). A
 * client that is no browser sends neither. */
bool http_request_is_cross_site(const struct http_request_head *head);
