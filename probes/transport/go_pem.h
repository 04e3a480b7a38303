/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads certificates from a text with PEM blocks as Go does (encoding/pem; AppendCertsFromPEM in
 * crypto/x509, cert_pool.go). OpenSSL refuses blocks with an empty line or without an end.
 */

#include <stdbool.h>
#include <stddef.h>

/* Moves `at` behind the next block called CERTIFICATE that has no headers, and decodes it into
 * `ret`, which has room for the whole text. False at the end. */
bool go_pem_next(const char **at, const char *end, unsigned char *ret, size_t *ret_length);
