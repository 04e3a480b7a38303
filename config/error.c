/* SPDX-License-Identifier: MIT */
#include "config/error.h"

#include <stdarg.h>
#include <string.h>

#include "config/base/memory.h"

#define MAX_WORD 48
#define FAR      3 /* edits that are too many for a near miss */

/* Escapes the text of an error, because it may repeat user input and goes to terminals and logs. */
static void append_printable(struct text *ret, const char *bytes)
{
    while (*bytes) {
        unsigned char byte = (unsigned char)*bytes;
        size_t length = byte >= 0x20 && byte < 0x7f ? 1 : text_utf8_length(bytes);
        if (length)
            text_append_bytes(ret, bytes, length);
        else
            text_append_format(ret, "\\x%02x", byte);
        bytes += length ? length : 1;
    }
}

void config_error(struct config_errors *errors, const struct origin *origin, const char *format,
                  ...)
{
    struct text text = TEXT_WITH_LIMIT(CONFIG_MAX_ERROR_TEXT);
    struct text printable = TEXT_WITH_LIMIT(CONFIG_MAX_ERROR_TEXT);
    va_list arguments;

    if (origin && origin->line)
        text_append_format(&text, "%s:%u:%u: ", origin->file, origin->line, origin->column);
    else if (origin && origin->file)
        text_append_format(&text, "%s: ", origin->file);
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    if (errors->count < CONFIG_MAX_ERRORS) {
        append_printable(&printable, text_string(&text));
        errors->messages[errors->count] = memory_copy_text(text_string(&printable));
    }
    errors->count++;
    text_free(&printable);
    text_free(&text);
}

void config_errors_print(const struct config_errors *errors, struct text *text)
{
    for (size_t i = 0; i < errors->count && i < CONFIG_MAX_ERRORS; i++)
        text_append_format(text, "tcr-probe: %s\n",
                           errors->messages[i] ? errors->messages[i] : "out of memory");
    if (errors->count > CONFIG_MAX_ERRORS)
        text_append_format(text, "tcr-probe: and %zu more\n", errors->count - CONFIG_MAX_ERRORS);
}

void config_errors_free(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count && i < CONFIG_MAX_ERRORS; i++)
        memory_release(errors->messages[i]);
    memset(errors, 0, sizeof(*errors));
}

static size_t least_of_three(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein distance; keeps one row of the matrix. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[MAX_WORD + 1];
    size_t length = strlen(b);

    if (strlen(a) > MAX_WORD || length > MAX_WORD)
        return FAR + 1;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t above = row[j];
            row[j] = least_of_three(row[j - 1] + 1, above + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[length];
}

const char *nearest_word(const char *found, const char *const *words)
{
    const char *nearest = NULL;
    size_t shortest = FAR + 1;

    for (; *words; words++) {
        size_t distance = edit_distance(found, *words);
        if (distance < shortest && distance < strlen(*words)) {
            shortest = distance;
            nearest = *words;
        }
    }
    return nearest;
}
