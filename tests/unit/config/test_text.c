/* SPDX-License-Identifier: MIT */
/* A text that is full: what it keeps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/base/text.h"

/* What fits of "a€😀b" (1, 3, 4 and 1 bytes) into `limit` bytes. */
static const char *whole_characters(size_t limit)
{
    static const char *const fits[] = {"", "a", "a", "a", "a€", "a€", "a€", "a€", "a€😀", "a€😀b"};

    return fits[limit];
}

static void a_cut_text_ends_with_a_whole_character(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 10; limit++) {
        struct text appended = TEXT_WITH_LIMIT(limit);
        struct text formatted = TEXT_WITH_LIMIT(limit);
        char array[10];
        memset(array, 0, sizeof(array));
        struct text kept = {.bytes = array, .capacity = limit + 1, .limit = limit};

        text_append(&appended, "a€😀b");
        text_append_format(&formatted, "a%s%s", "€", "😀b");
        text_append_format(&kept, "%s", "a€😀b");
        assert_string_equal(text_string(&appended), whole_characters(limit));
        assert_string_equal(text_string(&formatted), whole_characters(limit));
        assert_string_equal(text_string(&kept), whole_characters(limit));
        assert_int_equal(text_truncated(&kept), limit < 9);
        text_free(&appended);
        text_free(&formatted);
    }
}

static void a_cut_text_takes_nothing_more(void **state)
{
    struct text text = TEXT_WITH_LIMIT(3);

    (void)state;
    text_append(&text, "ab€");
    text_append(&text, "c");
    text_append_format(&text, "%s", "d");
    assert_string_equal(text_string(&text), "ab");
    text_clear(&text);
    text_append(&text, "€");
    assert_string_equal(text_string(&text), "€");
    assert_false(text_truncated(&text));
    text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cut_text_ends_with_a_whole_character),
        cmocka_unit_test(a_cut_text_takes_nothing_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
