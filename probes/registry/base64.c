/* SPDX-License-Identifier: MIT */
#include "probes/registry/base64.h"

#include <limits.h>
#include <openssl/evp.h>

char *base64_decode(const char *text, size_t length, struct arena *arena, size_t *ret_length)
{
    while (length && text[length - 1] == '=')
        length--;
    size_t padded = (length + 3) / 4 * 4;
    if (length % 4 == 1 || padded > INT_MAX)
        return NULL;
    /* OpenSSL needs the classic alphabet and padding. Blanks are removed first, because it would
     * skip them. */
    unsigned char *classic = arena_allocate(arena, padded + 1);
    unsigned char *bytes = arena_allocate(arena, padded / 4 * 3 + 1);
    if (!classic || !bytes)
        return NULL;
    for (size_t i = 0; i < padded; i++) {
        char byte = i < length ? text[i] : '=';
        classic[i] = (unsigned char)(byte == '-' ? '+' : byte == '_' ? '/' : byte);
        if (byte <= ' ' || (i < length && byte == '='))
            return NULL;
    }
    if (EVP_DecodeBlock(bytes, classic, (int)padded) < 0)
        return NULL;
    *ret_length = length * 3 / 4;
    bytes[*ret_length] = '\0';
    return (char *)bytes;
}

char *base64_encode(const char *bytes, size_t length, struct arena *arena)
{
    unsigned char *text = length < INT_MAX / 2 ? arena_allocate(arena, length / 3 * 4 + 5) : NULL;

    if (text)
        EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)length);
    return (char *)text;
}
