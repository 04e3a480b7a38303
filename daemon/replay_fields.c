#include "daemon/replay_fields.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config/base/text.h"

#define MAX_SHOWN 48 /* bytes of a wrong value in the message */

void reading_fail(struct reading *reading, const char *key, const char *found)
{
    struct text escaped = TEXT_WITH_LIMIT(4 * MAX_SHOWN + 3);

    text_append_peer(&escaped, found, strlen(found), MAX_SHOWN);
    if (!reading->failed)
        snprintf(reading->error, reading->error_size, "%s.%s: \"%s\" is not valid here",
                 reading->location, key, text_string(&escaped));
    reading->failed = true;
    text_free(&escaped);
}

static const char *keep_text(struct reading *reading, const char *key, const char *text)
{
    if (text && text_has_controls(text)) /* our reports hold none */
        reading_fail(reading, key, text);
    return arena_copy_text(reading->arena, text);
}

const char *reading_text(struct reading *reading, const json_t *object, const char *key)
{
    return keep_text(reading, key, json_string_value(json_object_get(object, key)));
}

/* A list of texts; how many there are. */
size_t reading_texts(struct reading *reading, const json_t *object, const char *key,
                     const char **texts, size_t limit)
{
    const json_t *list = json_object_get(object, key);
    size_t count = 0;

    for (; count < json_array_size(list) && count < limit; count++) {
        const char *text = json_string_value(json_array_get(list, count));
        texts[count] = keep_text(reading, key, text);
        if (!text)
            reading_fail(reading, key, "(not a text)");
    }
    return count;
}

usec_t reading_duration(const json_t *object, const char *key)
{
    double seconds = json_number_value(json_object_get(object, key));

    return seconds > 0 && seconds < 1e6 ? (usec_t)(seconds * (double)USEC_PER_SEC + 0.5) : 0;
}

unsigned reading_count(const json_t *object, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(object, key));

    return value > 0 && value <= UINT32_MAX ? (unsigned)value : 0;
}

int64_t reading_time(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    struct tm tm = {0};

    return text && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) ? (int64_t)timegm(&tm) : 0;
}

bool reading_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* The number of the id that stands at `key`, by the table that prints it. */
unsigned reading_enum(struct reading *reading, const json_t *object, const char *key,
                      reading_name_fn *name, unsigned count)
{
    const char *found = json_string_value(json_object_get(object, key));

    for (unsigned i = 0; found && i < count; i++)
        if (strcmp(found, name(i)) == 0)
            return i;
    reading_fail(reading, key, found ? found : "(missing)");
    return 0;
}

struct address reading_address(struct reading *reading, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    struct address address = {0};

    if (text && !address_parse(text, &address))
        reading_fail(reading, key, text);
    return address;
}

void reading_locate(struct reading *reading, const char *list, size_t index)
{
    snprintf(reading->location, sizeof(reading->location), "%s[%zu]", list, index);
}
