/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A growing text with a hard ceiling, and the one escaper for bytes that came from a peer.
 *
 * If a text cannot grow, because of memory or its limit, it keeps its content and what fits,
 * without half a character of UTF-8. Then text_truncated() is true, and appending changes nothing.
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
 * and everything above 0x7e become \xHH; "..." follows a cut. The result can be printed on a
 * terminal and logged on one line.
 */
void text_append_peer(struct text *text, const void *bytes, size_t length, size_t max);

/* Appends `word` as one word of a POSIX shell: in single quotes unless every byte means itself. */
void text_append_shell_word(struct text *text, const char *word);

int text_hex_digit(int byte); /* its value, in either case; -1: it is none */
bool text_ends_with(const char *string, const char *end);

/* Length in bytes of the character at `string` if it is beyond ASCII, well-formed UTF-8 (RFC 3629)
 * and visible; else 0. Control, bidirectional and zero-width characters are not visible. */
size_t text_utf8_length(const char *string);

/* True if a terminal shows every character of `string` as it is: printable ASCII, and characters
 * that text_utf8_length() accepts. */
bool text_is_plain(const char *string);

/* Returns the text as a C string, "" if it is empty. Valid until the next append. */
const char *text_string(const struct text *text);
bool text_truncated(const struct text *text);
