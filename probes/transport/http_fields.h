#pragma once

/* Small readings and writings of HTTP that several speakers share (RFC 9110). */

#include "config/base/address.h"
#include "config/base/arena.h"
#include "probes/transport/http_exchange.h"

/* The Host header: the port only where it is not the scheme's, an IPv6 address in brackets. NULL:
 * memory. */
const char *http_host_header(const char *host, uint16_t port, uint16_t default_port,
                             struct arena *arena);

/* The first IP address written in the first 4 KiB of the body that is no loopback, not 0.0.0.0 and
 * not `except` (NULL: none), or NULL: what a registry quotes in "client with IP '192.0.2.7' is not
 * allowed", and what an echo service answers. A server's version ("openresty/1.21.4.1") and a range
 * ("10.0.0.0/8") are none. */
const char *http_body_address(const struct http_response *response, const struct address *except,
                              struct arena *arena);

/* IMF-fixdate, the one form that senders may generate (RFC 9110 section 5.6.7), as seconds since
 * 1970. 0: unreadable, or NULL. */
int64_t http_date(const char *value);

/* Retry-After in seconds, written as such or as a date (RFC 9110 section 10.2.3); 0 none. */
uint32_t http_retry_after(const struct http_response *response);

/* Whether clients go on at the Location (RFC 9110 section 15.4). */
bool http_is_redirect(unsigned status);
