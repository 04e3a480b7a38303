#pragma once

/*
 * The daemon's log: one line an event on standard error, logfmt or JSON, with an RFC 3339 UTC time
 * to the millisecond. Values are escaped and cut, so text that came from a peer cannot forge a
 * line.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

#define LOG_MAX_VALUE 1024 /* bytes printed of one value */

struct log_field {
    const char *key;   /* a literal */
    const char *value; /* NULL: the field is left out */
};

/* Of a line that may repeat: at most so many in a window of time; the rest is counted. Zeroed: new.
 */
struct log_limit {
    usec_t window_ends; /* monotonic */
    unsigned logged;
    unsigned left_out;
};

/* Whether to log one more line. Then `ret_left_out` is how many were left out since the last one.
 */
bool log_limit_allows(struct log_limit *limit, unsigned most, usec_t window,
                      unsigned *ret_left_out);

/* Looks whether standard error is the journal (JOURNAL_STREAM): then every line begins with its
 * priority, e.g. "<6>", as sd-daemon(3) has it. */
void log_detect_journal(void);

void log_configure(enum log_level least, enum log_format format);
void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/* log_event() with the fields written in place: LOG(level, "msg", {"key", value}, ...) */
#define LOG(level, message, ...)                                       \
    log_event(level, message, (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
