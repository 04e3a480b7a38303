/* SPDX-License-Identifier: MIT */
#include "probes/registry/go_types.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* ---- times ---- */

/* A number of `least` to `most` digits; -1: there is none. Moves `text` behind it. */
static int read_digits(const char **text, size_t least, size_t most)
{
    int number = 0;
    size_t count = 0;

    for (; count < most && isdigit((unsigned char)**text); count++)
        number = number * 10 + *(*text)++ - '0';
    return count < least ? -1 : number;
}

static bool skip_byte(const char **text, char byte)
{
    bool there = **text == byte;

    *text += there;
    return there;
}

static int days_of(int year, int month)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static bool read_date(const char **text)
{
    int year = read_digits(text, 4, 4);
    int month = skip_byte(text, '-') ? read_digits(text, 2, 2) : -1;
    int day = skip_byte(text, '-') ? read_digits(text, 2, 2) : -1;

    return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

/* A fraction may follow a comma, and the hour may have one digit. */
static bool read_clock(const char **text)
{
    int hour = read_digits(text, 1, 2);
    int minute = skip_byte(text, ':') ? read_digits(text, 2, 2) : -1;
    int second = skip_byte(text, ':') ? read_digits(text, 2, 2) : -1;

    if ((**text == '.' || **text == ',') && isdigit((unsigned char)(*text)[1]))
        *text += 1 + strspn(*text + 1, "0123456789");
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

static bool read_zone(const char **text)
{
    if (skip_byte(text, 'Z'))
        return true;
    if (!skip_byte(text, '+') && !skip_byte(text, '-'))
        return false;
    int hours = read_digits(text, 2, 2);
    int minutes = skip_byte(text, ':') ? read_digits(text, 2, 2) : -1;
    return hours >= 0 && hours <= 24 && minutes >= 0 && minutes <= 60;
}

bool go_is_time(const char *text)
{
    return text && read_date(&text) && skip_byte(&text, 'T') && read_clock(&text) &&
           read_zone(&text) && !*text;
}

/* ---- members ---- */

static bool fits(const json_t *value, const struct go_member *member);

static bool is_list_of(const json_t *value, const struct go_member *member)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!fits(json_array_get(value, i), member))
            return false;
    return json_is_array(value);
}

static bool is_map_of(const json_t *value, const struct go_member *member)
{
    const char *key;
    json_t *one;

    json_object_foreach((json_t *)(uintptr_t)value, key, one)
    {
        if (!fits(one, member))
            return false;
    }
    return json_is_object(value);
}

static bool fits(const json_t *value, const struct go_member *member)
{
    static const struct go_member nothing[] = {{0}};
    static const struct go_member text = {.type = GO_TEXT};
    static const struct go_member object = {.type = GO_STRUCT, .members = nothing};
    const struct go_member one = {.type = GO_STRUCT, .members = member->members};

    if (json_is_null(value))
        return true;
    switch (member->type) {
    case GO_TEXT:
        return json_is_string(value);
    case GO_NUMBER:
        return json_is_integer(value);
    case GO_BOOL:
        return json_is_boolean(value);
    case GO_TIME:
        return go_is_time(json_string_value(value));
    case GO_TEXTS:
        return is_list_of(value, &text);
    case GO_TEXT_MAP:
        return is_map_of(value, &text);
    case GO_OBJECT_MAP:
        return is_map_of(value, &object);
    case GO_STRUCT:
        return go_misfit(value, member->members) == NULL;
    case GO_STRUCTS:
        return is_list_of(value, &one);
    }
    return false;
}

const char *go_misfit(const json_t *value, const struct go_member *members)
{
    const char *name;
    json_t *one;

    if (!json_is_object(value))
        return "";
    json_object_foreach((json_t *)(uintptr_t)value, name, one)
    {
        for (const struct go_member *member = members; member->name; member++)
            if (strcasecmp(name, member->name) == 0 && !fits(one, member))
                return member->name;
    }
    return NULL;
}
