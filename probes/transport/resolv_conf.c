/* SPDX-License-Identifier: MIT */
#include "probes/transport/resolv_conf.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/transport/go_lines.h"

#define DNS_PORT  53
#define MAX_NDOTS 15
#define MAX_NAME  254 /* with the dot at the end, as in Go */

static void add_nameserver(struct resolv_conf *conf, char *word)
{
    struct endpoint server = {.port = DNS_PORT};
    char *zone = strchr(word, ':') ? strchr(word, '%') : NULL;

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

/* The digits at the beginning; none are 0. */
static unsigned bounded_number(const char *text, unsigned least, unsigned most)
{
    unsigned long number = isdigit((unsigned char)*text) ? strtoul(text, NULL, 10) : 0;

    return number < least ? least : number > most ? most : (unsigned)number;
}

/* True for options that change nothing here. */
static bool is_known_option(const char *word)
{
    static const char *const known[] = {"rotate",   "single-request", "single-request-reopen",
                                        "trust-ad", "edns0",          "no-reload"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(word, known[i]) == 0)
            return true;
    return false;
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
    else
        conf->is_libc |= !is_known_option(word);
}

/* The last line with "search", or with "domain" and a word, counts. */
static void read_line(struct resolv_conf *conf, char *line)
{
    char *rest = NULL;
    char *key = *line == '#' || *line == ';' ? NULL : strtok_r(line, GO_BLANKS, &rest);
    char *word = key ? strtok_r(NULL, GO_BLANKS, &rest) : NULL;
    bool is_domain = word && strcmp(key, "domain") == 0;
    static const char keys[] = " nameserver domain search options ";
    const char *found = key ? strstr(keys, key) : NULL;

    conf->is_libc |= key && (!found || found[-1] != ' ' || found[strlen(key)] != ' ');
    if (is_domain || (key && strcmp(key, "search") == 0))
        conf->search_count = 0;
    if (is_domain)
        add_search(conf, word);
    else if (word && strcmp(key, "nameserver") == 0)
        add_nameserver(conf, word);
    else if (word && strcmp(key, "options") == 0)
        for (; word; word = strtok_r(NULL, GO_BLANKS, &rest))
            read_option(conf, word);
    else if (word && strcmp(key, "search") == 0)
        for (; word; word = strtok_r(NULL, GO_BLANKS, &rest))
            add_search(conf, word);
}

void resolv_conf_parse(char *text, struct resolv_conf *ret)
{
    char *line;

    *ret = (struct resolv_conf){.ndots = 1, .timeout = 5, .attempts = 2};
    while ((line = strsep(&text, "\n")))
        read_line(ret, line);
}

size_t resolv_conf_read(const char *path, struct resolv_conf *ret)
{
    struct go_lines lines;
    char *line;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *ret = (struct resolv_conf){.ndots = 1, .timeout = 5, .attempts = 2};
    if (fd < 0 || !go_lines_open(&lines, fd))
        return 0;
    while ((line = go_lines_next(&lines)))
        read_line(ret, line);
    int error = errno;
    go_lines_close(&lines);
    errno = error;
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
