/* SPDX-License-Identifier: MIT */
/*
 * One pass from the beginning to the end. `table` is the table that the last header named. The
 * first error is kept, and every function returns false or NULL from then on.
 */

#include "probes/node/toml.h"

#include <stdint.h>
#include <string.h>

#include "config/base/text.h"

#define BARE_KEY "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define DIGITS   "0123456789"

struct parser {
    const char *at;
    const char *end;
    unsigned line;
    unsigned depth;
    unsigned nodes;
    struct arena *arena;
    const char *error;
    struct toml *root;
    struct toml *table;
};

static bool fail_toml(struct parser *parser, const char *what)
{
    if (!parser->error)
        parser->error = arena_format(parser->arena, "line %u: %s", parser->line, what);
    if (!parser->error)
        parser->error = "memory is short";
    return false;
}

/* ---- characters ---- */

static bool at_end(const struct parser *parser)
{
    return parser->at >= parser->end;
}

static bool take_toml(struct parser *parser, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
        return false;
    parser->at += length;
    return true;
}

static void skip_toml_blanks(struct parser *parser)
{
    while (!at_end(parser) && (*parser->at == ' ' || *parser->at == '\t'))
        parser->at++;
}

static bool take_newline(struct parser *parser)
{
    if (!take_toml(parser, "\n") && !take_toml(parser, "\r\n"))
        return false;
    parser->line++;
    return true;
}

static void skip_comment(struct parser *parser)
{
    if (at_end(parser) || *parser->at != '#')
        return;
    for (; !at_end(parser) && *parser->at != '\n'; parser->at++)
        if (((unsigned char)*parser->at < ' ' && *parser->at != '\t' &&
             !(*parser->at == '\r' && parser->at[1] == '\n')) ||
            *parser->at == 0x7f)
            fail_toml(parser, "a comment has a control character");
}

/* Blanks, comments and ends of lines, as between the values of an array. */
static void skip_lines(struct parser *parser)
{
    do {
        skip_toml_blanks(parser);
        skip_comment(parser);
    } while (take_newline(parser));
}

static bool end_line(struct parser *parser)
{
    skip_toml_blanks(parser);
    skip_comment(parser);
    return !parser->error && (at_end(parser) || take_newline(parser) ||
                              fail_toml(parser, "something follows the value"));
}

/* Length of a well-formed UTF-8 sequence beyond ASCII; 0: it is none. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
    uint32_t value = at[0] & (0xffu >> (length + 1));
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};

    if (at[0] < 0xc2 || at[0] > 0xf4 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (at[i] & 0x3f);
    }
    return value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)
               ? 0
               : length;
}

/* ---- strings ---- */

static size_t put_utf8(char *out, uint32_t value)
{
    if (value < 0x80) {
        out[0] = (char)value;
        return 1;
    }
    size_t length = value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, value >>= 6)
        out[i] = (char)(0x80 | (value & 0x3f));
    out[0] = (char)((0xf00u >> length & 0xff) | value);
    return length;
}

