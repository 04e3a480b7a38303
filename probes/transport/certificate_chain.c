/* SPDX-License-Identifier: MIT */
#include "probes/transport/certificate_chain.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "config/base/memory.h"

#define MAX_DEPTH       8
#define MAX_PRICE       300 /* of all signatures and constraints, in units of some 50 us */
#define MAX_CANDIDATES  16
#define MAX_COMPARISONS 250000 /* of names and constraints, as in Go */
#define MAX_HOST        253

#define COMPARISONS_PER_UNIT 500
#define ISSUER_BYTES         256        /* decoded per unit: names, constraints, extensions */
#define CHILD_BYTES          (8 * 1024) /* hashed per unit */

struct search {
    struct trust_store *store;
    STACK_OF(X509) * sent;
    int64_t now;
    unsigned price; /* of all that was checked so far */
    int name_count; /* of the leaf */
    X509 *chain[MAX_DEPTH];
    struct chain_verdict errors; /* of the chain as far as it is built */
    struct chain_verdict best;   /* of the best complete chain */
    bool reached;                /* a trusted certificate; `best` is valid */
};

/* False if that is more than what is left. */
static bool pay(struct search *search, unsigned price)
{
    if (price > MAX_PRICE - search->price)
        return false;
    search->price += price;
    return true;
}

static void add_error(struct chain_verdict *errors, int error, size_t depth)
{
    if (errors->error_count < CHAIN_MAX_ERRORS)
        errors->errors[errors->error_count++] = (struct chain_error){error, (int)depth};
}

/* ---- one certificate ---- */

static void check_dates(struct search *search, X509 *certificate, size_t depth)
{
    time_t now = (time_t)search->now;

    if (X509_cmp_time(X509_get0_notBefore(certificate), &now) > 0)
        add_error(&search->errors, X509_V_ERR_CERT_NOT_YET_VALID, depth);
    if (X509_cmp_time(X509_get0_notAfter(certificate), &now) < 0)
        add_error(&search->errors, X509_V_ERR_CERT_HAS_EXPIRED, depth);
}

/* Keys that Go can verify with: RSA with a small exponent, its four curves, Ed25519. */
static bool is_known_key(const EVP_PKEY *key)
{
    static const char *const curves[] = {"secp224r1", "prime256v1", "secp384r1", "secp521r1"};
    char curve[32] = "";
    BIGNUM *exponent = NULL;
    int bits;

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
            return false;
        bits = BN_num_bits(exponent);
        BN_free(exponent);
        return bits <= 31;
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) != 1)
            return false;
        for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
            if (strcmp(curve, curves[i]) == 0)
                return true;
        return false;
    default:
        return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    }
}

/* A path length without CA:TRUE makes a certificate invalid for OpenSSL, but not for Go. */
static bool is_only_path_length(X509 *certificate)
{
    BASIC_CONSTRAINTS *constraints =
        X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    bool only = constraints && !constraints->ca && constraints->pathlen;

    BASIC_CONSTRAINTS_free(constraints);
    return only;
}

/* True if Go knows the extension, so that it may be critical (crypto/x509, parser.go). OpenSSL
 * knows more: constraints of policies, for example. */
static bool is_handled_by_go(X509_EXTENSION *extension)
{
    static const int handled[] = {
        NID_subject_key_identifier, NID_key_usage,
        NID_subject_alt_name,       NID_basic_constraints,
        NID_name_constraints,       NID_crl_distribution_points,
        NID_certificate_policies,   NID_authority_key_identifier,
        NID_ext_key_usage,          NID_info_access,
    };
    int kind = OBJ_obj2nid(X509_EXTENSION_get_object(extension));

    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
        if (handled[i] == kind)
            return true;
    return false;
}

