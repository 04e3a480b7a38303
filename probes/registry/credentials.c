#include "probes/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/registry/base64.h"
#include "probes/registry/peer_json.h"

#define MAX_HOST 300

/* How well an entry of the file fits; the best one counts, of equals the first. */
enum fit { FIT_NONE, FIT_PATTERN, FIT_PATH, FIT_EXACT };

static bool same_host(const char *pattern, const char *host)
{
    static const char *const hub[] = {"docker.io", "index.docker.io", "registry-1.docker.io"};
    bool is_hub[2] = {false, false};

    for (size_t i = 0; i < sizeof(hub) / sizeof(hub[0]); i++) {
        is_hub[0] |= strcasecmp(pattern, hub[i]) == 0;
        is_hub[1] |= strcasecmp(host, hub[i]) == 0;
    }
    return strcasecmp(pattern, host) == 0 || (is_hub[0] && is_hub[1]);
}

/* "*.example.com": a star never reaches over a dot (the kubelet's rule). */
static bool pattern_fits(char *pattern, const char *host)
{
    char copy[MAX_HOST];
    char *pattern_rest = pattern;
    char *host_rest = copy;

    if (!strchr(pattern, '*') || strpbrk(pattern, "[?\\") || strlen(host) >= sizeof(copy))
        return false;
    memcpy(copy, host, strlen(host) + 1);
    while (pattern_rest && host_rest) {
        const char *label = strsep(&pattern_rest, ".");
        const char *found = strsep(&host_rest, ".");
        if (fnmatch(label, found, FNM_CASEFOLD))
            return false;
    }
    return !pattern_rest && !host_rest;
}

/* Entries are written "host", "host:port", "https://host/v1/", "host/path". */
static enum fit fit_of(const char *entry, const char *host, uint16_t port, bool plain_http)
{
    const char *start = strstr(entry, "://") ? strstr(entry, "://") + 3 : entry;
    size_t length = strcspn(start, "/");
    unsigned long written = plain_http ? 80 : 443;
    char copy[MAX_HOST];

    if (length == 0 || length >= sizeof(copy))
        return FIT_NONE;
    memcpy(copy, start, length);
    copy[length] = '\0';
    char *name = copy;
    char *colon = strrchr(copy, ':');
    char *bracket = strchr(copy, ']');
    if (*copy == '[' && bracket) {
        name++;
        *bracket = '\0';
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
    } else if (colon && strchr(copy, ':') != colon) {
        colon = NULL; /* a bare IPv6 address */
    }
    if (colon) {
        written = strtoul(colon + 1, NULL, 10);
        *colon = '\0';
    }
    if (written != port)
        return FIT_NONE;
    if (same_host(name, host))
        return start[length] ? FIT_PATH : FIT_EXACT;
    return pattern_fits(name, host) ? FIT_PATTERN : FIT_NONE;
}

/* ---- one entry ---- */

/* base64 of "user:password"; docker fills up with NULs. */
static bool split_auth(const char *auth, struct arena *secrets, struct credentials *ret)
{
    size_t length = 0;
    char *pair = base64_decode(auth, strlen(auth), secrets, &length);
    char *colon = pair ? strchr(pair, ':') : NULL;

    if (!colon)
        return false;
    *colon = '\0';
    ret->username = pair;
    ret->secret = colon + 1;
    return true;
}

static bool take_entry(const json_t *entry, struct arena *secrets, struct credentials *ret)
{
    const char *auth = peer_json_text(entry, "auth");
    const char *identity = peer_json_text(entry, "identitytoken");
    const char *username = peer_json_text(entry, "username");
    const char *password = peer_json_text(entry, "password");

    *ret = (struct credentials){"", ""};
    if (auth && *auth && !split_auth(auth, secrets, ret))
        return false;
    if (!auth || !*auth) {
        ret->username = arena_copy_text(secrets, username ? username : "");
        ret->secret = arena_copy_text(secrets, password ? password : "");
    }
    if (identity && *identity) {
        ret->username = "";
        ret->secret = arena_copy_text(secrets, identity);
    }
    return ret->username && ret->secret && *ret->secret;
}

