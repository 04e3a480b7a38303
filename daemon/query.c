#include "daemon/query.h"

#include <string.h>

/* The parameter of that key: what follows the key, at its "=", "&" or end; or NULL. */
static const char *find(const char *query, const char *key)
{
    size_t length = strlen(key);

    for (; *query; query += strcspn(query, "&"), query += *query == '&')
        if (strncmp(query, key, length) == 0 && (!query[length] || strchr("&=", query[length])))
            return query + length;
    return NULL;
}

bool query_has(const char *query, const char *key)
{
    return find(query, key) != NULL;
}

static int hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit ? strchr(digits, digit | 0x20) : NULL;

    return found && *found ? (int)(found - digits) : -1;
}

const char *query_value(const char *query, const char *key, char *buffer, size_t size)
{
    const char *value = find(query, key);
    size_t length = 0;

    if (!value)
        return NULL;
    for (value += *value == '='; *value && *value != '&'; value++) {
        int high = *value == '%' ? hex_digit(value[1]) : -1;
        int low = high >= 0 ? hex_digit(value[2]) : -1;
        char byte = *value == '+' ? ' ' : *value;
        if (low >= 0) {
            byte = (char)(high * 16 + low);
            value += 2;
        }
        if (!byte || length + 1 >= size)
            return NULL;
        buffer[length++] = byte;
    }
    buffer[length] = '\0';
    return buffer;
}
