/* SPDX-License-Identifier: MIT */
#include "probes/explain/fields.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "config/target.h"
#include "probes/explain/fold.h"
#include "probes/explain/record.h"

#define MAX_BRACKET 256 /* "[manifests TAG]" */
#define MAX_PLUGIN  64
#define HTTPS_PORT  443

static const char reference_bytes[] = "abcdefghijklmnopqrstuvwxyz"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@[]";

static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

bool field_gather(const char *at, const char *stops, char *buffer, size_t size,
                  const char **ret_end)
{
    size_t length = 0;

    for (; *at && !strchr(stops, *at) && length + 1 < size; at++)
        if (*at != '\n')
            buffer[length++] = *at;
    *ret_end = at;
    buffer[length] = '\0';
    return length > 0 && (!*at || strchr(stops, *at));
}

const char *field_host_port(const char *text, uint16_t default_port, struct arena *arena)
{
    char buffer[HOST_PORT_SIZE];
    struct address address;
    const char *host;
    uint16_t port;
    bool is_address;

    if (host_port_parse(text, default_port, arena, &host, &port, &address, &is_address))
        return NULL;
    return arena_copy_text(arena, host_port_short(host, port, HTTPS_PORT, buffer));
}

/* ---- parts of URLs ---- */

/* True if a port and a path are at `at`. */
static bool is_port_of_url(const char *at)
{
    size_t digits = strspn(at, "0123456789");

    return digits > 0 && digits <= 5 && at[digits] == '/';
}

const char *field_end_of_bare_url(const char *at)
{
    const char *begin = at;

    for (; (unsigned char)*at < 0x80 && *at && !strchr(" \"'<>`\f", *at); at++) {
        if (at - begin <= 8)
            continue;
        if (*at == ':' && at[1] == '\n' && !is_port_of_url(at + 2) &&
            strncmp(at - 6, "sha256", 6) != 0)
            break;
        if (*at == '\n' && at[1] == '[') /* the next line of a log */
            break;
    }
    while (at > begin && strchr(":,.;)]", at[-1]))
        at--;
    return at;
}

/* ---- images ---- */

