/* SPDX-License-Identifier: MIT */
#include "probes/transport/go_certificate.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "probes/transport/go_names.h"

#define MAX_EXTENSIONS 128

#define UNCOMPRESSED 0x04

#define KEY_USAGE_CERT_SIGN 0x04 /* of the first byte */

/* ---- texts ---- */

static bool is_printable(const struct der *text)
{
    for (const unsigned char *at = text->at; at < text->end; at++)
        if (!*at || (!isalnum(*at) && !strchr("'()+,-./ :=?*&", *at)))
            return false;
    return true;
}

static bool is_numeric(const struct der *text)
{
    for (const unsigned char *at = text->at; at < text->end; at++)
        if (!isdigit(*at) && *at != ' ')
            return false;
    return true;
}

/* RFC 3629: no surrogates, nothing longer than needed. */
static bool is_utf8(const struct der *text)
{
    for (const unsigned char *at = text->at; at < text->end;) {
        size_t more = *at < 0x80 ? 0 : *at < 0xe0 ? 1 : *at < 0xf0 ? 2 : 3;
        unsigned char low = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
        unsigned char high = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;
        if ((*at >= 0x80 && *at < 0xc2) || *at > 0xf4 || more >= (size_t)(text->end - at))
            return false;
        for (at++; more--; at++, low = 0x80, high = 0xbf)
            if (*at < low || *at > high)
                return false;
    }
    return true;
}

static const char *bad_text(unsigned char tag, const struct der *text)
{
    switch (tag) {
    case DER_T61:
        return NULL;
    case DER_PRINTABLE:
        return is_printable(text) ? NULL : "x509: invalid RDNSequence: invalid PrintableString";
    case DER_UTF8:
        return is_utf8(text) ? NULL : "x509: invalid RDNSequence: invalid UTF-8 string";
    case DER_BMP:
        return der_size(text) % 2 == 0 ? NULL : "x509: invalid RDNSequence: invalid BMPString";
    case DER_IA5:
        return der_is_ascii(text) ? NULL : "x509: invalid RDNSequence: invalid IA5String";
    case DER_NUMERIC:
        return is_numeric(text) ? NULL : "x509: invalid RDNSequence: invalid NumericString";
    default:
        return "x509: invalid RDNSequence: unsupported string type";
    }
}

/* ---- the fields before the extensions ---- */

static const char *read_distinguished_name(struct der *from, struct der *ret)
{
    struct der whole;
    struct der name;
    struct der set;
    struct der attribute;
    struct der value;
    unsigned char tag;

    if (!der_take_whole(from, DER_SEQUENCE, ret))
        return "x509: malformed issuer";
    whole = *ret;
    if (!der_take(&whole, DER_SEQUENCE, &name))
        return "x509: invalid RDNSequence";
    while (der_size(&name)) {
        if (!der_take(&name, DER_SET, &set))
            return "x509: invalid RDNSequence";
        while (der_size(&set)) {
            if (!der_take(&set, DER_SEQUENCE, &attribute) || !der_take_object(&attribute, &value) ||
                !der_next(&attribute, &tag, &value))
                return "x509: invalid RDNSequence: invalid attribute";
            const char *wrong = bad_text(tag, &value);
            if (wrong)
                return wrong;
        }
    }
    return NULL;
}

/* -1: these are not so many digits, or out of range. */
static int read_fixed_digits(struct der *from, size_t count, int least, int most)
{
    int number = 0;

    if (der_size(from) < count)
        return -1;
    for (; count--; from->at++) {
        if (!isdigit(*from->at))
            return -1;
        number = number * 10 + *from->at - '0';
    }
    return number >= least && number <= most ? number : -1;
}

/* "Z", or an offset that is not zero. */
static bool read_time_zone(struct der *from, int *ret_seconds)
{
    *ret_seconds = 0;
    if (der_is(from, "Z", 1))
        return true;
    if (!der_size(from) || (*from->at != '+' && *from->at != '-'))
        return false;
    int sign = *from->at++ == '+' ? 1 : -1;
    int hours = read_fixed_digits(from, 2, 0, 24);
    int minutes = read_fixed_digits(from, 2, 0, 59);
    *ret_seconds = sign * (hours * 60 + minutes) * 60;
    return hours >= 0 && minutes >= 0 && *ret_seconds && !der_size(from);
}

