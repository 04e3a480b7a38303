/* SPDX-License-Identifier: MIT */
#pragma once

/* Lines of a file, read as Go's resolver reads its files (net/parse.go): a line of 64 KiB or more
 * ends the file. No more than 16 MiB are read. */

#include <stdbool.h>
#include <stddef.h>

#define GO_BLANKS " \r\t\n" /* between the words of a line */

struct go_lines {
    char *room;
    size_t begin; /* of the line that comes next */
    size_t end;   /* of the bytes that are there */
    size_t total; /* bytes read */
    int fd;
};

/* Takes the descriptor over. False if memory is short. */
bool go_lines_open(struct go_lines *lines, int fd);

/* The next line without its end, with every NUL replaced, because Go takes it for a letter. NULL
 * after the last one, with errno 0 unless a read failed. */
char *go_lines_next(struct go_lines *lines);

void go_lines_close(struct go_lines *lines);