static bool has_unhandled_extension(X509 *certificate)
{
    for (int i = 0; i < X509_get_ext_count(certificate); i++) {
        X509_EXTENSION *extension = X509_get_ext(certificate, i);
        if (X509_EXTENSION_get_critical(extension) && !is_handled_by_go(extension))
            return true;
    }
    return false;
}

static void check_extensions(struct search *search, X509 *certificate, size_t depth)
{
    uint32_t flags = X509_get_extension_flags(certificate);
    const EVP_PKEY *key = X509_get0_pubkey(certificate);

    if ((flags & EXFLAG_CRITICAL) || has_unhandled_extension(certificate))
        add_error(&search->errors, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, depth);
    if ((flags & EXFLAG_INVALID) && !is_only_path_length(certificate))
        add_error(&search->errors, X509_V_ERR_INVALID_EXTENSION, depth);
    if (!key || !is_known_key(key))
        add_error(&search->errors, X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, depth);
}

static bool is_weakly_signed(X509 *certificate)
{
    int digest = NID_undef;

    X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
    return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
           digest == NID_md5_sha1;
}

/* Digests of signatures that Go can check, or that it calls too weak. Ed25519 has none. */
static bool is_known_digest(X509 *certificate)
{
    int digest = NID_undef;
    int key = NID_undef;

    X509_get_signature_info(certificate, &digest, &key, NULL, NULL);
    return is_weakly_signed(certificate) || digest == NID_sha256 || digest == NID_sha384 ||
           digest == NID_sha512 || key == NID_ED25519;
}

/* ---- constraints of an issuer ---- */

/* False, too, if comparing them costs more than is left. */
static bool names_are_permitted(struct search *search, const NAME_CONSTRAINTS *constraints)
{
    int64_t rules =
        (constraints->permittedSubtrees ? sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees)
                                        : 0) +
        (constraints->excludedSubtrees ? sk_GENERAL_SUBTREE_num(constraints->excludedSubtrees) : 0);
    int64_t comparisons = (rules + 1) * search->name_count;

    return comparisons <= MAX_COMPARISONS &&
           pay(search, (unsigned)comparisons / COMPARISONS_PER_UNIT) &&
           NAME_CONSTRAINTS_check(search->chain[0], (NAME_CONSTRAINTS *)(uintptr_t)constraints) ==
               X509_V_OK;
}

static void check_issuer(struct search *search, X509 *issuer, size_t depth, bool trusted)
{
    uint32_t flags = X509_get_extension_flags(issuer);
    long path_length = X509_get_pathlen(issuer);
    NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(issuer, NID_name_constraints, NULL, NULL);
    bool version_3 = X509_get_version(issuer) == X509_VERSION_3;
    bool says_ca = (flags & EXFLAG_BCONS) && (flags & EXFLAG_CA);

    /* A trusted certificate of version 1 has no extension that says it is a CA. */
    if (!says_ca && (!trusted || version_3 || (flags & EXFLAG_BCONS)))
        add_error(&search->errors, X509_V_ERR_INVALID_CA, depth);
    if ((flags & EXFLAG_KUSAGE) && !(X509_get_key_usage(issuer) & KU_KEY_CERT_SIGN))
        add_error(&search->errors, X509_V_ERR_KEYUSAGE_NO_CERTSIGN, depth);
    if ((flags & EXFLAG_BCONS) && path_length >= 0 && (long)depth - 1 > path_length)
        add_error(&search->errors, X509_V_ERR_PATH_LENGTH_EXCEEDED, depth);
    if (constraints && !names_are_permitted(search, constraints))
        add_error(&search->errors, X509_V_ERR_PERMITTED_VIOLATION, depth);
    NAME_CONSTRAINTS_free(constraints);
}

/* Every certificate of a chain that limits its usage must allow servers. */
static void check_usage(struct search *search, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!(X509_get_extension_flags(search->chain[i]) & EXFLAG_XKUSAGE))
            continue;
        if (!(X509_get_extended_key_usage(search->chain[i]) & (XKU_SSL_SERVER | XKU_ANYEKU)))
            add_error(&search->errors, X509_V_ERR_INVALID_PURPOSE, i);
    }
}

