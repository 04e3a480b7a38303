/* SPDX-License-Identifier: MIT */
#pragma once

/* The table of rules: which facts make which cause, with which severity and confidence. */

#include <stddef.h>

#include "probes/diagnosis/catalogue.h"
#include "probes/diagnosis/facts.h"

#define RULE_MAX_FACTS 7

/* Holds when every fact of `all` is true and none of `none` is. */
struct rule {
    const char *id; /* unique; tests and scripts/mutate-rules name a row by it */
    enum cause cause;
    enum severity severity;
    enum confidence confidence;
    enum fact all[RULE_MAX_FACTS];
    enum fact none[RULE_MAX_FACTS];
};

/* In the order of the catalogue; of two rows of one cause that hold, the first counts. */
extern const struct rule rules[];
extern const size_t rule_count;

bool rule_holds(const struct rule *rule, const struct facts *facts);
