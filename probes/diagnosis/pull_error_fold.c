#include "probes/diagnosis/pull_error_fold.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct fold {
    const char *at;
    const char *end;
    char *out;
    char *first;
};

static bool is_space(unsigned char byte)
{
    return byte <= ' ' || byte == 0x7f;
}

/* Whitespace is put as one character: '\n' wins over ' '. None is put at the start. */
static void put(struct fold *fold, char byte)
{
    char *last = fold->out > fold->first ? fold->out - 1 : NULL;

    if (!is_space((unsigned char)byte)) {
        *fold->out++ = byte;
        return;
    }
    char space = byte == '\n' || byte == '\r' ? '\n' : ' ';
    if (last && (*last == ' ' || *last == '\n'))
        *last = space == '\n' ? '\n' : *last;
    else if (last)
        *fold->out++ = space;
}

static int hex_digits(const char *at, const char *end)
{
    int value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)at[i]))
            return -1;
        int digit =
            isdigit((unsigned char)at[i]) ? at[i] - '0' : tolower((unsigned char)at[i]) - 'a' + 10;
        value = value * 16 + digit;
    }
    return value;
}

/* Logs inside logs escape again: any number of backslashes is one. At YAML's line end it is none.
 */
static void fold_escape(struct fold *fold)
{
    while (fold->at < fold->end && *fold->at == '\\')
        fold->at++;
    if (fold->at == fold->end)
        return;
    char escaped = *fold->at++;
    int code = escaped == 'u' ? hex_digits(fold->at, fold->end) : -1;
    if (code >= 0) {
        fold->at += 4;
        put(fold, code < 0x7f ? (char)code : '?');
    } else if (escaped == 'n' || escaped == 'r') {
        put(fold, '\n');
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
        {"\xe2\x80\x9c", '"'},  {"\xe2\x80\x9d", '"'}, {"\xe2\x80\x98", '\''},
        {"\xe2\x80\x99", '\''}, {"\xc2\xa0", ' '},
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t length = strlen(marks[i].bytes);
        if ((size_t)(fold->end - fold->at) < length ||
            memcmp(fold->at, marks[i].bytes, length) != 0)
            continue;
        put(fold, marks[i].plain);
        fold->at += length;
        return true;
    }
    return false;
}

size_t pull_error_fold(const char *bytes, size_t length, char *folded)
{
    struct fold fold = {bytes, bytes + length, folded, folded};

    while (fold.at < fold.end) {
        if (*fold.at == '\\')
            fold_escape(&fold);
        else if (*fold.at == '\x1b')
            skip_colour(&fold);
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

size_t phrase_match(const char *at, const char *phrase)
{
    const char *start = at;

    for (const char *want = phrase; *want; want++, at++) {
        if (*want == ' ') {
            if (*at != ' ' && *at != '\n')
                return 0;
            continue;
        }
        if (want > phrase)
            at = unwrapped(at);
        char have = islower((unsigned char)*want) ? (char)tolower((unsigned char)*at) : *at;
        if (have != *want)
            return 0;
    }
    return (size_t)(at - start);
}