/* ---- the search ---- */

static void keep_chain(struct search *search, size_t length)
{
    size_t before = search->errors.error_count;

    check_usage(search, length);
    if (!search->reached || search->errors.error_count < search->best.error_count)
        search->best = search->errors;
    search->reached = true;
    search->errors.error_count = before;
}

static bool is_perfect(const struct search *search)
{
    return search->reached && !search->best.error_count;
}

/* An RSA key of 16,384 bits costs 64 times as much as one of 2,048; Go limits only the number. */
static unsigned price_of(const EVP_PKEY *key)
{
    unsigned bits = (unsigned)EVP_PKEY_get_bits(key);

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return 1 + (bits / 2048) * (bits / 2048);
    return bits > 256 ? 20 : 3;
}

static unsigned size_of(X509 *certificate)
{
    int size = i2d_X509(certificate, NULL);

    return size > 0 ? (unsigned)size : 0;
}

static bool is_signed_by(struct search *search, X509 *child, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);

    if (!key || !is_known_key(key) || !is_known_digest(child) ||
        !pay(search, price_of(key) + size_of(issuer) / ISSUER_BYTES + size_of(child) / CHILD_BYTES))
        return false;
    bool is_signed = X509_verify(child, key) == 1;
    ERR_clear_error();
    return is_signed;
}

static void extend_chain(struct search *search, size_t length);

static void consider_issuer(struct search *search, size_t length, X509 *issuer, bool trusted)
{
    X509 *child = search->chain[length - 1];
    size_t before = search->errors.error_count;

    if (is_perfect(search))
        return;
    for (size_t i = 0; i < length; i++)
        if (X509_cmp(search->chain[i], issuer) == 0)
            return;
    if (!is_signed_by(search, child, issuer))
        return;
    if (is_weakly_signed(child))
        add_error(&search->errors, X509_V_ERR_CA_MD_TOO_WEAK, length - 1);
    check_extensions(search, issuer, length);
    check_issuer(search, issuer, length, trusted);
    check_dates(search, issuer, length);
    search->chain[length] = issuer;
    if (trusted)
        keep_chain(search, length + 1);
    else
        extend_chain(search, length + 1);
    search->errors.error_count = before;
}

/* The recursion is bounded by MAX_DEPTH, its width by MAX_PRICE. */
static void extend_chain(struct search *search, size_t length)
{
    const X509_NAME *issuer = X509_get_issuer_name(search->chain[length - 1]);
    X509 *trusted[MAX_CANDIDATES];
    size_t count;

    if (length == MAX_DEPTH)
        return;
    count = trust_store_find(search->store, issuer, trusted, MAX_CANDIDATES);
    for (size_t i = 0; i < count; i++)
        consider_issuer(search, length, trusted[i], true);
    for (int i = 0; i < sk_X509_num(search->sent); i++) {
        X509 *sent = sk_X509_value(search->sent, i);
        if (X509_NAME_cmp(X509_get_subject_name(sent), issuer) == 0)
            consider_issuer(search, length, sent, false);
    }
}

static int count_names(X509 *leaf)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0;

    GENERAL_NAMES_free(names);
    return count;
}

static bool is_trusted(struct search *search, X509 *leaf)
{
    X509 *trusted[MAX_CANDIDATES];
    size_t count =
        trust_store_find(search->store, X509_get_subject_name(leaf), trusted, MAX_CANDIDATES);

    for (size_t i = 0; i < count; i++)
        if (X509_cmp(trusted[i], leaf) == 0)
            return true;
    return false;
}

static void search_chains(struct search *search, X509 *leaf)
{
    search->chain[0] = leaf;
    search->reached = false;
    search->errors.error_count = 0;
    check_extensions(search, leaf, 0);
    check_dates(search, leaf, 0);
    if (is_trusted(search, leaf))
        keep_chain(search, 1);
    else
        extend_chain(search, 1);
}