/* UTCTime may lack its seconds, and no time has a fraction. */
static bool read_time(struct der *from, int64_t *ret)
{
    struct der text;
    unsigned char tag;
    struct tm tm = {0};
    int offset;

    if (!der_next(from, &tag, &text) || (tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME))
        return false;
    int year = read_fixed_digits(&text, tag == DER_UTC_TIME ? 2 : 4, 0, 9999);
    int month = read_fixed_digits(&text, 2, 1, 12);
    int day = read_fixed_digits(&text, 2, 1, 31);
    int hour = read_fixed_digits(&text, 2, 0, 23);
    int minute = read_fixed_digits(&text, 2, 0, 59);
    bool has_seconds = der_size(&text) && isdigit(*text.at);
    int second = has_seconds ? read_fixed_digits(&text, 2, 0, 59) : tag == DER_UTC_TIME ? 0 : -1;
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0 ||
        !read_time_zone(&text, &offset))
        return false;
    if (tag == DER_UTC_TIME)
        year += year < 50 ? 2000 : 1900;
    tm = (struct tm){.tm_year = year - 1900,
                     .tm_mon = month - 1,
                     .tm_mday = day,
                     .tm_hour = hour,
                     .tm_min = minute,
                     .tm_sec = second};
    *ret = (int64_t)timegm(&tm) - offset;
    return tm.tm_mday == day; /* else the month has no such day */
}

static bool is_positive(const struct der *integer)
{
    return *integer->at < 0x80 && !der_is(integer, "\0", 1);
}

static const char *bad_rsa_key(const struct der *parameters, struct der bits)
{
    struct der key;
    struct der modulus;
    struct der exponent;

    if (!der_is(parameters, "\x05\x00", 2))
        return "x509: RSA key missing NULL parameters";
    if (!der_take(&bits, DER_SEQUENCE, &key) || !der_take_integer(&key, &modulus) ||
        !der_take_integer(&key, &exponent) || der_size(&exponent) > sizeof(int64_t))
        return "x509: invalid RSA public key";
    return is_positive(&modulus) && is_positive(&exponent)
               ? NULL
               : "x509: RSA modulus or exponent is not a positive number";
}

static const char *bad_curve_key(struct der parameters, const struct der *point)
{
    static const struct {
        const char *object;
        size_t length;
        size_t size; /* of a coordinate */
    } curves[] = {
        {"\x2b\x81\x04\x00\x21", 5, 28},             /* P-224 */
        {"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8, 32}, /* P-256 */
        {"\x2b\x81\x04\x00\x22", 5, 48},             /* P-384 */
        {"\x2b\x81\x04\x00\x23", 5, 66},             /* P-521 */
    };
    struct der object;

    if (!der_take_object(&parameters, &object))
        return "x509: invalid ECDSA parameters";
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (!der_is(&object, curves[i].object, curves[i].length))
            continue;
        return der_size(point) == 1 + 2 * curves[i].size && *point->at == UNCOMPRESSED
                   ? NULL
                   : "x509: failed to unmarshal elliptic curve point";
    }
    return "x509: unsupported elliptic curve";
}

static const char *read_key(struct der *from, struct der *ret)
{
    struct der whole;
    struct der info;
    struct der algorithm;
    struct der object;
    struct der bits;

    if (!der_take_whole(from, DER_SEQUENCE, ret))
        return "x509: malformed spki";
    whole = *ret;
    if (!der_take(&whole, DER_SEQUENCE, &info) || !der_take(&info, DER_SEQUENCE, &algorithm))
        return "x509: malformed public key algorithm identifier";
    if (!der_take_object(&algorithm, &object))
        return "x509: malformed OID";
    if (!der_take_bits(&info, &bits))
        return "x509: malformed subjectPublicKey";
    if (der_is(&object, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9))
        return bad_rsa_key(&algorithm, bits);
    if (der_is(&object, "\x2a\x86\x48\xce\x3d\x02\x01", 7))
        return bad_curve_key(algorithm, &bits);
    if (der_is(&object, "\x2b\x65\x70", 3) && (der_size(&algorithm) || der_size(&bits) != 32))
        return "x509: Ed25519 key encoded with illegal parameters";
    return NULL;
}

/* ---- the signature ---- */

