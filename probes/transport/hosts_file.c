/* SPDX-License-Identifier: MIT */
#include "probes/transport/hosts_file.h"

#include <string.h>
#include <strings.h>

#include "probes/transport/go_lines.h"
#include "probes/transport/host_files.h"

/* A dot at the end of a name that has another dot means nothing. */
static size_t length_without_dot(const char *name)
{
    size_t length = strlen(name);

    return length > 1 && strchr(name, '.') != name + length - 1 && name[length - 1] == '.'
               ? length - 1
               : length;
}

static bool is_same_name(const char *a, const char *b)
{
    size_t length = length_without_dot(a);

    return length == length_without_dot(b) && strncasecmp(a, b, length) == 0;
}

/* True if the line gives `name` an address. */
static bool read_hosts_line(char *line, const char *name, struct address *ret)
{
    char *rest = NULL;
    char *word;

    line[strcspn(line, "#")] = '\0';
    word = strtok_r(line, GO_BLANKS, &rest);
    if (word && strchr(word, ':'))
        word[strcspn(word, "%")] = '\0'; /* the zone */
    if (!word || !address_parse(word, ret))
        return false;
    while ((word = strtok_r(NULL, GO_BLANKS, &rest)))
        if (is_same_name(word, name))
            return true;
    return false;
}

size_t hosts_file_find(const char *root, const char *path, const char *name,
                       struct address ret[HOSTS_FILE_MAX_ADDRESSES])
{
    struct address address;
    struct go_lines lines;
    size_t count = 0;
    char *line;
    int fd = host_open(root, path, false);

    if (fd < 0 || !go_lines_open(&lines, fd))
        return 0;
    while (count < HOSTS_FILE_MAX_ADDRESSES && (line = go_lines_next(&lines))) {
        bool known = !read_hosts_line(line, name, &address);
        for (size_t i = 0; i < count && !known; i++)
            known = address_equal(&ret[i], &address);
        if (!known)
            ret[count++] = address;
    }
    go_lines_close(&lines);
    return count;
}
