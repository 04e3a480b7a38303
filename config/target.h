/* SPDX-License-Identifier: MIT */
#pragma once

/* Parses TARGET as people write it: an instance name, host[:port], or an image reference. docker.io
 * becomes registry-1.docker.io, as in clients. */

#include <stdbool.h>

#include "config/base/arena.h"
#include "config/settings.h"

/*
 * Fills host, port, address, instance, is_vpc_name and the first image of `ret`, with texts in
 * `arena`. Returns NULL, or one sentence that says which values are valid.
 */
const char *target_parse(const char *text, struct arena *arena, struct target *ret);

/* Parses "host:port"; the host is a name, an IPv4 address, or an IPv6 address in brackets. A
 * default port of 0 means that a port is needed. Returns as target_parse(). */
const char *host_port_parse(const char *text, uint16_t default_port, struct arena *arena,
                            const char **ret_host, uint16_t *ret_port, struct address *ret_address,
                            bool *ret_is_address);

/*
 * Checks REPOSITORY[:TAG][@DIGEST], an image reference without its host, by the grammar of
 * github.com/distribution/reference, which containerd, the kubelet and docker use. Returns NULL, or
 * one sentence that says which values are valid.
 */
const char *image_check(const char *image);

/* Returns the image as clients ask for it: at docker.io, NAME is library/NAME. `target` is a TARGET
 * as written. NULL when memory is short. */
const char *image_at(const char *target, const char *image, struct arena *arena);
