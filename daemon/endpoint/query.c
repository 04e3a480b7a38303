/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/query.h"

#include <string.h>

#include "config/base/text.h"

/* The text after the key, which begins with "=", "&" or is empty; or NULL. */
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

const char *query_value(const char *query, const char *key, char *buffer, size_t size)
{
    const char *value = find(query, key);
    size_t length = 0;

    if (!value)
        return NULL;
    for (value += *value == '='; *value && *value != '&'; value++) {
        int high = *value == '%' ? text_hex_digit(value[1]) : -1;
        int low = high >= 0 ? text_hex_digit(value[2]) : -1;
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
