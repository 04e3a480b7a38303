/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The names in a certificate, and the constraints of an issuer on them (RFC 5280 4.2.1.6 and
 * 4.2.1.10), as Go reads them (crypto/x509, parser.go and verify.go; net/url). Hostile input.
 */

#include "probes/transport/der.h"

#define GO_NAME_EMAIL   (DER_CONTEXT | 1)
#define GO_NAME_DNS     (DER_CONTEXT | 2)
#define GO_NAME_URI     (DER_CONTEXT | 6)
#define GO_NAME_ADDRESS (DER_CONTEXT | 7)

/* Why Go does not read a certificate with this alternative name, or NULL. */
const char *go_name_refusal(unsigned char tag, const struct der *name);

/* The same for a constraint. `ret_known` is set to false if Go does not know its kind. */
const char *go_constraint_refusal(unsigned char tag, const struct der *constraint, bool *ret_known);

/* True if all `names` are within the subtrees. Both are contents of their extensions that were not
 * refused. Takes each comparison from `left`, and returns false if it is too small. */
bool go_names_are_permitted(const struct der *names, const struct der *permitted,
                            const struct der *excluded, unsigned *left);
