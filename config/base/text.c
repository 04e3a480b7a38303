/* SPDX-License-Identifier: MIT */
#include "config/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/base/memory.h"

void text_free(struct text *text)
{
    memory_release(text->bytes);
    *text = TEXT_WITH_LIMIT(text->limit);
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->truncated = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

/* How much of `wanted` more bytes fits, after growing for it. */
static size_t make_text_room(struct text *text, size_t wanted)
{
    size_t allowed = text->truncated ? 0 : text->limit - text->length;
    if (wanted > allowed) {
        text->truncated = true;
        wanted = allowed;
    }
    if (text->length + wanted < text->capacity)
        return wanted;

    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity <= text->length + wanted)
        capacity = capacity > SIZE_MAX / 2 ? text->length + wanted + 1 : capacity * 2;
    if (capacity > text->limit + 1)
        capacity = text->limit + 1;
    char *bytes = memory_resize(text->bytes, capacity);
    if (!bytes) {
        text->truncated = true;
        return 0;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return wanted;
}

/* How many bytes at the end begin a character of UTF-8 whose rest is missing. */
static size_t begun_character(const struct text *text)
{
    size_t begun = 0;

    while (begun < 3 && begun < text->length) {
        unsigned char byte = (unsigned char)text->bytes[text->length - ++begun];
        if ((byte & 0xc0) == 0x80)
            continue;
        size_t whole = byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        return begun < whole ? begun : 0;
    }
    return 0;
}

/* Takes over `count` bytes that were written behind the text. */
static void end_append(struct text *text, size_t count)
{
    if (!text->bytes)
        return;
    text->length += count;
    if (text->truncated)
        text->length -= begun_character(text);
    text->bytes[text->length] = '\0';
}

void text_append_bytes(struct text *text, const char *bytes, size_t length)
{
    size_t count = make_text_room(text, length);

    if (count)
        memcpy(text->bytes + text->length, bytes, count);
    end_append(text, count);
}

void text_append(struct text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

/* Formats in place: a copy elsewhere would outlive a secret. */
void text_append_format_list(struct text *text, const char *format, va_list arguments)
{
    size_t room = text->bytes && !text->truncated ? text->capacity - text->length : 0;
    va_list again;

    va_copy(again, arguments);
    int wanted = vsnprintf(room ? text->bytes + text->length : NULL, room, format, arguments);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;
    text->truncated |= wanted < 0;
    size_t count = length < room ? length : make_text_room(text, length);
    if (length >= room && text->bytes)
        vsnprintf(text->bytes + text->length, count + 1, format, again);
    va_end(again);
    end_append(text, count);
}

void text_append_format(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_append_format_list(text, format, arguments);
    va_end(arguments);
}

void text_append_peer(struct text *text, const void *bytes, size_t length, size_t max)
{
    const unsigned char *byte = bytes;
    size_t shown = length < max ? length : max;

    for (size_t i = 0; i < shown; i++) {
        char escaped[5] = {(char)byte[i], '\0'};
        if (byte[i] < 0x20 || byte[i] > 0x7e || byte[i] == '\\')
            snprintf(escaped, sizeof(escaped), "\\x%02x", byte[i]);
        text_append(text, escaped);
    }
    if (shown < length)
        text_append(text, "...");
}

void text_append_shell_word(struct text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-:/@";

    if (*word && strspn(word, plain) == strlen(word)) {
        text_append(text, word);
        return;
    }
    text_append(text, "'");
    for (; *word; word++) {
        if (*word == '\'')
            text_append(text, "'\\''");
        else
            text_append_bytes(text, word, 1);
    }
    text_append(text, "'");
}

int text_hex_digit(int byte)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = byte > 0 && byte < 0x80 ? strchr(digits, byte) : NULL;

    return found ? (int)(found - digits) & 15 : -1;
}

bool text_ends_with(const char *string, const char *end)
{
    size_t length = strlen(string);
    size_t tail = strlen(end);

    return length >= tail && strcmp(string + length - tail, end) == 0;
}

/* Characters that change the order of others (bidirectional controls) or are not seen at all
 * (Default_Ignorable_Code_Point in Unicode 15, line separators and annotations). */
static bool is_invisible(unsigned character)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {{0xad, 0xad},      {0x34f, 0x34f},   {0x61c, 0x61c},     {0x115f, 0x1160},
                  {0x17b4, 0x17b5},  {0x180b, 0x180f}, {0x200b, 0x200f},   {0x2028, 0x202e},
                  {0x2060, 0x206f},  {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
                  {0xffa0, 0xffa0},  {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
                  {0xe0000, 0xe0fff}};

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

size_t text_utf8_length(const char *string)
{
    const unsigned char *byte = (const unsigned char *)string;
    size_t length = *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;
    /* for the second byte: no C1, no longer form than needed, no surrogate, at most U+10FFFF */
    unsigned char least = *byte == 0xc2 || *byte == 0xe0 ? 0xa0 : *byte == 0xf0 ? 0x90 : 0x80;
    unsigned char most = *byte == 0xed ? 0x9f : *byte == 0xf4 ? 0x8f : 0xbf;
    unsigned character = *byte & (0xffu >> (length + 1));

    if (length && (byte[1] < least || byte[1] > most))
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        character = character << 6 | (byte[i] & 0x3f);
    }
    return is_invisible(character) ? 0 : length;
}

bool text_is_plain(const char *string)
{
    while (*string) {
        size_t length = *string >= 0x20 && *string < 0x7f ? 1 : text_utf8_length(string);
        if (!length)
            return false;
        string += length;
    }
    return true;
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

bool text_truncated(const struct text *text)
{
    return text->truncated;
}
