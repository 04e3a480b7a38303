/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files of the machine whose client pulls, below a folder where its root is mounted. Links are
 * followed as they lead on that machine (a link to /opt is looked up below the folder), and none
 * leads out of it. Works on kernels without openat2().
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"

#define HOST_FILE_LIMIT   ((size_t)256 * 1024) /* bytes of one file */
#define HOST_FOLDER_LIMIT 1024                 /* entries of one folder that are looked at */

/* Opens a path of that machine read-only; `root` NULL is this machine. Refuses everything but
 * regular files, or folders if `folder`. Returns the descriptor, or -1 with errno (ELOOP: too many
 * links, EINVAL: another kind of file). */
int host_open(const char *root, const char *path, bool folder);

/* The bytes of a file and a NUL after them, in `arena`. NULL with the reason in `ret_why` (static
 * text): not there, too large, unreadable. `ret_absent` (may be NULL): it does not exist. */
char *host_read(const char *root, const char *path, size_t limit, struct arena *arena,
                size_t *ret_length, const char **ret_why, bool *ret_absent);

/* True if the path is a regular file, or a folder, that can be opened. */
bool host_is_file(const char *root, const char *path);
bool host_is_folder(const char *root, const char *path);

/* Names in a folder that end in `suffix`, sorted by bytes, in `arena`. Returns how many, 0 if the
 * folder cannot be read. */
size_t host_list(const char *root, const char *path, const char *suffix, struct arena *arena,
                 const char ***ret);
