#include "config/url.h"

#include <string.h>
#include <strings.h>

#include "config/target.h"

static const char *const bad_url = "a URL is http://HOST[:PORT][/PATH] or https://...";

/* Bytes that would end a request line or a header early, or that no URL has. */
static bool has_odd_byte(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return true;
    return false;
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
    if (!*host || strpbrk(host, "@\\"))
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
