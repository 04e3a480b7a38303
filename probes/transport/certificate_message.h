/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Looks at the certificates of a peer (RFC 5246 7.4.2, RFC 8446 4.4.2) before OpenSSL decodes them,
 * because decoding has no limit but their bytes: 480 keys with compressed points, or 30,000 names,
 * cost more time than the rest of the handshake. Hostile input.
 */

#include <stdbool.h>
#include <stddef.h>

/* `body` is the message without its header of four bytes. NULL, or why it is refused: there is more
 * than any registry sends, or a certificate that Go cannot read. `ret_newer`: why only clients
 * built with Go 1.24 refuse it, or NULL. */
const char *certificate_message_refusal(const unsigned char *body, size_t length, bool is_tls_1_3,
                                        const char **ret_newer);
