/* SPDX-License-Identifier: MIT */
#pragma once

/* Writes HTML. Everything that is not a literal of this program goes through html_text(). */

#include "config/base/clock.h"
#include "config/base/text.h"

/* Text content or a quoted attribute: & < > " ' escaped, control characters and DEL as "?". */
void html_text(struct text *out, const char *string);

/* A host name or another name: as html_text(), and a line may break after each dot or slash. */
void html_name(struct text *out, const char *string);

/* A value in the query of a URL: all but letters, digits and -._~ is percent-encoded. */
void html_query_value(struct text *out, const char *string);

/* "3.4 ms", "2.10 s" */
void html_duration(struct text *out, usec_t duration);

/* "2 d 3 h", "45 s": the two largest units of a span of seconds. */
void html_span(struct text *out, int64_t seconds);

/* <time> with the RFC 3339 UTC time of `at`. It reads "22:10:03", with the date if that is not the
 * date of `now`. */
void html_time(struct text *out, int64_t at, int64_t now);
