/* SPDX-License-Identifier: MIT */
#pragma once

/* Addresses in a hosts file (hosts(5)), read as Go's resolver reads it (net/hosts.go): every line
 * that has the name counts, whatever the case, and with or without a dot at the end if the name has
 * another one. */

#include <stddef.h>

#include "config/base/address.h"

#define HOSTS_FILE_MAX_ADDRESSES 16

/* `root`: see host_files.h. Returns how many addresses the name has there; 0 if the file is no
 * regular file or cannot be read. Zones are left out: only link-local addresses need theirs. */
size_t hosts_file_find(const char *root, const char *path, const char *name,
                       struct address ret[HOSTS_FILE_MAX_ADDRESSES]);
