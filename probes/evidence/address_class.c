/* SPDX-License-Identifier: MIT */
#include "probes/evidence/address_class.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct special_range {
    struct range range;
    enum address_class address_class;
    const char *rule;
};

#define V4(a, b, c, d, bits, class, text)                                                \
    {                                                                                    \
        .range = {.base = {.family = AF_INET, .bytes = {a, b, c, d}}, .prefix = (bits)}, \
        .address_class = (class), .rule = text                                           \
    }
#define V6(bits, class, text, ...)                                                         \
    {                                                                                      \
        .range = {.base = {.family = AF_INET6, .bytes = {__VA_ARGS__}}, .prefix = (bits)}, \
        .address_class = (class), .rule = text                                             \
    }

/*
 * The ranges that the IANA special-purpose registries list as not globally reachable, multicast,
 * and the addresses that RFC 4291 section 2.5.5.1 deprecates. The first match counts, so a more
 * specific range comes before the one around it.
 */
static const struct special_range special_ranges[] = {
    V4(10, 0, 0, 0, 8, CLASS_PRIVATE, "10.0.0.0/8 (RFC 1918)"),
    V4(172, 16, 0, 0, 12, CLASS_PRIVATE, "172.16.0.0/12 (RFC 1918)"),
    V4(192, 168, 0, 0, 16, CLASS_PRIVATE, "192.168.0.0/16 (RFC 1918)"),
    V4(100, 64, 0, 0, 10, CLASS_PROVIDER, "100.64.0.0/10 (shared address space, RFC 6598)"),
    V4(169, 254, 0, 0, 16, CLASS_PROVIDER, "169.254.0.0/16 (link local, RFC 3927)"),
    V4(0, 0, 0, 0, 8, CLASS_BOGUS, "0.0.0.0/8 (this network, RFC 791)"),
    V4(127, 0, 0, 0, 8, CLASS_BOGUS, "127.0.0.0/8 (loopback, RFC 1122)"),
    V4(192, 0, 0, 9, 32, CLASS_PUBLIC, "192.0.0.9/32 (PCP anycast, RFC 7723)"),
    V4(192, 0, 0, 10, 32, CLASS_PUBLIC, "192.0.0.10/32 (TURN anycast, RFC 8155)"),
    V4(192, 0, 0, 0, 24, CLASS_BOGUS, "192.0.0.0/24 (IETF protocol assignments, RFC 6890)"),
    V4(192, 0, 2, 0, 24, CLASS_BOGUS, "192.0.2.0/24 (documentation, RFC 5737)"),
    /* Networks use it inside, and proxies answer with it where they take connections over. */
    V4(198, 18, 0, 0, 15, CLASS_PRIVATE, "198.18.0.0/15 (benchmarking, RFC 2544)"),
    V4(198, 51, 100, 0, 24, CLASS_BOGUS, "198.51.100.0/24 (documentation, RFC 5737)"),
    V4(203, 0, 113, 0, 24, CLASS_BOGUS, "203.0.113.0/24 (documentation, RFC 5737)"),
    V4(224, 0, 0, 0, 4, CLASS_BOGUS, "224.0.0.0/4 (multicast, RFC 5771)"),
    V4(255, 255, 255, 255, 32, CLASS_BOGUS, "255.255.255.255/32 (limited broadcast, RFC 919)"),
    V4(240, 0, 0, 0, 4, CLASS_PRIVATE, "240.0.0.0/4 (reserved, RFC 1112; used inside networks)"),

    V6(7, CLASS_PRIVATE, "fc00::/7 (unique local, RFC 4193)", 0xfc),
    V6(128, CLASS_BOGUS, "::/128 (unspecified, RFC 4291)", 0),
    V6(128, CLASS_BOGUS, "::1/128 (loopback, RFC 4291)", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       0, 1),
    V6(96, CLASS_BOGUS, "::/96 (IPv4-compatible, RFC 4291)", 0),
    V6(48, CLASS_PRIVATE, "64:ff9b:1::/48 (local translation, RFC 8215)", 0, 0x64, 0xff, 0x9b, 0,
       1),
    V6(64, CLASS_BOGUS, "100::/64 (discard only, RFC 6666)", 1),
    V6(64, CLASS_BOGUS, "100:0:0:1::/64 (dummy prefix, RFC 9780)", 1, 0, 0, 0, 0, 0, 0, 1),
    V6(128, CLASS_PUBLIC, "2001:1::1/128 (PCP anycast, RFC 7723)", 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0,
       0, 0, 0, 0, 0, 1),
    V6(128, CLASS_PUBLIC, "2001:1::2/128 (TURN anycast, RFC 8155)", 0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0,
       0, 0, 0, 0, 0, 2),
    V6(32, CLASS_PUBLIC, "2001:3::/32 (AMT, RFC 7450)", 0x20, 1, 0, 3),
    V6(48, CLASS_PUBLIC, "2001:4:112::/48 (AS112, RFC 7535)", 0x20, 1, 0, 4, 1, 0x12),
    V6(28, CLASS_PUBLIC, "2001:20::/28 (ORCHIDv2, RFC 7343)", 0x20, 1, 0, 0x20),
    V6(28, CLASS_PUBLIC, "2001:30::/28 (drone remote ID, RFC 9374)", 0x20, 1, 0, 0x30),
    V6(23, CLASS_BOGUS, "2001::/23 (IETF protocol assignments, RFC 2928)", 0x20, 1),
    V6(32, CLASS_BOGUS, "2001:db8::/32 (documentation, RFC 3849)", 0x20, 1, 0x0d, 0xb8),
    V6(20, CLASS_BOGUS, "3fff::/20 (documentation, RFC 9637)", 0x3f, 0xff),
    V6(16, CLASS_BOGUS, "5f00::/16 (segment routing, RFC 9602)", 0x5f),
    V6(10, CLASS_BOGUS, "fe80::/10 (link local, RFC 4291)", 0xfe, 0x80),
    V6(10, CLASS_BOGUS, "fec0::/10 (site local, RFC 3879)", 0xfe, 0xc0),
    V6(8, CLASS_BOGUS, "ff00::/8 (multicast, RFC 4291)", 0xff),
};

