/* SPDX-License-Identifier: MIT */
#include "probes/explain/fold.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/explain/record.h"

#define MAX_LINK 1024

/* Only two of one kind are a blank line: a wrapped line may end at an escaped line end. */
enum line_break { BREAK_NONE, BREAK_REAL, BREAK_ESCAPED };

struct fold {
    const char *at;
    const char *end;
    char *out;
    char *first;
    enum line_break last; /* in the whitespace that was put last */
};

static bool is_space(unsigned char byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* Whitespace is put as one character: a blank line wins over a line end, and that over a space.
 * None is put at the start. */
static void put_space(struct fold *fold, enum line_break kind)
{
    char *last = fold->out > fold->first ? fold->out - 1 : NULL;
    bool blank = kind != BREAK_NONE && kind == fold->last;

    if (!last)
        return;
    /* A colon announces the lines that follow, even behind a blank line. */
    if (last > fold->first && last[-1] == ':')
        blank = false;
    if (*last != ' ' && *last != '\n' && *last != FOLD_BLANK_LINE)
        *fold->out++ = kind == BREAK_NONE ? ' ' : '\n';
    else if (*last != FOLD_BLANK_LINE && kind != BREAK_NONE)
        *last = blank ? FOLD_BLANK_LINE : '\n';
    fold->last = kind;
}

static void put(struct fold *fold, char byte)
{
    /* A carriage return before the line feed is part of it; alone it ends a line too. */
    bool returns = byte == '\r' && (fold->at >= fold->end || *fold->at != '\n');

    if (!is_space((unsigned char)byte)) {
        *fold->out++ = byte;
        fold->last = BREAK_NONE;
    } else {
        put_space(fold, byte == '\n' || returns ? BREAK_REAL : BREAK_NONE);
    }
}

/* "[TEXT](http://...)", which trackers and chats make of a host, is TEXT. */
static bool skip_link(struct fold *fold)
{
    static const char link[] = "](http";
    const char *limit = fold->end - fold->at > MAX_LINK ? fold->at + MAX_LINK : fold->end;
    const char *stop = fold->at + sizeof(link) - 1;
    char *begin = fold->out;

    if (stop >= limit || memcmp(fold->at, link, sizeof(link) - 1) != 0)
        return false;
    while (stop < limit && !is_space((unsigned char)*stop) && !strchr("()[]", *stop))
        stop++;
    if (stop == limit || *stop != ')')
        return false;
    while (begin > fold->first && fold->out - begin < MAX_LINK &&
           !is_space((unsigned char)begin[-1]) && !strchr("()[]", begin[-1]))
        begin--;
    if (begin == fold->first || begin[-1] != '[')
        return false;
    memmove(begin - 1, begin, (size_t)(fold->out - begin));
    fold->out--;
    fold->at = stop + 1;
    return true;
}

/* Reads a character that a web page or chat escaped, after its '&'. If it is escaped twice, an
 * "amp;" is in front. */
static bool fold_entity(struct fold *fold, const char *at)
{
    const char *begin = at;
    static const struct {
        const char *name;
        char plain;
    } entities[] = {
        {"quot;", '"'},  {"#34;", '"'}, {"#x22;", '"'}, {"apos;", '\''}, {"#39;", '\''},
        {"#x27;", '\''}, {"lt;", '<'},  {"gt;", '>'},   {"#x2F;", '/'},  {"nbsp;", ' '},
    };

    while (fold->end - at >= 4 && memcmp(at, "amp;", 4) == 0)
        at += 4;
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        size_t length = strlen(entities[i].name);
        if ((size_t)(fold->end - at) < length || memcmp(at, entities[i].name, length) != 0)
            continue;
        fold->at = at + length;
        put(fold, entities[i].plain);
        return true;
    }
    if (at == begin)
        return false;
    fold->at = at;
    put(fold, '&');
    return true;
}

