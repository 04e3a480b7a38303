#pragma once

/*
 * The page of a cause, in Markdown: what it looks like, why, how to mend it, how to verify. Made of
 * the catalogue, the rules, the texts and the remedies; docs/causes.md is all of them, and a test
 * compares it, so that neither can drift.
 */

#include "config/base/text.h"
#include "probes/diagnosis/catalogue.h"

/* What a `tcr-probe check` needs to see the cause, beside the registry. */
enum check_option {
    CHECK_WITH_PROFILE = 1 << 0, /* the host's resolvers, and controls */
    CHECK_WITH_IMAGE = 1 << 1,   /* the manifest and a layer */
    CHECK_WITH_KEY = 1 << 2,     /* the credentials that pulls use */
};

unsigned cause_check_options(enum cause cause); /* of check_option */

void guide_write(struct text *text, enum cause cause); /* from "## cause_id" on */
void guide_write_all(struct text *text);               /* docs/causes.md */
