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
#include "probes/transport/go_certificate.h"
#include "probes/transport/go_names.h"

#define MAX_DEPTH       101 /* Go checks 100 signatures */
#define MAX_PRICE       300 /* of all signatures and constraints, in units of some 50 us */
#define MAX_CANDIDATES  100
#define MAX_COMPARISONS 250000 /* of names and constraints, as in Go */
#define MAX_HOST        253

#define NEWER_MIN_RSA_BITS 1024 /* of an issuer: Go 1.24 (crypto/rsa) */

#define COMPARISONS_PER_UNIT 500
#define ISSUER_BYTES         256        /* decoded per unit: names, constraints, extensions */
#define CHILD_BYTES          (8 * 1024) /* hashed per unit */

/* A certificate that may be one of a chain. */
struct link {
    X509 *certificate;
    unsigned char *bytes;
    unsigned length;
    struct go_certificate read; /* points into `bytes` */
};

struct search {
    struct trust_store *store;
    size_t sent_count;
    struct link *sent;
    int64_t now;
    unsigned price; /* of all that was checked so far */
    const struct link *chain[MAX_DEPTH];
    struct chain_verdict errors; /* of the chain as far as it is built */
    struct chain_verdict best;   /* of the best complete chain */
    bool reached;                /* a trusted certificate; `best` is valid */
};

/* False if Go cannot read it, or memory is short. */
static bool link_read(X509 *certificate, struct link *ret)
{
    *ret = (struct link){.certificate = certificate};
    int length = i2d_X509(certificate, &ret->bytes);
    ret->length = length > 0 ? (unsigned)length : 0;
    return length > 0 && !go_certificate_read(ret->bytes, ret->length, &ret->read);
}

static void link_release(struct link *link)
{
    OPENSSL_free(link->bytes);
}

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

static void check_dates(struct search *search, const struct link *link, size_t depth)
{
    if (link->read.not_before > search->now)
        add_error(&search->errors, X509_V_ERR_CERT_NOT_YET_VALID, depth);
    if (link->read.not_after < search->now)
        add_error(&search->errors, X509_V_ERR_CERT_HAS_EXPIRED, depth);
}

