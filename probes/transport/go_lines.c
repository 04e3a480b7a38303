/* SPDX-License-Identifier: MIT */
#include "probes/transport/go_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/base/memory.h"

#define ROOM      ((size_t)64 * 1024)
#define MAX_BYTES ((size_t)16 * 1024 * 1024)

bool go_lines_open(struct go_lines *lines, int fd)
{
    *lines = (struct go_lines){.room = memory_allocate_unset(ROOM + 1), .fd = fd};
    if (lines->room)
        return true;
    close(fd);
    return false;
}

/* Fills the room behind the bytes that are left. False if nothing more comes. */
static bool read_more(struct go_lines *lines)
{
    ssize_t count;

    lines->end -= lines->begin;
    memmove(lines->room, lines->room + lines->begin, lines->end);
    lines->begin = 0;
    errno = 0;
    if (lines->total >= MAX_BYTES)
        return false;
    do
        count = read(lines->fd, lines->room + lines->end, ROOM - lines->end);
    while (count < 0 && errno == EINTR);
    for (ssize_t i = 0; i < count; i++)
        if (!lines->room[lines->end + (size_t)i])
            lines->room[lines->end + (size_t)i] = '\1';
    lines->end += count > 0 ? (size_t)count : 0;
    lines->total += count > 0 ? (size_t)count : 0;
    return count > 0;
}

char *go_lines_next(struct go_lines *lines)
{
    char *line;
    char *end;

    do {
        line = lines->room + lines->begin;
        end = memchr(line, '\n', lines->end - lines->begin);
    } while (!end && read_more(lines));
    line = lines->room + lines->begin;
    size_t left = lines->end - lines->begin;
    if (!end && (left == 0 || left == ROOM || errno))
        return NULL;
    if (!end)
        end = line + left;
    *end = '\0';
    lines->begin = (size_t)(end - lines->room) + (left > (size_t)(end - line));
    return line;
}

void go_lines_close(struct go_lines *lines)
{
    memory_release(lines->room);
    close(lines->fd);
}