enum credentials_result credentials_parse(const char *bytes, size_t length, const char *host,
                                          uint16_t port, bool plain_http, struct arena *secrets,
                                          struct credentials *ret, const char **ret_error)
{
    json_t *document;
    const char *name;
    json_t *entry;
    const json_t *best = NULL;
    enum fit best_fit = FIT_NONE;
    enum credentials_result result = CREDENTIALS_UNUSABLE;

    switch (peer_json_parse(bytes, length, &document)) {
    case PEER_JSON_OK:
        break;
    case PEER_JSON_MALFORMED:
        *ret_error = "it is not valid JSON";
        return CREDENTIALS_UNUSABLE;
    case PEER_JSON_TOO_LARGE:
        *ret_error = "it is too large";
        return CREDENTIALS_UNUSABLE;
    case PEER_JSON_LOCAL:
        *ret_error = "out of memory";
        return CREDENTIALS_UNUSABLE;
    }
    json_t *auths = json_object_get(document, "auths");
    json_object_foreach(auths, name, entry)
    {
        enum fit fit = fit_of(name, host, port, plain_http);
        if (fit > best_fit) {
            best_fit = fit;
            best = entry;
        }
    }
    if (!json_is_object(auths))
        *ret_error = "it has no \"auths\" (credential helpers are not asked)";
    else if (!best)
        result = CREDENTIALS_NONE;
    else if (take_entry(best, secrets, ret))
        result = CREDENTIALS_FOUND;
    else
        *ret_error = "its entry for this registry has no usable auth, password or identitytoken";
    json_decref(document);
    return result;
}

/* ---- the file ---- */

static const char *why(struct arena *arena, const char *path, const char *what)
{
    const char *text = arena_format(arena, "docker config %s: %s", path, what);

    return text ? text : "docker config: out of memory";
}

/* As much as there is, at most `size`; negative when it cannot be read. */
static ssize_t read_whole(int fd, char *bytes, size_t size)
{
    size_t length = 0;
    ssize_t count = 1;

    while (length < size && count != 0) {
        count = read(fd, bytes + length, size - length);
        if (count < 0 && errno != EINTR)
            return -1;
        length += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)length;
}

/* NULL and `*ret_error` set, or the content in `secrets`. */
static char *read_file(const char *path, struct arena *secrets, size_t *ret_length,
                       const char **ret_error)
{
    struct stat about;
    char *content = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &about) < 0) {
        *ret_error = why(secrets, path, strerror(errno));
    } else if (!S_ISREG(about.st_mode) || (size_t)about.st_size > CREDENTIALS_MAX_FILE) {
        *ret_error = why(secrets, path, "it is not a file of at most 256 KiB");
    } else {
        content = arena_allocate(secrets, (size_t)about.st_size + 1);
        ssize_t count = content ? read_whole(fd, content, (size_t)about.st_size) : -1;
        if (count < 0) {
            *ret_error = why(secrets, path, content ? strerror(errno) : "out of memory");
            content = NULL;
        }
        *ret_length = count < 0 ? 0 : (size_t)count;
    }
    if (fd >= 0)
        close(fd);
    return content;
}

enum credentials_result credentials_read(const char *path, const char *host, uint16_t port,
                                         bool plain_http, struct arena *secrets,
                                         struct credentials *ret, const char **ret_error)
{
    size_t length = 0;
    const char *wrong = NULL;
    const char *content = read_file(path, secrets, &length, ret_error);

    if (!content)
        return CREDENTIALS_UNUSABLE;
    enum credentials_result result =
        credentials_parse(content, length, host, port, plain_http, secrets, ret, &wrong);
    if (result == CREDENTIALS_UNUSABLE)
        *ret_error = why(secrets, path, wrong);
    return result;
}

uint64_t credentials_stamp(const char *path)
{
    struct stat about;

    if (!path || stat(path, &about) < 0)
        return 0;
    uint64_t stamp = (uint64_t)about.st_mtim.tv_sec * 1000000007ULL;
    stamp = (stamp ^ (uint64_t)about.st_mtim.tv_nsec) * 1000000007ULL;
    stamp = (stamp ^ (uint64_t)about.st_ino) * 1000000007ULL;
    return (stamp ^ (uint64_t)about.st_size) | 1;
}