/* Keys that Go can verify with: RSA, its four curves, Ed25519. */
static bool is_known_key(const EVP_PKEY *key)
{
    static const char *const curves[] = {"secp224r1", "prime256v1", "secp384r1", "secp521r1"};
    char curve[32] = "";

    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return true;
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

static void check_certificate(struct search *search, const struct link *link, size_t depth)
{
    const EVP_PKEY *key = X509_get0_pubkey(link->certificate);

    if (link->read.has_unknown_critical)
        add_error(&search->errors, X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, depth);
    if (!key || !is_known_key(key))
        add_error(&search->errors, X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, depth);
    check_dates(search, link, depth);
}

static bool is_weakly_signed(X509 *certificate)
{
    int digest = NID_undef;

    X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
    return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 ||
           digest == NID_md5_sha1;
}

/* Signatures that Go can check, or that it calls too weak. Ed25519 has no digest. */
static bool is_known_signature(X509 *certificate)
{
    int digest = NID_undef;
    int key = NID_undef;

    X509_get_signature_info(certificate, &digest, &key, NULL, NULL);
    return is_weakly_signed(certificate) || digest == NID_sha256 || digest == NID_sha384 ||
           digest == NID_sha512 || key == NID_ED25519;
}

/* ---- constraints of an issuer ---- */

/* False, too, if comparing them costs more than is left. */
static bool names_are_permitted(struct search *search, const struct go_certificate *issuer,
                                const struct go_certificate *other)
{
    unsigned most = (MAX_PRICE - search->price) * COMPARISONS_PER_UNIT;
    unsigned left = most < MAX_COMPARISONS ? most : MAX_COMPARISONS;
    unsigned before = left;

    if (!issuer->limits_names || !other->has_names)
        return true;
    bool permitted =
        go_names_are_permitted(&other->names, &issuer->permitted, &issuer->excluded, &left);
    return pay(search, (before - left) / COMPARISONS_PER_UNIT) && permitted;
}

/* Go 1.19 compares the names of the server's certificate, Go 1.24 also those between. */
static void check_names(struct search *search, const struct go_certificate *issuer, size_t depth)
{
    if (!names_are_permitted(search, issuer, &search->chain[0]->read))
        add_error(&search->errors, X509_V_ERR_PERMITTED_VIOLATION, depth);
    for (size_t i = 1; i < depth; i++)
        if (!names_are_permitted(search, issuer, &search->chain[i]->read))
            search->errors.clients_differ =
                "newer containerd applies the name constraints of an issuer to intermediates, too";
}

static void check_issuer(struct search *search, const struct go_certificate *issuer, size_t depth,
                         bool trusted)
{
    /* A trusted certificate before version 3 has no extension that says it is a CA. */
    if (!issuer->is_ca && (!trusted || issuer->version == 3))
        add_error(&search->errors, X509_V_ERR_INVALID_CA, depth);
    if (issuer->limits_key_usage && !issuer->may_sign)
        add_error(&search->errors, X509_V_ERR_KEYUSAGE_NO_CERTSIGN, depth);
    if (issuer->has_constraints && issuer->path_length >= 0 &&
        (long)depth - 1 > issuer->path_length)
        add_error(&search->errors, X509_V_ERR_PATH_LENGTH_EXCEEDED, depth);
    check_names(search, issuer, depth);
}

/* Every certificate of a chain that limits its usage must allow servers. */
static void check_usage(struct search *search, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (search->chain[i]->read.limits_usage && !search->chain[i]->read.for_servers)
            add_error(&search->errors, X509_V_ERR_INVALID_PURPOSE, i);
}

/* ---- the search ---- */

static void keep_chain(struct search *search, size_t length)
{
    struct chain_verdict before = search->errors;

    check_usage(search, length);
    if (!search->reached || search->errors.error_count < search->best.error_count)
        search->best = search->errors;
    search->reached = true;
    search->errors = before;
}

static bool is_perfect(const struct search *search)
{
    return search->reached && !search->best.error_count;
}

/* Above 31 bits; at most 63, because Go reads no certificate with a larger one. */
static bool has_large_exponent(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    bool is_large = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 ||
                    BN_num_bits(exponent) > 31;

    BN_free(exponent);
    return is_large;
}

/* An RSA key of 16,384 bits costs 64 times as much as one of 2,048, and twice that with an exponent
 * of 63 bits; Go limits only the number. */
static unsigned price_of(const EVP_PKEY *key)
{
    unsigned bits = (unsigned)EVP_PKEY_get_bits(key);

    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        return 1 + (bits / 2048) * (bits / 2048) * (1 + has_large_exponent(key));
    return bits > 256 ? 20 : 3;
}

static bool is_signed_by(struct search *search, const struct link *child, const struct link *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->certificate);

    if (!key || !is_known_key(key) || child->read.has_odd_signature ||
        !is_known_signature(child->certificate) ||
        !pay(search, price_of(key) + issuer->length / ISSUER_BYTES + child->length / CHILD_BYTES))
        return false;
    bool is_signed = X509_verify(child->certificate, key) == 1;
    ERR_clear_error();
    return is_signed;
}

/* Go takes certificates of one subject, key and list of names for one (RFC 4158 2.4.1). */
static bool is_same_certificate(const struct go_certificate *one,
                                const struct go_certificate *other)
{
    return der_equal(&one->subject, &other->subject) && der_equal(&one->key, &other->key) &&
           one->has_names == other->has_names &&
           (!one->has_names || der_equal(&one->names, &other->names));
}

static bool is_in_chain(const struct search *search, size_t length, const struct link *link)
{
    for (size_t i = 0; i < length; i++)
        if (is_same_certificate(&search->chain[i]->read, &link->read))
            return true;
    return false;
}

/* Whatever makes only newer clients refuse an issuer. */
static void note_differences(struct search *search, const struct link *issuer, bool trusted)
{
    const EVP_PKEY *key = X509_get0_pubkey(issuer->certificate);

    if (trusted && issuer->read.newer_refusal)
        search->errors.newer_refusal = issuer->read.newer_refusal;
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
        return;
    if (EVP_PKEY_get_bits(key) < NEWER_MIN_RSA_BITS)
        search->errors.clients_differ =
            "newer containerd takes no signature of an RSA key below 1,024 bits";
    else if (has_large_exponent(key))
        search->errors.clients_differ =
            "newer containerd takes no RSA key with an exponent above 31 bits";
}

static void extend_chain(struct search *search, size_t length);

