#include "config/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/base/memory.h"

void text_free(struct text *text)
{
    bool secret = text->secret;

    if (secret && text->bytes)
        explicit_bzero(text->bytes, text->capacity);
    memory_release(text->bytes);
    *text = TEXT_WITH_LIMIT(text->limit);
    text->secret = secret;
}

/* The grown block, or NULL and the old one stays. */
static char *grow(struct text *text, size_t capacity)
{
    if (!text->secret)
        return memory_resize(text->bytes, capacity);
    char *bytes = memory_allocate(capacity);
    if (!bytes)
        return NULL;
    if (text->bytes) {
        memcpy(bytes, text->bytes, text->length + 1);
        explicit_bzero(text->bytes, text->capacity);
    }
    memory_release(text->bytes);
    return bytes;
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->truncated = false;
    if (text->bytes)
        text->bytes[0] = '\0';
}

/* How much of `wanted` more bytes fits, after growing for it. */
static size_t make_room(struct text *text, size_t wanted)
{
    size_t allowed = text->limit - text->length;
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
    char *bytes = grow(text, capacity);
    if (!bytes) {
        text->truncated = true;
        return 0;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return wanted;
}

void text_append_bytes(struct text *text, const char *bytes, size_t length)
{
    size_t count = make_room(text, length);

    if (!text->bytes)
        return;
    if (count)
        memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = '\0';
}

void text_append(struct text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

/* Formats in place: a copy elsewhere would outlive a secret. */
void text_append_format_list(struct text *text, const char *format, va_list arguments)
{
    size_t room = text->bytes ? text->capacity - text->length : 0;
    va_list again;

    va_copy(again, arguments);
    int wanted = vsnprintf(room ? text->bytes + text->length : NULL, room, format, arguments);
    size_t length = wanted < 0 ? 0 : (size_t)wanted;
    if (wanted < 0)
        text->truncated = true;
    size_t count = length < room ? length : make_room(text, length);
    if (length >= room && text->bytes)
        vsnprintf(text->bytes + text->length, count + 1, format, again);
    va_end(again);
    text->length += text->bytes ? count : 0;
    if (text->bytes)
        text->bytes[text->length] = '\0';
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

bool text_has_controls(const char *string)
{
    for (const unsigned char *byte = (const unsigned char *)string; *byte; byte++)
        if (*byte < 0x20 || *byte == 0x7f || (*byte == 0xc2 && byte[1] < 0xa0))
            return true;
    return false;
}

size_t text_utf8_length(const char *string)
{
    const unsigned char *byte = (const unsigned char *)string;
    size_t length = *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;
    /* of the second byte: no C1, nothing that has a shorter form, no surrogate, at most U+10FFFF */
    unsigned char least = *byte == 0xc2 || *byte == 0xe0 ? 0xa0 : *byte == 0xf0 ? 0x90 : 0x80;
    unsigned char most = *byte == 0xed ? 0x9f : *byte == 0xf4 ? 0x8f : 0xbf;

    if (length && (byte[1] < least || byte[1] > most))
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

bool text_truncated(const struct text *text)
{
    return text->truncated;
}
