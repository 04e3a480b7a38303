/* SPDX-License-Identifier: MIT */
/* Secrets in the words of a peer, however it wrote them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "probes/registry/redactor.h"
#include "tests/support.h"

#define SECRET "S3cr3t/Ca+n%ry="

static const struct {
    const char *before;
    const char *written; /* by the peer, and blanked whole */
    const char *after;
} rows[] = {
    {"nothing of it", "", ""},
    {"S3cr3 is only a part", "", ""},
    {"a S3cr3t", "", ""},    /* less than half of it */
    {"a ", "S3cr3t/Ca", ""}, /* cut */
    {"key=", SECRET, "."},
    {"", SECRET SECRET, ""},
    {"", "s3CR3T/cA+N%Ry=", " in other case"},
    {"", "S3cr3t%2FCa%2Bn%25ry%3D", "&x"},
    {"", "s3cr3t%2fca%2bn%25ry%3d", "&x"},
    {"/", "%53%33%63%72%33%74%2F%43%61%2B%6E%25%72%79%3D", "/"},
    {"", "S3cr3t%252FCa%252Bn%2525ry%253D", ""},
    {"{\"x\":\"", "\\u0053\\u0033cr3t\\/Ca\\u002bn%ry=", "\"}"},
    {"", "&#83;3cr3t&#x2F;Ca&#43;n%ry=", "!"},
    {"", "5333637233742f43612b6e2572793d", ""},
    {"", "5333637233742F43612B6E2572793D", ""},
    {"base64 ", "UzNjcjN0L0NhK24lcnk9", " alone"},
    {"of user:SECRET dXNlcjp", "TM2NyM3QvQ2ErbiVyeT", "0="},
    {"of xx:SECRET eHg6", "UzNjcjN0L0NhK24lcnk9", ""},
    {"of x:SECRET eDp", "TM2NyM3QvQ2ErbiVyeT", "0"},
    {"", "UzNjcjN0L0NhK24lcnk9", "-other"},
    {"", "UzNjcjN0L0Nh\r\nK24lcnk9", "\r\n"},
    {"", "S3cr3t/C\r\n a+n%ry=", ""},
    {"of a name: ", "S3cr3t/C.a+n%ry=", ".example"},
    {"", "53 33 63 72 33 74 2f 43 61 2b 6e 25 72 79 3d", " end"},
    {"", "53:33:63:72:33:74:2F:43:61:2B:6E:25:72:79:3D", ":"},
    {"[", "83 51 99 114 51 116 47 67 97 43 110 37 114 121 61", "]"},
    {"[", "83, 51, 99, 114, 51, 116, 47, 67, 97, 43, 110, 37, 114, 121, 61", "]"},
    {"", "\\123\\063\\143\\162\\063\\164\\057\\103\\141\\053\\156\\045\\162\\171\\075", "!"},
    {"S 3 c r", "", ""},
    {"", "S-3-c-r-3-t-/-C-a-+-n-%-r-y-=", "-"},
    {"\"", "S\"3\"c\"r\"3\"t\"/\"C\"a\"+\"n\"%\"r\"y\"=", "\""},
    {"", "S3cr3t/Ca+", " was cut off"},
    {"S3cr3t/C is less than two thirds", "", ""},
    {"", "UzNjcjN0L0NhK24", " was cut off"},
    {"", "=53=33=63=72=33=74=2F=43=61=2B=6E=25=72=79=3D", "=20"},
};

static void every_form_is_blanked(void **state)
{
    struct redactor redactor = {0};

    (void)state;
    redactor_add(&redactor, SECRET, strlen(SECRET), 0);
    redactor_add(&redactor, SECRET, strlen(SECRET), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text text = TEXT_WITH_LIMIT(1024);
        struct text wanted = TEXT_WITH_LIMIT(1024);
        text_append_peer(&wanted, rows[i].before, strlen(rows[i].before), 256);
        text_append(&text, text_string(&wanted));
        text_append_peer(&text, rows[i].written, strlen(rows[i].written), 256);
        while (wanted.length < text.length)
            text_append(&wanted, "*");
        text_append_peer(&text, rows[i].after, strlen(rows[i].after), 256);
        text_append_peer(&wanted, rows[i].after, strlen(rows[i].after), 256);
        redactor_apply(&redactor, text.bytes);
        assert_string_equal(text.bytes, wanted.bytes);
        text_free(&text);
        text_free(&wanted);
    }
    redactor_free(&redactor);
}

