/* SPDX-License-Identifier: MIT */
#include "config/base/file.h"

#include <errno.h>
#include <unistd.h>

ssize_t file_read(int fd, void *bytes, size_t size)
{
    size_t length = 0;
    ssize_t count = 1;

    while (length < size && count != 0) {
        count = read(fd, (char *)bytes + length, size - length);
        if (count < 0 && errno != EINTR)
            return -1;
        length += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)length;
}
