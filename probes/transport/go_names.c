/* SPDX-License-Identifier: MIT */
#include "probes/transport/go_names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config/base/address.h"
#include "config/go_url.h"

#define MAX_LOCAL_PART 256 /* bytes of a mailbox before its "@" */

static struct der behind(const struct der *text, size_t count)
{
    return (struct der){text->at + count, text->end};
}

static bool begins_with(const struct der *text, const char *start)
{
    size_t length = strlen(start);

    return der_size(text) >= length && memcmp(text->at, start, length) == 0;
}

/* ---- domains ---- */

static struct der without_dot(const struct der *domain)
{
    return begins_with(domain, ".") ? behind(domain, 1) : *domain;
}

/* No label is empty, except before a dot at the start, and each byte is visible. */
static bool is_domain(const struct der *text)
{
    struct der domain = without_dot(text);
    const unsigned char *label = domain.at;

    for (const unsigned char *at = domain.at; at < domain.end; at++) {
        if (*at < '!' || *at > '~' || (*at == '.' && at == label))
            return false;
        if (*at == '.')
            label = at + 1;
    }
    return domain.at == domain.end || label < domain.end;
}

/* A dot at the start of the constraint asks for at least one label more. */
static bool is_within_domain(const struct der *name, const struct der *constraint)
{
    struct der domain = without_dot(name);
    struct der suffix = without_dot(constraint);
    bool below = suffix.at != constraint->at;
    size_t rest = der_size(&domain) - der_size(&suffix);

    if (!der_size(constraint))
        return true;
    if (der_size(&domain) < der_size(&suffix) ||
        strncasecmp((const char *)domain.at + rest, (const char *)suffix.at, der_size(&suffix)) !=
            0)
        return false;
    return rest ? !der_size(&suffix) || domain.at[rest - 1] == '.' : !below;
}

/* ---- mailboxes (RFC 2821 4.1.2, with what RFC 3696 adds) ---- */

struct mailbox {
    char local[MAX_LOCAL_PART];
    size_t length;
    struct der domain;
};

static bool add_byte(struct mailbox *mailbox, unsigned char byte)
{
    if (mailbox->length == MAX_LOCAL_PART)
        return false;
    mailbox->local[mailbox->length++] = (char)byte;
    return true;
}

/* Behind the opening quotation mark. */
static bool read_quoted_part(struct der *from, struct mailbox *ret)
{
    while (from->at < from->end) {
        unsigned char byte = *from->at++;
        bool escaped = byte == '\\';
        if (byte == '"')
            return true;
        if (escaped && from->at == from->end)
            return false;
        if (escaped)
            byte = *from->at++;
        if (!byte || byte == '\n' || byte == '\r' || (byte == '\t' && !escaped) ||
            !add_byte(ret, byte))
            return false;
    }
    return false;
}

static bool read_atoms(struct der *from, struct mailbox *ret)
{
    while (from->at < from->end && *from->at &&
           (isalnum(*from->at) || strchr("!#$%&'*+-/=?^_`{|}~.\\", *from->at))) {
        from->at += *from->at == '\\';
        if (from->at == from->end || !add_byte(ret, *from->at++))
            return false;
    }
    return ret->length && ret->local[0] != '.' && ret->local[ret->length - 1] != '.' &&
           !memmem(ret->local, ret->length, "..", 2);
}

static bool read_mailbox(const struct der *text, struct mailbox *ret)
{
    struct der from = *text;

    ret->length = 0;
    if (begins_with(&from, "\"")) {
        from.at++;
        if (!read_quoted_part(&from, ret))
            return false;
    } else if (!read_atoms(&from, ret)) {
        return false;
    }
    ret->domain = behind(&from, begins_with(&from, "@"));
    return ret->domain.at != from.at;
}

static bool is_mailbox(const struct der *text)
{
    struct mailbox mailbox;

    return read_mailbox(text, &mailbox) && is_domain(&mailbox.domain);
}

static bool is_exact_mailbox(const struct der *constraint)
{
    return memchr(constraint->at, '@', der_size(constraint)) != NULL;
}

static bool is_within_mailbox(const struct mailbox *name, const struct der *constraint)
{
    struct mailbox exact;

    if (!is_exact_mailbox(constraint))
        return is_within_domain(&name->domain, constraint);
    return read_mailbox(constraint, &exact) && exact.length == name->length &&
           memcmp(exact.local, name->local, exact.length) == 0 &&
           der_size(&exact.domain) == der_size(&name->domain) &&
           strncasecmp((const char *)exact.domain.at, (const char *)name->domain.at,
                       der_size(&exact.domain)) == 0;
}

/* ---- URIs ---- */

/* `ret_host` has the port, too; it is empty if there is none. */
static bool is_uri(const struct der *uri, struct der *ret_host)
{
    struct go_url url;

    if (!go_url_parse((const char *)uri->at, der_size(uri), &url))
        return false;
    for (size_t i = 0; i < url.place.length; i++)
        if (url.place.at[i] == '%' && url.place.at[i + 1] != '2') /* a byte beyond ASCII */
            return false;
    ret_host->at = url.place.at ? (const unsigned char *)url.place.at : uri->at;
    ret_host->end = ret_host->at + url.place.length;
    return true;
}

/* False, too, for an address. */
static bool is_name_of_host(const struct der *host)
{
    char text[ADDRESS_TEXT_SIZE];

    if (!der_size(host) || host->end[-1] == ']')
        return false;
    if (der_size(host) >= sizeof(text))
        return true;
    memcpy(text, host->at, der_size(host));
    text[der_size(host)] = '\0';
    return !address_is_valid(text);
}

