/* SPDX-License-Identifier: MIT */
#include "config/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/base/text.h"

#define LEAST_PAIR    6   /* bytes of a decoded text with a colon; shorter ones are chance */
#define LEAST_DECODED 12  /* bytes of any other decoded text */
#define MOST_DECODED  192 /* bytes that are looked at */
#define LEAST_RANDOM  16  /* letters and digits of a token; shorter ones are chance */
#define LEAST_TURNS   4
#define LEAST_ODD     6 /* letters and digits of a password */

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"
#define BASE64  LETTERS DIGITS "+/-_"

/* Finds `word` in `text` without regard to case. */
static const char *find_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, length) == 0)
            return text;
    return NULL;
}

/* True if `test` is true for a word of these characters. */
static bool any_word(const char *value, const char *characters,
                     bool (*test)(const char *word, size_t length))
{
    for (size_t length; *(value += strcspn(value, characters)); value += length) {
        length = strspn(value, characters);
        if (test(value, length))
            return true;
    }
    return false;
}

/* ---- words that look random ---- */

struct word_shape {
    unsigned letters;
    unsigned figures;
    unsigned turns; /* between letters and digits */
    unsigned humps; /* a capital after a small letter */
};

static struct word_shape shape_of(const char *word, size_t length)
{
    struct word_shape shape = {0};
    unsigned char before = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)word[i];
        if (!isalnum(byte))
            continue;
        shape.letters += isalpha(byte) != 0;
        shape.figures += isdigit(byte) != 0;
        shape.turns += before && !isdigit(byte) != !isdigit(before);
        shape.humps += before && isupper(byte) && islower(before);
        before = byte;
    }
    return shape;
}

bool is_random_word(const char *word, size_t length)
{
    struct word_shape shape = shape_of(word, length);

    return shape.letters + shape.figures >= LEAST_RANDOM && shape.figures >= 2 &&
           (shape.turns >= LEAST_TURNS || shape.humps >= LEAST_TURNS);
}

/* Passwords are like this more often than names are. */
static bool is_odd_word(const char *word, size_t length)
{
    struct word_shape shape = shape_of(word, length);

    return length >= LEAST_ODD && shape.turns + shape.humps >= 2;
}

/* ---- words that look like keys ---- */

static unsigned base64_value(char digit)
{
    static const char digits[] = LETTERS DIGITS "+/";
    char plain = digit == '-' ? '+' : digit == '_' ? '/' : digit;

    return (unsigned)(strchr(digits, plain) - digits);
}

