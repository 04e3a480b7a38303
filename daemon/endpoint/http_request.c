/* SPDX-License-Identifier: MIT */
#include "daemon/endpoint/http_request.h"

#include <llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/base/address.h"

#define MAX_HOST 256

size_t http_request_head_length(const char *bytes, size_t count)
{
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);

    return end ? (size_t)(end - bytes) + 4 : 0;
}

static bool is_token(const char *text, size_t length)
{
    static const char tchar[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return length && strspn(text, tchar) == length;
}

/* Every CR is followed by LF and every LF follows a CR; no NUL. */
static bool has_strict_lines(const char *head, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!head[i] || (head[i] == '\r' && head[i + 1] != '\n') ||
            (head[i] == '\n' && (i == 0 || head[i - 1] != '\r')))
            return false;
    }
    return true;
}

static bool llhttp_accepts(const char *head, size_t length, llhttp_t *parser)
{
    llhttp_settings_t settings;

    llhttp_settings_init(&settings);
    llhttp_init(parser, HTTP_REQUEST, &settings);
    return llhttp_execute(parser, head, length) == HPE_OK && !parser->upgrade &&
           parser->http_major == 1 && parser->http_minor <= 1;
}

/* ---- header fields ---- */

struct head_fields {
    struct http_request_head *head;
    unsigned hosts;
    unsigned lengths;
    bool refused;
    bool close;
    bool keep_alive;
};

static void read_body_length(struct head_fields *fields, const char *value)
{
    fields->lengths++;
    if (!*value || strlen(value) > 9 || strspn(value, "0123456789") != strlen(value))
        fields->refused = true;
    else
        fields->head->content_length = strtoul(value, NULL, 10);
}

/* `line` is one field without its line end. */
static void read_field(struct head_fields *fields, char *line)
{
    char *colon = strchr(line, ':');

    if (!colon || !is_token(line, (size_t)(colon - line))) {
        fields->refused = true; /* a folded line has no token before a colon either */
        return;
    }
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t end = strlen(value); end && strchr(" \t", value[end - 1]); end--)
        value[end - 1] = '\0';
    if (strcasecmp(line, "host") == 0) {
        fields->hosts++;
        fields->head->host = value;
    } else if (strcasecmp(line, "accept") == 0) {
        fields->head->accept = value;
    } else if (strcasecmp(line, "origin") == 0) {
        fields->refused |= *fields->head->origin != '\0';
        fields->head->origin = value;
    } else if (strcasecmp(line, "sec-fetch-site") == 0) {
        fields->refused |= *fields->head->fetch_site != '\0';
        fields->head->fetch_site = value;
    } else if (strcasecmp(line, "content-length") == 0) {
        read_body_length(fields, value);
    } else if (strcasecmp(line, "transfer-encoding") == 0) {
        fields->refused = true;
    } else if (strcasecmp(line, "connection") == 0) {
        fields->close |= strcasestr(value, "close") != NULL;
        fields->keep_alive |= strcasestr(value, "keep-alive") != NULL;
    }
}

/* ---- the request line ---- */

static char *read_request_line(char *line, struct http_request_head *ret)
{
    char *target = strchr(line, ' ');
    char *end = target ? strchr(target + 1, ' ') : NULL;

    for (const char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            return NULL;
    bool asterisk = end && strncmp(line, "OPTIONS * ", 10) == 0;
    if (!end || (target[1] != '/' && !asterisk))
        return NULL;
    *target++ = '\0';
    *end = '\0';
    ret->path = target;
    ret->query = target + strcspn(target, "?");
    if (*ret->query)
        *ret->query++ = '\0';
    return line;
}

unsigned http_request_parse(char *head, size_t length, struct http_request_head *ret)
{
    static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS"};
    static char empty[1] = "";
    struct head_fields fields = {.head = ret};
    llhttp_t parser;
    char *rest;

    *ret = (struct http_request_head){
        .method = "", .host = empty, .accept = empty, .origin = empty, .fetch_site = empty};
    if (!has_strict_lines(head, length) || !llhttp_accepts(head, length, &parser))
        return 400;
    head[length - 2] = '\0'; /* the empty line */
    char *line = strtok_r(head, "\r\n", &rest);
    const char *method = line ? read_request_line(line, ret) : NULL;
    while (method && (line = strtok_r(NULL, "\r\n", &rest)))
        read_field(&fields, line);
    if (!method || fields.refused || fields.lengths > 1 || fields.hosts > 1 ||
        (parser.http_minor == 1 && !*ret->host))
        return 400;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(method, methods[i]) == 0)
            ret->method = methods[i];
    ret->is_1_1 = parser.http_minor == 1;
    ret->keep_alive = parser.http_minor == 1 ? !fields.close : fields.keep_alive && !fields.close;
    return ret->content_length > HTTP_REQUEST_MAX_BODY ? 413 : 0;
}

/* ---- Host ---- */

static bool names_host(const char *host, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(host, name, length) == 0;
}

bool http_request_host_allowed(const char *host, const char *hostname, const char *const *allowed,
                               size_t allowed_count)
{
    struct endpoint endpoint;
    size_t length = strcspn(host, ":");
    const char *port = host + length + (host[length] == ':');

    if (endpoint_parse(host, 80, &endpoint))
        return true;
    if (!length || length >= MAX_HOST || strspn(port, "0123456789") != strlen(port))
        return false;
    length -= length > 1 && host[length - 1] == '.';
    if (names_host(host, length, "localhost") || (*hostname && names_host(host, length, hostname)))
        return true;
    for (size_t i = 0; i < allowed_count; i++)
        if (names_host(host, length, allowed[i]))
            return true;
    return false;
}

/* ---- other sites ---- */

bool http_request_is_cross_site(const struct http_request_head *head)
{
    const char *origin = strstr(head->origin, "://");

    if (strcmp(head->method, "POST") != 0)
        return false;
    if (*head->fetch_site && strcmp(head->fetch_site, "same-origin") != 0 &&
        strcmp(head->fetch_site, "none") != 0)
        return true;
    return *head->origin && (!origin || strcasecmp(origin + 3, head->host) != 0);
}