static bool uri_host(const struct der *uri, struct der *ret)
{
    if (!is_uri(uri, ret) || !der_size(ret))
        return false;
    const unsigned char *colon = memchr(ret->at, ':', der_size(ret));
    if (colon && ret->end[-1] != ']')
        ret->end = colon;
    return is_name_of_host(ret);
}

/* ---- alternative names ---- */

const char *go_name_refusal(unsigned char tag, const struct der *name)
{
    struct der host;

    switch (tag) {
    case GO_NAME_EMAIL:
        return der_is_ascii(name) ? NULL : "x509: SAN rfc822Name is malformed";
    case GO_NAME_DNS:
        return der_is_ascii(name) ? NULL : "x509: SAN dNSName is malformed";
    case GO_NAME_URI:
        if (!der_is_ascii(name))
            return "x509: SAN uniformResourceIdentifier is malformed";
        return is_uri(name, &host) && is_domain(&host) ? NULL : "x509: cannot parse URI";
    case GO_NAME_ADDRESS:
        return der_size(name) == 4 || der_size(name) == 16 ? NULL : "x509: cannot parse IP address";
    default:
        return NULL;
    }
}

/* ---- constraints ---- */

/* Ones, then zeros. */
static bool is_mask(const unsigned char *at, size_t size)
{
    bool ended = false;

    for (; size--; at++) {
        unsigned char zeros = (unsigned char)~*at;
        if ((zeros & (zeros + 1)) || (ended && *at))
            return false;
        ended |= zeros != 0;
    }
    return true;
}

static const char *bad_address_range(const struct der *range)
{
    size_t size = der_size(range) / 2;

    if (der_size(range) != 8 && der_size(range) != 32)
        return "x509: IP constraint contained value of another length";
    return is_mask(range->at + size, size) ? NULL : "x509: IP constraint contained invalid mask";
}

const char *go_constraint_refusal(unsigned char tag, const struct der *constraint, bool *ret_known)
{
    struct der domain = without_dot(constraint);

    if (tag == GO_NAME_ADDRESS)
        return bad_address_range(constraint);
    if (tag != GO_NAME_EMAIL && tag != GO_NAME_DNS && tag != GO_NAME_URI) {
        *ret_known = false;
        return NULL;
    }
    if (!der_is_ascii(constraint))
        return "x509: invalid constraint value";
    if (tag == GO_NAME_EMAIL && is_exact_mailbox(constraint))
        return is_mailbox(constraint) ? NULL : "x509: failed to parse rfc822Name constraint";
    if (tag == GO_NAME_URI && der_size(constraint) && !is_name_of_host(constraint))
        return "x509: failed to parse URI constraint";
    return is_domain(&domain) ? NULL : "x509: failed to parse name constraint";
}

static bool is_within_range(const struct der *address, const struct der *range)
{
    size_t size = der_size(address);

    if (der_size(range) != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((address->at[i] ^ range->at[i]) & range->at[size + i])
            return false;
    return true;
}

/* An alternative name, read once for all comparisons. */
struct named {
    unsigned char tag;
    struct der text;
    struct der host; /* of a URI; empty if that has none, or an address */
    struct mailbox mailbox;
};

/* False if Go refuses each chain in which some name is constrained. */
static bool read_named(unsigned char tag, const struct der *name, struct named *ret)
{
    ret->tag = tag;
    ret->text = *name;
    if (tag == GO_NAME_EMAIL)
        return read_mailbox(name, &ret->mailbox) && is_domain(&ret->mailbox.domain);
    if (tag == GO_NAME_URI && !uri_host(name, &ret->host))
        ret->host = (struct der){name->at, name->at};
    return tag != GO_NAME_DNS || is_domain(name);
}

static bool is_within(const struct named *name, const struct der *constraint)
{
    switch (name->tag) {
    case GO_NAME_EMAIL:
        return is_within_mailbox(&name->mailbox, constraint);
    case GO_NAME_DNS:
        return is_within_domain(&name->text, constraint);
    case GO_NAME_URI:
        return is_within_domain(&name->host, constraint);
    case GO_NAME_ADDRESS:
        return is_within_range(&name->text, constraint);
    default:
        return false;
    }
}

struct comparison {
    bool any;    /* subtrees of the name's kind */
    bool within; /* one of them */
};

/* False if there are more subtrees than `left`. */
static bool compare(const struct named *name, const struct der *subtrees, unsigned *left,
                    struct comparison *ret)
{
    struct der from = *subtrees;
    struct der subtree;
    struct der base;
    unsigned char tag;

    *ret = (struct comparison){0};
    while (der_take(&from, DER_SEQUENCE, &subtree) && der_next(&subtree, &tag, &base)) {
        if (!*left)
            return false;
        --*left;
        ret->any |= tag == name->tag;
        ret->within |= tag == name->tag && is_within(name, &base);
    }
    return true;
}

bool go_names_are_permitted(const struct der *names, const struct der *permitted,
                            const struct der *excluded, unsigned *left)
{
    struct der from = *names;
    struct der text;
    unsigned char tag;

    while (der_next(&from, &tag, &text)) {
        struct named name = {0};
        struct comparison good;
        struct comparison bad;
        if (!read_named(tag, &text, &name) || !compare(&name, permitted, left, &good) ||
            !compare(&name, excluded, left, &bad) || bad.within || (good.any && !good.within))
            return false;
        /* A URI without the name of a host is within no constraint, and outside of none. */
        if (tag == GO_NAME_URI && (good.any || bad.any) && !der_size(&name.host))
            return false;
    }
    return true;
}
