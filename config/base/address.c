/* SPDX-License-Identifier: MIT */
#include "config/base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static size_t address_size(const struct address *address)
{
    return address->family == AF_INET ? 4 : address->family == AF_INET6 ? 16 : 0;
}

bool address_parse(const char *text, struct address *ret)
{
    struct address parsed = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

    if (inet_pton(parsed.family, text, parsed.bytes) != 1)
        return false;
    *ret = parsed;
    return true;
}

bool address_is_valid(const char *text)
{
    struct address address;

    return address_parse(text, &address);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, address_size(a)) == 0;
}

const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_SIZE])
{
    if (address_size(address) == 0 ||
        !inet_ntop(address->family, address->bytes, buffer, ADDRESS_TEXT_SIZE))
        buffer[0] = '\0';
    return buffer;
}

/* Parses digits alone, 0 to 65535. */
static bool parse_number(const char *text, uint16_t *ret)
{
    unsigned long port = 0;

    if (!*text || strlen(text) > 5)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        port = port * 10 + (unsigned long)(*text - '0');
    }
    if (port > UINT16_MAX)
        return false;
    *ret = (uint16_t)port;
    return true;
}

bool endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret)
{
    struct endpoint parsed = {.port = default_port};
    char host[ADDRESS_TEXT_SIZE];
    const char *host_start = text;
    const char *host_end = text + strlen(text);
    const char *port = NULL;

    if (*text == '[') {
        host_start = text + 1;
        host_end = strchr(text, ']');
        if (!host_end || (host_end[1] != '\0' && host_end[1] != ':'))
            return false;
        port = host_end[1] == ':' ? host_end + 2 : NULL;
    } else {
        const char *colon = strchr(text, ':');
        if (colon && !strchr(colon + 1, ':')) {
            host_end = colon;
            port = colon + 1;
        }
    }
    size_t length = (size_t)(host_end - host_start);
    if (length >= sizeof(host))
        return false;
    memcpy(host, host_start, length);
    host[length] = '\0';
    if (!address_parse(host, &parsed.address))
        return false;
    if (*text == '[' && parsed.address.family != AF_INET6)
        return false;
    if (port && !parse_number(port, &parsed.port))
        return false;
    if (port && parsed.port == 0 && default_port != 0)
        return false;
    *ret = parsed;
    return true;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && address_equal(&a->address, &b->address);
}

const char *endpoint_format(const struct endpoint *endpoint, char buffer[ENDPOINT_TEXT_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];
    char text[HOST_PORT_SIZE];

    host_port_format(address_format(&endpoint->address, address), endpoint->port, text);
    memcpy(buffer, text, ENDPOINT_TEXT_SIZE); /* an address is never longer than that */
    return buffer;
}

static const char *format_host(const char *host, const char *port, char buffer[HOST_PORT_SIZE])
{
    bool brackets = strchr(host, ':') != NULL;

    snprintf(buffer, HOST_PORT_SIZE, "%s%s%s%s", brackets ? "[" : "", host, brackets ? "]" : "",
             port);
    return buffer;
}

const char *host_port_format(const char *host, uint16_t port, char buffer[HOST_PORT_SIZE])
{
    char number[sizeof(":65535")];

    snprintf(number, sizeof(number), ":%u", (unsigned)port);
    return format_host(host, number, buffer);
}

const char *host_port_short(const char *host, uint16_t port, uint16_t default_port,
                            char buffer[HOST_PORT_SIZE])
{
    return port == default_port ? format_host(host, "", buffer)
                                : host_port_format(host, port, buffer);
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *storage)
{
    memset(storage, 0, sizeof(*storage));
    if (endpoint->address.family == AF_INET6) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
        memcpy(&v6.sin6_addr, endpoint->address.bytes, 16);
        memcpy(storage, &v6, sizeof(v6));
        return sizeof(v6);
    }
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
    memcpy(&v4.sin_addr, endpoint->address.bytes, 4);
    memcpy(storage, &v4, sizeof(v4));
    return sizeof(v4);
}

bool endpoint_from_sockaddr(const struct sockaddr *sockaddr, struct endpoint *ret)
{
    struct endpoint endpoint = {.address.family = sockaddr->sa_family};

    if (sockaddr->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, sockaddr, sizeof(v4));
        memcpy(endpoint.address.bytes, &v4.sin_addr, 4);
        endpoint.port = ntohs(v4.sin_port);
    } else if (sockaddr->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, sockaddr, sizeof(v6));
        memcpy(endpoint.address.bytes, &v6.sin6_addr, 16);
        endpoint.port = ntohs(v6.sin6_port);
    } else {
        return false;
    }
    *ret = endpoint;
    return true;
}

/* True when every bit of `bytes` from bit `prefix` on is zero. */
static bool host_bits_clear(const struct address *address, unsigned prefix)
{
    for (unsigned bit = prefix; bit < address_size(address) * 8; bit++)
        if (address->bytes[bit / 8] & (0x80u >> (bit % 8)))
            return false;
    return true;
}

bool range_parse(const char *text, struct range *ret)
{
    struct range range;
    char host[ADDRESS_TEXT_SIZE];
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);

    if (length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (!address_parse(host, &range.base))
        return false;
    unsigned bits = (unsigned)address_size(&range.base) * 8;
    uint16_t prefix = (uint16_t)bits;
    if (slash && (!parse_number(slash + 1, &prefix) || prefix > bits))
        return false;
    range.prefix = prefix;
    if (!host_bits_clear(&range.base, range.prefix))
        return false;
    *ret = range;
    return true;
}

bool range_contains(const struct range *range, const struct address *address)
{
    if (range->base.family != address->family)
        return false;
    for (unsigned bit = 0; bit < range->prefix; bit++) {
        uint8_t mask = (uint8_t)(0x80u >> (bit % 8));
        if ((range->base.bytes[bit / 8] ^ address->bytes[bit / 8]) & mask)
            return false;
    }
    return true;
}

const char *range_format(const struct range *range, char buffer[RANGE_TEXT_SIZE])
{
    char address[ADDRESS_TEXT_SIZE];

    snprintf(buffer, RANGE_TEXT_SIZE, "%s/%u", address_format(&range->base, address),
             range->prefix);
    return buffer;
}
