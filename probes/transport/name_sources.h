/* SPDX-License-Identifier: MIT */
#pragma once

/* The hosts line of nsswitch.conf, read as Go's resolver reads it (net/nss.go, net/conf.go).
 * containerd and skopeo are built with cgo: they look names up themselves if they know every source
 * of the line, and leave it to libc otherwise. */

#include <stdbool.h>

#include "config/base/arena.h"

struct name_sources {
    bool files; /* /etc/hosts is read */
    bool dns;   /* resolvers are asked */
    bool dns_first;
    bool is_libc;     /* libc decides, by sources that this program does not know */
    const char *line; /* what it says, in `arena`; NULL: there is no such line, or no arena */
};

/* `root`: see host_files.h. `host`: the name that is looked up. Without a file, or a line in it:
 * files, then dns. */
void name_sources_read(const char *root, const char *host, struct arena *arena,
                       struct name_sources *ret);
