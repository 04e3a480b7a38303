/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "config/base/address.h"
#include "config/base/text.h"

static const char *peer_text(struct arena *arena, const void *bytes, size_t length)
{
    struct text text = TEXT_WITH_LIMIT(EVIDENCE_MAX_TEXT);
    const char *kept;

    /* The text's limit counts bytes as written, and an escape is four bytes. */
    text_append_peer(&text, bytes, length, EVIDENCE_MAX_TEXT);
    kept = arena_copy_text(arena, text_string(&text));
    text_free(&text);
    return kept;
}

static const char *name_text(struct arena *arena, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *kept = NULL;
    char *bytes = NULL;
    long length;

    /* RFC 2253, but bytes beyond ASCII are left to text_append_peer() */
    if (bio && name &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >=
            0) {
        length = BIO_get_mem_data(bio, &bytes);
        kept = peer_text(arena, bytes ? bytes : "", length > 0 ? (size_t)length : 0);
    }
    BIO_free(bio);
    return kept;
}

static int64_t time_seconds(const ASN1_TIME *time)
{
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    return time && ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static const char *alternative_name(struct arena *arena, const GENERAL_NAME *name)
{
    char buffer[ADDRESS_TEXT_SIZE];
    struct address address = {.family = AF_UNSPEC};
    const ASN1_STRING *value;
    int length;

    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return NULL;
    value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    length = ASN1_STRING_length(value);
    if (length < 0)
        return NULL;
    if (name->type == GEN_DNS)
        return peer_text(arena, ASN1_STRING_get0_data(value), (size_t)length);
    if (length != 4 && length != 16)
        return NULL;
    address.family = length == 4 ? AF_INET : AF_INET6;
    memcpy(address.bytes, ASN1_STRING_get0_data(value), (size_t)length);
    return arena_copy_text(arena, address_format(&address, buffer));
}

static void describe_names(X509 *certificate, struct arena *arena, struct certificate_evidence *ret)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;

    for (int i = 0; i < count && ret->name_count < EVIDENCE_MAX_NAMES; i++) {
        const char *text = alternative_name(arena, sk_GENERAL_NAME_value(names, i));
        if (text)
            ret->names[ret->name_count++] = text;
    }
    GENERAL_NAMES_free(names);
}

static const char *fingerprint(X509 *certificate, struct arena *arena)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1];
    unsigned length = 0;

    if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
        return NULL;
    for (unsigned i = 0; i < length; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    return arena_copy_bytes(arena, hex, 2 * (size_t)length);
}

void certificate_describe(X509 *certificate, struct arena *arena, struct certificate_evidence *ret)
{
    *ret = (struct certificate_evidence){
        .present = true,
        .subject = name_text(arena, X509_get_subject_name(certificate)),
        .issuer = name_text(arena, X509_get_issuer_name(certificate)),
        .not_before = time_seconds(X509_get0_notBefore(certificate)),
        .not_after = time_seconds(X509_get0_notAfter(certificate)),
        .fingerprint_sha256 = fingerprint(certificate, arena),
    };
    describe_names(certificate, arena, ret);
}
