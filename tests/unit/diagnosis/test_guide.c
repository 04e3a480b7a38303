#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/diagnosis/guide.h"
#include "probes/diagnosis/guide_table.h"
#include "probes/diagnosis/texts.h"

static void every_cause_has_a_page(void **state)
{
    size_t missing = 0;

    (void)state;
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const struct guide *guide = guide_of((enum cause)i);
        const struct step *const *remedy = remedy_of((enum cause)i);
        if (guide->why && guide->why[0] && guide->verify && guide->verify[0] && remedy &&
            remedy[0] && remedy[0]->text)
            continue;
        print_error("%s: a row of guide_table.c or remedies.c is missing\n",
                    cause_name((enum cause)i));
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
        "*(TCR)* Recommended, private network",
        "*(other registries)* ",
        "0.0.0.0/0 is a trial value only",
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

static void findings_point_at_an_anchor(void **state)
{
    struct text text = TEXT_WITH_LIMIT(1024 * 1024);

    (void)state;
    guide_write_all(&text);
    assert_false(text_truncated(&text));
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        const char *docs = cause_docs((enum cause)i);
        char heading[64];
        assert_memory_equal(docs, "docs/causes.md#", 15);
        snprintf(heading, sizeof(heading), "\n## %s\n", docs + 15);
        assert_non_null(strstr(text_string(&text), heading));
    }
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_a_page),
        cmocka_unit_test(a_page_names_what_it_is_about),
        cmocka_unit_test(findings_point_at_an_anchor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
