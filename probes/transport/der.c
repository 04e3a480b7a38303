/* SPDX-License-Identifier: MIT */
#include "probes/transport/der.h"

#include <string.h>

#define MAX_NUMBER_BYTES 5 /* of one number in an object identifier */

size_t der_size(const struct der *part)
{
    return (size_t)(part->end - part->at);
}

bool der_is(const struct der *part, const char *bytes, size_t length)
{
    return der_size(part) == length && memcmp(part->at, bytes, length) == 0;
}

bool der_equal(const struct der *a, const struct der *b)
{
    return der_is(a, (const char *)b->at, der_size(b));
}

/* Bytes behind the first one of a length, in their shortest form. */
static bool read_long_length(struct der *from, size_t count, size_t *ret)
{
    size_t length = 0;

    if (!count || count > 4 || der_size(from) < count)
        return false;
    bool shortest = *from->at != 0;
    while (count--)
        length = length << 8 | *from->at++;
    *ret = length;
    return shortest && length >= 0x80;
}

bool der_is_ascii(const struct der *part)
{
    for (const unsigned char *at = part->at; at < part->end; at++)
        if (*at >= 0x80)
            return false;
    return true;
}

bool der_next(struct der *from, unsigned char *ret_tag, struct der *ret)
{
    if (der_size(from) < 2 || (*from->at & 0x1f) == 0x1f)
        return false;
    *ret_tag = *from->at++;
    size_t length = *from->at++;
    if ((length & 0x80) && !read_long_length(from, length & 0x7f, &length))
        return false;
    if (length > der_size(from))
        return false;
    struct der content = {from->at, from->at + length};
    from->at += length; /* `ret` may be `from` */
    *ret = content;
    return true;
}

bool der_begins_with(const struct der *from, unsigned char tag)
{
    return der_size(from) > 0 && *from->at == tag;
}

bool der_take(struct der *from, unsigned char tag, struct der *ret)
{
    unsigned char found;

    return der_next(from, &found, ret) && found == tag;
}

bool der_take_whole(struct der *from, unsigned char tag, struct der *ret)
{
    const unsigned char *start = from->at;
    bool taken = der_take(from, tag, ret);

    ret->at = start;
    return taken;
}

bool der_take_optional(struct der *from, unsigned char tag, struct der *ret)
{
    *ret = (struct der){from->at, from->at};
    return !der_begins_with(from, tag) || der_take(from, tag, ret);
}

bool der_take_boolean(struct der *from, bool *ret)
{
    struct der value;

    if (!der_take(from, DER_BOOLEAN, &value) || der_size(&value) != 1)
        return false;
    *ret = *value.at == 0xff;
    return *value.at == 0 || *value.at == 0xff;
}

bool der_take_integer(struct der *from, struct der *ret)
{
    if (!der_take(from, DER_INTEGER, ret) || !der_size(ret))
        return false;
    bool repeats_sign = der_size(ret) > 1 && ((ret->at[0] == 0 && ret->at[1] < 0x80) ||
                                              (ret->at[0] == 0xff && ret->at[1] >= 0x80));
    return !repeats_sign;
}

bool der_take_number(struct der *from, long *ret)
{
    struct der value;

    if (!der_take_integer(from, &value) || der_size(&value) > sizeof(long))
        return false;
    unsigned long number = *value.at < 0x80 ? 0 : ~0UL;
    while (value.at < value.end)
        number = number << 8 | *value.at++;
    *ret = (long)number;
    return true;
}

bool der_take_object(struct der *from, struct der *ret)
{
    size_t count = 0;
    unsigned long number = 0;

    if (!der_take(from, DER_OBJECT, ret) || !der_size(ret) || ret->end[-1] >= 0x80)
        return false;
    for (const unsigned char *at = ret->at; at < ret->end; at++) {
        if (count++ == MAX_NUMBER_BYTES || number >= 1UL << 24)
            return false;
        number = number << 7 | (*at & 0x7f);
        if (*at < 0x80)
            count = number = 0;
    }
    return true;
}

bool der_take_bits(struct der *from, struct der *ret)
{
    if (!der_take(from, DER_BITS, ret) || !der_size(ret))
        return false;
    unsigned unused = *ret->at++;
    return unused <= 7 && (der_size(ret) ? !(ret->end[-1] & ((1U << unused) - 1)) : !unused);
}
