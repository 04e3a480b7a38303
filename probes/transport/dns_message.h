#pragma once

/* Reads one DNS answer (RFC 1035 section 4) through a bounds-checked cursor. Hostile input. */

#include <stddef.h>
#include <stdint.h>

#include "config/base/arena.h"
#include "probes/evidence.h"

/*
 * Fills outcome, rcode, cnames and addresses (without classes) of `answer`, whose name and type say
 * what was asked. Only addresses owned by the end of the CNAME chain that starts at the question
 * count; RFC 2181 TTLs (top bit set means 0); the rcode has the bits that EDNS adds (RFC 6891).
 * Never fails: what cannot be read is DNS_MALFORMED.
 */
void dns_message_read(const uint8_t *message, size_t length, struct arena *arena,
                      struct dns_evidence *answer);