static void consider_issuer(struct search *search, size_t length, const struct link *issuer,
                            bool trusted)
{
    const struct link *child = search->chain[length - 1];
    struct chain_verdict before = search->errors;

    if (is_perfect(search) || !der_equal(&child->read.issuer, &issuer->read.subject) ||
        is_in_chain(search, length, issuer) || !is_signed_by(search, child, issuer))
        return;
    if (is_weakly_signed(child->certificate))
        add_error(&search->errors, X509_V_ERR_CA_MD_TOO_WEAK, length - 1);
    check_certificate(search, issuer, length);
    check_issuer(search, &issuer->read, length, trusted);
    note_differences(search, issuer, trusted);
    search->chain[length] = issuer;
    if (trusted)
        keep_chain(search, length + 1);
    else
        extend_chain(search, length + 1);
    search->errors = before;
}

/* The recursion is bounded by MAX_DEPTH, its width by MAX_PRICE. */
static void extend_chain(struct search *search, size_t length)
{
    const X509_NAME *issuer = X509_get_issuer_name(search->chain[length - 1]->certificate);
    X509 *trusted[MAX_CANDIDATES];
    size_t count;

    if (length == MAX_DEPTH)
        return;
    count = trust_store_find(search->store, issuer, trusted, MAX_CANDIDATES);
    for (size_t i = 0; i < count; i++) {
        struct link link;
        if (link_read(trusted[i], &link))
            consider_issuer(search, length, &link, true);
        link_release(&link);
    }
    for (size_t i = 0; i < search->sent_count; i++)
        consider_issuer(search, length, &search->sent[i], false);
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

static void search_chains(struct search *search, const struct link *leaf)
{
    search->chain[0] = leaf;
    search->reached = false;
    search->errors = (struct chain_verdict){0};
    check_certificate(search, leaf, 0);
    if (is_trusted(search, leaf->certificate))
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

/* Keeps those that Go can read, because it would refuse the handshake for any other. */
static void read_sent(struct search *search, STACK_OF(X509) * sent)
{
    int count = sk_X509_num(sent);

    search->sent = count > 0 ? memory_allocate((size_t)count * sizeof(*search->sent)) : NULL;
    for (int i = 0; search->sent && i < count; i++) {
        struct link *link = &search->sent[search->sent_count];
        if (link_read(sk_X509_value(sent, i), link))
            search->sent_count++;
        else
            link_release(link);
    }
}

static void release_sent(struct search *search)
{
    for (size_t i = 0; i < search->sent_count; i++)
        link_release(&search->sent[i]);
    memory_release(search->sent);
}

void certificate_chain_verify(struct trust_store *store, X509 *leaf, STACK_OF(X509) * sent,
                              int64_t now, struct chain_verdict *ret)
{
    struct search search = {.store = store, .now = now};
    struct link first;
    uint64_t failures = memory_failures();

    if (!link_read(leaf, &first)) {
        add_error(&search.errors, X509_V_ERR_INVALID_EXTENSION, 0);
    } else {
        read_sent(&search, sent);
        search_chains(&search, &first);
        if (!is_settled(&search)) {
            trust_store_load_rest(store);
            search_chains(&search, &first);
        }
        release_sent(&search);
    }
    link_release(&first);
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

static bool name_matches(const struct der *name, const char *host)
{
    char pattern[MAX_HOST + 1];
    size_t length = der_size(name);

    if (!length || length > MAX_HOST || memchr(name->at, 0, length))
        return false;
    memcpy(pattern, name->at, length);
    pattern[length] = '\0';
    return pattern_matches(pattern, host);
}

/* Go takes an IPv4 address for one with its IPv6-mapped form. */
static bool address_matches(const struct der *name, const struct address *address)
{
    static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
    struct der bytes = *name;
    size_t length = address->family == AF_INET ? 4 : 16;

    if (length == 4 && der_size(name) == 16 && memcmp(name->at, mapped, 12) == 0)
        bytes.at += 12;
    return der_is(&bytes, (const char *)address->bytes, length);
}

/* One of `host` and `address` is NULL. */
static bool is_for(X509 *leaf, const char *host, const struct address *address)
{
    struct link link;
    bool matches = false;
    struct der name;
    unsigned char tag;

    if (link_read(leaf, &link) && link.read.has_names)
        while (!matches && der_next(&link.read.names, &tag, &name))
            matches = (address && tag == GO_NAME_ADDRESS && address_matches(&name, address)) ||
                      (host && tag == GO_NAME_DNS && name_matches(&name, host));
    link_release(&link);
    return matches;
}

bool certificate_is_for_host(X509 *leaf, const char *host)
{
    return is_for(leaf, host, NULL);
}

bool certificate_is_for_address(X509 *leaf, const struct address *address)
{
    return is_for(leaf, NULL, address);
}
