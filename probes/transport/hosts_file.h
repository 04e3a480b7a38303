/* SPDX-License-Identifier: MIT */
#pragma once

/* Addresses in a hosts file (hosts(5)), read as Go's resolver reads it (net/hosts.go): every line
 * that has the name counts, whatever the case and with or without a dot at the end. */

#include <stddef.h>

#include "config/base/address.h"

#define HOSTS_FILE_MAX_ADDRESSES 8

/* `root`: see host_files.h. Returns how many addresses the name has there; 0 if the file cannot be
 * read. At most 256 KiB of a
 * regular file are read. Addresses with a zone are left out. */
size_t hosts_file_find(const char *root, const char *path, const char *name,
                       struct address ret[HOSTS_FILE_MAX_ADDRESSES]);
