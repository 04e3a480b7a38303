/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/diagnosis/guide.h"
#include "probes/diagnosis/words.h"

static bool is_set(const char *text)
{
    return text && text[0];
}

static void every_cause_has_its_words(void **state)
{
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const struct cause_words *words = cause_words((enum cause)i);
        if (is_set(words->title) && is_set(words->why) && is_set(words->verify) && words->steps &&
            words->steps[0] && words->steps[0]->text && !strchr(words->title, '{'))
            continue;
        print_error("%s: its entry lacks words\n", cause_name((enum cause)i));
        missing++;
    }
    assert_int_equal(missing, 0);
}

static void a_page_names_what_it_is_about(void **state)
{
    static const char *const parts[] = {
        "## nat_missing\n",
        "Severity `fail`; confidence `possible` or `likely`.",
        "- `dial tcp ENDPOINT: i/o timeout`\n",
        "**Why.** ",
        "A (recommended): private network:\n\n1. ",
        "B: public network:\n\n1. *(TCR)* In the TCR console",
        "Manage Auto-parsing",
        "*(other registries)* ",
        "Use 0.0.0.0/0 only for a short test",
        "    tcr-probe check --profile tke-serverless REGISTRY\n",
    };
    struct text text = TEXT_WITH_LIMIT(65536);

    (void)state;
    guide_write(&text, CAUSE_NAT_MISSING);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!strstr(text_string(&text), parts[i]))
            fail_msg("no \"%s\" in\n%s", parts[i], text_string(&text));
    assert_null(strpbrk(text_string(&text), "{}"));
    text_free(&text);
}

static void findings_point_at_a_page(void **state)
{
    struct text text = TEXT_WITH_LIMIT(1024 * 1024);

    (void)state;
    guide_write_all(&text);
    assert_false(text_truncated(&text));
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const char *docs = cause_docs((enum cause)i);
        char heading[64];
        assert_memory_equal(docs, CAUSE_DOCS, strlen(CAUSE_DOCS));
        snprintf(heading, sizeof(heading), "\n## %s\n", docs + strlen(CAUSE_DOCS));
        assert_non_null(strstr(text_string(&text), heading));
    }
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_its_words),
        cmocka_unit_test(a_page_names_what_it_is_about),
        cmocka_unit_test(findings_point_at_a_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
