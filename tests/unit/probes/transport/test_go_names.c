/* SPDX-License-Identifier: MIT */
/* Names in certificates and constraints on them, as Go reads and compares them: a row per pair. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probes/transport/go_names.h"
#include "probes/transport/go_pem.h"

#define SHORT_PART 126 /* bytes of a content whose length is one byte */

struct part {
    unsigned char bytes[SHORT_PART + 2];
};

static struct der part_of(struct part *part, unsigned char tag, const void *content, size_t length)
{
    assert_true(length <= SHORT_PART);
    part->bytes[0] = tag;
    part->bytes[1] = (unsigned char)length;
    memcpy(part->bytes + 2, content, length);
    return (struct der){part->bytes, part->bytes + 2 + length};
}

static struct der text_of(const char *text)
{
    return (struct der){(const unsigned char *)text, (const unsigned char *)text + strlen(text)};
}

static void readable_names(void **state)
{
    static const struct {
        unsigned char tag;
        const char *name;
        bool is_good;
    } rows[] = {
        {GO_NAME_DNS, "a.test", true},
        {GO_NAME_DNS, "", true},
        {GO_NAME_DNS, "a..b", true}, /* matters only beside constraints */
        {GO_NAME_DNS, "caf\xc3\xa9", false},
        {GO_NAME_EMAIL, "nothing", true},
        {GO_NAME_EMAIL, "\xc3\xa9@a", false},
        {GO_NAME_ADDRESS, "1234", true},
        {GO_NAME_ADDRESS, "12345", false},
        {DER_CONTEXT | 8, "\xff", true}, /* a registered id */
        {GO_NAME_URI, "", true},
        {GO_NAME_URI, "urn:uuid:1", true},
        {GO_NAME_URI, "https://a.test:8443/x?y=%zz", true},
        {GO_NAME_URI, "https://[fd00::1]:80/", true},
        {GO_NAME_URI, "//a.test/x", true},
        {GO_NAME_URI, "a/b:c", true},
        {GO_NAME_URI, "https://user:word@a.test", true},
        {GO_NAME_URI, "https://a_b.test/", true},
        {GO_NAME_URI, "https://a%25b.test/", true},
        {GO_NAME_URI, "https://a%41b.test/", false},
        {GO_NAME_URI, "https://caf%c3%a9.test/", false},
        {GO_NAME_URI, "https://a%zz.test/", false},
        {GO_NAME_URI, "1:2", false},
        {GO_NAME_URI, ":a", false},
        {GO_NAME_URI, "https://a.test./", false},
        {GO_NAME_URI, "https://a..b/", false},
        {GO_NAME_URI, "https://a b/", false},
        {GO_NAME_URI, "https://a.test:x/", false},
        {GO_NAME_URI, "https://[fd00::1/", false},
        {GO_NAME_URI, "https://a.test/%zz", false},
        {GO_NAME_URI, "https://a.test/#%zz", false},
        {GO_NAME_URI, "https://u[ser@a.test/", false},
        {GO_NAME_URI, "https://a.test/\x01", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct der name = text_of(rows[i].name);
        if ((go_name_refusal(rows[i].tag, &name) == NULL) != rows[i].is_good)
            fail_msg("%s", rows[i].name);
    }
}

static void readable_constraints(void **state)
{
    static const struct {
        unsigned char tag;
        const char *constraint;
        size_t length; /* 0: of the text */
        bool is_good;
        bool is_known;
    } rows[] = {
        {GO_NAME_DNS, "a.test", 0, true, true},
        {GO_NAME_DNS, ".a.test", 0, true, true},
        {GO_NAME_DNS, "", 0, true, true},
        {GO_NAME_DNS, "a.test.", 0, false, true},
        {GO_NAME_DNS, "a..b", 0, false, true},
        {GO_NAME_EMAIL, "a@b.test", 0, true, true},
        {GO_NAME_EMAIL, "a@b@c", 0, true, true},
        {GO_NAME_EMAIL, "@b.test", 0, false, true},
        {GO_NAME_EMAIL, "a..b@c.test", 0, false, true},
        {GO_NAME_URI, "corp.test", 0, true, true},
        {GO_NAME_URI, "10.0.0.1", 0, false, true},
        {GO_NAME_ADDRESS, "\x0a\0\0\0\xff\0\0\0", 8, true, true},
        {GO_NAME_ADDRESS, "\x0a\0\0\0\xff\xfe\0\0", 8, true, true},
        {GO_NAME_ADDRESS, "\x0a\0\0\0\xff\0\xff\0", 8, false, true},
        {GO_NAME_ADDRESS, "\x0a\0\0\0\xfd\0\0\0", 8, false, true},
        {GO_NAME_ADDRESS, "\x0a\0\0\0", 4, false, true},
        {DER_CONTEXT_LIST | 4, "x", 0, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const unsigned char *bytes = (const unsigned char *)rows[i].constraint;
        size_t length = rows[i].length ? rows[i].length : strlen(rows[i].constraint);
        struct der constraint = {bytes, bytes + length};
        bool known = true;
        const char *why = go_constraint_refusal(rows[i].tag, &constraint, &known);
        if ((why == NULL) != rows[i].is_good || known != rows[i].is_known)
            fail_msg("row %zu: %s", i, rows[i].constraint);
    }
}

static void compared_names(void **state)
{
    static const struct {
        unsigned char tag;
        const char *name;
        const char *constraint;
        bool is_within;
        bool never; /* whatever it is compared with */
    } rows[] = {
        {GO_NAME_DNS, "a.test", "test", true, false},
        {GO_NAME_DNS, "A.Test", "tEST", true, false},
        {GO_NAME_DNS, "a.test", "a.test", true, false},
        {GO_NAME_DNS, "a.test", ".a.test", false, false},
        {GO_NAME_DNS, "b.a.test", ".a.test", true, false},
        {GO_NAME_DNS, "ba.test", "a.test", false, false},
        {GO_NAME_DNS, "a.test", "", true, false},
        {GO_NAME_DNS, "a.test", ".", true, false},
        {GO_NAME_DNS, "test", "a.test", false, false},
        {GO_NAME_DNS, "a.test.", "test", false, true},
        {GO_NAME_EMAIL, "a@b.test", "b.test", true, false},
        {GO_NAME_EMAIL, "a@b.test", "a@B.test", true, false},
        {GO_NAME_EMAIL, "a@b.test", "A@b.test", false, false},
        {GO_NAME_EMAIL, "\"a b\"@b.test", ".test", true, false},
        {GO_NAME_EMAIL, "a\\ b@b.test", "\"a b\"@b.test", true, false},
        {GO_NAME_EMAIL, "nothing", "b.test", false, true},
        {GO_NAME_URI, "https://a.test:80/x", "test", true, false},
        {GO_NAME_URI, "https://10.0.0.1/", "test", false, true},
        {GO_NAME_URI, "https://[fd00::1]/", "test", false, true},
        {GO_NAME_URI, "urn:x", "test", false, true},
        {GO_NAME_ADDRESS, "\x0a\x01\x01\x01", "\x0a\x01\x01\x01\xff\xff\xff\xff", true, false},
        {GO_NAME_ADDRESS, "\x0a\x01\x01\x02", "\x0a\x01\x01\x01\xff\xff\xff\xff", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct part parts[3];
        struct der none = {0};
        unsigned left = 2;
        unsigned nothing_left = 0;
        struct der names = part_of(&parts[0], rows[i].tag, rows[i].name, strlen(rows[i].name));
        struct der base =
            part_of(&parts[1], rows[i].tag, rows[i].constraint, strlen(rows[i].constraint));
        struct der subtrees = part_of(&parts[2], DER_SEQUENCE, base.at, der_size(&base));
        if (go_names_are_permitted(&names, &subtrees, &none, &left) != rows[i].is_within ||
            go_names_are_permitted(&names, &none, &subtrees, &left) !=
                (!rows[i].is_within && !rows[i].never))
            fail_msg("%s and %s", rows[i].name, rows[i].constraint);
        assert_false(go_names_are_permitted(&names, &subtrees, &none, &nothing_left));
    }
}

static void pem_blocks(void **state)
{
    static const struct {
        const char *text;
        const char *blocks; /* that are certificates, with a blank behind each */
    } rows[] = {
        {"-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n", "abc "},
        {"-----BEGIN CERTIFICATE-----\r\nYW\r\n\r\n Jj\r\n-----END CERTIFICATE-----", "abc "},
        {"x\n-----BEGIN CERTIFICATE-----  \nYQ==\n-----END CERTIFICATE----- \nx", "a "},
        {"x-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n", ""},
        {"-----BEGIN CERTIFICATE-----\nYQ\n-----END CERTIFICATE-----\n", ""},
        {"-----BEGIN CERTIFICATE-----\nX: y\n\nYQ==\n-----END CERTIFICATE-----\n", ""},
        {"-----BEGIN CERTIFICATE-----\nYQ==\n-----END X-----\n", ""},
        {"-----BEGIN CERTIFICATE-----\nYQ==\n", ""},
        {"-----BEGIN TRUSTED CERTIFICATE-----\nYQ==\n-----END TRUSTED CERTIFICATE-----\n", ""},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\nYQ==\n"
         "-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nYg==\n-----END CERTIFICATE-----",
         "a b "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *at = rows[i].text;
        unsigned char bytes[512];
        char found[512] = "";
        size_t length;
        while (go_pem_next(&at, rows[i].text + strlen(rows[i].text), bytes, &length)) {
            bytes[length] = '\0';
            strcat(strcat(found, (char *)bytes), " ");
        }
        if (strcmp(found, rows[i].blocks) != 0)
            fail_msg("row %zu: %s", i, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readable_names),
        cmocka_unit_test(readable_constraints),
        cmocka_unit_test(compared_names),
        cmocka_unit_test(pem_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
