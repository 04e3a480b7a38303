/* SPDX-License-Identifier: MIT */
#pragma once

/* The texts of corpus/ with random values in them, and the errors to be found in them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/explain/pull_error.h"

#define MAX_EXPECTED 8 /* errors of one text */
#define MAX_VALUES   16

struct entry {
    const char *file;
    unsigned line;
    size_t expected_count;
    char *expected[MAX_EXPECTED]; /* "STAGE CAUSE key=value ..." */
    char *text;
};
extern struct entry entries[];
extern size_t entry_count;

int read_entries(void **unused); /* of cmocka's group set-up */
int free_entries(void **unused);

/* One value of each placeholder for a whole entry. */
struct values {
    size_t count;
    char names[MAX_VALUES][16];
    char *values[MAX_VALUES];
};
void free_values(struct values *values);
char *filled(const char *template, struct values *values); /* free() it */

void random_seed(uint64_t seed); /* the same numbers on every run */
unsigned below(unsigned limit);

struct pull_errors *find(const char *text); /* never NULL */

/* Exactly the expected errors, in order. */
bool is_exact(const struct entry *entry, const char *text, struct values *values, const char *how);

/* The same causes and stages, or unknown; never another. How many were recognised; -1: wrong. */
int recognised_in(const struct entry *entry, const char *text, const char *how);
