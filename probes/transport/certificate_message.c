/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate_message.h"

#include <string.h>

#define MAX_CERTIFICATES 100
#define MAX_PARTS        5000 /* of one certificate: names, for example */
#define MAX_ALL_PARTS    15000

#define BIT_STRING   0x03
#define OCTET_STRING 0x04
#define OBJECT       0x06
#define SEQUENCE     0x30
#define CONSTRUCTED  0x20
#define UNCOMPRESSED 0x04

struct bytes {
    const unsigned char *at;
    const unsigned char *end;
};

struct part { /* of DER, X.690 */
    unsigned char tag;
    const unsigned char *content;
    size_t length;
};

/* ---- numbers ---- */

static bool read_number(struct bytes *from, size_t size, size_t *ret)
{
    *ret = 0;
    if ((size_t)(from->end - from->at) < size)
        return false;
    while (size--)
        *ret = *ret << 8 | *from->at++;
    return true;
}

/* Bytes behind their length, which has `size` bytes. */
static bool read_vector(struct bytes *from, size_t size, struct bytes *ret)
{
    size_t length;

    if (!read_number(from, size, &length) || length > (size_t)(from->end - from->at))
        return false;
    *ret = (struct bytes){from->at, from->at + length};
    from->at += length;
    return true;
}

/* ---- one certificate ---- */

/* Moves behind the head of the next part. False if it is not DER as Go reads it. */
static bool read_part(struct bytes *from, struct part *ret)
{
    size_t tag;
    size_t length;

    if (!read_number(from, 1, &tag) || (tag & 0x1f) == 0x1f || !read_number(from, 1, &length))
        return false;
    if (length == 0x80 || length > 0x84 ||
        (length & 0x80 && !read_number(from, length & 7, &length)))
        return false;
    *ret = (struct part){(unsigned char)tag, from->at, length};
    return length <= (size_t)(from->end - from->at);
}

static bool is_object(const struct part *part, const char *object, size_t length)
{
    return part->tag == OBJECT && part->length == length &&
           memcmp(part->content, object, length) == 0;
}

static bool is_curve(const struct part *part)
{
    return is_object(part, "\x2b\x81\x04\x00\x21", 5) ||             /* P-224 */
           is_object(part, "\x2a\x86\x48\xce\x3d\x03\x01\x07", 8) || /* P-256 */
           is_object(part, "\x2b\x81\x04\x00\x22", 5) ||             /* P-384 */
           is_object(part, "\x2b\x81\x04\x00\x23", 5);               /* P-521 */
}

/* The parts that follow the object of a key on a curve (RFC 5480): first its curve, then the point.
 */
enum expected { ANYTHING, CURVE, POINT };

static bool take_part(const struct part *part, enum expected *expected)
{
    switch (*expected) {
    case ANYTHING:
        if (is_object(part, "\x2a\x86\x48\xce\x3d\x02\x01", 7))
            *expected = CURVE;
        return true;
    case CURVE:
        *expected = POINT;
        return is_curve(part);
    case POINT:
        *expected = ANYTHING;
        return part->tag == BIT_STRING && part->length > 1 && part->content[1] == UNCOMPRESSED;
    }
    return false;
}

/* Takes all parts in their order, without regard to which is within which. */
static const char *refuse_certificate(struct bytes from, size_t *parts)
{
    const unsigned char *end_of_value = NULL; /* of an extension */
    enum expected expected = ANYTHING;
    struct part part;

    for (size_t count = 0; from.at < from.end; count++, (*parts)++) {
        if (count == MAX_PARTS || *parts == MAX_ALL_PARTS)
            return "a certificate with more parts than any registry has";
        if (!read_part(&from, &part)) {
            if (!end_of_value)
                return "a certificate that is not DER";
            from.at = end_of_value; /* what looked like DER was none */
            end_of_value = NULL;
            continue;
        }
        if (!take_part(&part, &expected))
            return "an elliptic curve, or a way to write its point, that Go does not know";
        bool is_value = part.tag == OCTET_STRING && part.length && *part.content == SEQUENCE;
        if (is_value && (!end_of_value || part.content >= end_of_value))
            end_of_value = part.content + part.length;
        if (!(part.tag & CONSTRUCTED) && !is_value)
            from.at += part.length;
    }
    return NULL;
}

const char *certificate_message_refusal(const unsigned char *body, size_t length, bool is_tls_1_3)
{
    struct bytes message = {body, body + length};
    struct bytes list;
    struct bytes certificate;
    struct bytes extensions;
    size_t parts = 0;

    if (is_tls_1_3 && !read_vector(&message, 1, &list))
        return NULL; /* OpenSSL says what is wrong */
    if (!read_vector(&message, 3, &list))
        return NULL;
    for (size_t count = 0; list.at < list.end; count++) {
        if (count == MAX_CERTIFICATES)
            return "more certificates than any registry sends";
        if (!read_vector(&list, 3, &certificate) ||
            (is_tls_1_3 && !read_vector(&list, 2, &extensions)))
            return NULL;
        const char *why = refuse_certificate(certificate, &parts);
        if (why)
            return why;
    }
    return NULL;
}
