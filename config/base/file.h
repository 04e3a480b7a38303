/* SPDX-License-Identifier: MIT */
#pragma once

#include <sys/types.h>

/* Reads `size` bytes, or fewer if the file ends before. Returns how many; -1 with errno. */
ssize_t file_read(int fd, void *bytes, size_t size);
