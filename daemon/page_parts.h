#pragma once

/* The inside of the page, shared by its files. Not for others. */

#include "config/base/text.h"
#include "daemon/watch.h"

extern const char page_style[]; /* the style sheet */

/* 'sha256-...' of it, for the Content-Security-Policy; static text. */
const char *page_style_source(void);

enum page_detail {
    PAGE_BRIEF, /* what is wrong and where the rest is */
    PAGE_FULL,
    PAGE_OPEN, /* full, and unfolded */
};

/* One target; `now` in wall seconds. */
void page_target(struct text *out, const struct watch *watch, enum page_detail detail, int64_t now);

/* The evidence of its last run: both views of the name, every address, controls, registry. */
void page_evidence(struct text *out, const struct evidence *evidence);

/* The last day as a strip of what was believed, and the last runs. */
void page_history(struct text *out, const struct watch *watch, int64_t now);
