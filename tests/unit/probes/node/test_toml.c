/* SPDX-License-Identifier: MIT */
/* TOML documents: the values that are read, and documents that are refused. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"
#include "probes/node/toml.h"

struct row {
    const char *document;
    const char *holds; /* NULL: it is refused */
};

static const struct row rows[] = {
    {"", "{}"},
    {"a = \"x\"\n", "{a:'x'}"},
    {"a = 'x\\n'", "{a:'x\\n'}"},
    {"a.b.c = true\na.d = false\n", "{a:{b:{c:true},d:false}}"},
    {"\"a.b\" = 1\n", "{a.b:1}"},
    {"[a]\nb=1\n[a.c]\nd=2\n[e]\n", "{a:{b:1,c:{d:2}},e:{}}"},
    {"[a.b]\n[a]\nc=1\n", "{a:{b:{},c:1}}"},
    {"[[a]]\nb=1\n[[a]]\nb=2\n[a.c]\n", "{a:[{b:1},{b:2,c:{}}]}"},
    {"a = [ 1, 'two', # three\n\n [3,],\n]", "{a:[1,'two',[3]]}"},
    {"a = {b = 1, c.d = [ ]}\r\n", "{a:{b:1,c:{d:[]}}}"},
    {"a = {}", "{a:{}}"},
    {"a = \"\\u00e9\\U0001F600\\\"\\\\\\t\"", "{a:'\xc3\xa9\xf0\x9f\x98\x80\"\\\t'}"},
    {"a = \"\"\"\nx\\\n   y \"\" z\"\"\"\"\n", "{a:'xy \"\" z\"'}"},
    {"a = '''\n'x'\n'''", "{a:''x'\n'}"},
    {"a = -1_000\nb = 0x1F\nc = 1.5e-3\nd = inf\ne = +nan\n",
     "{a:-1_000,b:0x1F,c:1.5e-3,d:inf,e:+nan}"},
    {"a = 1979-05-27T07:32:00Z\nb = 1979-05-27 07:32:00.5-07:00\nc = 1979-05-27\nd = 07:32:00\n",
     "{a:1979-05-27T07:32:00Z,b:1979-05-27 07:32:00.5-07:00,c:1979-05-27,d:07:32:00}"},
    {"\xef\xbb\xbf"
     "a=1",
     "{a:1}"},
    {"[host.\"https://m.example:5000\"]\n  capabilities = [\"pull\"] # one\n",
     "{host:{https://m.example:5000:{capabilities:['pull']}}}"},

    {"a", NULL},
    {"a =", NULL},
    {"a = x", NULL},
    {"= 1", NULL},
    {"a = 1 b = 2", NULL},
    {"a = yes", NULL},
    {"a = True", NULL},
    {"a = \"x", NULL},
    {"a = \"x\ny\"", NULL},
    {"a = \"\\q\"", NULL},
    {"a = \"\\ud800\"", NULL},
    {"a = \"\\u00\"", NULL},
    {"a = \"\xc3\"", NULL},
    {"a = \"\xed\xa0\x80\"", NULL},
    {"a = \"\x01\"", NULL},
    {"# \x01\n", NULL},
    {"a = 01", NULL},
    {"a = 1__0", NULL},
    {"a = 1.", NULL},
    {"a = 1979-05-27T", NULL},
    {"a = [1", NULL},
    {"a = [1 2]", NULL},
    {"a = [,]", NULL},
    {"a = {b = 1,\nc = 2}", NULL},
    {"a = 1\na = 2\n", NULL},
    {"[a]\n[a]\n", NULL},
    {"[a]\nb = 1\n[a.b]\n", NULL},
    {"a.b = 1\n[a]\n", NULL},
    {"[a.b]\n[a]\nb.c = 1\n", NULL},
    {"a = {b = 1}\n[a.c]\n", NULL},
    {"a = {b = 1}\na.c = 1\n", NULL},
    {"a = []\n[[a]]\n", NULL},
    {"[[a]]\n[a]\n", NULL},
    {"[a\n", NULL},
    {"[]\n", NULL},
    {"[[a]\n", NULL},
    {"\"\"\"a\"\"\" = 1", NULL},
};

static void print_value(const struct toml *value, struct text *text)
{
    const char *separator = "";

    if (value->kind == TOML_STRING)
        text_append_format(text, "'%s'", value->text);
    else if (value->kind == TOML_BOOLEAN || value->kind == TOML_OTHER)
        text_append(text, value->text);
    else
        text_append(text, value->kind == TOML_TABLE ? "{" : "[");
    for (const struct toml *member = value->first; member; member = member->next) {
        text_append(text, separator);
        if (member->key)
            text_append_format(text, "%s:", member->key);
        print_value(member, text);
        separator = ",";
    }
    if (value->kind == TOML_TABLE || value->kind == TOML_ARRAY)
        text_append(text, value->kind == TOML_TABLE ? "}" : "]");
}

static void documents_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena *arena = arena_new(0);
        struct text text = TEXT_WITH_LIMIT(4096);
        struct toml *root;
        const char *error = toml_parse(rows[i].document, strlen(rows[i].document), arena, &root);
        if (!error)
            print_value(root, &text);
        if (!error != !!rows[i].holds)
            fail_msg("%s: %s", rows[i].document, error ? error : text_string(&text));
        if (rows[i].holds)
            assert_string_equal(text_string(&text), rows[i].holds);
        else
            assert_null(root);
        text_free(&text);
        arena_free(arena);
    }
}

static void errors_name_the_line(void **state)
{
    static const char document[] = "a = 1\r\n\n# x\nb = \"\"\"\n\n\"\"\" x\n";
    struct arena *arena = arena_new(0);
    struct toml *root;
    const char *error = toml_parse(document, strlen(document), arena, &root);

    (void)state;
    assert_non_null(error);
    assert_true(strncmp(error, "line 6: ", 8) == 0);
    arena_free(arena);
}

static void limits_hold(void **state)
{
    static char document[TOML_MAX_NODES * 16];
    struct arena *arena = arena_new(0);
    struct toml *root;

    (void)state;
    memset(document, '[', 4 + TOML_MAX_DEPTH);
    memcpy(document, "a = ", 4);
    const char *error = toml_parse(document, 4 + TOML_MAX_DEPTH, arena, &root);
    assert_non_null(strstr(error, "no end") ? NULL : error);
    size_t length = 0;
    for (int i = 0; i <= TOML_MAX_NODES; i++)
        length += (size_t)sprintf(document + length, "k%d = 1\n", i);
    error = toml_parse(document, length, arena, &root);
    assert_non_null(error);
    assert_non_null(strstr(error, "too many"));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_hold),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
