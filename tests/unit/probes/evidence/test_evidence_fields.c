/* SPDX-License-Identifier: MIT */
/* The field tables name every member that a copy must know. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probes/evidence/fields.h"

#define WORD sizeof(void *)

/* Marks the bytes of a struct that its rows name; the rows of inner structs mark theirs. */
static void mark(const struct field_table *table, char *named)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        char *at = named + field->offset;

        if (field->flags & FIELD_DERIVED)
            continue;
        if (field->present)
            named[field->present] = 1;
        if (field->shape != SHAPE_ONE && field->shape != SHAPE_POINTER)
            memset(named + field->count, 1, sizeof(size_t));
        if (field->shape == SHAPE_LIST || field->shape == SHAPE_POINTER)
            memset(at, 1, sizeof(uintptr_t)); /* a pointer */
        else if (field->kind != FIELD_STRUCT)
            memset(at, 1, field->size * (field->shape == SHAPE_ARRAY ? field->limit : 1));
        else
            for (size_t j = 0; j < (field->shape == SHAPE_ARRAY ? field->limit : 1); j++)
                mark(field->of, at + j * field->size);
    }
}

/* Padding is always smaller than a pointer, and a pointer is aligned. */
static void require_rows(const char *name, const struct field_table *table)
{
    static char named[sizeof(struct evidence)];

    assert_true(table->size <= sizeof(named));
    memset(named, 0, sizeof(named));
    mark(table, named);
    for (size_t word = 0; word + WORD <= table->size; word += WORD)
        if (!memchr(named + word, 1, WORD))
            fail_msg("no row names the member at offset %zu of %s", word, name);
    for (size_t i = 0; i < table->count; i++)
        if (table->fields[i].kind == FIELD_STRUCT && table->fields[i].shape != SHAPE_ONE)
            require_rows(table->fields[i].key ? table->fields[i].key : "an inner struct",
                         table->fields[i].of);
}

static void every_pointer_has_a_row(void **state)
{
    (void)state;
    require_rows("struct evidence", &evidence_fields);
}

/* The table above, with the row of one text taken out. */
static void a_missing_row_is_noticed(void **state)
{
    static char named[sizeof(struct dns_evidence)];
    struct field rows[32];
    const struct field *dns = NULL;
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < evidence_fields.count; i++)
        if (evidence_fields.fields[i].key && !strcmp(evidence_fields.fields[i].key, "dns"))
            dns = &evidence_fields.fields[i];
    assert_non_null(dns);
    if (!dns) /* for the analyzer */
        return;
    for (size_t i = 0; i < dns->of->count; i++)
        if (strcmp(dns->of->fields[i].key, "error") != 0)
            rows[count++] = dns->of->fields[i];
    assert_int_equal(count + 1, dns->of->count);
    mark(&(struct field_table){rows, count, dns->of->size}, named);
    assert_null(memchr(named + offsetof(struct dns_evidence, error), 1, WORD));
}

/* pack.c reads the number of an array's elements before the array. */
static void numbers_stand_before_their_arrays(void **state)
{
    size_t end = 0;

    (void)state;
    for (size_t i = 0; i < evidence_fields.count; i++) {
        const struct field *field = &evidence_fields.fields[i];
        if (field->shape != SHAPE_ARRAY)
            continue;
        assert_true(field->count < field->offset);
        assert_true(field->offset >= end);
        end = field->offset + field->limit * field->size;
    }
    assert_true(end > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pointer_has_a_row),
        cmocka_unit_test(a_missing_row_is_noticed),
        cmocka_unit_test(numbers_stand_before_their_arrays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