/* A digest, whose parameters may be missing. */
static bool take_digest(struct der *from, struct der *ret)
{
    struct der algorithm;

    return der_take(from, DER_SEQUENCE, &algorithm) && der_take_object(&algorithm, ret) &&
           (!der_size(&algorithm) || der_is(&algorithm, "\x05\x00", 2));
}

/* Of RSA-PSS (RFC 4055) Go takes one digest for everything, and a salt as long as that. */
static bool is_plain_pss(struct der parameters)
{
    struct der list;
    struct der part;
    struct der mask;
    struct der object;
    struct der digest;
    struct der other;
    long salt;
    long trailer = 1;

    return der_take(&parameters, DER_SEQUENCE, &list) &&
           der_take(&list, DER_CONTEXT_LIST | 0, &part) && take_digest(&part, &digest) &&
           der_take(&list, DER_CONTEXT_LIST | 1, &part) && der_take(&part, DER_SEQUENCE, &mask) &&
           der_take_object(&mask, &object) && take_digest(&mask, &other) &&
           der_equal(&digest, &other) && der_take(&list, DER_CONTEXT_LIST | 2, &part) &&
           der_take_number(&part, &salt) &&
           (!der_size(&list) ||
            (der_take(&list, DER_CONTEXT_LIST | 3, &part) && der_take_number(&part, &trailer))) &&
           trailer == 1 &&
           ((der_is(&digest, "\x60\x86\x48\x01\x65\x03\x04\x02\x01", 9) && salt == 32) ||
            (der_is(&digest, "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9) && salt == 48) ||
            (der_is(&digest, "\x60\x86\x48\x01\x65\x03\x04\x02\x03", 9) && salt == 64));
}

/* ---- extensions ---- */

struct extension {
    struct der object;
    bool critical;
    struct der value;
};

static const char *read_key_usage(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der bits;

    if (!der_take_bits(&from, &bits))
        return "x509: invalid key usage";
    for (const unsigned char *at = bits.at; at < bits.end && at < bits.at + 2; at++)
        ret->limits_key_usage |= at == bits.at ? *at != 0 : (*at & 0x80) != 0;
    ret->may_sign = der_size(&bits) && (*bits.at & KEY_USAGE_CERT_SIGN);
    return NULL;
}

static const char *read_basic_constraints(const struct extension *extension,
                                          struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;

    if (!der_take(&from, DER_SEQUENCE, &list) ||
        (der_begins_with(&list, DER_BOOLEAN) && !der_take_boolean(&list, &ret->is_ca)) ||
        (der_begins_with(&list, DER_INTEGER) && !der_take_number(&list, &ret->path_length)))
        return "x509: invalid basic constraints";
    ret->has_constraints = true;
    return NULL;
}

static const char *read_names(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der name;
    unsigned char tag;
    bool any = false;

    if (!der_take(&from, DER_SEQUENCE, &from))
        return "x509: invalid subject alternative names";
    ret->has_names = true;
    ret->names = from;
    while (der_size(&from)) {
        if (!der_next(&from, &tag, &name))
            return "x509: invalid subject alternative name";
        const char *wrong = go_name_refusal(tag, &name);
        if (wrong)
            return wrong;
        any |= tag == GO_NAME_EMAIL || tag == GO_NAME_DNS || tag == GO_NAME_URI ||
               tag == GO_NAME_ADDRESS;
    }
    ret->has_unknown_critical |= extension->critical && !any;
    return NULL;
}

static const char *bad_subtrees(struct der from, bool *ret_known)
{
    struct der subtree;
    struct der base;
    unsigned char tag;

    while (der_size(&from)) {
        if (!der_take(&from, DER_SEQUENCE, &subtree) || !der_next(&subtree, &tag, &base))
            return "x509: invalid NameConstraints extension";
        const char *wrong = go_constraint_refusal(tag, &base, ret_known);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *read_name_constraints(const struct extension *extension,
                                         struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;
    bool known = true;

    if (!der_take(&from, DER_SEQUENCE, &list) || der_size(&from) ||
        !der_take_optional(&list, DER_CONTEXT_LIST | 0, &ret->permitted) ||
        !der_take_optional(&list, DER_CONTEXT_LIST | 1, &ret->excluded) || der_size(&list))
        return "x509: invalid NameConstraints extension";
    if (!der_size(&ret->permitted) && !der_size(&ret->excluded))
        return "x509: empty name constraints extension";
    ret->limits_names = true;
    const char *wrong = bad_subtrees(ret->permitted, &known);
    if (!wrong)
        wrong = bad_subtrees(ret->excluded, &known);
    ret->has_unknown_critical |= extension->critical && !known;
    return wrong;
}

static const char *read_usage(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;
    struct der object;

    if (!der_take(&from, DER_SEQUENCE, &list))
        return "x509: invalid extended key usages";
    while (der_size(&list)) {
        if (!der_take_object(&list, &object))
            return "x509: invalid extended key usages";
        ret->limits_usage = true;
        ret->for_servers |= der_is(&object, "\x2b\x06\x01\x05\x05\x07\x03\x01", 8) ||
                            der_is(&object, "\x55\x1d\x25\x00", 4); /* any */
    }
    return NULL;
}

static const char *read_distribution_points(const struct extension *extension,
                                            struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;
    struct der point;
    struct der name;

    (void)ret;
    if (!der_take(&from, DER_SEQUENCE, &list))
        return "x509: invalid CRL distribution points";
    while (der_size(&list)) {
        if (!der_take(&list, DER_SEQUENCE, &point) ||
            !der_take_optional(&point, DER_CONTEXT_LIST | 0, &name) ||
            (der_size(&name) && !der_take(&name, DER_CONTEXT_LIST | 0, &name)))
            return "x509: invalid CRL distribution point";
        while (der_begins_with(&name, GO_NAME_URI))
            if (!der_take(&name, GO_NAME_URI, &point))
                return "x509: invalid CRL distribution point";
    }
    return NULL;
}

static const char *read_issuer_key(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;

    if (extension->critical)
        ret->newer_refusal = "x509: authority key identifier incorrectly marked critical";
    return der_take(&from, DER_SEQUENCE, &list) && der_take_optional(&list, DER_CONTEXT | 0, &from)
               ? NULL
               : "x509: invalid authority key identifier";
}

static const char *read_subject_key(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der bytes;

    if (extension->critical)
        ret->newer_refusal = "x509: subject key identifier incorrectly marked critical";
    return der_take(&from, DER_OCTETS, &bytes) ? NULL : "x509: invalid subject key identifier";
}

static bool is_listed_before(const struct der *list, const struct der *object, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (der_equal(&list[i], object))
            return true;
    return false;
}

static const char *read_policies(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;
    struct der policy;
    struct der seen[MAX_EXTENSIONS];

    if (!der_take(&from, DER_SEQUENCE, &list))
        return "x509: invalid certificate policies";
    for (size_t count = 0; der_size(&list); count++) {
        struct der *object = &seen[count % MAX_EXTENSIONS];
        if (!der_take(&list, DER_SEQUENCE, &policy) || !der_take_object(&policy, object))
            return "x509: invalid certificate policies";
        if (is_listed_before(seen, object, count % MAX_EXTENSIONS))
            ret->newer_refusal = "x509: invalid certificate policies";
    }
    return NULL;
}

static const char *read_information(const struct extension *extension, struct go_certificate *ret)
{
    struct der from = extension->value;
    struct der list;
    struct der one;
    struct der object;

    if (extension->critical)
        ret->newer_refusal = "x509: authority info access incorrectly marked critical";
    if (!der_take(&from, DER_SEQUENCE, &list))
        return "x509: invalid authority info access";
    while (der_size(&list))
        if (!der_take(&list, DER_SEQUENCE, &one) || !der_take_object(&one, &object) ||
            !der_take_optional(&one, GO_NAME_URI, &object))
            return "x509: invalid authority info access";
    return NULL;
}

static const char *read_extension(const struct extension *extension, struct go_certificate *ret)
{
    static const struct {
        const char *object;
        size_t length;
        const char *(*read)(const struct extension *extension, struct go_certificate *ret);
    } known[] = {
        {"\x55\x1d\x0e", 3, read_subject_key},
        {"\x55\x1d\x0f", 3, read_key_usage},
        {"\x55\x1d\x11", 3, read_names},
        {"\x55\x1d\x13", 3, read_basic_constraints},
        {"\x55\x1d\x1e", 3, read_name_constraints},
        {"\x55\x1d\x1f", 3, read_distribution_points},
        {"\x55\x1d\x20", 3, read_policies},
        {"\x55\x1d\x23", 3, read_issuer_key},
        {"\x55\x1d\x25", 3, read_usage},
        {"\x2b\x06\x01\x05\x05\x07\x01\x01", 8, read_information},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (der_is(&extension->object, known[i].object, known[i].length))
            return known[i].read(extension, ret);
    ret->has_unknown_critical |= extension->critical;
    return NULL;
}

static const char *read_extensions(struct der *from, struct go_certificate *ret)
{
    struct der seen[MAX_EXTENSIONS];
    struct der wrapped;
    struct der list;
    struct der part;

    if (!der_begins_with(from, DER_CONTEXT_LIST | 3))
        return NULL;
    if (!der_take(from, DER_CONTEXT_LIST | 3, &wrapped) || !der_take(&wrapped, DER_SEQUENCE, &list))
        return "x509: malformed extensions";
    for (size_t count = 0; der_size(&list); count++) {
        struct extension extension = {.critical = false};
        if (count == MAX_EXTENSIONS)
            return "more extensions than any certificate has";
        if (!der_take(&list, DER_SEQUENCE, &part) || !der_take_object(&part, &extension.object) ||
            (der_begins_with(&part, DER_BOOLEAN) &&
             !der_take_boolean(&part, &extension.critical)) ||
            !der_take(&part, DER_OCTETS, &extension.value))
            return "x509: malformed extension";
        if (is_listed_before(seen, &extension.object, count))
            return "x509: certificate contains duplicate extensions";
        seen[count] = extension.object;
        const char *wrong = read_extension(&extension, ret);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* ---- the whole ---- */

static bool read_version(struct der *from, long *ret)
{
    struct der wrapped;

    *ret = 0;
    if (!der_take_optional(from, DER_CONTEXT_LIST | 0, &wrapped))
        return false;
    if (der_size(&wrapped) && (!der_take_number(&wrapped, ret) || der_size(&wrapped)))
        return false;
    ++*ret;
    return *ret >= 1 && *ret <= 3;
}

static const char *read_signed_part(struct der body, const struct der *algorithm,
                                    struct go_certificate *ret)
{
    struct der serial;
    struct der inner;
    struct der object;
    struct der validity;

    if (!read_version(&body, &ret->version))
        return "x509: invalid version";
    if (!der_take_integer(&body, &serial))
        return "x509: malformed serial number";
    if (*serial.at >= 0x80)
        ret->newer_refusal = "x509: negative serial number";
    if (!der_take(&body, DER_SEQUENCE, &inner) || !der_equal(&inner, algorithm))
        return "x509: inner and outer signature algorithm identifiers don't match";
    if (!der_take_object(&inner, &object))
        return "x509: malformed OID";
    ret->has_odd_signature =
        der_is(&object, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9) && !is_plain_pss(inner);
    const char *wrong = read_distinguished_name(&body, &ret->issuer);
    if (wrong)
        return wrong;
    if (!der_take(&body, DER_SEQUENCE, &validity) || !read_time(&validity, &ret->not_before) ||
        !read_time(&validity, &ret->not_after))
        return "x509: malformed validity";
    wrong = read_distinguished_name(&body, &ret->subject);
    if (!wrong)
        wrong = read_key(&body, &ret->key);
    if (wrong || ret->version == 1)
        return wrong;
    if (!der_take_optional(&body, DER_CONTEXT | 1, &object) ||
        !der_take_optional(&body, DER_CONTEXT | 2, &object))
        return "x509: malformed unique ID";
    return ret->version == 3 ? read_extensions(&body, ret) : NULL;
}

const char *go_certificate_read(const unsigned char *bytes, size_t length,
                                struct go_certificate *ret)
{
    struct der from = {bytes, bytes + length};
    struct der whole;
    struct der body;
    struct der algorithm;
    struct der signature;

    *ret = (struct go_certificate){.path_length = -1};
    if (!der_take(&from, DER_SEQUENCE, &whole) || !der_take(&whole, DER_SEQUENCE, &body) ||
        !der_take(&whole, DER_SEQUENCE, &algorithm))
        return "x509: malformed certificate";
    if (der_size(&from))
        return "x509: trailing data";
    const char *wrong = read_signed_part(body, &algorithm, ret);
    if (wrong)
        return wrong;
    return der_take_bits(&whole, &signature) ? NULL : "x509: malformed signature";
}
