#pragma once

/* HTML into a text: everything that is not written here literally goes through html_text(). */

#include "config/base/clock.h"
#include "config/base/text.h"

/* Text content or a quoted attribute: & < > " ' escaped, control characters and DEL as "?". */
void html_text(struct text *out, const char *string);

/* As a value in a URL's query: everything but letters, digits and -._~ percent-encoded. */
void html_query_value(struct text *out, const char *string);

/* "3.4 ms", "2.10 s"; for people. */
void html_duration(struct text *out, usec_t duration);

/* "2 d 3 h", "45 s": the two largest units of a span of seconds. */
void html_span(struct text *out, int64_t seconds);

/* <time> with the RFC 3339 UTC time of `at`, reading "22:10:03" of today (`now`) or with its date.
 */
void html_time(struct text *out, int64_t at, int64_t now);
