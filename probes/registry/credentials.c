/* SPDX-License-Identifier: MIT */
#include "probes/registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/base/file.h"
#include "config/url.h"
#include "probes/registry/base64.h"
#include "probes/registry/go_types.h"
#include "probes/registry/peer_json.h"

#define MAX_ENTRIES 1024 /* of all files together */
#define MAX_PLACE   1024 /* bytes of host and path */
#define HUB         "index.docker.io"

/* ---- one entry ---- */

static const char *member_text(const json_t *object, const char *name)
{
    const char *text = peer_json_text(object, name);

    return text ? text : "";
}

/* Base64 as the kubelet takes it: the classic alphabet, padded wholly or not at all. */
static bool is_base64(const char *text, size_t length)
{
    static const char bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t data = strspn(text, bytes);

    if (data == length)
        return length % 4 != 1;
    return length % 4 == 0 && length - data <= 2 && strspn(text + data, "=") == length - data;
}

/* base64 of "user:password". */
static bool split_auth(const char *auth, struct arena *secrets, struct credentials *ret)
{
    char *bare = arena_copy_text(secrets, auth);
    size_t length = 0;

    for (const char *at = auth; bare && *at; at++)
        if (*at != '\r' && *at != '\n')
            bare[length++] = *at;
    if (!bare)
        return false;
    bare[length] = '\0';
    char *pair = is_base64(bare, length) ? base64_decode(bare, length, secrets, &length) : NULL;
    char *colon = pair ? memchr(pair, ':', length) : NULL;
    if (!colon)
        return false;
    *colon = '\0';
    ret->username = pair;
    ret->secret = strlen(pair) + 1 + strlen(colon + 1) == length ? colon + 1 : NULL;
    return true;
}

bool credentials_of_parts(const char *username, const char *password, const char *auth,
                          struct arena *secrets, struct credentials *ret)
{
    *ret = (struct credentials){username ? username : "", password ? password : "", ""};
    return *ret->username || !auth || split_auth(auth, secrets, ret);
}

/* ---- places, which are URLs for the kubelet ---- */

