/* SPDX-License-Identifier: MIT */
#pragma once

/* The order in which clients dial the addresses of a name: RFC 6724 as Go applies it
 * (net/addrselect.go). Source addresses count, because an address from a network of another kind
 * comes later. */

#include "config/base/address.h"

/* A destination, and the address that this machine connects from; its family is AF_UNSPEC where
 * that is not known. */
struct address_pair {
    const struct address *to;
    const struct address *from;
};

/* Negative if clients dial `a` before `b`, positive if after, 0 if neither comes first. */
int address_order(const struct address_pair *a, const struct address_pair *b);
