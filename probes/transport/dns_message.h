/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads one DNS answer (RFC 1035 section 4) through a bounds-checked cursor. Hostile input. */

#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"
#include "probes/evidence/evidence.h"

/*
 * Fills outcome, rcode, cnames and addresses (without classes) of `answer`, which has the name and
 * type that were asked. All addresses count, as in Go's resolver, which does not compare
 * the names that own them. A TTL with the top bit set is 0 (RFC 2181), and the rcode includes the
 * bits that EDNS adds (RFC 6891). Never fails: the outcome of an unreadable message is
 * DNS_MALFORMED.
 */
void dns_message_read(const uint8_t *message, size_t length, struct arena *arena,
                      struct dns_evidence *answer);
