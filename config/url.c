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
