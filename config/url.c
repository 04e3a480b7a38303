/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "config/secret.h"
#include "config/target.h"

static const char *const bad_url = "a URL is http://HOST[:PORT][/PATH] or https://...";

/* True if a byte would end a request line or a header early, or is not allowed in a URL. */
static bool has_odd_byte(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return true;
    return false;
}

/* The value of the escape that begins here; -1: it is none. */
static int escape_value(const char *text)
{
    int high = *text == '%' ? text_hex_digit(text[1]) : -1;
    int low = high >= 0 ? text_hex_digit(text[2]) : -1;

    return low < 0 ? -1 : high * 16 + low;
}

bool url_has_good_escapes(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == '%' && (length - i < 3 || escape_value(bytes + i) < 0))
            return false;
    return true;
}

bool url_unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at; at++)
        if (*at == '%' && escape_value(at) <= 0)
            return false;
    for (const char *at = text; *at; at++) {
        bool escaped = *at == '%';
        *to++ = escaped ? (char)escape_value(at) : *at;
        at += escaped ? 2 : 0;
    }
    *to = '\0';
    return true;
}

const char *url_parse(const char *text, struct arena *arena, struct url *ret)
{
    bool tls = strncasecmp(text, "https://", 8) == 0;

    if ((!tls && strncasecmp(text, "http://", 7) != 0) || strlen(text) > URL_MAX_LENGTH ||
        has_odd_byte(text))
        return bad_url;
    const char *authority = text + (tls ? 8 : 7);
    const char *rest = authority + strcspn(authority, "/?#");
    char *host = arena_copy_bytes(arena, authority, (size_t)(rest - authority));
    if (!host)
        return "out of memory";
    size_t length = strlen(host);
    if (length > 1 && host[length - 1] == ':')
        host[length - 1] = '\0'; /* an empty port is none */
    /* Go's parser looks at the escapes of the path, and not at those of the query. */
    if (!*host || strpbrk(host, "@\\") || !url_has_good_escapes(rest, strcspn(rest, "?#")))
        return bad_url;
    ret->tls = tls;
    ret->path =
        arena_format(arena, "%s%.*s", *rest == '/' ? "" : "/", (int)strcspn(rest, "#"), rest);
    if (!ret->path)
        return "out of memory";
    return host_port_parse(host, tls ? 443 : 80, arena, &ret->host, &ret->port, &ret->address,
                           &ret->host_is_address);
}

bool url_has_scheme(const char *reference)
{
    size_t length = strcspn(reference, ":/?#");

    return length > 0 && reference[length] == ':';
}

/* RFC 3986 section 5.2.4; `path` begins with a slash. */
static void remove_dot_segments(char *path)
{
    const char *end = path + strcspn(path, "?#");
    const char *from = path;
    char *to = path;

    while (from < end) {
        size_t length = 1 + strcspn(from + 1, "/?#");
        bool parent = length == 3 && memcmp(from, "/..", 3) == 0;
        bool dots = parent || (length == 2 && from[1] == '.');
        while (parent && to > path && *--to != '/')
            ;
        if (!dots) {
            memmove(to, from, length);
            to += length;
        } else if (from + length == end) {
            *to++ = '/';
        }
        from += length;
    }
    memmove(to, end, strlen(end) + 1);
}

static char *clean(const char *location, bool without_dots, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    const char *slashes = strstr(location, "//");
    const char *authority = slashes && slashes - location <= 6 ? slashes + 2 : location;
    const char *end = authority + strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', (size_t)(end - authority));
    char *written = arena_allocate(arena, strlen(location) * 3 + 1);
    char *to = written;

    for (const char *from = location; written && *from; from++) {
        unsigned char byte = (unsigned char)*from;
        if (authority != location && at && from == authority)
            from = at + 1;
        if (byte != ' ' && byte < 0x80) {
            *to++ = *from;
            continue;
        }
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    if (written && without_dots && authority != location) {
        char *path = strstr(written, "//") + 2;
        path += strcspn(path, "/?#");
        if (*path == '/')
            remove_dot_segments(path);
    }
    return written;
}

const char *url_clean(const char *text, struct arena *arena)
{
    return clean(text, false, arena);
}

const char *url_clean_location(const char *location, struct arena *arena)
{
    return clean(location, true, arena);
}

const char *url_shown_location(const char *location, struct arena *arena)
{
    char *shown = clean(location, true, arena);
    char *at = shown ? shown + strcspn(shown, "?#") : NULL;

    if (!shown)
        return NULL;
    *at = '\0';
    at = strstr(shown, "://");
    at = at ? at + 3 + strcspn(at + 3, "/") : shown;
    for (const char *from = at; *from;) {
        size_t slash = *from == '/';
        size_t length = slash + strcspn(from + slash, "/");
        if (is_random_word(from, length)) {
            memcpy(at, slash ? "/..." : "...", slash + 3);
            at += slash + 3;
        } else {
            memmove(at, from, length);
            at += length;
        }
        from += length;
    }
    *at = '\0';
    return shown;
}

const char *url_resolve_path(const char *base, const char *reference, struct arena *arena)
{
    size_t kept = strcspn(base, "?#");

    if (*reference == '/')
        kept = 0;
    else if (*reference == '#' || !*reference)
        kept = strlen(base);
    else if (*reference != '?')
        while (kept > 1 && base[kept - 1] != '/')
            kept--;
    char *path = arena_format(arena, "%.*s%s", (int)kept, base, reference);
    if (path)
        remove_dot_segments(path);
    return path;
}
