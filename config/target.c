#include "config/target.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TCR_DOMAIN ".tencentcloudcr.com"
#define VPC_SUFFIX "-vpc"
#define HTTPS_PORT 443
#define MAX_HOST   253
#define MAX_IMAGE  512

static const char *const bad_instance =
    "an instance name has 5 to 50 of a-z, 0-9 and '-', and no '-' at an end";
static const char *const bad_host =
    "a host has labels of letters, digits, '-' and '_', at most 63 each and 253 in all";
static const char *const bad_port = "a port is a number from 1 to 65535";
static const char *const bad_image =
    "an image is REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, the repository in lower case";
static const char *const no_memory = "out of memory";

static bool valid_instance(const char *name)
{
    size_t length = strlen(name);

    if (length < 5 || length > 50 || name[0] == '-' || name[length - 1] == '-')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool valid_host(const char *host)
{
    size_t label = 0;

    if (!*host || strlen(host) > MAX_HOST)
        return false;
    for (const char *at = host;; at++) {
        if (*at == '.' || *at == '\0') {
            if (label == 0 || label > 63 || at[-1] == '-')
                return false;
            if (*at == '\0')
                return true;
            label = 0;
            continue;
        }
        if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
            return false;
        if (*at == '-' && label == 0)
            return false;
        label++;
    }
}

static const char *parse_port(const char *text, uint16_t *ret)
{
    char *end = NULL;

    if (!isdigit((unsigned char)*text) || strlen(text) > 5)
        return bad_port;
    unsigned long port = strtoul(text, &end, 10);
    if (*end || port == 0 || port > UINT16_MAX)
        return bad_port;
    *ret = (uint16_t)port;
    return NULL;
}

static void lower_case(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

/* Cuts `text` into host and port (NULL where none is written), brackets taken off. */
static const char *split(char *text, char **ret_host, char **ret_port)
{
    *ret_host = text;
    *ret_port = NULL;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return "an IPv6 address with a port is written [ADDRESS]:PORT";
        *ret_host = text + 1;
        *ret_port = end[1] == ':' ? end + 2 : NULL;
        *end = '\0';
        return NULL;
    }
    char *colon = strchr(text, ':');
    if (colon && !strchr(colon + 1, ':')) {
        *colon = '\0';
        *ret_port = colon + 1;
    }
    return NULL;
}

const char *host_port_parse(const char *text, uint16_t default_port, struct arena *arena,
                            const char **ret_host, uint16_t *ret_port, struct address *ret_address,
                            bool *ret_is_address)
{
    char *copy = arena_copy_text(arena, text);
    char *host;
    char *port;

    if (!copy)
        return no_memory;
    const char *wrong = split(copy, &host, &port);
    if (wrong)
        return wrong;
    *ret_port = default_port;
    if (port)
        wrong = parse_port(port, ret_port);
    else if (!default_port)
        wrong = "a port is needed: HOST:PORT";
    if (wrong)
        return wrong;
    size_t length = strlen(host);
    if (length > 1 && host[length - 1] == '.')
        host[length - 1] = '\0';
    lower_case(host);
    *ret_is_address = address_parse(host, ret_address);
    if (!*ret_is_address && (*text == '[' || !valid_host(host)))
        return bad_host;
    /* 1.2.3 or 10.0.0.256: nobody means a name */
    if (!*ret_is_address && strspn(host, "0123456789.") == strlen(host))
        return "an IPv4 address has four numbers from 0 to 255";
    *ret_host = host;
    return NULL;
}

const char *image_check(const char *image)
{
    size_t length = strlen(image);
    size_t repository = strcspn(image, ":@");
    const char *rest = image + repository;

    if (length == 0 || length > MAX_IMAGE || repository == 0 || image[0] == '/' ||
        image[repository - 1] == '/')
        return bad_image;
    if (strspn(image, "abcdefghijklmnopqrstuvwxyz0123456789._-/") < repository)
        return bad_image;
    if (*rest == ':') {
        size_t tag = strspn(rest + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "0123456789._-");
        if (tag == 0 || tag > 128)
            return bad_image;
        rest += 1 + tag;
    }
    if (*rest == '@') {
        if (strncmp(rest, "@sha256:", 8) != 0 || strlen(rest + 8) != 64 ||
            strspn(rest + 8, "0123456789abcdef") != 64)
            return bad_image;
        rest += 8 + 64;
    }
    return *rest ? bad_image : NULL;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text);
    size_t end = strlen(suffix);

    return length > end && strcmp(text + length - end, suffix) == 0;
}

/* TCR's own names say which instance they belong to. */
static const char *find_instance(struct arena *arena, struct target *target)
{
    if (target->host_is_address || !ends_with(target->host, TCR_DOMAIN))
        return NULL;
    char *instance =
        arena_copy_bytes(arena, target->host, strlen(target->host) - strlen(TCR_DOMAIN));
    if (!instance)
        return no_memory;
    if (strchr(instance, '.'))
        return NULL;
    target->is_vpc_name = ends_with(instance, VPC_SUFFIX);
    if (target->is_vpc_name)
        instance[strlen(instance) - strlen(VPC_SUFFIX)] = '\0';
    if (!valid_instance(instance))
        return bad_instance;
    target->instance = instance;
    return NULL;
}

const char *target_parse(const char *text, struct arena *arena, struct target *ret)
{
    const char *slash = strchr(text, '/');
    const char *host = slash ? arena_copy_bytes(arena, text, (size_t)(slash - text)) : text;
    const char *wrong;

    if (!*text)
        return "a target is an instance name, HOST[:PORT], or an image reference";
    if (!host)
        return no_memory;
    if (strstr(text, "://"))
        return "a target is written without a scheme: HOST[:PORT]";
    if (slash) {
        wrong = image_check(slash + 1);
        if (wrong)
            return wrong;
        if (!strpbrk(host, ".:"))
            return "an image reference starts with the registry's host";
        ret->images[ret->image_count++] = arena_copy_text(arena, slash + 1);
    } else if (!strpbrk(host, ".:")) {
        if (!valid_instance(host))
            return bad_instance;
        host = arena_format(arena, "%s" TCR_DOMAIN, host);
        if (!host)
            return no_memory;
    }
    wrong = host_port_parse(host, HTTPS_PORT, arena, &ret->host, &ret->port, &ret->address,
                            &ret->host_is_address);
    return wrong ? wrong : find_instance(arena, ret);
}
