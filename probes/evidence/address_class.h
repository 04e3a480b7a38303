/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which kind of address a resolver gave: private, provider, public or bogus, and by which rule.
 * Source of the ranges: the IANA IPv4 and IPv6 special-purpose address registries; Tencent's
 * documented internal ranges come from the settings. Configured ranges are looked at first.
 */

#include "config/settings.h"
#include "probes/evidence/evidence.h"

/*
 * `network` may be NULL (no configured ranges). `ret_rule` (may be NULL) is set to the range that
 * matched as it is printed, e.g. "10.0.0.0/8 (RFC 1918)" or "configured private_ranges
 * 127.0.0.0/8": text of `arena` or static. An IPv4-mapped or NAT64 (64:ff9b::/96) address has the
 * class of the IPv4 address inside it.
 */
enum address_class address_classify(const struct address *address,
                                    const struct network_settings *network, struct arena *arena,
                                    const char **ret_rule);

/* Cloud metadata services: never dialled when a peer names them. */
bool address_is_metadata(const struct address *address);