/* True for an address of a network's own NAT64 (RFC 8215) with the usual prefix of 96 bits: it ends
 * in an IPv4 address. With a shorter prefix it ends in zeroes (RFC 6052 section 2.2). */
static bool is_local_nat64(const uint8_t *bytes)
{
    static const uint8_t prefix[6] = {0, 0x64, 0xff, 0x9b, 0, 1};

    return memcmp(bytes, prefix, sizeof(prefix)) == 0 && bytes[12] &&
           (bytes[13] || bytes[14] || bytes[15]);
}

/* The IPv4 address inside an IPv4-mapped (RFC 4291) or NAT64 (RFC 6052) one, else the same. */
static struct address embedded(const struct address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    struct address inner = {.family = AF_INET};

    if (address->family != AF_INET6 ||
        (memcmp(address->bytes, mapped, 12) != 0 && memcmp(address->bytes, nat64, 12) != 0 &&
         !is_local_nat64(address->bytes)))
        return *address;
    memcpy(inner.bytes, address->bytes + 12, 4);
    return inner;
}

static const struct range *range_find(const struct range *ranges, size_t count,
                                      const struct address *address, const struct address *inner)
{
    for (size_t i = 0; i < count; i++)
        if (range_contains(&ranges[i], address) || range_contains(&ranges[i], inner))
            return &ranges[i];
    return NULL;
}

static const char *configured_rule(const char *key, const struct range *range, struct arena *arena)
{
    char text[RANGE_TEXT_SIZE];
    const char *rule = NULL;

    if (arena)
        rule = arena_format(arena, "configured %s %s", key, range_format(range, text));
    return rule ? rule : key;
}

enum address_class address_classify(const struct address *address,
                                    const struct network_settings *network, struct arena *arena,
                                    const char **ret_rule)
{
    struct address inner = embedded(address);
    enum address_class address_class = CLASS_PUBLIC;
    const char *rule = "no special-purpose range";
    const struct range *range;

    if (network && (range = range_find(network->private_ranges, network->private_range_count,
                                       address, &inner))) {
        address_class = CLASS_PRIVATE;
        rule = configured_rule("private_ranges", range, ret_rule ? arena : NULL);
    } else if (network && (range = range_find(network->provider_ranges,
                                              network->provider_range_count, address, &inner))) {
        address_class = CLASS_PROVIDER;
        rule = configured_rule("provider_ranges", range, ret_rule ? arena : NULL);
    } else {
        for (size_t i = 0; i < COUNT(special_ranges); i++) {
            if (!range_contains(&special_ranges[i].range, &inner))
                continue;
            address_class = special_ranges[i].address_class;
            rule = special_ranges[i].rule;
            break;
        }
    }
    if (address->family != AF_INET && address->family != AF_INET6) {
        address_class = CLASS_BOGUS;
        rule = "no address";
    }
    if (ret_rule)
        *ret_rule = rule;
    return address_class;
}

bool address_is_metadata(const struct address *address)
{
    static const struct address services[] = {
        {.family = AF_INET, .bytes = {169, 254, 0, 23}},
        {.family = AF_INET, .bytes = {169, 254, 169, 254}},
        {.family = AF_INET, .bytes = {100, 100, 100, 200}},
        {.family = AF_INET6, .bytes = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54}},
    };
    struct address inner = embedded(address);

    for (size_t i = 0; i < COUNT(services); i++)
        if (address_equal(&inner, &services[i]))
            return true;
    return false;
}