/* Returns the length; what is longer than MOST_DECODED is cut. */
static size_t decode_base64(const char *word, size_t length, char ret[MOST_DECODED + 1])
{
    unsigned bits = 0;
    size_t decoded = 0;

    for (size_t i = 0; i < length && decoded < MOST_DECODED; i++) {
        bits = bits << 6 | base64_value(word[i]);
        if (i % 4)
            ret[decoded++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    ret[decoded] = '\0';
    return decoded;
}

/* True for UTF-8 without control characters, apart from the blanks of JSON and a byte order mark.
 */
static bool is_text(const char *text, size_t length)
{
    const char *end = text + length;

    text += strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (text < end) {
        bool ascii = isprint((unsigned char)*text) || isspace((unsigned char)*text);
        size_t size = ascii ? 1 : text_utf8_length(text);
        if (!size && (length < MOST_DECODED || end - text > 3)) /* else it is cut */
            return false;
        text += size ? size : 1;
    }
    return true;
}

/* Base64 of JSON, of USER:PASSWORD, or of a longer text. */
static bool is_encoded_key(const char *word, size_t length)
{
    char text[MOST_DECODED + 1];
    size_t decoded = decode_base64(word, length, text);

    return decoded >= (memchr(text, ':', decoded) ? LEAST_PAIR : LEAST_DECODED) &&
           is_text(text, decoded);
}

/* JSON web tokens, ids of access keys (Amazon's, Tencent's, Alibaba's), and the tokens of
 * well-known services. */
static bool looks_like_key(const char *word, size_t length)
{
    static const char *const starts[] = {"AKIA", "ASIA",  "AKID",       "LTAI",   "ghp_",
                                         "gho_", "ghs_",  "github_pat", "glpat-", "gldt-",
                                         "xoxb", "dckr_", "hvs."};

    if (strncmp(word, "eyJ", 3) == 0)
        return true;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        size_t start = strlen(starts[i]);
        if (length > start && strncmp(word, starts[i], start) == 0 &&
            start + strspn(word + start, BASE64) >= LEAST_RANDOM) /* a host's domain is no part */
            return true;
    }
    return false;
}

/* Hosts, paths and images have a slash or a dot within, and their parts may well look random. */
static bool has_bare_word(const char *value, bool (*test)(const char *word, size_t length))
{
    for (const char *at = value; (at = strpbrk(at, "./")); at++)
        if (*at == '/' || isalnum((unsigned char)at[1]))
            return false;
    return any_word(value, LETTERS DIGITS, test);
}

/* ---- URLs ---- */

/* True for "scheme://user@host" and "user:password@host", not for "app@sha256:...". */
static bool has_user(const char *value)
{
    const char *scheme = strstr(value, "//");
    const char *authority = scheme ? scheme + 2 : value;
    const char *at = memchr(authority, '@', strcspn(authority, "/?#"));

    return at && strncmp(at, "@sha", 4) != 0;
}

/* True for a token in the path of a URL, as addresses of web hooks have one. */
static bool has_key_in_path(const char *value)
{
    const char *scheme = strstr(value, "://");
    const char *at = scheme ? scheme + 3 + strcspn(scheme + 3, "/") : "";

    while (*at == '/') {
        size_t length = strcspn(++at, "/?#");
        if (is_random_word(at, length))
            return true;
        at += length;
    }
    return false;
}

/* True for a token in a query or a fragment, whatever its name. */
static bool has_key_in_query(const char *value)
{
    const char *query = strpbrk(value, "?#");

    return query && any_word(query, LETTERS DIGITS, is_odd_word);
}

/* ---- whole values ---- */

/* "access_token=...", "password: ..." and the like. */
static bool has_named_key(const char *value)
{
    static const char *const ends[] = {
        "token",     "key",  "secret", "password",      "passwd",     "pwd",        "sig",
        "signature", "auth", "code",   "authorization", "credential", "credentials"};

    for (const char *at = value; (at = strpbrk(at, "=:")); at++) {
        if (*at == ':' && at[1] != ' ') /* a port or a tag follows */
            continue;
        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            size_t length = strlen(ends[i]);
            if ((size_t)(at - value) >= length && strncasecmp(at - length, ends[i], length) == 0)
                return true;
        }
    }
    return false;
}

/* JSON, a part of it, also percent-encoded, PEM, and an Authorization header. */
static bool is_content(const char *value)
{
    static const char *const signs[] = {"-----BEGIN", "%7b",     "%22",     "&quot;",
                                        "\":",        "bearer ", "bearer\t"};

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (find_word(value, signs[i]))
            return true;
    return strpbrk(value, "\n\r{") || value[strspn(value, " \t")] == '"';
}

bool may_be_secret(const char *value)
{
    return is_content(value) || has_user(value) || has_key_in_path(value) ||
           has_key_in_query(value) || has_named_key(value) ||
           has_bare_word(value, is_random_word) || any_word(value, BASE64, is_encoded_key) ||
           any_word(value, BASE64 ".", looks_like_key);
}

bool may_be_password(const char *value)
{
    return may_be_secret(value) || has_bare_word(value, is_odd_word);
}

size_t length_before_password(const char *value)
{
    size_t name = strcspn(value, ":/[ ");
    size_t address = strspn(value, "0123456789abcdefABCDEF:.");
    const char *rest = value + name + 1;

    if (value[name] != ':' || !value[address] || value[address] == '%' || !strncmp(rest, "//", 2))
        return 0;
    const char *end = rest + strspn(rest, DIGITS);
    bool is_place = !*end || (*end == '/' && memchr(value, '.', name));
    return is_place && end > rest ? 0 : name;
}

const char *check_path(const char *value, struct arena *arena)
{
    bool is_path = *value == '/' || strncmp(value, "./", 2) == 0 || strncmp(value, "../", 3) == 0;

    (void)arena;
    if (!*value)
        return "it must not be empty";
    if (may_be_secret(value))
        return "give the path of a file here, e.g. /secrets/name, not its content";
    if (!is_path && access(value, F_OK) != 0)
        return "there is no file of this name, which is not shown because it may be a password; "
               "write ./NAME for a file that comes later";
    return NULL;
}
