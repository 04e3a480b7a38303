/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads a certificate as Go does (crypto/x509, parser.go). A client fails if it cannot read one of
 * the certificates that a server sends, whatever that certificate is for, and ignores one in the
 * files that it trusts. OpenSSL reads many that Go does not. Hostile input.
 */

#include <stdint.h>

#include "probes/transport/der.h"

struct go_certificate {
    long version;      /* 1 to 3 */
    struct der issuer; /* as it is written: Go does not compare names in another way */
    struct der subject;
    struct der key;
    int64_t not_before; /* seconds since 1970 */
    int64_t not_after;
    bool has_odd_signature; /* RSA-PSS with parameters that Go does not take */
    bool has_constraints;   /* basic ones */
    bool is_ca;
    long path_length; /* -1: no limit */
    bool limits_key_usage;
    bool may_sign;
    bool limits_usage; /* by an extended key usage */
    bool for_servers;
    bool has_names;
    struct der names;
    bool limits_names;
    struct der permitted; /* subtrees */
    struct der excluded;
    bool has_unknown_critical; /* extension */
    const char *newer_refusal; /* why clients built with Go 1.24 do not read it; NULL: they do */
};

/* NULL, or why Go does not read it, in Go's words. `ret` points into `bytes`. */
const char *go_certificate_read(const unsigned char *bytes, size_t length,
                                struct go_certificate *ret);
