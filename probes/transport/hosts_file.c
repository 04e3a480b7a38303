/* SPDX-License-Identifier: MIT */
#include "probes/transport/hosts_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/base/memory.h"
#include "probes/transport/host_files.h"

#define FILE_LIMIT ((size_t)256 * 1024)
#define BLANKS     " \t\r\n\f\v"

static bool is_same_name(const char *word, const char *name)
{
    size_t length = strlen(word);

    if (length > 1 && word[length - 1] == '.')
        length--;
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* True if the line gives `name` an address. */
static bool read_hosts_line(char *line, const char *name, struct address *ret)
{
    char *rest = NULL;
    const char *word;

    line[strcspn(line, "#")] = '\0';
    word = strtok_r(line, BLANKS, &rest);
    if (!word || !address_parse(word, ret))
        return false;
    while ((word = strtok_r(NULL, BLANKS, &rest)))
        if (is_same_name(word, name))
            return true;
    return false;
}

static FILE *open_regular(const char *root, const char *path)
{
    int fd = host_open(root, path, false);
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

    if (!file && fd >= 0)
        close(fd);
    return file;
}

size_t hosts_file_find(const char *root, const char *path, const char *name,
                       struct address ret[HOSTS_FILE_MAX_ADDRESSES])
{
    FILE *file = open_regular(root, path);
    char *text = file ? memory_allocate(FILE_LIMIT + 1) : NULL;
    struct address address;
    size_t count = 0;
    char *rest = text;
    char *line;

    if (text)
        text[fread(text, 1, FILE_LIMIT, file)] = '\0';
    while (count < HOSTS_FILE_MAX_ADDRESSES && (line = strsep(&rest, "\n"))) {
        if (!read_hosts_line(line, name, &address))
            continue;
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known |= address_equal(&ret[i], &address);
        if (!known)
            ret[count++] = address;
    }
    memory_release(text);
    if (file)
        fclose(file);
    return count;
}
