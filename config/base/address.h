#pragma once

/*
 * IP addresses, endpoints and ranges as plain values. Numbers only: names are never resolved here.
 */

#include <stdbool.h>
#include <stddef.h>
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

/* IPv4 dotted quad or IPv6, no brackets, no zone. False leaves `ret` alone. */
bool address_parse(const char *text, struct address *ret);
bool address_equal(const struct address *a, const struct address *b);
const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_SIZE]);

/*
 * "ADDR", "ADDR:PORT", "[V6]:PORT" or a bare V6; `default_port` where none is written.
 * Port 0 is refused unless default_port is 0 too.
 */
bool endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
const char *endpoint_format(const struct endpoint *endpoint, char buffer[ENDPOINT_TEXT_SIZE]);

/* Fills `storage` for connect() or bind() and returns its length. */
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *storage);
bool endpoint_from_sockaddr(const struct sockaddr *sockaddr, struct endpoint *ret);

/* "10.0.0.0/8" or a single address; bits beyond the prefix must be zero. */
bool range_parse(const char *text, struct range *ret);
bool range_contains(const struct range *range, const struct address *address);
const char *range_format(const struct range *range, char buffer[RANGE_TEXT_SIZE]);
