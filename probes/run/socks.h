/* SPDX-License-Identifier: MIT */
#pragma once

/* A connection through a SOCKS5 proxy (RFC 1928, with the password of RFC 1929), asked for as Go's
 * client does: the proxy looks the name up. Only tunnel.c uses it. */

#include "probes/run/tunnel.h"

struct socks;

/* `fd` and all texts are borrowed until the end. `done` gets a result without a descriptor, from
 * the loop, exactly once. NULL: memory is short. */
struct socks *socks_start(struct event_base *base, int fd, const struct proxy_url *proxy,
                          const char *host, uint16_t port, tunnel_done_fn *done, void *context);
void socks_free(struct socks *socks); /* allowed in the callback; NULL too */
