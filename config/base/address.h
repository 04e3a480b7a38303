/* SPDX-License-Identifier: MIT */
#pragma once

/* IP addresses, endpoints and ranges as plain values. Names are never resolved here. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    int family;        /* AF_INET, AF_INET6, or AF_UNSPEC for "none" */
    uint8_t bytes[16]; /* network order; 4 used for AF_INET */
};

struct endpoint {
    struct address address;
    uint16_t port; /* host order */
};

struct range {
    struct address base;
    unsigned prefix; /* bits */
};

#define ADDRESS_TEXT_SIZE  46 /* longest IPv6 text and a NUL */
#define ENDPOINT_TEXT_SIZE 56 /* "[v6]:65535" and a NUL */
#define RANGE_TEXT_SIZE    52
#define HOST_PORT_SIZE     264 /* longest host name, brackets, ":65535" and a NUL */

/* Parses IPv4 or IPv6, without brackets and zone. If it returns false, `ret` is unchanged. */
bool address_parse(const char *text, struct address *ret);
bool address_is_valid(const char *text); /* address_parse() takes it */
bool address_equal(const struct address *a, const struct address *b);
const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_SIZE]);

/*
 * Parses "ADDR", "ADDR:PORT", "[V6]:PORT" or a bare V6, with `default_port` if there is no port.
 * Refuses port 0 unless `default_port` is 0 too.
 */
bool endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
const char *endpoint_format(const struct endpoint *endpoint, char buffer[ENDPOINT_TEXT_SIZE]);

/*
 * Writes "HOST:PORT", with brackets around an IPv6 address. `host` is a name or an address without
 * brackets. host_port_short() leaves out the port if it is `default_port`.
 */
const char *host_port_format(const char *host, uint16_t port, char buffer[HOST_PORT_SIZE]);
const char *host_port_short(const char *host, uint16_t port, uint16_t default_port,
                            char buffer[HOST_PORT_SIZE]);

/* Fills `storage` for connect() or bind() and returns its length. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *storage);
bool endpoint_from_sockaddr(const struct sockaddr *sockaddr, struct endpoint *ret);

/* Parses "10.0.0.0/8" or a single address; the bits after the prefix must be zero. */
bool range_parse(const char *text, struct range *ret);
bool range_contains(const struct range *range, const struct address *address);
const char *range_format(const struct range *range, char buffer[RANGE_TEXT_SIZE]);
