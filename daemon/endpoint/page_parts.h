/* SPDX-License-Identifier: MIT */
#pragma once

/* Internal header of the page, shared by its files. */

#include "config/base/text.h"
#include "daemon/watch/watch.h"

extern const char page_style[]; /* the style sheet */

/* 'sha256-...' of the style sheet, for the Content-Security-Policy; static text. */
const char *page_style_source(void);

enum page_detail {
    PAGE_BRIEF, /* the fault, the first step and a link to the rest */
    PAGE_FULL,
    PAGE_OPEN, /* as PAGE_FULL, and unfolded */
};

/* One target; `now` in seconds since 1970. */
void page_target(struct text *out, const struct watch *watch, enum page_detail detail, int64_t now);

/* The evidence of the last run: both views of the name, every address, controls, registry. */
void page_evidence(struct text *out, const struct evidence *evidence, const struct target *target);

/* The states of the last day and the results of the last runs, each as a strip. */
void page_history(struct text *out, const struct watch *watch, int64_t now);