/* Words that follow "image" in sentences. */
static bool is_common_word(const char *text)
{
    static const char *const words[] = {"from", "with", "for",   "due",    "because", "is",  "has",
                                        "and",  "the",  "after", "failed", "error",   "rpc", "to",
                                        "in",   "on",   "of",    "as",     "this",    "a",   "an",
                                        "by",   "that", "it",    "not"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

/* After "REPOSITORY:" at the end of a line: the tag, if the next line begins with "TAG:". */
static void append_tag(char *text, size_t size, const char **ret_end)
{
    const char *tag = *ret_end + 1;
    size_t length = strspn(tag, name_bytes);
    size_t known = strlen(text);
    const char *slash = strrchr(text, '/');

    /* A reason follows the ':' of an image that has its tag. */
    if (slash && strchr(slash, ':') < text + known - 1)
        return;
    if (!length || tag[length] != ':' || known + length >= size || !strchr(text, '/'))
        return;
    memcpy(text + known, tag, length);
    text[known + length] = '\0';
    *ret_end = tag + length;
}

/* "REPOSITORY/NAME:TAG": complete, unless the tag itself goes on in the next line. */
static bool has_tag(const char *text)
{
    const char *slash = strrchr(text, '/');

    return slash && strchr(slash, ':');
}

const char *field_image(const char *at, bool quoted, bool named, struct arena *arena,
                        const char **ret_end)
{
    char text[PULL_ERROR_MAX_NAME];
    size_t length;

    *ret_end = at;
    if (!quoted) {
        at += *at == ':';
        at += *at == ' ' || *at == '\n';
        at += *at == '[';
        quoted = *at == '"' || *at == '\'' || *at == '`';
        at += quoted;
    }
    char close = quoted ? at[-1] : '\0';
    at += phrase_match(at, "docker://");
    /* Without quotes nothing tells a reference that goes on in the next line from one that ends. */
    if (!field_gather(at, quoted ? "\"'` \f" : "\"', \n\f(", text, sizeof(text), ret_end))
        return NULL;
    /* No reference ends with '/'. */
    length = strlen(text);
    if (!quoted && **ret_end == '\n' && text[length - 1] == '/' &&
        !field_gather(*ret_end + 1, "\"', \n\f(", text + length, sizeof(text) - length, ret_end))
        return NULL;
    if (!quoted && **ret_end == '\n' && (*ret_end)[-1] == ':')
        append_tag(text, sizeof(text), ret_end);
    if (!quoted && !named && **ret_end == '\n' && !strchr(":.", (*ret_end)[-1]) && !has_tag(text))
        return NULL;
    if (quoted && **ret_end != close)
        return NULL;
    *ret_end += quoted && **ret_end;
    length = strlen(text);
    /* Chinese and Japanese sentences go on without a space, and so does podman after its dots. */
    for (size_t i = 0; !quoted && i < length; i++) {
        if (!((unsigned char)text[i] & 0x80) && strncmp(text + i, "...", 3) != 0)
            continue;
        *ret_end -= length - i;
        text[length = i] = '\0';
    }
    while (!quoted && length && strchr(":.]", text[length - 1])) {
        text[--length] = '\0';
        --*ret_end;
    }
    if (!length || strspn(text, reference_bytes) != length || strchr("-.:/", text[0]) ||
        text[length - 1] == '/')
        return NULL;
    if (!quoted && (is_common_word(text) || (!named && !strpbrk(text, "/:@"))))
        return NULL;
    if (!quoted && !named && strstr(text, "://"))
        return NULL;
    return arena_copy_text(arena, text);
}

const char *field_mention(const char *begin, const char *at, struct arena *arena)
{
    const char *word = at;
    const char *end;

    while (word > begin && at - word < PULL_ERROR_MAX_NAME && strchr(reference_bytes, word[-1]) &&
           word[-1] != '/')
        word--;
    if (word == at || (word > begin && strchr("/?=&%@", word[-1])))
        return NULL;
    const char *image = field_image(word, false, true, arena, &end);
    const char *host = image ? field_image_host(image, arena) : NULL;
    bool whole = host && strchr(host, '.') && strpbrk(strrchr(image, '/'), ":@") &&
                 !image_check(image + strlen(host) + 1);
    return whole ? image : NULL;
}

const char *field_image_host(const char *image, struct arena *arena)
{
    size_t length = strcspn(image, "/");
    bool has_host = image[length] == '/' && image[length + 1] != '/' &&
                    (memchr(image, '.', length) || memchr(image, ':', length) ||
                     strncmp(image, "localhost/", 10) == 0);

    return has_host ? arena_copy_bytes(arena, image, length) : NULL;
}

const char *field_image_repository(const char *image, struct arena *arena)
{
    const char *host = field_image_host(image, arena);
    const char *path = host ? strchr(image, '/') + 1 : image;
    size_t length = strcspn(path, ":@");
    if (!length)
        return NULL;
    bool official = !memchr(path, '/', length) && (!host || strcmp(host, "docker.io") == 0);

    return arena_format(arena, "%s%.*s", official ? "library/" : "", (int)length, path);
}

const char *field_tag_in(const char *at, struct arena *arena, const char **ret_end)
{
    char tag[160];
    char repository[PULL_ERROR_MAX_NAME];
    size_t length = 0;

    if (!field_gather(at, " \f", tag, sizeof(tag), ret_end))
        return NULL;
    at = *ret_end;
    at += phrase_match(at, " in ");
    /* A ':' at the end of a line may be that of a port. */
    for (; at > *ret_end && *at && !strchr(" ,\f\"", *at) && length + 1 < sizeof(repository);
         at++) {
        if (*at == ':' && (strchr(" \f", at[1]) || (at[1] == '\n' && !is_port_of_url(at + 2))))
            break;
        if (*at != '\n')
            repository[length++] = *at;
    }
    repository[length] = '\0';
    const char *image = arena_format(arena, strchr(tag, ':') ? "%s@%s" : "%s:%s", repository, tag);
    if (!length || !image || strspn(image, reference_bytes) != strlen(image) ||
        strchr("-.:/", image[0]))
        return NULL;
    *ret_end = at;
    return image;
}

/* Options of docker, podman, crictl and ctr whose value is the next word. */
static bool takes_value(const char *option)
{
    static const char *const options[] = {
        "-u",          "--user", "--platform",   "--creds",     "--authfile",
        "--arch",      "--os",   "-n",           "--namespace", "--snapshotter",
        "--hosts-dir", "--auth", "--pod-config", "-r",          "--cert-dir"};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

size_t field_command(const char *at)
{
    static const char *const verbs[] = {"pull ", "image pull ", "images pull ", "i pull ", "from "};
    const char *begin = at;
    char word[PULL_ERROR_MAX_NAME];
    bool value = false;

    for (unsigned i = 0; i < 16; i++) {
        for (size_t n = 0; n < sizeof(verbs) / sizeof(verbs[0]); n++) {
            size_t length = phrase_match(at, verbs[n]);
            if (length)
                return (size_t)(at - begin) + length;
        }
        if ((*at != '-' && !value) || !field_gather(at, " \f", word, sizeof(word), &at))
            break;
        /* Nothing tells here which options have a value. */
        value = word[0] == '-' && !strchr(word, '=');
        at += *at == ' ';
    }
    return 0;
}

const char *field_progress_image(const char *text, const char *at, const char *known,
                                 struct arena *arena, const char **ret_end)
{
    const char *image = field_image(at + strlen("pulling from "), false, true, arena, ret_end);
    const char *tag = at > text + 2 && at[-1] == ' ' && at[-2] == ':' ? at - 2 : at;
    const char *end = tag;

    if (!image || !strchr(image, '/') || strpbrk(image, ":@") ||
        strstr(known, image + (strncmp(image, "library/", 8) == 0 ? 8 : 0)))
        return NULL;
    while (tag > text && strchr(name_bytes, tag[-1]))
        tag--;
    if (tag == end || (tag > text && strchr("/:@", tag[-1])))
        return image;
    return arena_format(arena, "%s:%.*s", image, (int)(end - tag), tag);
}

const char *field_command_image(const char *at, struct arena *arena, const char **ret_end)
{
    char word[PULL_ERROR_MAX_NAME];
    bool value = false;

    for (unsigned i = 0; i < 16; i++) {
        while (*at == ' ')
            at++;
        if (*at != '-' && !value)
            return field_image(at, false, true, arena, ret_end);
        if (!field_gather(at, " \n\f", word, sizeof(word), &at))
            break;
        value = !value && takes_value(word);
    }
    *ret_end = at;
    return NULL;
}

const char *field_service_image(const char *at, struct arena *arena, const char **ret_end)
{
    char text[PULL_ERROR_MAX_NAME];

    at += strspn(at, name_bytes);
    size_t length = phrase_match(at, " (");
    if (!length || !field_gather(at + length, ") \n\f", text, sizeof(text), ret_end) ||
        **ret_end != ')')
        return NULL;
    return field_image(text, false, true, arena, &at);
}

bool field_image_extends(const char *image, const char *name)
{
    size_t length = strlen(name);

    return strncmp(image, name, length) == 0 && image[length] && strchr(":@", image[length]);
}

const char *field_plugin(const char *begin, const char *end, struct arena *arena)
{
    static const char *const before[] = {"credential provider plugin ", "docker-credential-"};

    for (const char *at = begin; at < end; at++) {
        for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
            const char *name = at + phrase_match(at, before[i]);
            size_t length = strspn(name, name_bytes);
            if (name == at || !length || length > MAX_PLUGIN)
                continue;
            name = i ? at : name;
            while (strchr("-.", name[length - 1]) && length > 1)
                length--;
            return arena_copy_bytes(arena, name, length + (i ? strlen(before[i]) : 0));
        }
    }
    return NULL;
}

const char *field_host(const char *at, struct arena *arena)
{
    char text[PULL_ERROR_MAX_NAME];
    const char *end;
    size_t length;

    if (!field_gather(at, " \"',\f", text, sizeof(text), &end))
        return NULL;
    length = strlen(text);
    if (length && text[length - 1] == ':')
        text[length - 1] = '\0';
    return strchr(text, '.') || strchr(text, ':') ? field_host_port(text, HTTPS_PORT, arena) : NULL;
}

const char *field_names(const char *at, struct arena *arena)
{
    char text[PULL_ERROR_MAX_NAME];
    size_t length = 0;

    for (; *at && !strchr("\"\f", *at) && length + 1 < sizeof(text); at++) {
        if (phrase_match(at, ", not ")) {
            text[length] = '\0';
            const char *begin = text + strspn(text, " ");
            return *begin ? arena_copy_text(arena, begin) : NULL;
        }
        if (!isalnum((unsigned char)*at) && !strchr(" \n.,*-_:", *at))
            return NULL;
        text[length++] = *at == '\n' ? ' ' : *at;
    }
    return NULL;
}

/* ---- addresses, names and numbers ---- */

/* The digits at `at`, wraps left out. */
static const char *gather_run(const char *at, const char *bytes, char *buffer, size_t size)
{
    size_t length = 0;

    for (; *unwrapped(at) && strchr(bytes, *unwrapped(at)); at++) {
        at = unwrapped(at);
        if (length + 1 < size)
            buffer[length++] = *at;
    }
    buffer[length] = '\0';
    return at;
}

bool field_endpoint(const char *at, struct endpoint *ret)
{
    char text[ADDRESS_TEXT_SIZE];
    char port[8] = "";
    unsigned value = 0;

    at = unwrapped(at);
    if (*at == '[') {
        at = unwrapped(gather_run(at + 1, "0123456789abcdefABCDEF:.", text, sizeof(text)));
        if (*at++ != ']')
            return false;
    } else {
        at = gather_run(at, "0123456789.", text, sizeof(text));
    }
    at = unwrapped(at);
    if (*at == ':')
        gather_run(at + 1, "0123456789", port, sizeof(port));
    for (const char *digit = port; *digit; digit++)
        value = value * 10 + (unsigned)(*digit - '0');
    if (!address_parse(text, &ret->address) || value > UINT16_MAX)
        return false;
    ret->port = (uint16_t)value;
    return true;
}

const char *field_lookup(const char *at, struct arena *arena, const char **ret_resolver)
{
    char text[PULL_ERROR_MAX_NAME];
    size_t length = 0;
    struct endpoint resolver;
    char buffer[ENDPOINT_TEXT_SIZE];

    *ret_resolver = NULL;
    for (; *at && !strchr(" :\"\f", *at) && !phrase_match(at, " on "); at++)
        if (*at != '\n' && length + 1 < sizeof(text))
            text[length++] = *at;
    text[length] = '\0';
    size_t on = phrase_match(at, " on ");
    if (on && field_endpoint(at + on, &resolver))
        *ret_resolver = arena_copy_text(arena, endpoint_format(&resolver, buffer));
    return field_host_port(text, HTTPS_PORT, arena);
}

/* Matches three digits that are a word of their own. */
static unsigned three_digits(const char *at, const char **ret_end)
{
    unsigned status = 0;

    for (int i = 0; i < 3; i++, at++) {
        at = unwrapped(at);
        if (!isdigit((unsigned char)*at))
            return 0;
        status = status * 10 + (unsigned)(*at - '0');
    }
    if (isalnum((unsigned char)*at) || *at == '/' || *at == '.' || *at == '-')
        return 0;
    *ret_end = at;
    return status >= 100 && status <= 599 ? status : 0;
}

unsigned field_status(const char *at, const char **ret_end, const char **ret_url)
{
    static const char *const fillers[] = {" code", " from",    " head", " get",
                                          " post", " request", " to"};
    bool more = true;

    *ret_url = NULL;
    while (more) {
        more = false;
        for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++) {
            size_t length = phrase_match(at, fillers[i]);
            at += length;
            more |= length > 0;
        }
    }
    if (phrase_match(at, " http") || phrase_match(at, " \"http")) {
        bool quoted = at[1] == '"';
        *ret_url = at + 1 + quoted;
        at = quoted ? *ret_url + strcspn(*ret_url, "\" \f") : field_end_of_bare_url(*ret_url);
        at += *at == '"';
    } else if (phrase_match(at, " [")) {
        for (size_t i = 0; i < MAX_BRACKET && *at && *at != ']'; i++)
            at++;
        at += *at == ']';
    }
    at = unwrapped(at);
    at += *at == ':';
    at += *at == ' ' || *at == '\n';
    return three_digits(at, ret_end);
}

/* ---- the vendor's bare line ---- */

bool field_is_bare_line(const char *at)
{
    static const char bytes[] = "0123456789abcdefABCDEFxX.:[]\n";
    bool found = false;

    while (*at) {
        at += record_head(at);
        size_t length = phrase_match(at, "dial tcp ");
        at += length;
        size_t address = length || *at == ':' ? strspn(at, bytes) : 0;
        length = length ? 0 : phrase_match(at, "443: i/o timeout");
        for (size_t i = 0; i < address && i < 64 && !length; i++) {
            if (!phrase_match(at + i, ":443: i/o timeout") &&
                !phrase_match(at + i, ":5000: i/o timeout"))
                continue;
            length = phrase_match(at + i, ":443: i/o timeout");
            length = i + (length ? length : phrase_match(at + i, ":5000: i/o timeout"));
        }
        if (!length)
            return false;
        at += length;
        at += strspn(at, " .`\n\f");
        found = true;
    }
    return found;
}
