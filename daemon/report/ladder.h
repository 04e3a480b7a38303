/* SPDX-License-Identifier: MIT */
#pragma once

/* The ladder of a report: one line per measurement, from the name up to the layers. */

#include "config/base/arena.h"
#include "config/settings.h"
#include "probes/evidence/wording.h"

#define LADDER_MAX_LINES 192

struct ladder_line {
    const char *rung; /* "dns", "tcp", ..., "control"; static */
    enum outcome_mark mark;
    bool decides; /* the answer or address that pulls use: the first to read if a rung is cut */
    const char *words;
};

struct ladder {
    struct arena *arena; /* owns the words; borrowed */
    size_t count;
    struct ladder_line lines[LADDER_MAX_LINES]; /* lines of one rung follow each other */
};

/* Fills a zeroed ladder that has its arena. If memory is short, arena_failed() tells. */
void ladder_fill(struct ladder *ladder, const struct target *target,
                 const struct evidence *evidence);