/* Go's rule for "", ":" and ":digits" behind a host. */
static bool is_port_or_nothing(const char *text)
{
    return !*text || (*text == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

/* True if Go's url.Parse() takes the host. */
static bool is_url_host(const char *host)
{
    const char *end = *host == '[' ? strrchr(host, ']') : NULL;
    const char *colon = strrchr(host, ':');

    if (*host == '[' && (!end || !is_port_or_nothing(end + 1)))
        return false;
    if (*host != '[' && colon && !is_port_or_nothing(colon))
        return false;
    for (const char *at = host; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("%\\^`{|}", *at))
            return false;
    return *host != '\0';
}

/* The place of a key: "https://host/v1/" counts as "host", "host/v2/team" as "host/team". NULL
 * where the kubelet leaves the entry out. */
static const char *place_of(const char *written, struct arena *secrets)
{
    const char *start = strncmp(written, "https://", 8) == 0  ? written + 8
                        : strncmp(written, "http://", 7) == 0 ? written + 7
                                                              : written;
    size_t size = strcspn(start, "/?#");
    const char *user = memrchr(start, '@', size);
    const char *host = user ? user + 1 : start;
    char *name = arena_copy_bytes(secrets, host, (size_t)(start + size - host));
    char *path = arena_copy_bytes(secrets, start + size, strcspn(start + size, "?#"));

    if (!name || !path || !is_url_host(name) || !url_unescape(path))
        return NULL;
    const char *kept =
        strncmp(path, "/v1/", 4) == 0 || strncmp(path, "/v2/", 4) == 0 ? path + 3 : path;
    if (strlen(name) + strlen(kept) > MAX_PLACE)
        return NULL;
    return arena_format(secrets, "%s%s", name, strcmp(kept, "/") == 0 ? "" : kept);
}

static const struct go_member entry_members[] = {
    {"auth", GO_TEXT, NULL},
    {"username", GO_TEXT, NULL},
    {"password", GO_TEXT, NULL},
    {"email", GO_TEXT, NULL},
    {0},
};
static const struct go_member file_members[] = {{"HttpHeaders", GO_TEXT_MAP, NULL}, {0}};

/* False if the kubelet would refuse the whole file. An entry without a place is left out. */
static bool add_entry(struct keyring *keyring, const char *written, const json_t *entry,
                      struct arena *secrets)
{
    struct keyring_entry *one = &keyring->entries[keyring->count];
    const char *auth = member_text(entry, "auth");

    if (json_is_null(entry))
        return true;
    if (go_misfit(entry, entry_members))
        return false;
    one->place = place_of(written, secrets);
    one->key.entry = arena_copy_text(secrets, written);
    one->key.username = arena_copy_text(secrets, member_text(entry, "username"));
    one->key.secret = arena_copy_text(secrets, member_text(entry, "password"));
    if (!one->key.entry || !one->key.username || !one->key.secret)
        return true; /* memory is short */
    if (*auth && !split_auth(auth, secrets, &one->key))
        return false;
    keyring->count += one->place != NULL;
    return true;
}

/* ---- one file ---- */

static bool is_old_entry(const json_t *value)
{
    return json_is_object(value) &&
           (peer_json_member(value, "auth") || peer_json_member(value, "username") ||
            peer_json_member(value, "password"));
}

/* True for the format of .dockercfg, whose entries are the members of the whole file. */
static bool is_old_format(const json_t *document)
{
    const char *key;
    json_t *value;

    if (peer_json_member(document, "auths"))
        return false;
    json_object_foreach((json_t *)(uintptr_t)document, key, value)
    {
        if (is_old_entry(value))
            return true;
    }
    return false;
}

static bool names_helpers(const json_t *document)
{
    return *member_text(document, "credsStore") ||
           json_object_size(peer_json_member(document, "credHelpers")) > 0;
}

/* The most specific place first; equal places stay in the order in which they were added. */
static void sort_entries(struct keyring *keyring)
{
    for (size_t i = 1; i < keyring->count; i++) {
        struct keyring_entry moved = keyring->entries[i];
        size_t at = i;
        for (; at && strcmp(keyring->entries[at - 1].place, moved.place) < 0; at--)
            keyring->entries[at] = keyring->entries[at - 1];
        keyring->entries[at] = moved;
    }
}

static const char *add_map(struct keyring *keyring, const json_t *entries, struct arena *secrets)
{
    const char *written;
    json_t *entry;

    json_object_foreach((json_t *)(uintptr_t)entries, written, entry)
    {
        if (keyring->count == MAX_ENTRIES)
            return "it has too many entries";
        if (!add_entry(keyring, written, entry, secrets))
            return "an entry has an auth that is not base64 of user:password, or a member of "
                   "another type, so the kubelet refuses the whole file";
    }
    return NULL;
}

/*
 * "auths" in any letter case, and each time it stands there, is one map for Go: later entries
 * replace earlier ones, and null empties it. jansson keeps the last member of a name alone, so each
 * member of the document, which is valid JSON, is read by itself into `auths`.
 */
static const char *merge_auths(json_t *auths, const char *bytes, size_t length,
                               struct arena *secrets)
{
    const char *at = peer_json_first_member(bytes, length);
    const char *wrong = auths ? NULL : "out of memory";
    json_t *single;

    while (!wrong && peer_json_next_member(&at, bytes + length, secrets, &single)) {
        const json_t *value = peer_json_member(single, "auths");
        if (!single)
            wrong = "out of memory";
        else if (json_is_null(value))
            json_object_clear(auths);
        else if (value && !json_is_object(value))
            wrong = "it is not a docker config";
        else if (value && json_object_update(auths, (json_t *)(uintptr_t)value))
            wrong = "out of memory";
        json_decref(single);
    }
    return wrong;
}

static const char *add_entries(struct keyring *keyring, const json_t *document, const char *bytes,
                               size_t length, struct arena *secrets)
{
    if (!json_is_object(document))
        return "it is not a docker config";
    bool is_old = is_old_format(document);
    if (!is_old && go_misfit(document, file_members))
        return "its HttpHeaders hold something other than texts, so the kubelet refuses it";
    json_t *auths = is_old ? NULL : json_object();
    const char *wrong = is_old ? NULL : merge_auths(auths, bytes, length, secrets);
    if (!wrong)
        wrong = add_map(keyring, is_old ? document : auths, secrets);
    json_decref(auths);
    if (wrong)
        return wrong;
    keyring->has_helpers |= names_helpers(document);
    sort_entries(keyring);
    return NULL;
}

const char *keyring_parse(struct keyring *keyring, const char *bytes, size_t length,
                          struct arena *secrets)
{
    size_t before = keyring->count;
    json_t *document;

    switch (peer_json_parse(bytes, length, &document)) {
    case PEER_JSON_OK:
        break;
    case PEER_JSON_MALFORMED:
        return "it is not valid JSON";
    case PEER_JSON_TOO_LARGE:
        return "it is too large";
    case PEER_JSON_LOCAL:
        return "out of memory";
    }
    if (!keyring->entries)
        keyring->entries = arena_allocate(secrets, (MAX_ENTRIES + 1) * sizeof(*keyring->entries));
    const char *wrong =
        keyring->entries ? add_entries(keyring, document, bytes, length, secrets) : "out of memory";
    json_decref(document);
    if (wrong)
        keyring->count = before;
    return wrong;
}

/* ---- an image's keys ---- */

/* Splits "host[:port][/path]" in place, and returns the host; the path keeps its slash. As in Go,
 * an IPv6 address loses its brackets if a port follows them. */
static char *split_place(char *place, const char **port, char path[MAX_PLACE + 1])
{
    char *slash = strchr(place, '/');
    char *bracket = *place == '[' ? strchr(place, ']') : NULL;

    snprintf(path, MAX_PLACE + 1, "%s", slash ? slash : "");
    if (slash)
        *slash = '\0';
    char *colon = strchr(bracket ? bracket : place, ':');
    *port = colon ? colon + 1 : "";
    if (!colon)
        return place;
    *colon = '\0';
    if (bracket != colon - 1)
        return place;
    *bracket = '\0';
    return place + 1;
}

/* One byte of a class in a glob. NULL where Go calls the pattern malformed. */
static const char *read_class_byte(const char *pattern, char *ret)
{
    if (!*pattern || *pattern == '-' || *pattern == ']')
        return NULL;
    if (*pattern == '\\')
        pattern++;
    *ret = *pattern;
    return *pattern ? pattern + 1 : NULL;
}

/* `pattern` is behind the bracket. Returns what follows the class if the byte is in it, else NULL.
 */
static const char *match_class(const char *pattern, char byte)
{
    bool negated = *pattern == '^';
    bool found = false;
    bool first = true;

    pattern += negated;
    for (; *pattern != ']' || first; first = false) {
        char low;
        char high;
        if (!(pattern = read_class_byte(pattern, &low)))
            return NULL;
        high = low;
        if (*pattern == '-' && !(pattern = read_class_byte(pattern + 1, &high)))
            return NULL;
        found |= byte >= low && byte <= high;
    }
    return found != negated ? pattern + 1 : NULL;
}

/* The pattern behind its first element if that one fits the byte, else NULL. */
static const char *match_byte(const char *pattern, char byte)
{
    if (*pattern == '[')
        return match_class(pattern + 1, byte);
    if (*pattern == '?')
        return pattern + 1;
    if (*pattern == '\\')
        pattern++;
    return *pattern == byte ? pattern + 1 : NULL;
}

/* As Go's path.Match(), whose classes are not those of fnmatch(3). */
static bool glob_matches(const char *pattern, const char *text)
{
    const char *star = NULL; /* what follows the last one */
    const char *resume = NULL;

    for (;;) {
        const char *next = *pattern && *text ? match_byte(pattern, *text) : NULL;
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (next) {
            pattern = next;
            text++;
        } else if (!*pattern && !*text) {
            return true;
        } else if (star && *resume) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
}

/* Each part of the host between dots may be a glob; a star reaches over no dot. */
static bool host_fits(char *pattern, char *host)
{
    while (pattern && host) {
        const char *part = strsep(&pattern, ".");
        const char *found = strsep(&host, ".");
        if (!glob_matches(part, found))
            return false;
    }
    return !pattern && !host;
}

/* Ports are compared as text. `image` without a path fits every path if `any_path` is set. */
static bool place_fits(const char *place, const char *image, bool any_path)
{
    char pattern[MAX_PLACE + 1];
    char host[MAX_PLACE + 1];
    char pattern_path[MAX_PLACE + 1];
    char image_path[MAX_PLACE + 1];
    const char *pattern_port;
    const char *port;

    if (snprintf(pattern, sizeof(pattern), "%s", place) > MAX_PLACE ||
        snprintf(host, sizeof(host), "%s", image) > MAX_PLACE)
        return false;
    char *pattern_host = split_place(pattern, &pattern_port, pattern_path);
    char *image_host = split_place(host, &port, image_path);
    if (strcmp(pattern_port, port) != 0)
        return false;
    return (any_path || strncmp(image_path, pattern_path, strlen(pattern_path)) == 0) &&
           host_fits(pattern_host, image_host);
}

/* Keys of Docker Hub are written under another host than its images, to the letter. */
static bool is_hub_key(const struct keyring_entry *entry, const char *image)
{
    return strncmp(image, "docker.io", 9) == 0 && (image[9] == '/' || !image[9]) &&
           strcmp(entry->place, HUB) == 0;
}

static struct keys find_keys(const struct keyring *keyring, const char *image, bool any_path,
                             struct arena *secrets)
{
    struct credentials *list = arena_allocate(secrets, (keyring->count + 1) * sizeof(*list));
    size_t count = 0;

    for (size_t i = 0; list && i < keyring->count; i++)
        if (place_fits(keyring->entries[i].place, image, any_path))
            list[count++] = keyring->entries[i].key;
    bool any = count > 0;
    for (size_t i = 0; list && !any && i < keyring->count; i++)
        if (is_hub_key(&keyring->entries[i], image))
            list[count++] = keyring->entries[i].key;
    return (struct keys){.count = count, .list = list};
}

struct keys keyring_find(const struct keyring *keyring, const char *image, struct arena *secrets)
{
    return find_keys(keyring, image, false, secrets);
}

struct keys keyring_find_host(const struct keyring *keyring, const char *host,
                              struct arena *secrets)
{
    return find_keys(keyring, host, true, secrets);
}

/* ---- the file ---- */

static const char *why(struct arena *arena, const char *path, const char *what)
{
    const char *text = arena_format(arena, "docker config %s: %s", path, what);

    return text ? text : "docker config: out of memory";
}

/* The content in `secrets`, or NULL with `*ret_error` set. */
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
        ssize_t count = content ? file_read(fd, content, (size_t)about.st_size) : -1;
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

const char *keyring_read(struct keyring *keyring, const char *const *paths, size_t count,
                         struct arena *secrets)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        const char *wrong = NULL;
        const char *content = read_file(paths[i], secrets, &length, &wrong);
        if (!content)
            return wrong;
        wrong = keyring_parse(keyring, content, length, secrets);
        if (wrong)
            return why(secrets, paths[i], wrong);
    }
    return NULL;
}

uint64_t credentials_stamp(const char *const *paths, size_t count)
{
    uint64_t stamp = 0;

    for (size_t i = 0; i < count; i++) {
        struct stat about = {0};
        (void)!stat(paths[i], &about); /* a missing file is a change too */
        stamp = (stamp ^ (uint64_t)about.st_mtim.tv_sec) * 1000000007ULL;
        stamp = (stamp ^ (uint64_t)about.st_mtim.tv_nsec) * 1000000007ULL;
        stamp = (stamp ^ (uint64_t)about.st_ino) * 1000000007ULL;
        stamp = (stamp ^ (uint64_t)about.st_size) | 1;
    }
    return stamp;
}