/* A form of another secret is a secret with forms of its own: Authorization in hexadecimal. */
static void a_secret_in_the_form_of_another_one(void **state)
{
    struct redactor redactor = {0};
    char hexadecimal[] = "757365723a5333637233742f43612b6e2572793d";
    char encoded_twice[] = "x ZFhObGNqcFRNMk55TTNRdlEyRXJiaVZ5ZVQwPQ== x";
    char name[] = "100012345678 has no access, nor has MTAwMDEyMzQ1Njc4";
    char cut[] = "no 100012345678:S3cr3 no";

    (void)state;
    redactor_add(&redactor, "user:" SECRET, strlen("user:" SECRET), 5);
    redactor_add(&redactor, "dXNlcjpTM2NyM3QvQ2ErbiVyeT0=", 28, 7);
    redactor_apply(&redactor, encoded_twice);
    assert_string_equal(encoded_twice, "x *************************************Q== x");
    redactor_apply(&redactor, hexadecimal);
    assert_string_equal(hexadecimal, "****************************************");
    redactor_add(&redactor, "100012345678:" SECRET, 13 + strlen(SECRET), 13);
    redactor_apply(&redactor, name);
    assert_string_equal(name, "100012345678 has no access, nor has MTAwMDEyMzQ1Njc4");
    redactor_apply(&redactor, cut);
    assert_string_equal(cut, "no ****************** no");
    redactor_free(&redactor);
}

/* Only as much as is kept of a peer's words may be looked at. */
static void a_cut_leaves_no_part(void **state)
{
    struct redactor redactor = {0};

    (void)state;
    redactor_add(&redactor, SECRET, strlen(SECRET), 0);
    for (size_t kept = 4; kept < strlen(SECRET); kept++) {
        struct text text = TEXT_WITH_LIMIT(1024);
        text_append(&text, "CODE: ");
        text_append_peer(&text, SECRET, strlen(SECRET), kept);
        redactor_apply(&redactor, text.bytes);
        assert_null(strstr(text.bytes, "S3"));
        text_free(&text);
    }
    redactor_free(&redactor);
}

static void short_words_are_no_secrets(void **state)
{
    struct redactor redactor = {0};
    char text[] = "a token of admin";

    (void)state;
    redactor_add(&redactor, "admin", 5, 0);
    redactor_add(&redactor, "", 0, 0);
    redactor_apply(&redactor, text);
    assert_string_equal(text, "a token of admin");
    redactor_free(&redactor);
}

/* If memory is short for a form, the secret must not get through. */
static void without_memory_nothing_is_shown(void **state)
{
    (void)state;
    for (unsigned long n = 1; n <= 12; n++) {
        struct redactor redactor = {0};
        char text[] = "UzNjcjN0L0NhK24lcnk9";
        fault_begin_lasting(n);
        redactor_add(&redactor, SECRET, strlen(SECRET), 0);
        fault_end();
        redactor_apply(&redactor, text);
        assert_string_equal(text, "********************");
        redactor_free(&redactor);
    }
}

/* The time depends on the length of a text only, so that no peer can make it long. */
static void hostile_texts_end(void **state)
{
    static const char *const pieces[] = {"%25",  "\\u00", "&#x",    "S3cr3",
                                         "\\\\", "%",     "&amp;#", "S"};
    struct redactor redactor = {0};
    char text[4096];

    (void)state;
    redactor_add(&redactor, SECRET, strlen(SECRET), 0);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        size_t length = 0;
        for (; length + strlen(pieces[i]) < sizeof(text); length += strlen(pieces[i]))
            memcpy(text + length, pieces[i], strlen(pieces[i]) + 1);
        redactor_apply(&redactor, text);
        assert_int_equal(strlen(text), length);
    }
    redactor_free(&redactor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_blanked),
        cmocka_unit_test(a_secret_in_the_form_of_another_one),
        cmocka_unit_test(a_cut_leaves_no_part),
        cmocka_unit_test(short_words_are_no_secrets),
        cmocka_unit_test(without_memory_nothing_is_shown),
        cmocka_unit_test(hostile_texts_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
