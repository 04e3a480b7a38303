/* SPDX-License-Identifier: MIT */
#include "probes/registry/redactor.h"

#include <stdio.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/registry/base64.h"

#define LEAST_PART 4 /* bytes of a secret that are blanked where a text was cut */
#define LEAST_HEAD \
    8 /* bytes, if they are most of a secret, that are blanked in front of other words */
#define SURE_PART  16 /* bytes that are no chance */
#define MAX_DEPTH  2  /* encodings on top of each other */
#define MAX_FILLER 3  /* characters that wrap a line or separate numbers */

struct redactor_form {
    struct redactor_form *next;
    const char *bytes; /* in lower case; base64 in the standard alphabet */
    size_t length;
    size_t named; /* bytes at its begin that may be shown, if no more of it follows */
    bool base64;
    bool is_added; /* as a secret, so that its other forms are known */
};

/* ---- reading a text as a peer may have encoded it ---- */

static int lower(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

/* The next byte that the peer sent, in front of `*at`; -1 at the end. text_append_peer() wrote some
 * as \xHH. */
static int read_byte(const char **at)
{
    const char *text = *at;

    if (!*text)
        return -1;
    *at += 1;
    if (text[0] != '\\' || text[1] != 'x' || text_hex_digit(text[2]) < 0 ||
        text_hex_digit(text[3]) < 0)
        return (unsigned char)*text;
    *at += 3;
    return text_hex_digit(text[2]) << 4 | text_hex_digit(text[3]);
}

static int read_character(const char **at, unsigned depth);

/* A number in hexadecimal or decimal of at most `most` digits; -1 if there is none. */
static int read_escaped_number(const char **at, unsigned depth, int base, unsigned most)
{
    int value = -1;

    for (unsigned count = 0; count < most; count++) {
        const char *next = *at;
        int digit = text_hex_digit(read_character(&next, depth));
        if (digit < 0 || digit >= base)
            break;
        value = (value < 0 ? 0 : value * base) + digit;
        *at = next;
    }
    return value;
}

/* Behind "&": #83; #x53; and the names that HTML needs. */
static int read_entity(const char **at, unsigned depth)
{
    static const struct {
        const char *name;
        char character;
    } entities[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    const char *next = *at;
    bool number = read_character(&next, depth) == '#';

    if (number) {
        const char *digits = next;
        bool is_hex = lower(read_character(&next, depth)) == 'x';
        next = is_hex ? next : digits;
        int value = read_escaped_number(&next, depth, is_hex ? 16 : 10, 6);
        const char *end = next;
        *at = read_character(&next, depth) == ';' ? next : end;
        return value;
    }
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        const char *name = entities[i].name;
        for (next = *at; *name && lower(read_character(&next, depth)) == *name; name++)
            continue;
        if (!*name) {
            *at = next;
            return entities[i].character;
        }
    }
    return -1;
}

/* Behind "=" of quoted-printable: two digits; -1 if there are fewer. */
static int read_quoted_printable(const char **at, unsigned depth)
{
    const char *next = *at;
    int high = text_hex_digit(read_character(&next, depth));
    int low = text_hex_digit(read_character(&next, depth));

    if (high < 0 || low < 0)
        return -1;
    *at = next;
    return high << 4 | low;
}

/* The next character with that many encodings undone; -1 at the end. An escape that is none stands
 * for itself. */
static int read_character(const char **at, unsigned depth)
{
    int decoded = -1;

    if (depth == 0)
        return read_byte(at);
    int byte = read_character(at, depth - 1);
    const char *next = *at;
    if (byte == '%')
        decoded = read_escaped_number(&next, depth - 1, 16, 2);
    else if (byte == '=')
        decoded = read_quoted_printable(&next, depth - 1);
    else if (byte == '&')
        decoded = read_entity(&next, depth - 1);
    else if (byte == '+')
        decoded = ' ';
    else if (byte == '\\')
        decoded = read_character(&next, depth - 1);
    if (byte == '\\' && (decoded == 'u' || decoded == 'x'))
        decoded = read_escaped_number(&next, depth - 1, 16, decoded == 'u' ? 4 : 2);
    if (decoded >= 0)
        *at = next;
    return decoded >= 0 ? decoded : byte;
}

/* ---- the forms of a secret ---- */

static struct redactor_form *find_form(const struct redactor *redactor, const char *bytes,
                                       size_t length)
{
    for (struct redactor_form *known = redactor->forms; known; known = known->next)
        if (known->length == length && memcmp(known->bytes, bytes, length) == 0)
            return known;
    return NULL;
}

/* `named` of `of` bytes of the secret may be shown. NULL: memory is short, or it is no secret. */
static struct redactor_form *add_form(struct redactor *redactor, const char *bytes, size_t length,
                                      size_t named, size_t of)
{
    struct redactor_form *form = arena_allocate(redactor->arena, sizeof(*form));
    char *copy = bytes ? arena_copy_bytes(redactor->arena, bytes, length) : NULL;

    if (!form || !copy) {
        redactor->failed = true;
        return NULL;
    }
    if (length < REDACTOR_MIN_SECRET)
        return NULL;
    for (size_t i = 0; i < length; i++)
        copy[i] = (char)lower((unsigned char)copy[i]);
    struct redactor_form *known = find_form(redactor, copy, length);
    if (known)
        return known;
    *form = (struct redactor_form){.next = redactor->forms, .bytes = copy, .length = length};
    form->named = named ? length * named / of + LEAST_PART : 0;
    redactor->forms = form;
    redactor->starts[(unsigned char)*copy] = true;
    return form;
}

/* The secret as it looks in the base64 of a longer text, in which it begins `shift` bytes behind a
 * multiple of three: only the characters that no byte around it changes. */
static void add_base64(struct redactor *redactor, const char *secret, size_t length, size_t named,
                       size_t shift)
{
    char *shifted = arena_allocate(redactor->arena, shift + length + 1);
    const char *encoded = NULL;
    size_t begin = (shift * 8 + 5) / 6;
    size_t end = (shift + length) * 8 / 6;

    if (shifted) {
        memcpy(shifted + shift, secret, length);
        encoded = base64_encode(shifted, shift + length, redactor->arena);
    }
    struct redactor_form *form =
        add_form(redactor, encoded ? encoded + begin : NULL, end - begin, named, length);
    if (form)
        form->base64 = true;
}

/* The numbers of its bytes, as dumps and Go's []byte have them. */
static void add_numbers(struct redactor *redactor, const char *secret, size_t length, size_t named)
{
    struct text numbers[] = {TEXT_WITH_LIMIT(3 * length + 1), TEXT_WITH_LIMIT(3 * length + 1),
                             TEXT_WITH_LIMIT(3 * length + 1)};

    for (size_t i = 0; i < length; i++) {
        unsigned byte = (unsigned char)secret[i];
        text_append_format(&numbers[0], "%02x", byte);
        text_append_format(&numbers[1], "%03o", byte);
        text_append_format(&numbers[2], "%u", byte);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        add_form(redactor, text_truncated(&numbers[i]) ? NULL : numbers[i].bytes, numbers[i].length,
                 named, length);
        text_free(&numbers[i]);
    }
}

void redactor_add(struct redactor *redactor, const char *secret, size_t length, size_t named)
{
    if (length < REDACTOR_MIN_SECRET)
        return;
    if (!redactor->arena && !(redactor->arena = arena_new(0))) {
        redactor->failed = true;
        return;
    }
    struct redactor_form *form = add_form(redactor, secret, length, named, length);
    if (!form || form->is_added)
        return;
    form->is_added = true;
    add_numbers(redactor, secret, length, named);
    for (size_t shift = 0; shift < 3; shift++)
        add_base64(redactor, secret, length, named, shift);
}

void redactor_free(struct redactor *redactor)
{
    arena_free(redactor->arena);
    *redactor = (struct redactor){0};
}

/* ---- looking for them ---- */

/* True if the secret was cut at `end`, behind its first `count` bytes. */
static bool is_cut(const struct redactor_form *form, const char *end, size_t count)
{
    if (count >= LEAST_PART && strncmp(end, "...", 3) == 0 && (!end[3] || end[3] == ':'))
        return true;
    if (count <= form->named)
        return false;
    if (*end == '\0')
        return count >= SURE_PART || (count >= REDACTOR_MIN_SECRET && count >= form->length / 2);
    return count >= SURE_PART || (count >= LEAST_HEAD && 3 * count >= 2 * form->length);
}

/* The next character of a form, behind a line break, separators of numbers, the dots of a name or
 * the zeros of UTF-16. */
static int read_form(const char **at, unsigned depth, int wanted)
{
    int byte = read_character(at, depth);

    for (unsigned i = 0; i < MAX_FILLER && byte != wanted; i++) {
        bool plus = byte == ' ' && wanted == '+'; /* encoded as a form is, but for the plus */
        if (plus || byte < 0 || byte > 0x7f || (byte && !strchr(" \t\r\n,:.;-_|/'\"", byte)))
            break;
        byte = read_character(at, depth);
    }
    return lower(byte);
}

/* The end of the form if it begins at `at`, else NULL. The text may be cut within it. */
static const char *end_of_form(const struct redactor_form *form, const char *at, unsigned depth)
{
    const char *end = at;

    for (size_t i = 0; i < form->length; i++) {
        const char *next = end;
        int wanted = (unsigned char)form->bytes[i];
        int byte = read_form(&next, depth, wanted);
        if (form->base64 && (byte == '-' || byte == '_'))
            byte = byte == '-' ? '+' : '/';
        if (byte == ' ' && wanted == '+')
            byte = '+';
        if (byte != wanted)
            return is_cut(form, end, i) ? end : NULL;
        end = next;
    }
    return end;
}

/* The end of the longest form that begins at `at`, or NULL. */
static const char *end_of_secret(const struct redactor *redactor, const char *at, unsigned depth)
{
    const char *next = at;
    const char *longest = NULL;
    int first = lower(read_character(&next, depth));

    if (first < 0 || first > 255 || !redactor->starts[first])
        return NULL;
    for (const struct redactor_form *form = redactor->forms; form; form = form->next) {
        const char *end = end_of_form(form, at, depth);
        if (end && (!longest || end > longest))
            longest = end;
    }
    return longest;
}

void redactor_apply(const struct redactor *redactor, char *text)
{
    unsigned depth = strpbrk(text, "%&\\+=") ? MAX_DEPTH : 0;

    if (redactor->failed)
        memset(text, '*', strlen(text));
    if (!redactor->forms || redactor->failed)
        return;
    for (char *at = text; *at; at++) {
        const char *end = NULL;
        for (unsigned i = 0; i <= depth && !end; i++)
            end = end_of_secret(redactor, at, i);
        if (!end)
            continue;
        memset(at, '*', (size_t)(end - at));
        at += end - at - 1;
    }
}
