/* SPDX-License-Identifier: MIT */
#include "probes/evidence/address_order.h"

#include <sys/socket.h>

/* Go's policy table (RFC 6724 section 2.1), the longest prefix first. IPv4 is ::ffff:0:0/96. */
static const struct policy {
    struct range range;
    int precedence;
    int label;
} policies[] = {
    {{{AF_INET6, {[15] = 1}}, 128}, 50, 0},  {{{AF_INET, {0}}, 0}, 35, 4},
    {{{AF_INET6, {0}}, 96}, 1, 3},           {{{AF_INET6, {0x20, 0x01}}, 32}, 5, 5},
    {{{AF_INET6, {0x20, 0x02}}, 16}, 30, 2}, {{{AF_INET6, {0x3f, 0xfe}}, 16}, 1, 12},
    {{{AF_INET6, {0xfe, 0xc0}}, 10}, 1, 11}, {{{AF_INET6, {0xfc}}, 7}, 3, 13},
    {{{AF_INET6, {0}}, 0}, 40, 1},
};

static const struct policy *policy_of(const struct address *address)
{
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
        if (range_contains(&policies[i].range, address))
            return &policies[i];
    return &policies[sizeof(policies) / sizeof(policies[0]) - 1];
}

/* An unknown source is taken for one that fits. */
static bool labels_match(const struct address_pair *pair)
{
    return pair->from->family == AF_UNSPEC ||
           policy_of(pair->to)->label == policy_of(pair->from)->label;
}

int address_order(const struct address_pair *a, const struct address_pair *b)
{
    int match = labels_match(b) - labels_match(a); /* rule 5 */

    return match ? match : policy_of(b->to)->precedence - policy_of(a->to)->precedence; /* 6 */
}
