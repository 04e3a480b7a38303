/* SPDX-License-Identifier: MIT */
/* Build tool: writes docs/explain.md, the table of the results that explain gives for the texts of
 * corpus/: each with several random values, wrapped at random places, and cut at random places. If
 * a text is cut, it may be unknown. A result is wrong if its cause or stage is not that of the
 * text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/probes/explain/pull_error_texts.h"

#define SEEDS    2
#define PLACES   25
#define MAX_ROWS 128

enum outcome { OUTCOME_RIGHT, OUTCOME_UNKNOWN, OUTCOME_WRONG, OUTCOME_COUNT };

struct confusion_row {
    char name[64]; /* "STAGE CAUSE", "unknown" or "nothing" */
    unsigned texts;
    unsigned whole[OUTCOME_COUNT];
    unsigned altered[OUTCOME_COUNT]; /* wrapped or cut */
};

static struct confusion_row rows[MAX_ROWS];
static size_t row_count;

static struct confusion_row *row_of(const struct entry *entry)
{
    const char *expected = entry->expected_count ? entry->expected[0] : "nothing";
    size_t length = strcspn(expected, " ");

    if (expected[length] && strcmp(expected, "unknown") != 0 && strncmp(expected, "unknown ", 8))
        length += 1 + strcspn(expected + length + 1, " ");
    for (size_t i = 0; i < row_count; i++)
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, expected, length) == 0)
            return &rows[i];
    snprintf(rows[row_count].name, sizeof(rows[0].name), "%.*s", (int)length, expected);
    return &rows[row_count++];
}

static void count_altered(struct confusion_row *row, const struct entry *entry, char *text)
{
    int recognised = recognised_in(entry, text, NULL);

    row->altered[recognised < 0                           ? OUTCOME_WRONG
                 : recognised == 0 && row->name[0] != 'n' ? OUTCOME_UNKNOWN
                                                          : OUTCOME_RIGHT]++;
    free(text);
}

static char *wrapped(const char *text, unsigned place)
{
    char *out = malloc(strlen(text) + 16);

    sprintf(out, "%.*s\n          %s", (int)place, text, text + place);
    return out;
}

static void count(const struct entry *entry, struct confusion_row *row)
{
    row->texts++;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct values values = {0};
        random_seed(seed * 7919);
        char *text = filled(entry->text, &values);
        row->whole[is_exact(entry, text, &values, NULL) ? OUTCOME_RIGHT : OUTCOME_WRONG]++;
        for (unsigned i = 0; i < PLACES; i++) {
            unsigned place = 1 + below((unsigned)strlen(text));
            count_altered(row, entry, wrapped(text, place));
            count_altered(row, entry, strndup(text, place));
        }
        free(text);
        free_values(&values);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct confusion_row *)a)->name, ((const struct confusion_row *)b)->name);
}

static void print_row(const struct confusion_row *row)
{
    printf("| %s | %u | %u | %u | %u | %u | %u | %u |\n", row->name, row->texts,
           row->whole[OUTCOME_RIGHT], row->whole[OUTCOME_UNKNOWN], row->whole[OUTCOME_WRONG],
           row->altered[OUTCOME_RIGHT], row->altered[OUTCOME_UNKNOWN], row->altered[OUTCOME_WRONG]);
}

int main(void)
{
    struct confusion_row all = {.name = "**all**"};

    if (read_entries(NULL) != 0)
        return 1;
    for (size_t i = 0; i < entry_count; i++)
        count(&entries[i], row_of(&entries[i]));
    qsort(rows, row_count, sizeof(rows[0]), compare);
    printf(
        "# How explain reads the texts of its corpus\n\n"
        "Each of the %zu texts of `tests/unit/probes/explain/corpus` is read with %d sets of\n"
        "random names and addresses: whole, and %d times wrapped or cut at a random place.\n"
        "A whole text is right if stage, cause, host, image, count and check line are. A text\n"
        "that is cut before its reason should be unknown. `nothing` are texts that are not about\n"
        "a pull. This file is generated: `cmake --build --preset dev --target explain-md`.\n\n"
        "| stage and cause | texts | right | unknown | wrong | altered: right | unknown | wrong |\n"
        "|---|---|---|---|---|---|---|---|\n",
        entry_count, SEEDS, 2 * PLACES);
    for (size_t i = 0; i < row_count; i++) {
        print_row(&rows[i]);
        all.texts += rows[i].texts;
        for (size_t n = 0; n < OUTCOME_COUNT; n++) {
            all.whole[n] += rows[i].whole[n];
            all.altered[n] += rows[i].altered[n];
        }
    }
    print_row(&all);
    free_entries(NULL);
    return fflush(stdout) == EOF;
}
