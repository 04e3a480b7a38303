/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate_message.h"

#include "probes/transport/go_certificate.h"

#define MAX_CERTIFICATES 160  /* ordinary ones fill the 64 KiB that Go 1.19 takes */
#define MAX_PARTS        5000 /* of one certificate: names, for example */
#define MAX_ALL_PARTS    15000
#define CONSTRUCTED      0x20

/* ---- numbers ---- */

static bool read_number(struct der *from, size_t size, size_t *ret)
{
    *ret = 0;
    if (der_size(from) < size)
        return false;
    while (size--)
        *ret = *ret << 8 | *from->at++;
    return true;
}

/* Bytes behind their length, which has `size` bytes. */
static bool read_vector(struct der *from, size_t size, struct der *ret)
{
    size_t length;

    if (!read_number(from, size, &length) || length > der_size(from))
        return false;
    *ret = (struct der){from->at, from->at + length};
    from->at += length;
    return true;
}

/* ---- one certificate ---- */

/* Counts all parts in their order, without regard to which is within which. */
static const char *count_parts(struct der from, size_t *parts)
{
    const unsigned char *end_of_value = NULL; /* of an extension */
    unsigned char tag;
    struct der part;

    for (size_t count = 0; der_size(&from); count++, (*parts)++) {
        if (count == MAX_PARTS || *parts == MAX_ALL_PARTS)
            return "a certificate with more parts than any registry has";
        if (!der_next(&from, &tag, &part)) {
            if (!end_of_value)
                return "a certificate that is not DER";
            from.at = end_of_value; /* what looked like DER was none */
            end_of_value = NULL;
            continue;
        }
        bool is_value = tag == DER_OCTETS && der_begins_with(&part, DER_SEQUENCE);
        if (is_value && (!end_of_value || part.at >= end_of_value))
            end_of_value = part.end;
        if ((tag & CONSTRUCTED) || is_value)
            from.at = part.at;
    }
    return NULL;
}

static const char *refuse_certificate(const struct der *certificate, size_t *parts,
                                      const char **ret_newer)
{
    struct go_certificate read;
    const char *why = go_certificate_read(certificate->at, der_size(certificate), &read);

    if (!why && read.newer_refusal)
        *ret_newer = read.newer_refusal;
    return why ? why : count_parts(*certificate, parts);
}

const char *certificate_message_refusal(const unsigned char *body, size_t length, bool is_tls_1_3,
                                        const char **ret_newer)
{
    struct der message = {body, body + length};
    struct der list;
    struct der certificate;
    struct der extensions;
    size_t parts = 0;

    *ret_newer = NULL;
    if (is_tls_1_3 && !read_vector(&message, 1, &list))
        return NULL; /* OpenSSL says what is wrong */
    if (!read_vector(&message, 3, &list))
        return NULL;
    for (size_t count = 0; der_size(&list); count++) {
        if (count == MAX_CERTIFICATES)
            return "more certificates than any registry sends";
        if (!read_vector(&list, 3, &certificate) ||
            (is_tls_1_3 && !read_vector(&list, 2, &extensions)))
            return NULL;
        const char *why = refuse_certificate(&certificate, &parts, ret_newer);
        if (why)
            return why;
    }
    return NULL;
}
