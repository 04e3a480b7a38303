/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The page of a cause, in Markdown, made of its words and rules. docs/causes.md has all of them; a
 * test compares it, so that neither can drift.
 */

#include "config/base/text.h"
#include "probes/diagnosis/catalogue.h"

/* The page for a terminal, without Markdown: the sentence and the check that decides come first. */
void guide_write_plain(struct text *text, enum cause cause);

void guide_write(struct text *text, enum cause cause); /* from "## cause_id" on */
void guide_write_all(struct text *text);               /* docs/causes.md */
