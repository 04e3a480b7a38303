/* SPDX-License-Identifier: MIT */
#include "config/target.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/base/text.h"

#define TCR_DOMAIN ".tencentcloudcr.com"
#define VPC_SUFFIX "-vpc"
#define DOCKER_HUB "registry-1.docker.io" /* host that clients ask for docker.io/NAME */
#define HTTPS_PORT 443
#define MAX_HOST   253
#define MAX_NAME   255 /* bytes of an image's name, without tag and digest */
#define MAX_TAG    128

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const bad_instance =
    "an instance name has 5 to 50 of a-z, 0-9 and '-', and no '-' at an end";
static const char *const bad_host =
    "a host has labels of letters, digits, '-' and '_', at most 63 each and 253 in all";
static const char *const bad_port = "a port is a number from 1 to 65535";
static const char *const no_memory = "out of memory";

static bool valid_instance(const char *name)
{
    size_t length = strlen(name);

    if (length < 5 || length > 50 || name[0] == '-' || name[length - 1] == '-')
        return false;
    return strspn(name, LOWER DIGITS "-") == length;
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

/* Cuts `text` into host, without brackets, and port, which is NULL if there is none. */
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

/* True for HOST:PORT and [ADDRESS]:PORT. */
static bool has_port(const char *text)
{
    const char *behind = *text == '[' ? strchr(text, ']') : text;
    const char *colon = behind ? strchr(behind, ':') : NULL;

    return colon && !strchr(colon + 1, ':');
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
    /* 1.2.3 and 10.0.0.256 are mistyped addresses, not names */
    if (!*ret_is_address && strspn(host, "0123456789.") == strlen(host))
        return "an IPv4 address has four numbers from 0 to 255";
    *ret_host = host;
    return NULL;
}

/* ---- images, by the grammar of github.com/distribution/reference ---- */

/* Returns the length of one part of a repository: lower-case letters and digits, with ".", "_",
 * "__" or any number of "-" between them. 0 if there is none. */
static size_t component_length(const char *text)
{
    size_t length = strspn(text, LOWER DIGITS);

    while (length) {
        size_t separator = strspn(text + length, "-");
        if (!separator)
            separator = strncmp(text + length, "__", 2) == 0 ? 2 : strspn(text + length, "._") > 0;
        size_t more = strspn(text + length + separator, LOWER DIGITS);
        if (!separator || !more)
            break;
        length += separator + more;
    }
    return length;
}

static const char *check_repository(const char *image, size_t length)
{
    size_t at = 0;

    if (!length)
        return "an image needs a name: REPOSITORY[:TAG][@DIGEST]";
    if (length > MAX_NAME)
        return "the name of an image has at most 255 characters";
    if (strcspn(image, UPPER) < length)
        return "the name of an image is in lower case";
    if (length == 64 && strspn(image, DIGITS "abcdef") == 64)
        return "64 hexadecimal digits are an id, not the name of an image";
    while (at < length) {
        size_t component = component_length(image + at);
        bool last = at + component == length;
        if (!component || (!last && image[at + component] != '/') ||
            (image[at + component] == '/' && at + component + 1 == length))
            return "a part of an image's name has lower-case letters and digits, with '.', '_', "
                   "'__' or '-' only between them";
        at += component + !last;
    }
    return NULL;
}

static const char *check_digest(const char *digest)
{
    static const struct {
        const char *algorithm;
        size_t digits;
    } known[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t length = strlen(known[i].algorithm);
        if (strncmp(digest, known[i].algorithm, length) != 0)
            continue;
        if (strlen(digest + length) == known[i].digits &&
            strspn(digest + length, DIGITS "abcdef") == known[i].digits)
            return NULL;
        break;
    }
    return "a digest is sha256: and 64 digits of 0-9 and a-f (sha384: 96, sha512: 128)";
}

const char *image_check(const char *image)
{
    size_t repository = strcspn(image, ":@");
    const char *wrong = check_repository(image, repository);
    const char *rest = image + repository;

    if (wrong)
        return wrong;
    if (*rest == ':') {
        size_t tag = strspn(rest + 1, LOWER UPPER DIGITS "._-");
        if (tag == 0 || tag > MAX_TAG || strchr(".-", rest[1]) ||
            (rest[1 + tag] && rest[1 + tag] != '@'))
            return "a tag has 1 to 128 letters, digits, '_', '.' and '-', and starts with none of "
                   "'.' and '-'";
        rest += 1 + tag;
    }
    return *rest ? check_digest(rest + 1) : NULL;
}

/* True if clients ask DOCKER_HUB for the host of `length` bytes. */
static bool is_docker_hub(const char *host, size_t length)
{
    return (length == 9 && strncasecmp(host, "docker.io", length) == 0) ||
           (length == 15 && strncasecmp(host, "index.docker.io", length) == 0);
}

const char *image_at(const char *target, const char *image, struct arena *arena)
{
    bool official = is_docker_hub(target, strcspn(target, "/")) && !strchr(image, '/');

    return arena_format(arena, "%s%s", official ? "library/" : "", image);
}

/* ---- targets ---- */

/* Sets the instance if the host is a TCR name. */
static const char *find_instance(struct arena *arena, struct target *target)
{
    if (target->host_is_address || !text_ends_with(target->host, TCR_DOMAIN))
        return NULL;
    char *instance =
        arena_copy_bytes(arena, target->host, strlen(target->host) - strlen(TCR_DOMAIN));
    if (!instance)
        return no_memory;
    if (strchr(instance, '.'))
        return NULL;
    target->is_vpc_name = text_ends_with(instance, VPC_SUFFIX);
    if (target->is_vpc_name)
        instance[strlen(instance) - strlen(VPC_SUFFIX)] = '\0';
    if (!valid_instance(instance))
        return bad_instance;
    target->instance = instance;
    return NULL;
}

static const char *or_no_memory(const char *sentence)
{
    return sentence ? sentence : no_memory;
}

/* Returns the error for a TARGET whose first part, before the slash, is not a host. */
static const char *refuse_short_image(const char *text, const char *first, struct arena *arena)
{
    if (valid_instance(first))
        return or_no_memory(arena_format(arena,
                                         "an image needs its registry: %s" TCR_DOMAIN
                                         "%s for the TCR instance %s, or docker.io/%s",
                                         first, strchr(text, '/'), first, text));
    return or_no_memory(arena_format(
        arena, "an image needs its registry: NAME" TCR_DOMAIN "/%s, or docker.io/%s", text, text));
}

/* Returns the error for a TARGET without a slash if another spelling is meant; NULL if it is fine.
 */
static const char *refuse_spelling(const char *text, struct arena *arena)
{
    size_t name = strcspn(text, ":");
    const char *host = arena_copy_bytes(arena, text, name);
    const char *tag = text[name] ? text + name + 1 : NULL;

    if (!host)
        return no_memory;
    if (strchr(host, '.') || *text == '[' || (tag && strchr(tag, ':')))
        return NULL;
    if (tag && strcmp(tag, "443") == 0 && valid_instance(host))
        return or_no_memory(
            arena_format(arena, "write %s for the TCR instance, or %s.:443 for a host of that name",
                         host, host));
    if (tag && *tag && strspn(tag, DIGITS) < strlen(tag) && !image_check(text))
        return or_no_memory(
            arena_format(arena,
                         "an image needs its registry: docker.io/library/%s:TAG, or NAME" TCR_DOMAIN
                         "/NAMESPACE/%s:TAG",
                         host, host));
    if (tag || valid_instance(host))
        return NULL;
    char *lower = arena_copy_text(arena, host);
    if (lower)
        lower_case(lower);
    if (lower && valid_instance(lower))
        return or_no_memory(arena_format(arena, "an instance name is in lower case: %s", lower));
    return bad_instance;
}

/* Returns the error for a URL such as "https://host/". */
static const char *refuse_url(const char *text, struct arena *arena)
{
    const char *host = strstr(text, "://") + 3;

    return or_no_memory(arena_format(arena, "a target is written without a scheme: %.*s",
                                     (int)strcspn(host, "/?#"), host));
}

const char *target_parse(const char *text, struct arena *arena, struct target *ret)
{
    const char *slash = strchr(text, '/');
    const char *host = slash ? arena_copy_bytes(arena, text, (size_t)(slash - text)) : text;
    const char *wrong = NULL;

    if (!*text)
        return "a target is an instance name, HOST[:PORT], or an image reference";
    if (!host)
        return no_memory;
    if (strstr(text, "://"))
        return refuse_url(text, arena);
    if (slash && !slash[1])
        return or_no_memory(arena_format(arena, "leave out the slash at the end: %s", host));
    if (slash && !strpbrk(host, ".:") && strcmp(host, "localhost") != 0)
        return refuse_short_image(text, host, arena);
    wrong = slash ? image_check(slash + 1) : refuse_spelling(text, arena);
    if (wrong)
        return wrong;
    if (slash) {
        ret->images[ret->image_count] = image_at(text, slash + 1, arena);
        if (!ret->images[ret->image_count++])
            return no_memory;
    } else if (!strpbrk(host, ".:")) {
        host = arena_format(arena, "%s" TCR_DOMAIN, host);
        if (!host)
            return no_memory;
    }
    wrong = host_port_parse(host, HTTPS_PORT, arena, &ret->host, &ret->port, &ret->address,
                            &ret->host_is_address);
    if (wrong)
        return wrong;
    ret->port_is_written = has_port(host);
    if (slash && strchr(ret->host, '_'))
        return "the host of an image reference has no '_'";
    if (is_docker_hub(ret->host, strlen(ret->host)))
        ret->host = DOCKER_HUB;
    return find_instance(arena, ret);
}
