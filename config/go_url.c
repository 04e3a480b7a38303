/* SPDX-License-Identifier: MIT */
#include "config/go_url.h"

#include <string.h>

#include "config/base/text.h"
#include "config/url.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

/* The first byte of `set`, or `end`. */
static const char *find_any(const char *at, const char *end, const char *set)
{
    while (at < end && !strchr(set, *at))
        at++;
    return at;
}

static struct url_piece piece_of(const char *at, const char *end)
{
    return (struct url_piece){at, (size_t)(end - at)};
}

/* ASCII bytes are of the set; others are allowed if `foreign`. */
static bool consists_of(struct url_piece piece, const char *set, bool foreign)
{
    for (size_t i = 0; i < piece.length; i++)
        if ((unsigned char)piece.at[i] < 0x80 ? !strchr(set, piece.at[i]) : !foreign)
            return false;
    return true;
}

/* An escape in a host stands for no ASCII letter, except the percent sign before a zone. */
static bool has_host_escapes(struct url_piece host)
{
    for (size_t i = 0; i + 2 < host.length; i++)
        if (host.at[i] == '%' && text_hex_digit(host.at[i + 1]) < 8 &&
            strncmp(host.at + i, "%25", 3) != 0)
            return false;
    return url_has_good_escapes(host.at, host.length);
}

static bool parse_place(struct url_piece place, struct go_url *ret)
{
    bool bracket = place.length && *place.at == '[';
    const char *end = place.at + place.length;
    const char *close = bracket ? memrchr(place.at, ']', place.length) : NULL;
    const char *colon = close ? close + 1 : memrchr(place.at, ':', place.length);
    const char *port = colon && colon < end ? colon + 1 : end;

    if ((bracket && !close) || (port < end && *colon != ':'))
        return false;
    ret->place = place;
    ret->port = piece_of(port, end);
    ret->host = piece_of(place.at + bracket, close ? close : colon ? colon : end);
    if (!consists_of(ret->port, DIGITS, false) || !has_host_escapes(place) ||
        !consists_of(place, LETTERS DIGITS "-_.~!$&'()*+,;=:[]<>\"%", true))
        return false;
    const char *zone = bracket ? memchr(ret->host.at, '%', ret->host.length) : NULL;
    if (zone)
        ret->host.length = (size_t)(zone - ret->host.at);
    return true;
}

static bool parse_authority(const char *begin, const char *end, struct go_url *ret)
{
    const char *at = memrchr(begin, '@', (size_t)(end - begin));

    if (at)
        ret->user = piece_of(begin, at);
    return parse_place(piece_of(at ? at + 1 : begin, end), ret) &&
           consists_of(ret->user, LETTERS DIGITS "-._:~!$&'()*+,;=%@", false) &&
           url_has_good_escapes(ret->user.at, ret->user.length);
}

bool go_url_parse(const char *text, size_t length, struct go_url *ret)
{
    const char *end = text + length;
    const char *colon = text;

    *ret = (struct go_url){0};
    for (const char *at = text; at < end; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return false;
    const char *fragment = find_any(text, end, "#");
    if (!url_has_good_escapes(fragment, (size_t)(end - fragment)))
        return false;
    end = fragment;
    while (colon < end && strchr(colon > text ? LETTERS DIGITS "+-." : LETTERS, *colon))
        colon++;
    if (colon < end && *colon == ':') {
        if (colon == text)
            return false;
        ret->scheme = piece_of(text, colon);
        text = colon + 1;
    }
    end = find_any(text, end, "?");
    if (text == end || *text != '/') /* host:port, or a scheme without slashes */
        return ret->scheme.at || (find_any(text, end, ":/") == find_any(text, end, "/") &&
                                  url_has_good_escapes(text, (size_t)(end - text)));
    if (end - text >= 2 && text[1] == '/' && (ret->scheme.at || end - text < 3 || text[2] != '/')) {
        const char *path = find_any(text + 2, end, "/");
        if (!parse_authority(text + 2, path, ret))
            return false;
        text = path;
    }
    return url_has_good_escapes(text, (size_t)(end - text));
}
