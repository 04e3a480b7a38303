/* SPDX-License-Identifier: MIT */
#include "config/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LEAST_DECODED 6  /* bytes; shorter decoded texts are chance */
#define LEAST_RANDOM  16 /* letters and digits of a token; shorter ones are chance */
#define LEAST_TURNS   4

/* Finds `word` in `text` without regard to case. */
static const char *find_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; *text; text++)
        if (strncasecmp(text, word, length) == 0)
            return text;
    return NULL;
}

static int base64_digit(char digit)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = digit ? strchr(digits, digit == '-' ? '+' : digit == '_' ? '/' : digit) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* True if `value` is Base64 of printable text with a colon in it: JSON, or USER:PASSWORD. */
static bool is_encoded_key(const char *value)
{
    unsigned bits = 0;
    unsigned count = 0;
    size_t decoded = 0;
    bool colon = false;

    for (; base64_digit(*value) >= 0; value++) {
        bits = (bits << 6 | (unsigned)base64_digit(*value)) & 0xffffff;
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        unsigned char byte = (unsigned char)(bits >> count);
        if (!isprint(byte) && !isspace(byte))
            return false;
        colon |= byte == ':';
        decoded++;
    }
    return value[strspn(value, "=")] == '\0' && colon && decoded >= LEAST_DECODED;
}

/* True for "scheme://user@host" and "user:password@host", not for "app@sha256:...". */
static bool has_user(const char *value)
{
    const char *scheme = strstr(value, "://");
    const char *authority = scheme ? scheme + 3 : value;
    const char *at = memchr(authority, '@', strcspn(authority, "/?#"));

    return at && strncmp(at, "@sha", 4) != 0;
}

/* True for the ids of access keys (Amazon's, Tencent's), and tokens of GitHub and GitLab. */
static bool is_access_key(const char *value)
{
    static const char *const starts[] = {"AKIA", "ASIA", "AKID", "ghp_", "gho_", "ghs_", "glpat-"};
    static const char more[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncmp(value, starts[i], strlen(starts[i])) == 0 && strspn(value, more) >= 16)
            return true;
    return false;
}

/* True for JSON, a part of JSON, also percent-encoded, or an Authorization header. */
static bool is_content(const char *value)
{
    value += strspn(value, " \t");
    if (strncasecmp(value, "%7b", 3) == 0 || find_word(value, "%22:") || find_word(value, "%22%3a"))
        return true;
    return *value == '{' || *value == '"' || strncasecmp(value, "basic ", 6) == 0 ||
           strncasecmp(value, "bearer ", 7) == 0 || find_word(value, "authorization:");
}

/* True if a parameter of a URL's query or fragment has the name of a key, such as access_token. */
static bool has_key_in_query(const char *value)
{
    static const char *const ends[] = {
        "token",     "key",  "secret", "password",      "passwd",     "pwd",        "sig",
        "signature", "auth", "code",   "authorization", "credential", "credentials"};
    const char *parameter = strpbrk(value, "?#");

    while (parameter) {
        size_t length = strcspn(++parameter, "=&;#");
        for (size_t i = 0; parameter[length] == '=' && i < sizeof(ends) / sizeof(ends[0]); i++) {
            size_t end = strlen(ends[i]);
            if (length >= end && strncasecmp(parameter + length - end, ends[i], end) == 0)
                return true;
        }
        parameter = strpbrk(parameter, "&;#");
    }
    return false;
}

bool is_random_word(const char *word, size_t length)
{
    unsigned letters = 0;
    unsigned figures = 0;
    unsigned turns = 0; /* between letters and digits */
    unsigned humps = 0; /* a capital after a small letter */
    unsigned char before = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)word[i];
        if (!isalnum(byte))
            continue;
        letters += isalpha(byte) != 0;
        figures += isdigit(byte) != 0;
        turns += before && !isdigit(byte) != !isdigit(before);
        humps += before && isupper(byte) && islower(before);
        before = byte;
    }
    return letters + figures >= LEAST_RANDOM && figures >= 2 &&
           (turns >= LEAST_TURNS || humps >= LEAST_TURNS);
}

/* True for a URL with a token in its path, as addresses of web hooks have one. */
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

bool may_be_secret(const char *value)
{
    return strpbrk(value, "\n\r") || strstr(value, "-----BEGIN") || is_content(value) ||
           strncmp(value, "eyJ", 3) == 0 || has_user(value) || has_key_in_query(value) ||
           has_key_in_path(value) || is_encoded_key(value) || is_access_key(value);
}

size_t length_before_password(const char *value)
{
    size_t name = strcspn(value, ":/[ ");
    size_t address = strspn(value, "0123456789abcdefABCDEF:.");
    const char *rest = value + name + 1;

    if (value[name] != ':' || !value[address] || value[address] == '%' || !strncmp(rest, "//", 2))
        return 0;
    const char *end = rest + strspn(rest, "0123456789");
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
