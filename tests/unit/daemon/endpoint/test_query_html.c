/* SPDX-License-Identifier: MIT */
/* Odd bytes in queries and on the page. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/endpoint/html.h"
#include "daemon/endpoint/metrics.h"
#include "daemon/endpoint/query.h"

static void queries(void **state)
{
    static const struct {
        const char *query;
        const char *key;
        const char *value; /* NULL: none */
    } rows[] = {
        {"", "target", NULL},
        {"target=a", "target", "a"},
        {"target", "target", ""},
        {"target=", "target", ""},
        {"xtarget=a", "target", NULL},
        {"targets=a", "target", NULL},
        {"a=target&target=b", "target", "b"},
        {"target=a&target=b", "target", "a"},
        {"&&target=a", "target", "a"},
        {"target=a%2Eb%3a1", "target", "a.b:1"},
        {"target=a+b", "target", "a b"},
        {"target=%", "target", "%"},
        {"target=%4", "target", "%4"},
        {"target=%4g", "target", "%4g"},
        {"target=%zz&x=1", "target", "%zz"},
        {"target=%\x11\x11", "target", "%\x11\x11"},
        {"target=a%00b", "target", NULL},
        {"target=%ff", "target", "\xff"},
        {"target=12345678", "target", NULL}, /* too long for the buffer */
    };
    char buffer[8];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = query_value(rows[i].query, rows[i].key, buffer, sizeof(buffer));
        if (!rows[i].value != !value || (value && strcmp(value, rows[i].value) != 0))
            fail_msg("%s gives %s", rows[i].query, value ? value : "nothing");
    }
    assert_true(query_has("verbose", "verbose"));
    assert_true(query_has("a&verbose=1", "verbose"));
    assert_false(query_has("verbosely", "verbose"));
}

static void html(void **state)
{
    struct text text = TEXT_WITH_LIMIT(256);

    (void)state;
    html_text(&text, "<a href=\"x\">&'\t\x7f\n\xc3\xa4");
    assert_string_equal(text_string(&text), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;???\xc3\xa4");
    text_clear(&text);
    html_query_value(&text, "a b/\"<\xc3\xa4~");
    assert_string_equal(text_string(&text), "a%20b%2F%22%3C%C3%A4~");
    text_clear(&text);
    html_span(&text, 90061);
    text_append(&text, ", ");
    html_span(&text, 59);
    text_append(&text, ", ");
    html_span(&text, 3600);
    text_append(&text, ", ");
    html_span(&text, -5);
    assert_string_equal(text_string(&text), "1 d 1 h, 59 s, 1 h, 0 s");
    text_clear(&text);
    html_time(&text, 1700000000, 1700000001);
    html_time(&text, 1700000000, 1800000000);
    assert_string_equal(text_string(&text),
                        "<time datetime=\"2023-11-14T22:13:20Z\">22:13:20</time>"
                        "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13:20</time>");
    text_free(&text);
}

static void accepts(void **state)
{
    (void)state;
    assert_true(metrics_wants_openmetrics("Application/OpenMetrics-Text"));
    assert_true(metrics_wants_openmetrics("text/html, application/openmetrics-text; q=0.4"));
    assert_false(metrics_wants_openmetrics("application/openmetrics-text-not"));
    assert_false(metrics_wants_openmetrics("application/openmetrics-text;q=0"));
    assert_false(metrics_wants_openmetrics(",;,;q=,"));
    assert_false(metrics_wants_openmetrics("application/openmetrics-text;q=0.1,text/*"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries),
        cmocka_unit_test(html),
        cmocka_unit_test(accepts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
