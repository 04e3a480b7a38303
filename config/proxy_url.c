/* SPDX-License-Identifier: MIT */
#include "config/proxy_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "config/go_url.h"
#include "config/secret.h"
#include "config/target.h"

#define MAX_PROXY_URL 2048
#define SENTENCE      "it is http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST[:PORT]"

static const char *const no_memory = "memory is short";

/* NULL if memory is short. */
static const char *percent_decode(struct url_piece piece, struct arena *arena)
{
    char *decoded = arena_copy_bytes(arena, piece.at, piece.length);
    size_t kept = 0;

    for (size_t i = 0; decoded && i < piece.length; i++, kept++) {
        bool escaped = piece.at[i] == '%';
        decoded[kept] =
            escaped ? (char)(text_hex_digit(piece.at[i + 1]) * 16 + text_hex_digit(piece.at[i + 2]))
                    : piece.at[i];
        i += escaped ? 2 : 0;
    }
    if (decoded)
        decoded[kept] = '\0';
    return decoded;
}

static bool read_user(struct url_piece user, struct arena *arena, struct proxy_url *ret)
{
    const char *colon = user.at ? memchr(user.at, ':', user.length) : NULL;
    size_t length = colon ? (size_t)(colon - user.at) : user.length;

    if (!user.at)
        return true;
    ret->user = percent_decode((struct url_piece){user.at, length}, arena);
    ret->password =
        colon ? percent_decode((struct url_piece){colon + 1, user.length - length - 1}, arena) : "";
    return ret->user && ret->password;
}

static const struct scheme {
    const char *written;
    const char *spoken;
    uint16_t port;
    bool is_new; /* older clients do not know it */
} schemes[] = {{"http", "http", 80, false},
               {"https", "https", 443, false},
               {"socks5", "socks5", 1080, false},
               {"socks5h", "socks5", 1080, true}};

static const struct scheme *scheme_of(struct url_piece text)
{
    for (size_t i = 0; text.at && i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strlen(schemes[i].written) == text.length &&
            strncasecmp(schemes[i].written, text.at, text.length) == 0)
            return &schemes[i];
    return NULL;
}

/* Clients ask a proxy of a scheme that they do not know in plain HTTP, at the port that is written.
 */
static bool take_go_url(const struct go_url *from, struct arena *arena, struct proxy_url *ret)
{
    static const struct scheme unknown = {.spoken = "http"};
    const struct scheme *scheme = scheme_of(from->scheme);
    char shown[HOST_PORT_SIZE];

    if (!scheme)
        scheme = &unknown;
    unsigned long port = from->port.length ? strtoul(from->port.at, NULL, 10) : scheme->port;
    ret->scheme = scheme->spoken;
    ret->host = from->host.length ? arena_copy_bytes(arena, from->host.at, from->host.length) : "";
    if (!ret->host || !read_user(from->user, arena, ret))
        return false;
    bool secret = may_be_secret(ret->host + (*ret->host == '"')); /* a URL in quotes is none */
    if (!from->host.length) {                                     /* for Go this machine */
        ret->host_is_address = true;
        ret->address = (struct address){AF_INET, {127, 0, 0, 1}};
    } else if (host_port_parse(ret->host, 1, arena, &ret->host, &ret->port, &ret->address,
                               &ret->host_is_address) ||
               secret) {
        ret->host_is_odd = true;
    }
    ret->port = port > UINT16_MAX ? 0 : (uint16_t)port;
    ret->shown = secret ? "?"
                        : arena_format(arena, "%s://%s", ret->scheme,
                                       host_port_format(ret->host, ret->port, shown));
    return ret->shown != NULL;
}

const char *proxy_url_of_variable(const char *text, struct arena *arena, bool *ret_used,
                                  struct proxy_url *ret)
{
    struct go_url url;
    struct go_url again;
    const char *prefixed = arena_format(arena, "http://%s", text);
    bool valid = go_url_parse(text, strlen(text), &url);

    *ret = (struct proxy_url){0};
    if (!prefixed)
        return no_memory;
    if (!valid || !url.scheme.at || !url.host.length)
        *ret_used = go_url_parse(prefixed, strlen(prefixed), &again) ? (url = again, true) : valid;
    else
        *ret_used = true;
    const struct scheme *scheme = scheme_of(url.scheme);
    if (url.scheme.at && (!scheme || scheme->is_new))
        ret->older_host = arena_copy_bytes(arena, url.scheme.at, url.scheme.length);
    return !*ret_used || take_go_url(&url, arena, ret) ? NULL : no_memory;
}

const char *proxy_url_parse(const char *text, struct arena *arena, struct proxy_url *ret)
{
    struct go_url url;
    const char *whole = strstr(text, "://") ? text : arena_format(arena, "http://%s", text);

    *ret = (struct proxy_url){0};
    if (!whole)
        return no_memory;
    if (strlen(text) > MAX_PROXY_URL || strchr(text, ' ') || strstr(text, "%00") ||
        !go_url_parse(whole, strlen(whole), &url) || !scheme_of(url.scheme) || !url.host.length)
        return SENTENCE;
    if (!take_go_url(&url, arena, ret))
        return no_memory;
    return ret->host_is_odd || !ret->port ? SENTENCE : NULL;
}
