/* SPDX-License-Identifier: MIT */
#include "probes/transport/resolv_conf.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT 16384
#define DNS_PORT   53
#define MAX_NDOTS  15
#define MAX_NAME   254 /* with the dot at the end, as in Go */

static void add_nameserver(struct resolv_conf *conf, char *word)
{
    struct endpoint server = {.port = DNS_PORT};
    char *zone = strchr(word, '%');

    if (zone)
        *zone++ = '\0';
    if (conf->nameserver_count == RESOLV_CONF_MAX_NAMESERVERS ||
        !address_parse(word, &server.address))
        return;
    if (zone) {
        unsigned index = if_nametoindex(zone);
        conf->scopes[conf->nameserver_count] = index ? index : (uint32_t)strtoul(zone, NULL, 10);
    }
    conf->nameservers[conf->nameserver_count++] = server;
}

static void add_search(struct resolv_conf *conf, const char *word)
{
    size_t length = strlen(word);

    if (length > 1 && word[length - 1] == '.')
        length--;
    if (conf->search_count < RESOLV_CONF_MAX_SEARCH && length < RESOLV_CONF_MAX_NAME)
        snprintf(conf->search[conf->search_count++], RESOLV_CONF_MAX_NAME, "%.*s", (int)length,
                 word);
}

static unsigned bounded_number(const char *text, unsigned least, unsigned most)
{
    unsigned long number = strtoul(text, NULL, 10);

    return number < least ? least : number > most ? most : (unsigned)number;
}

static void read_option(struct resolv_conf *conf, const char *word)
{
    if (strncmp(word, "ndots:", 6) == 0)
        conf->ndots = bounded_number(word + 6, 0, MAX_NDOTS);
    else if (strncmp(word, "timeout:", 8) == 0)
        conf->timeout = bounded_number(word + 8, 1, 3600);
    else if (strncmp(word, "attempts:", 9) == 0)
        conf->attempts = bounded_number(word + 9, 1, 100);
    else if (strcmp(word, "use-vc") == 0 || strcmp(word, "usevc") == 0 || strcmp(word, "tcp") == 0)
        conf->use_vc = true;
}

static void read_line(struct resolv_conf *conf, char *line)
{
    char *rest = NULL;
    char *key = strtok_r(line, " \t\r", &rest);
    char *word = key ? strtok_r(NULL, " \t\r", &rest) : NULL;

    if (!word)
        return;
    if (strcmp(key, "nameserver") == 0)
        add_nameserver(conf, word);
    for (; word && strcmp(key, "options") == 0; word = strtok_r(NULL, " \t\r", &rest))
        read_option(conf, word);
    if (strcmp(key, "search") != 0 && strcmp(key, "domain") != 0)
        return;
    conf->search_count = 0; /* the last line counts */
    for (; word; word = strtok_r(NULL, " \t\r", &rest))
        add_search(conf, word);
}

void resolv_conf_parse(char *text, struct resolv_conf *ret)
{
    char *rest = NULL;

    *ret = (struct resolv_conf){.ndots = 1, .timeout = 5, .attempts = 2};
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (*line != '#' && *line != ';')
            read_line(ret, line);
}

size_t resolv_conf_read(const char *path, struct resolv_conf *ret)
{
    char bytes[FILE_LIMIT + 1];

    *ret = (struct resolv_conf){.ndots = 1, .timeout = 5, .attempts = 2};
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t length = fread(bytes, 1, FILE_LIMIT, file);
    int error = ferror(file) ? EIO : memchr(bytes, '\0', length) ? EINVAL : 0;
    fclose(file);
    if (error) {
        errno = error;
        return 0;
    }
    bytes[length] = '\0';
    resolv_conf_parse(bytes, ret);
    errno = 0;
    return ret->nameserver_count;
}

static void add_name(struct resolv_names *names, const char *name)
{
    if (name)
        names->names[names->count++] = name;
}

static void add_absolute(struct resolv_names *names, const char *name)
{
    names->absolute = names->count;
    add_name(names, name);
}

void resolv_conf_names(const struct resolv_conf *conf, const char *name, struct arena *arena,
                       struct resolv_names *ret)
{
    const char *kept = arena_copy_text(arena, name);
    unsigned dots = 0;

    ret->count = 0;
    for (const char *at = name; *at; at++)
        dots += *at == '.';
    if (dots >= conf->ndots)
        add_absolute(ret, kept);
    for (size_t i = 0; i < conf->search_count; i++)
        if (strlen(name) + 1 + strlen(conf->search[i]) + 1 <= MAX_NAME)
            add_name(ret, arena_format(arena, "%s.%s", name, conf->search[i]));
    if (dots < conf->ndots)
        add_absolute(ret, kept);
    if (arena_failed(arena))
        ret->count = 0;
}
