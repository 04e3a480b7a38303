/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The log: one line per event on standard error, logfmt or JSON, with an RFC 3339 UTC time to the
 * millisecond. Values are escaped and cut, so that text from a peer cannot forge a line.
 *
 * The log never waits for its reader. Lines that standard error does not take at once are kept, up
 * to LOG_BACKLOG bytes, and written from the loop when it takes more. Further lines are dropped and
 * counted, and one line tells how many when the reader is back.
 */

#include <event2/event.h>

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"

#define LOG_MAX_VALUE 1024         /* bytes printed of one value */
#define LOG_BACKLOG   (256 * 1024) /* bytes of lines that wait for the reader */

struct log_field {
    const char *key;   /* a literal */
    const char *value; /* NULL: leave the field out */
};

/* Limits a line that may repeat to so many per window of time, and counts the others. Starts
 * zeroed.
 */
struct log_limit {
    usec_t window_ends; /* monotonic */
    unsigned logged;
    unsigned left_out;
};

/* True if one more line may be logged. `ret_left_out` is then the number left out since the last.
 */
bool log_limit_allows(struct log_limit *limit, unsigned most, usec_t window,
                      unsigned *ret_left_out);

/* Detects by JOURNAL_STREAM if standard error is the journal. Every line then begins with its
 * priority, for example "<6>", as sd-daemon(3) defines it. */
void log_detect_journal(void);

/* Writes kept lines from this loop. Returns -1 if memory is short; they are then written with the
 * next line. Detach before the base is freed: what can be written without waiting is written. */
int log_attach(struct event_base *base);
void log_detach(void);

/* Lines dropped since the start, because the reader was too slow or gone. */
uint64_t log_dropped(void);

void log_configure(enum log_level least, enum log_format format);
void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/* log_event() with the fields written in place: LOG(level, "msg", {"key", value}, ...) */
#define LOG(level, message, ...)                                       \
    log_event(level, message, (const struct log_field[]){__VA_ARGS__}, \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
