/* SPDX-License-Identifier: MIT */
#include "config/effective.h"

#include <string.h>

#include "config/schema.h"
#include "config/types.h"

#define GROUP_SIZE 32

/* Prints the keys of a target that differ from the defaults. */
static void print_target(const struct target *target, const struct target *defaults,
                         struct text *text)
{
    char buffer[HOST_PORT_SIZE];
    const struct schema_key *key;
    bool label =
        !strpbrk(target->host, ".:"); /* gets a dot, because it would be an instance name without */

    host_port_format(target->host, target->port, buffer);
    text_append_format(text, "  - registry: \"%s%s%s\"\n", label ? target->host : buffer,
                       label ? "." : "", label ? buffer + strlen(target->host) : "");
    for (size_t i = 0; (key = schema_target_key(i)); i++)
        if (!schema_equal(key, target, defaults))
            schema_print(key, key->path, target, 4, text);
    if (target->image_count)
        text_append(text, "    images:\n");
    for (size_t i = 0; i < target->image_count; i++) {
        text_append(text, "      - ");
        yaml_append_text(text, target->images[i]);
        text_append(text, "\n");
    }
}

/* Prints a key; the first one of a group, such as log.level, below the name of the group. */
static void print_key(const struct schema_key *key, const void *home, char group[GROUP_SIZE],
                      struct text *text)
{
    const char *dot = strchr(key->path, '.');
    size_t length = dot ? (size_t)(dot - key->path) : 0;
    struct text line = TEXT_WITH_LIMIT(text->limit);

    schema_print(key, dot ? dot + 1 : key->path, home, dot ? 2 : 0, &line);
    if (line.length && dot && (strncmp(group, key->path, length) != 0 || group[length])) {
        memcpy(group, key->path, length);
        group[length] = '\0';
        text_append_format(text, "%s:\n", group);
    }
    text_append(text, text_string(&line));
    text->truncated |= text_truncated(&line);
    text_free(&line);
}

void settings_print(const struct settings *settings, struct text *text)
{
    const void *const homes[] = {
        [HOME_SETTINGS] = settings,
        [HOME_NETWORK] = &settings->network,
        [HOME_TARGET] = &settings->defaults,
    };
    char group[GROUP_SIZE] = "";

    for (size_t i = 0; i < schema_key_count; i++)
        print_key(&schema_keys[i], homes[schema_keys[i].home], group, text);
    if (settings->target_count)
        text_append(text, "targets:\n");
    for (size_t i = 0; i < settings->target_count; i++)
        print_target(&settings->targets[i], &settings->defaults, text);
}

static bool home_equal(enum schema_home home, const void *a, const void *b)
{
    for (size_t i = 0; i < schema_key_count; i++)
        if (schema_keys[i].home == home && !schema_equal(&schema_keys[i], a, b))
            return false;
    return true;
}

bool target_equal_keys(const struct target *a, const struct target *b)
{
    return home_equal(HOME_TARGET, a, b);
}

bool target_equal(const struct target *a, const struct target *b)
{
    if (strcmp(a->host, b->host) != 0 || a->port != b->port || strcmp(a->name, b->name) != 0 ||
        a->image_count != b->image_count)
        return false;
    for (size_t i = 0; i < a->image_count; i++)
        if (strcmp(a->images[i], b->images[i]) != 0)
            return false;
    return target_equal_keys(a, b);
}

bool network_equal(const struct network_settings *a, const struct network_settings *b)
{
    return home_equal(HOME_NETWORK, a, b);
}
