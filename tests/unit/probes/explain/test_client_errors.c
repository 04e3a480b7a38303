/* SPDX-License-Identifier: MIT */
/* Errors that skopeo and ctr really printed in the lab, beside the cause that check found there. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/unit/probes/explain/pull_error_texts.h"

#define MIN_TEXTS 150
#define PLACES    200

static json_t *texts;

static int load(void **unused)
{
    (void)unused;
    texts = json_load_file(CLIENT_ERRORS_FILE, 0, NULL);
    return json_array_size(texts) >= MIN_TEXTS ? 0 : -1;
}

static int unload(void **unused)
{
    (void)unused;
    json_decref(texts);
    return 0;
}

static const char *field(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}

/* Cases in which the client's own words point elsewhere: skopeo accepts TLS 1.1 and fails on the
 * page behind it; a client that asks only one of two resolvers cannot say that they differ; a
 * handshake that stalls does not tell of a linkage beside it. */
static bool is_excused(const json_t *entry)
{
    return (strcmp(field(entry, "scenario"), "old-protocol") == 0 &&
            strcmp(field(entry, "client"), "skopeo") == 0) ||
           strcmp(field(entry, "scenario"), "private-dns-off-stalled") == 0 ||
           strcmp(field(entry, "cause"), "dns_answers_differ") == 0;
}

static bool is_compatible(const struct pull_error *error, const char *cause)
{
    bool found = error->recognised && strcmp(cause_name(error->cause), cause) == 0;

    for (size_t i = 0; i < error->alternative_count; i++)
        found |= strcmp(cause_name(error->alternatives[i]), cause) == 0;
    return found;
}

static void every_text_fits_what_check_found(void **unused)
{
    size_t wrong = 0;
    size_t i;
    json_t *entry;

    (void)unused;
    json_array_foreach(texts, i, entry)
    {
        struct pull_errors *errors = find(field(entry, "text"));
        if (!is_excused(entry) &&
            (errors->count != 1 || !is_compatible(&errors->list[0], field(entry, "cause")))) {
            print_error("%s: %zu errors, %s instead of %s in %s\n", field(entry, "scenario"),
                        errors->count, cause_name(errors->list[0].cause), field(entry, "cause"),
                        field(entry, "text"));
            wrong++;
        }
        pull_errors_free(errors);
    }
    assert_int_equal(wrong, 0);
}

/* If a text is cut, it has the same result as the whole text, or none. */
static void a_cut_never_names_another_cause(void **unused)
{
    size_t wrong = 0;
    size_t i;
    json_t *item;

    (void)unused;
    json_array_foreach(texts, i, item)
    {
        const char *text = field(item, "text");
        struct pull_errors *errors = find(text);
        char expected[128];
        struct entry entry = {.file = "pull_errors.json",
                              .line = (unsigned)i,
                              .expected_count = 1,
                              .expected = {expected}};
        snprintf(expected, sizeof(expected), "%s %s", pull_stage_name(errors->list[0].stage),
                 cause_name(errors->list[0].cause));
        for (size_t place = 1; place < strlen(text); place += 1 + strlen(text) / PLACES) {
            char *cut = strndup(text, place);
            wrong += recognised_in(&entry, cut, "cut") < 0;
            free(cut);
        }
        pull_errors_free(errors);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_fits_what_check_found),
        cmocka_unit_test(a_cut_never_names_another_cause),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
