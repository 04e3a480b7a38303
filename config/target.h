#pragma once

/* TARGET as people write it: an instance name, a host[:port], or an image reference. */

#include <stdbool.h>

#include "config/base/arena.h"
#include "config/settings.h"

/*
 * Fills host, port, address, instance, is_vpc_name and the first image of `ret`; texts in `arena`.
 * NULL when it is fine, else one sentence of what is valid.
 */
const char *target_parse(const char *text, struct arena *arena, struct target *ret);

/* "host:port" where the host may be a name, an IPv4 address or a bracketed IPv6 one. */
const char *host_port_parse(const char *text, uint16_t default_port, struct arena *arena,
                            const char **ret_host, uint16_t *ret_port, struct address *ret_address,
                            bool *ret_is_address);

/* A repository:tag or repository@digest without a host. NULL when it is fine. */
const char *image_check(const char *image);