static int hex_digits(const char *at, const char *end)
{
    int value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = text_hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* A character of the basic plane as UTF-8; half of a pair as '?'. */
static void put_code(struct fold *fold, unsigned code)
{
    if (code < 0x80) {
        put(fold, (char)code);
    } else if (code >= 0xd800 && code < 0xe000) {
        put(fold, '?');
    } else if (code < 0x800) {
        put(fold, (char)(0xc0 | code >> 6));
        put(fold, (char)(0x80 | (code & 0x3f)));
    } else {
        put(fold, (char)(0xe0 | code >> 12));
        put(fold, (char)(0x80 | (code >> 6 & 0x3f)));
        put(fold, (char)(0x80 | (code & 0x3f)));
    }
}

/* Logs inside logs escape again: any number of backslashes is one. At YAML's line end it is none.
 */
static void fold_escape(struct fold *fold)
{
    while (fold->at < fold->end && *fold->at == '\\')
        fold->at++;
    if (fold->at == fold->end || *fold->at == '&')
        return;
    char escaped = *fold->at++;
    int code = escaped == 'u' ? hex_digits(fold->at, fold->end) : -1;
    if (code >= 0) {
        fold->at += 4;
        if (code == '&' && fold_entity(fold, fold->at))
            return;
        put_code(fold, (unsigned)code);
    } else if (escaped == 'n' || escaped == 'r') {
        put_space(fold, escaped == 'n' ? BREAK_ESCAPED : BREAK_NONE);
    } else {
        put(fold, escaped == 't' ? ' ' : escaped);
    }
}

/* CSI sequences of ECMA-48: ESC [ parameters and one final byte. */
static void skip_colour(struct fold *fold)
{
    fold->at++;
    if (fold->at == fold->end || *fold->at != '[')
        return;
    fold->at++;
    while (fold->at < fold->end && (unsigned char)*fold->at >= 0x20 &&
           (unsigned char)*fold->at < 0x40)
        fold->at++;
    if (fold->at < fold->end)
        fold->at++;
}

static bool fold_unicode(struct fold *fold)
{
    static const struct {
        const char *bytes;
        char plain;
    } marks[] = {
        {"\xe2\x80\x9c", '"'},
        {"\xe2\x80\x9d", '"'},
        {"\xe2\x80\x98", '\''},
        {"\xe2\x80\x99", '\''},
        {"\xc2\xa0", ' '},
        /* Zero-width characters, which chats put into names: they are left out. */
        {"\xe2\x80\x8b", '\0'},
        {"\xe2\x80\x8c", '\0'},
        {"\xe2\x80\x8d", '\0'},
        {"\xe2\x81\xa0", '\0'},
        {"\xef\xbb\xbf", '\0'},
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t length = strlen(marks[i].bytes);
        if ((size_t)(fold->end - fold->at) < length ||
            memcmp(fold->at, marks[i].bytes, length) != 0)
            continue;
        if (marks[i].plain)
            put(fold, marks[i].plain);
        fold->at += length;
        return true;
    }
    return false;
}

/* A line whose text is indented behind its time continues the line before it. */
static size_t skip_head(const char *at, const char *end)
{
    size_t frame = record_frame(at, end);
    size_t head = record_head(at + frame);

    return frame + (head && at + frame + head < end && at[frame + head] == ' ' ? head : 0);
}

size_t pull_error_fold(const char *bytes, size_t length, char *folded)
{
    struct fold fold = {bytes, bytes + length, folded, folded, BREAK_NONE};

    while (fold.at < fold.end) {
        if (fold.at == bytes || fold.at[-1] == '\n')
            fold.at += skip_head(fold.at, fold.end);
        if (fold.at == fold.end)
            break;
        if (*fold.at == '\\')
            fold_escape(&fold);
        else if (*fold.at == '\x1b')
            skip_colour(&fold);
        else if ((*fold.at == ']' && skip_link(&fold)) ||
                 (*fold.at == '&' && fold_entity(&fold, fold.at + 1)))
            continue;
        else if (!((unsigned char)*fold.at & 0x80) || !fold_unicode(&fold))
            put(&fold, *fold.at++);
    }
    *fold.out = '\0';
    return (size_t)(fold.out - folded);
}

const char *unwrapped(const char *at)
{
    return *at == '\n' ? at + 1 : at;
}

/* Matches as much of the phrase as there is text; `ret_rest` is the rest of the phrase. */
static const char *match_part(const char *at, const char *phrase, const char **ret_rest)
{
    for (const char *want = phrase; *want; want++, at++) {
        *ret_rest = want;
        if (*want == ' ') {
            if (*at != ' ' && *at != '\n')
                return at;
            continue;
        }
        if (want > phrase)
            at = unwrapped(at);
        char have = islower((unsigned char)*want) ? (char)tolower((unsigned char)*at) : *at;
        if (have != *want)
            return at;
    }
    *ret_rest = "";
    return at;
}

size_t phrase_match(const char *at, const char *phrase)
{
    const char *rest;
    const char *end = match_part(at, phrase, &rest);

    return *rest ? 0 : (size_t)(end - at);
}

bool phrase_is_cut(const char *at, const char *phrase)
{
    const char *rest;
    const char *end = match_part(at, phrase, &rest);

    return *rest && !*end && end > at;
}
