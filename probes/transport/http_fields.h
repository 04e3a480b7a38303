/* SPDX-License-Identifier: MIT */
#pragma once

/* Small parts of HTTP that several users of an exchange need (RFC 9110). */

#include "config/base/address.h"
#include "config/base/arena.h"
#include "probes/transport/http_exchange.h"

/* The value of the Host header: with the port unless it is the scheme's default, an IPv6 address in
 * brackets. NULL: memory is short. */
const char *http_host_header(const char *host, uint16_t port, uint16_t default_port,
                             struct arena *arena);

/* The first IP address in the first 4 KiB of the body, or NULL. Loopback, 0.0.0.0 and `except`
 * (NULL: none) do not count, nor do a server's version ("openresty/1.21.4.1") and a range
 * ("10.0.0.0/8"). A registry quotes the client's address in "client with IP '192.0.2.7' is not
 * allowed", and an echo service answers with it. */
const char *http_body_address(const struct http_response *response, const struct address *except,
                              struct arena *arena);

/* Seconds since 1970 of an IMF-fixdate, the one form that senders may generate (RFC 9110 section
 * 5.6.7). 0 if `value` is NULL or in another form. */
int64_t http_date(const char *value);

/* Retry-After in seconds, whether the peer wrote seconds or a date (RFC 9110 section 10.2.3).
 * 0: none. */
uint32_t http_retry_after(const struct http_response *response);

/* Content-Length as Go's client tells it: -1 if there is none, and if the body came in chunks or
 * was unpacked. */
int64_t http_content_length(const struct http_response *response);

/* Content-Length as it is written, even beside chunks: Go 1.24 takes it from an answer to HEAD. -1:
 * none. */
int64_t http_written_length(const struct http_response *response);

/* True if clients follow the Location header of this status (RFC 9110 section 15.4). */
bool http_is_redirect(unsigned status);
