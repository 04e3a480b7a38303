/* SPDX-License-Identifier: MIT */
#include "probes/transport/go_pem.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#define DASHES "-----"
#define BEGIN  DASHES "BEGIN "
#define END    "\n" DASHES "END "
#define TYPE   "CERTIFICATE"

static bool starts_with(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);

    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

static const char *end_of_line(const char *at, const char *end)
{
    const char *found = memchr(at, '\n', (size_t)(end - at));

    return found ? found : end;
}

static bool is_blank(const char *at, const char *end)
{
    while (at < end && *at && strchr(" \t\r", *at))
        at++;
    return at == end;
}

/* Behind the line that begins a block, or NULL. It begins the text or a line, and blanks may end
 * it. */
static const char *find_begin(const char *at, const char *start, const char *end)
{
    for (; (at = memmem(at, (size_t)(end - at), BEGIN, strlen(BEGIN))); at++) {
        const char *type = at + strlen(BEGIN);
        const char *line_end = end_of_line(type, end);
        if ((at == start || at[-1] == '\n') && starts_with(type, line_end, TYPE DASHES) &&
            is_blank(type + strlen(TYPE DASHES), line_end))
            return line_end;
    }
    return NULL;
}

/* Blanks and line ends do not count; false if the rest is not base64 with its padding. */
static bool decode(const char *at, const char *end, unsigned char *ret, size_t *ret_length)
{
    unsigned char *packed = ret;
    size_t padding = 0;

    for (; at < end; at++) {
        if (strchr(" \t\r\n", *at) && *at)
            continue;
        if (padding && *at != '=')
            return false;
        padding += *at == '=';
        *packed++ = (unsigned char)*at;
    }
    size_t length = (size_t)(packed - ret);
    if (length % 4 || padding > 2 || length > INT_MAX || EVP_DecodeBlock(ret, ret, (int)length) < 0)
        return false;
    *ret_length = length / 4 * 3 - padding;
    return true;
}

bool go_pem_next(const char **at, const char *end, unsigned char *ret, size_t *ret_length)
{
    const char *start = *at;

    for (const char *body; (body = find_begin(*at, start, end));) {
        const char *last = memmem(body, (size_t)(end - body), END, strlen(END));
        const char *behind = last ? last + strlen(END) : body;
        *at = body;
        if (!last)
            return false;
        if (!starts_with(behind, end, TYPE DASHES) ||
            !is_blank(behind + strlen(TYPE DASHES), end_of_line(behind, end)) ||
            !decode(body, last, ret, ret_length))
            continue; /* with headers too, because a colon is not of base64 */
        *at = end_of_line(behind, end);
        return true;
    }
    *at = end;
    return false;
}
