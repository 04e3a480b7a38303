#include "probes/transport/resolv_conf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FILE_LIMIT 16384
#define DNS_PORT   53

static void add_nameserver(struct resolv_conf *conf, char *word)
{
    struct endpoint server = {.port = DNS_PORT};

    word[strcspn(word, "%")] = '\0'; /* the zone of a link-local address */
    if (conf->nameserver_count < SETTINGS_MAX_RESOLVERS && address_parse(word, &server.address))
        conf->nameservers[conf->nameserver_count++] = server;
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
    if (strcmp(key, "search") != 0 && strcmp(key, "domain") != 0)
        return;
    conf->search_count = 0; /* the last one counts */
    for (; word && conf->search_count < RESOLV_CONF_MAX_SEARCH;
         word = strtok_r(NULL, " \t\r", &rest))
        snprintf(conf->search[conf->search_count++], RESOLV_CONF_MAX_NAME, "%s", word);
}

size_t resolv_conf_read(const char *path, struct resolv_conf *ret)
{
    char bytes[FILE_LIMIT + 1];

    memset(ret, 0, sizeof(*ret));
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
    char *rest = NULL;
    for (char *line = strtok_r(bytes, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (*line != '#' && *line != ';')
            read_line(ret, line);
    errno = 0;
    return ret->nameserver_count;
}
