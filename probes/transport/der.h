/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reads DER (X.690) as Go does (x/crypto/cryptobyte, asn1.go): tags of one byte, lengths of at most
 * four bytes and in their shortest form. Each function moves `from` behind what it read, and
 * returns false if that is not what it should be. Nothing is copied. Hostile input.
 */

#include <stdbool.h>
#include <stddef.h>

#define DER_BOOLEAN          0x01
#define DER_INTEGER          0x02
#define DER_BITS             0x03
#define DER_OCTETS           0x04
#define DER_OBJECT           0x06
#define DER_UTF8             0x0c
#define DER_NUMERIC          0x12
#define DER_PRINTABLE        0x13
#define DER_T61              0x14
#define DER_IA5              0x16
#define DER_UTC_TIME         0x17
#define DER_GENERALIZED_TIME 0x18
#define DER_BMP              0x1e
#define DER_SEQUENCE         0x30
#define DER_SET              0x31
#define DER_CONTEXT          0x80 /* of a tag that the context gives, such as [1] */
#define DER_CONTEXT_LIST     0xa0 /* the same, with parts inside */

struct der {
    const unsigned char *at;
    const unsigned char *end;
};

size_t der_size(const struct der *part);
bool der_equal(const struct der *a, const struct der *b);
bool der_is(const struct der *part, const char *bytes, size_t length);
bool der_is_ascii(const struct der *part);

/* The tag and the content of the next part. */
bool der_next(struct der *from, unsigned char *ret_tag, struct der *ret);

bool der_begins_with(const struct der *from, unsigned char tag);
bool der_take(struct der *from, unsigned char tag, struct der *ret);
bool der_take_whole(struct der *from, unsigned char tag, struct der *ret); /* with its head */

/* Empty if the part is not there. */
bool der_take_optional(struct der *from, unsigned char tag, struct der *ret);

bool der_take_boolean(struct der *from, bool *ret);
bool der_take_integer(struct der *from, struct der *ret);
bool der_take_number(struct der *from, long *ret); /* an INTEGER that fits */
bool der_take_object(struct der *from, struct der *ret);
bool der_take_bits(struct der *from, struct der *ret);
