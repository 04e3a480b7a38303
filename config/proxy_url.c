/* SPDX-License-Identifier: MIT */
#include "config/proxy_url.h"

#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "config/secret.h"
#include "config/target.h"

#define MAX_PROXY_URL 2048
#define SENTENCE      "it is http://, https:// or socks5://[USER:PASSWORD@]HOST[:PORT]"

/* NULL if an escape is broken, or memory is short. */
static const char *percent_decode(const char *text, size_t length, struct arena *arena)
{
    char *decoded = arena_copy_bytes(arena, text, length);
    size_t kept = 0;

    for (size_t i = 0; decoded && i < length; i++, kept++) {
        decoded[kept] = text[i];
        if (text[i] != '%')
            continue;
        int high = i + 2 < length ? text_hex_digit(text[i + 1]) : -1;
        int low = high < 0 ? -1 : text_hex_digit(text[i + 2]);
        if (low < 0 || (!high && !low))
            return NULL;
        decoded[kept] = (char)(high * 16 + low);
        i += 2;
    }
    if (decoded)
        decoded[kept] = '\0';
    return decoded;
}

static bool read_user(const char *text, size_t length, struct arena *arena, struct proxy_url *ret)
{
    const char *colon = memchr(text, ':', length);
    size_t user = colon ? (size_t)(colon - text) : length;

    ret->user = percent_decode(text, user, arena);
    ret->password = colon ? percent_decode(colon + 1, length - user - 1, arena) : "";
    return ret->user && ret->password;
}

static const char *read_scheme(const char *text, struct proxy_url *ret, uint16_t *ret_port)
{
    static const struct {
        const char *scheme;
        uint16_t port;
    } schemes[] = {{"http", 80}, {"https", 443}, {"socks5", 1080}};

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i].scheme);
        if (strncasecmp(text, schemes[i].scheme, length) != 0 ||
            strncmp(text + length, "://", 3) != 0)
            continue;
        ret->scheme = schemes[i].scheme;
        *ret_port = schemes[i].port;
        return text + length + 3;
    }
    ret->scheme = "http"; /* as in Go, a text without a scheme is host:port */
    *ret_port = 80;
    return strstr(text, "://") ? NULL : text;
}

const char *proxy_url_parse(const char *text, struct arena *arena, struct proxy_url *ret)
{
    uint16_t port;
    size_t length = strlen(text);
    const char *at;

    *ret = (struct proxy_url){0};
    if (!length || length > MAX_PROXY_URL)
        return SENTENCE;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return SENTENCE;
    text = read_scheme(text, ret, &port);
    if (!text)
        return SENTENCE;
    length = strcspn(text, "/?#");
    at = memrchr(text, '@', length);
    if (at && !read_user(text, (size_t)(at - text), arena, ret))
        return SENTENCE;
    if (at) {
        length -= (size_t)(at + 1 - text);
        text = at + 1;
    }
    /* Go takes an empty port for the scheme's. */
    if (length > 1 && memchr(text, ':', length) == text + length - 1)
        length--;
    else if (length > 2 && text[length - 1] == ':' && text[length - 2] == ']')
        length--;
    const char *place = arena_copy_bytes(arena, text, length);
    if (!place ||
        host_port_parse(place, port, arena, &ret->host, &ret->port, &ret->address,
                        &ret->host_is_address) ||
        may_be_secret(place))
        return SENTENCE;
    char buffer[HOST_PORT_SIZE];
    ret->shown =
        arena_format(arena, "%s://%s", ret->scheme, host_port_format(ret->host, ret->port, buffer));
    return ret->shown ? NULL : "memory is short";
}