/* Only the server's own certificate is at fault, and no other chain changes that. */
static bool is_settled(const struct search *search)
{
    for (size_t i = 0; i < search->best.error_count; i++)
        if (search->best.errors[i].depth > 0)
            return false;
    return search->reached;
}

/* The X509_V_ERR_ of a chain without a trusted end. */
static int missing_issuer(X509 *leaf, STACK_OF(X509) * sent)
{
    bool self_issued = X509_NAME_cmp(X509_get_issuer_name(leaf), X509_get_subject_name(leaf)) == 0;

    if (self_issued)
        return X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    for (int i = 1; i < sk_X509_num(sent); i++) {
        X509 *one = sk_X509_value(sent, i);
        if (X509_NAME_cmp(X509_get_issuer_name(one), X509_get_subject_name(one)) == 0)
            return X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
    }
    return X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

void certificate_chain_verify(struct trust_store *store, X509 *leaf, STACK_OF(X509) * sent,
                              int64_t now, struct chain_verdict *ret)
{
    struct search search = {
        .store = store, .sent = sent, .now = now, .name_count = count_names(leaf)};
    uint64_t failures = memory_failures();

    search_chains(&search, leaf);
    if (!is_settled(&search)) {
        trust_store_load_rest(store);
        search_chains(&search, leaf);
    }
    *ret = search.reached ? search.best : search.errors;
    if (!search.reached)
        add_error(ret, missing_issuer(leaf, sent), 0);
    ret->complete = memory_failures() == failures;
    ERR_clear_error();
}

/* ---- names ---- */

/* A label of a host name for Go, which allows underscores. */
static bool is_label(const char *label, size_t length)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

    return length && label[0] != '-' && strspn(label, bytes) >= length;
}

/* True if the pattern is a host name, or one with "*" in place of the first label. */
static bool is_pattern(const char *pattern)
{
    const char *label = *pattern == '*' && pattern[1] == '.' ? pattern + 2 : pattern;

    for (;; label++) {
        size_t length = strcspn(label, ".");
        if (!is_label(label, length))
            return false;
        label += length;
        if (!*label)
            return true;
    }
}

/* A first label "*" matches exactly one label. */
static bool pattern_matches(const char *pattern, const char *host)
{
    size_t label = strcspn(host, ".");

    if (*pattern != '*' || !is_pattern(pattern))
        return strcasecmp(pattern, host) == 0;
    return label && host[label] && strcasecmp(pattern + 1, host + label) == 0;
}

static bool name_matches(const ASN1_STRING *name, const char *host)
{
    char pattern[MAX_HOST + 1];
    int length = ASN1_STRING_length(name);

    if (length <= 0 || length > MAX_HOST || memchr(ASN1_STRING_get0_data(name), 0, (size_t)length))
        return false;
    memcpy(pattern, ASN1_STRING_get0_data(name), (size_t)length);
    pattern[length] = '\0';
    return pattern_matches(pattern, host);
}

bool certificate_is_for_host(X509 *leaf, const char *host)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool matches = false;

    for (int i = 0; !matches && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        matches = name->type == GEN_DNS && name_matches(name->d.dNSName, host);
    }
    GENERAL_NAMES_free(names);
    return matches;
}

bool certificate_is_for_address(X509 *leaf, const struct address *address)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int length = address->family == AF_INET ? 4 : 16;
    bool matches = false;

    for (int i = 0; !matches && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        matches =
            name->type == GEN_IPADD && ASN1_STRING_length(name->d.iPAddress) == length &&
            memcmp(ASN1_STRING_get0_data(name->d.iPAddress), address->bytes, (size_t)length) == 0;
    }
    GENERAL_NAMES_free(names);
    return matches;
}
