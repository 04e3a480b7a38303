#pragma once

/*
 * A growing text with a hard ceiling, and the one escaper for bytes that came from a peer.
 *
 * A text that could not grow (memory, or its limit) keeps what it has and says so through
 * text_truncated(); appending to it is harmless.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *bytes;   /* NUL-terminated once anything was appended; NULL before */
    size_t length; /* without the NUL */
    size_t capacity;
    size_t limit; /* most bytes it may hold, without the NUL */
    bool truncated;
    bool secret; /* whatever memory it gives back is wiped first */
};

#define TEXT_WITH_LIMIT(max) ((struct text){.limit = (max)})

/* In an array of the caller's that holds "": it never lacks memory, and is not freed. */
#define TEXT_IN(array) \
    ((struct text){.bytes = (array), .capacity = sizeof(array), .limit = sizeof(array) - 1})

void text_free(struct text *text);  /* leaves it empty and usable */
void text_clear(struct text *text); /* length 0, keeps the memory */

void text_append(struct text *text, const char *string);
void text_append_bytes(struct text *text, const char *bytes, size_t length);
void text_append_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_append_format_list(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/*
 * Appends at most `max` of the peer's bytes as printable ASCII: control characters, DEL, backslash
 * and everything above 0x7e become \xHH; "..." follows where something was cut. What comes out can
 * be printed on a terminal and logged on one line.
 */
void text_append_peer(struct text *text, const void *bytes, size_t length, size_t max);

/* What a terminal would obey: C0, DEL, and C1 as UTF-8 spells it. */
bool text_has_controls(const char *string);

/* Bytes of the character at `string` where it is a printable one beyond ASCII in well-formed UTF-8
 * (RFC 3629); else 0. */
size_t text_utf8_length(const char *string);

/* What was appended so far as a C string; "" when nothing was. Valid until the next append. */
const char *text_string(const struct text *text);
bool text_truncated(const struct text *text);
