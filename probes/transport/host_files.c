/* SPDX-License-Identifier: MIT */
#include "probes/transport/host_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/base/file.h"
#include "config/base/text.h"

#define MAX_LINKS  40
#define MAX_DEPTH  32
#define OPEN_ENTRY (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)

/* The folders between the root and the entry that is looked up next. */
struct walk {
    int folders[MAX_DEPTH];
    size_t depth; /* at least 1: the root */
    unsigned links;
    char rest[PATH_MAX]; /* of the path */
};

static void leave_folders(struct walk *walk, size_t depth)
{
    while (walk->depth > depth)
        close(walk->folders[--walk->depth]);
}

/* Takes the first part off the rest, into `name`. False if there is none. */
static bool take_part(struct walk *walk, char name[NAME_MAX + 1])
{
    const char *at = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(at, "/");

    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(name, at, length);
    name[length] = '\0';
    memmove(walk->rest, at + length, strlen(at + length) + 1);
    errno = 0;
    return length > 0;
}

/* Puts the target of a link in front of the rest. */
static int follow_link(struct walk *walk, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(walk->folders[walk->depth - 1], name, target, sizeof(target) - 1);

    if (length < 0)
        return -1;
    if (++walk->links > MAX_LINKS) {
        errno = ELOOP;
        return -1;
    }
    if ((size_t)length + 1 + strlen(walk->rest) >= sizeof(walk->rest)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memmove(walk->rest + length + 1, walk->rest, strlen(walk->rest) + 1);
    memcpy(walk->rest, target, (size_t)length);
    walk->rest[length] = '/';
    if (target[0] == '/')
        leave_folders(walk, 1);
    return 0;
}

static int enter_folder(struct walk *walk, const char *name)
{
    if (walk->depth == MAX_DEPTH) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd =
        openat(walk->folders[walk->depth - 1], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    walk->folders[walk->depth++] = fd;
    return 0;
}

static bool is_link(const struct walk *walk, const char *name)
{
    struct stat status;

    return fstatat(walk->folders[walk->depth - 1], name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(status.st_mode);
}

/* Goes one part on. Returns 1 if `name` is the last one, which is no link; 0 to go on; -1. */
static int step(struct walk *walk, char name[NAME_MAX + 1])
{
    if (!take_part(walk, name)) {
        memcpy(name, ".", sizeof("."));
        return errno ? -1 : 1;
    }
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        leave_folders(walk, walk->depth > 1 ? walk->depth - 1 : 1);
        return 0;
    }
    if (is_link(walk, name))
        return follow_link(walk, name);
    if (walk->rest[strspn(walk->rest, "/")] == '\0')
        return 1;
    return enter_folder(walk, name);
}

/* Closes what is neither a regular file nor the folder that is wanted. */
static int keep_kind(int fd, bool folder)
{
    struct stat status;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && (folder ? S_ISDIR(status.st_mode) : S_ISREG(status.st_mode)))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

int host_open(const char *root, const char *path, bool folder)
{
    struct walk walk = {0};
    char name[NAME_MAX + 1];
    size_t length = strlen(path);
    int went = 0;
    int fd = -1;

    if (!root)
        return keep_kind(open(path, OPEN_ENTRY & ~O_NOFOLLOW), folder);
    if (length >= sizeof(walk.rest)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(walk.rest, path, length + 1);
    walk.folders[0] = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (walk.folders[0] < 0)
        return -1;
    walk.depth = 1;
    while (went == 0)
        went = step(&walk, name);
    if (went > 0)
        fd = keep_kind(openat(walk.folders[walk.depth - 1], name, OPEN_ENTRY), folder);
    int error = errno;
    leave_folders(&walk, 0);
    errno = error;
    return fd;
}

static bool is_opened(const char *root, const char *path, bool folder)
{
    int fd = host_open(root, path, folder);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

bool host_is_file(const char *root, const char *path)
{
    return is_opened(root, path, false);
}

bool host_is_folder(const char *root, const char *path)
{
    return is_opened(root, path, true);
}

static const char *words_of(int error)
{
    switch (error) {
    case EINVAL:
        return "it is no regular file";
    case ELOOP:
        return "its links have no end";
    case ENOMEM:
        return "memory is short";
    default:
        return strerror(error);
    }
}

char *host_read(const char *root, const char *path, size_t limit, struct arena *arena,
                size_t *ret_length, const char **ret_why, bool *ret_absent)
{
    struct stat status;
    int fd = host_open(root, path, false);

    if (ret_absent)
        *ret_absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (fd < 0 || fstat(fd, &status)) {
        *ret_why = words_of(errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    bool fits = (size_t)status.st_size <= limit;
    char *bytes = fits ? arena_allocate(arena, (size_t)status.st_size + 1) : NULL;
    *ret_why = fits ? "memory is short" : "it is too large";
    ssize_t length = bytes ? file_read(fd, bytes, (size_t)status.st_size) : 0;
    if (length < 0) {
        *ret_why = strerror(errno);
        bytes = NULL;
    }
    close(fd);
    *ret_length = length > 0 ? (size_t)length : 0;
    return bytes;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t host_list(const char *root, const char *path, const char *suffix, struct arena *arena,
                 const char ***ret)
{
    int fd = host_open(root, path, true);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const char **names =
        directory ? arena_allocate(arena, HOST_FOLDER_LIMIT * sizeof(*names)) : NULL;
    const struct dirent *entry;
    size_t count = 0;

    while (names && count < HOST_FOLDER_LIMIT && (entry = readdir(directory))) {
        if (!text_ends_with(entry->d_name, suffix) || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        names[count] = arena_copy_text(arena, entry->d_name);
        count += names[count] != NULL;
    }
    if (directory)
        closedir(directory);
    else if (fd >= 0)
        close(fd);
    if (count)
        qsort(names, count, sizeof(*names), compare_names);
    *ret = names;
    return count;
}