/* \uXXXX and \UXXXXXXXX */
static size_t take_code_point(struct parser *parser, size_t digits, char *out)
{
    uint32_t value = 0;

    for (size_t i = 0; i < digits; i++, parser->at++) {
        int digit = at_end(parser) ? -1 : text_hex_digit(*parser->at);
        if (digit < 0)
            return fail_toml(parser, "an escape needs hexadecimal digits");
        value = value << 4 | (uint32_t)digit;
    }
    if (value == 0 || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return fail_toml(parser, "an escape is no character");
    return put_utf8(out, value);
}

/* Reads an escape, after its backslash. Returns how many bytes it stands for; 0 after an error. */
static size_t take_escape(struct parser *parser, char *out)
{
    static const char names[] = "btnfr\"\\";
    static const char values[] = "\b\t\n\f\r\"\\";
    char kind = at_end(parser) ? '\0' : *parser->at++;
    const char *found = kind ? strchr(names, kind) : NULL;

    if (found) {
        *out = values[found - names];
        return 1;
    }
    if (kind == 'u' || kind == 'U')
        return take_code_point(parser, kind == 'u' ? 4 : 8, out);
    return fail_toml(parser, "a string has an unknown escape");
}

/* A backslash at the end of a line of a long string: skips blanks and lines. */
static bool take_line_ending_backslash(struct parser *parser)
{
    struct parser ahead = *parser;

    skip_toml_blanks(&ahead);
    if (!take_newline(&ahead))
        return false;
    do
        skip_toml_blanks(&ahead);
    while (take_newline(&ahead));
    parser->at = ahead.at;
    parser->line = ahead.line;
    return true;
}

/* One character of a string as it is. Returns its bytes; 0 after an error. */
static size_t take_plain(struct parser *parser, bool is_long, char *out)
{
    unsigned char first = (unsigned char)*parser->at;
    size_t length = 1;

    if (is_long && (first == '\n' || (first == '\r' && parser->at[1] == '\n'))) {
        (void)take_newline(parser);
        *out = '\n';
        return 1;
    }
    if ((first < ' ' && first != '\t') || first == 0x7f)
        return fail_toml(parser, first == '\n' ? "a string has no end"
                                               : "a string has a control character");
    if (first >= 0x80)
        length = utf8_length((const unsigned char *)parser->at, (size_t)(parser->end - parser->at));
    if (!length)
        return fail_toml(parser, "a string is not UTF-8");
    memcpy(out, parser->at, length);
    parser->at += length;
    return length;
}

/* True at the end of the string. Up to two quotes before the end of a long one belong to it. */
static bool take_quotes(struct parser *parser, const char *quotes)
{
    bool is_long = quotes[1] != '\0';

    if (is_long && parser->end - parser->at > 3 && memcmp(parser->at, quotes, 3) == 0 &&
        parser->at[3] == *quotes)
        return false;
    return take_toml(parser, quotes);
}

/* Goes to the end of a string. Returns its bytes, which `out` gets unless it is NULL. */
static size_t scan_string(struct parser *parser, const char *quotes, char *out)
{
    bool is_long = quotes[1] != '\0';
    size_t length = 0;
    char room[4];

    if (is_long)
        (void)take_newline(parser);
    while (!parser->error && !take_quotes(parser, quotes)) {
        if (at_end(parser))
            return fail_toml(parser, "a string has no end");
        bool escaped = *quotes == '"' && *parser->at == '\\';
        parser->at += escaped;
        if (escaped && is_long && take_line_ending_backslash(parser))
            continue;
        size_t size = escaped ? take_escape(parser, room) : take_plain(parser, is_long, room);
        if (out)
            memcpy(out + length, room, size);
        length += size;
    }
    return length;
}

static const char *take_string(struct parser *parser)
{
    static const char *const kinds[] = {"\"\"\"", "'''", "\"", "'"};
    const char *quotes = NULL;

    for (size_t i = 0; !quotes && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (take_toml(parser, kinds[i]))
            quotes = kinds[i];
    if (!quotes)
        return NULL;
    struct parser measured = *parser;
    size_t length = scan_string(&measured, quotes, NULL);
    if (measured.error) {
        *parser = measured;
        return NULL;
    }
    char *text = arena_allocate(parser->arena, length + 1);
    if (!text)
        return fail_toml(parser, "memory is short"), NULL;
    (void)scan_string(parser, quotes, text);
    return text;
}

/* ---- numbers and dates ---- */

/* Digits with single underscores between them. */
static const char *skip_digits(const char *at, const char *digits)
{
    while (*at && strchr(digits, *at)) {
        at++;
        if (*at == '_' && at[1] && strchr(digits, at[1]))
            at++;
    }
    return at;
}

static bool is_integer(const char *text)
{
    static const struct {
        const char *prefix;
        const char *digits;
    } bases[] = {{"0x", DIGITS "abcdefABCDEF"}, {"0o", "01234567"}, {"0b", "01"}};

    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
        if (strncmp(text, bases[i].prefix, 2) == 0)
            return text[2] && !*skip_digits(text + 2, bases[i].digits);
    text += *text == '+' || *text == '-';
    return *text && !*skip_digits(text, DIGITS) && (*text != '0' || !text[1]);
}

static bool is_float(const char *text)
{
    text += *text == '+' || *text == '-';
    if (strcmp(text, "inf") == 0 || strcmp(text, "nan") == 0)
        return true;
    const char *at = skip_digits(text, DIGITS);
    if (at == text || (*text == '0' && at > text + 1))
        return false;
    if (*at == '.') {
        const char *fraction = at + 1;
        at = skip_digits(fraction, DIGITS);
        if (at == fraction)
            return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        const char *exponent = at;
        at = skip_digits(exponent, DIGITS);
        if (at == exponent)
            return false;
    }
    return !*at;
}

/* Matches '0' with any digit. Returns the rest, or NULL. */
static const char *match(const char *text, const char *pattern)
{
    for (; *pattern; pattern++, text++)
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return NULL;
    return text;
}

static bool is_date(const char *text)
{
    const char *date = match(text, "0000-00-00");
    const char *time = date && *date && strchr("Tt ", *date) ? date + 1 : date ? NULL : text;

    if (date && !*date)
        return true;
    const char *at = time ? match(time, "00:00:00") : NULL;
    if (!at)
        return false;
    if (*at == '.' && at[1])
        at += 1 + strspn(at + 1, DIGITS);
    if (date && (*at == 'Z' || *at == 'z'))
        at++;
    else if (date && (*at == '+' || *at == '-'))
        at = match(at + 1, "00:00");
    return at && !*at;
}

static bool take_scalar(struct parser *parser, struct toml *value)
{
    static const char plain[] = BARE_KEY ".:+";
    size_t left = (size_t)(parser->end - parser->at);
    size_t length = 0;

    while (length < left && parser->at[length] && strchr(plain, parser->at[length]))
        length++;
    /* A date and a time may have one blank between them. */
    if (length == 10 && length + 1 < left && parser->at[10] == ' ' &&
        match(parser->at, "0000-00-00") && strchr(DIGITS, parser->at[11]) && parser->at[11])
        for (length = 11; length < left && parser->at[length] && strchr(plain, parser->at[length]);)
            length++;
    value->text = arena_copy_bytes(parser->arena, parser->at, length);
    if (!value->text)
        return fail_toml(parser, "memory is short");
    parser->at += length;
    bool boolean = strcmp(value->text, "true") == 0 || strcmp(value->text, "false") == 0;
    value->kind = boolean ? TOML_BOOLEAN : TOML_OTHER;
    if (boolean || is_integer(value->text) || is_float(value->text) || is_date(value->text))
        return true;
    return fail_toml(parser, length ? "a value is no string, number, date, true or false"
                                    : "a value is missing");
}

/* ---- the tree ---- */

static struct toml *add_toml_node(struct parser *parser, struct toml *parent, const char *key)
{
    struct toml *node =
        parser->nodes < TOML_MAX_NODES ? arena_allocate(parser->arena, sizeof(*node)) : NULL;

    if (!node) {
        fail_toml(parser, parser->nodes < TOML_MAX_NODES ? "memory is short" : "too many values");
        return NULL;
    }
    parser->nodes++;
    node->key = key;
    node->line = parser->line;
    if (parent && parent->last)
        parent->last->next = node;
    else if (parent)
        parent->first = node;
    if (parent)
        parent->last = node;
    return node;
}

static struct toml *find_member(const struct toml *table, const char *key)
{
    for (struct toml *member = table->first; member; member = member->next)
        if (strcmp(member->key, key) == 0)
            return member;
    return NULL;
}

const struct toml *toml_member(const struct toml *table, const char *key)
{
    return table && table->kind == TOML_TABLE ? find_member(table, key) : NULL;
}

const struct toml *toml_member_of_kind(const struct toml *table, const char *key,
                                       enum toml_kind kind)
{
    const struct toml *found = toml_member(table, key);

    return found && found->kind == kind ? found : NULL;
}

static const char *take_key(struct parser *parser)
{
    size_t length = 0;

    if (!at_end(parser) && (*parser->at == '"' || *parser->at == '\'')) {
        if (strncmp(parser->at, "\"\"\"", 3) == 0 || strncmp(parser->at, "'''", 3) == 0)
            return fail_toml(parser, "a key has three quotes"), NULL;
        return take_string(parser);
    }
    while (parser->at + length < parser->end && parser->at[length] &&
           strchr(BARE_KEY, parser->at[length]))
        length++;
    if (!length)
        return fail_toml(parser, "a key is missing"), NULL;
    const char *key = arena_copy_bytes(parser->arena, parser->at, length);
    parser->at += length;
    return key ? key : (fail_toml(parser, "memory is short"), NULL);
}

/* The table called `key`, which a header goes through, or a dotted key if `dotted`. */
static struct toml *descend(struct parser *parser, struct toml *table, const char *key, bool dotted)
{
    struct toml *found = find_member(table, key);

    if (!found) {
        found = add_toml_node(parser, table, key);
        if (found)
            found->dotted = dotted;
        return found;
    }
    if (found->kind == TOML_ARRAY && found->headers && !dotted)
        return found->last;
    if (found->kind != TOML_TABLE || found->closed || (dotted && found->defined)) {
        fail_toml(parser, "a key is defined twice");
        return NULL;
    }
    return found;
}

/* Reads "a.b.c". Returns the last part, and the table before it. */
static const char *take_toml_path(struct parser *parser, struct toml *from, bool dotted,
                                  struct toml **ret_table)
{
    const char *key = take_key(parser);

    *ret_table = from;
    for (unsigned parts = 0; key; parts++) {
        skip_toml_blanks(parser);
        if (!take_toml(parser, "."))
            return key;
        if (parts == TOML_MAX_DEPTH)
            return fail_toml(parser, "a key has too many parts"), NULL;
        *ret_table = descend(parser, *ret_table, key, dotted);
        if (!*ret_table)
            return NULL;
        skip_toml_blanks(parser);
        key = take_key(parser);
    }
    return NULL;
}

static bool take_value(struct parser *parser, struct toml *value);

static bool take_pair(struct parser *parser, struct toml *into)
{
    struct toml *table;
    const char *key = take_toml_path(parser, into, true, &table);

    if (!key)
        return false;
    if (!take_toml(parser, "="))
        return fail_toml(parser, "an equals sign is missing");
    if (find_member(table, key))
        return fail_toml(parser, "a key is defined twice");
    skip_toml_blanks(parser);
    struct toml *value = add_toml_node(parser, table, key);
    return value && take_value(parser, value);
}

static bool take_array(struct parser *parser, struct toml *array)
{
    array->kind = TOML_ARRAY;
    skip_lines(parser);
    while (!parser->error && !take_toml(parser, "]")) {
        struct toml *value = add_toml_node(parser, array, NULL);
        if (!value || !take_value(parser, value))
            return false;
        skip_lines(parser);
        if (take_toml(parser, ","))
            skip_lines(parser);
        else if (at_end(parser) || *parser->at != ']')
            return fail_toml(parser, "an array has no end");
    }
    return !parser->error;
}

static bool take_inline_table(struct parser *parser, struct toml *table)
{
    table->kind = TOML_TABLE;
    skip_toml_blanks(parser);
    if (!take_toml(parser, "}"))
        do {
            skip_toml_blanks(parser);
            if (!take_pair(parser, table))
                return false;
            skip_toml_blanks(parser);
            if (take_toml(parser, "}"))
                break;
        } while (take_toml(parser, ",") || fail_toml(parser, "an inline table has no end"));
    for (struct toml *member = table->first; member; member = member->next)
        member->closed = true;
    table->closed = true;
    return !parser->error;
}

static bool take_value(struct parser *parser, struct toml *value)
{
    if (parser->depth == TOML_MAX_DEPTH)
        return fail_toml(parser, "tables or arrays are nested too deeply");
    value->closed = true;
    if (!at_end(parser) && (*parser->at == '"' || *parser->at == '\'')) {
        value->kind = TOML_STRING;
        value->text = take_string(parser);
        return value->text != NULL;
    }
    parser->depth++;
    bool good = take_toml(parser, "[")   ? take_array(parser, value)
                : take_toml(parser, "{") ? (value->closed = false, take_inline_table(parser, value))
                                         : take_scalar(parser, value);
    parser->depth--;
    return good;
}

/* "[[a.b]]" after its brackets: one more table of an array. */
static bool add_to_array(struct parser *parser, struct toml *table, const char *key)
{
    struct toml *array = find_member(table, key);

    if (!array) {
        array = add_toml_node(parser, table, key);
        if (!array)
            return false;
        array->kind = TOML_ARRAY;
        array->headers = true;
    }
    if (array->kind != TOML_ARRAY || !array->headers)
        return fail_toml(parser, "a key is defined twice");
    parser->table = add_toml_node(parser, array, NULL);
    return parser->table != NULL;
}

/* "[a.b]" after its brackets. */
static bool open_table(struct parser *parser, struct toml *table, const char *key)
{
    struct toml *found = find_member(table, key);

    if (found && (found->kind != TOML_TABLE || found->closed || found->defined || found->dotted))
        return fail_toml(parser, "a table is defined twice");
    if (!found)
        found = add_toml_node(parser, table, key);
    if (!found)
        return false;
    found->defined = true;
    if (!found->first)
        found->line = parser->line;
    parser->table = found;
    return true;
}

static bool take_header(struct parser *parser)
{
    bool array = take_toml(parser, "[");
    struct toml *table;

    skip_toml_blanks(parser);
    const char *key = take_toml_path(parser, parser->root, false, &table);
    if (!key)
        return false;
    if (!take_toml(parser, array ? "]]" : "]"))
        return fail_toml(parser, "a bracket is missing");
    return array ? add_to_array(parser, table, key) : open_table(parser, table, key);
}

const char *toml_parse(const char *text, size_t length, struct arena *arena, struct toml **ret)
{
    struct parser parser = {.at = text, .end = text + length, .line = 1, .arena = arena};

    parser.root = parser.table = add_toml_node(&parser, NULL, NULL);
    (void)take_toml(&parser, "\xef\xbb\xbf");
    for (skip_lines(&parser); !parser.error && !at_end(&parser); skip_lines(&parser))
        if (!(take_toml(&parser, "[") ? take_header(&parser) : take_pair(&parser, parser.table)) ||
            !end_line(&parser))
            break;
    *ret = parser.error ? NULL : parser.root;
    return parser.error;
}
