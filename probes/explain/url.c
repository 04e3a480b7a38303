/* SPDX-License-Identifier: MIT */
/* The URLs of requests: what they are for, and the host and the image that they name. */
#include "probes/explain/fields.h"

#include <stdio.h>
#include <string.h>

#include "config/target.h"
#include "probes/explain/fold.h"

#define MAX_URL    4096
#define HTTPS_PORT 443
#define HTTP_PORT  80

static bool has_any(const char *text, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, parts[i]))
            return true;
    return false;
}

/* Hosts of object stores and of their caches, which registries send their clients to for layers. */
static bool is_store(const char *host)
{
    static const char *const parts[] = {
        ".cos.",
        ".myqcloud.com",
        "tencentcos.cn",
        ".amazonaws.com",
        ".aliyuncs.com",
        "storage.googleapis.com",
        ".blob.core.windows.",
        ".cloudflarestorage.com",
        "cos-internal.",
        ".cloudfront.net",
        "cloudflare.docker.com",
        "pkg-containers.githubusercontent.com",
        "cdn.quay.io",
        "cdn01.quay.io",
        "cdn02.quay.io",
        "cdn03.quay.io",
        ".myhuaweicloud.com",
        ".digitaloceanspaces.com",
        ".backblazeb2.com",
    };

    return has_any(host, parts, sizeof(parts) / sizeof(parts[0]));
}

/* A store's URL that the registry signed for one object. */
static bool is_signed(const char *url)
{
    static const char *const parts[] = {
        "X-Amz-Signature=",  "X-Amz-Algorithm=", "q-sign-algorithm=",
        "q-signature=",      "Signature=",       "&sig=",
        "X-Goog-Signature=", "?Expires=",        "?sign=",
        "?verify="};

    return has_any(url, parts, sizeof(parts) / sizeof(parts[0]));
}

/* An object of a registry by its path, wherever it is stored. */
static bool is_layer_path(const char *url)
{
    static const char *const parts[] = {
        "/docker/registry/v2/", "/registry-v2/",       "/sha256/", "sha256:",
        "artifacts-downloads",  "/container-registry/"};

    return has_any(url, parts, sizeof(parts) / sizeof(parts[0]));
}

static bool is_token_url(const char *url)
{
    static const char *const parts[] = {"scope=repository", "scope=registry",   "/service/token",
                                        "/v2/token",        "/v2/auth",         "/jwt/auth",
                                        "/token?",          "/oauth2/exchange", "://api.ecr."};
    size_t path = strcspn(url, "?");

    return has_any(url, parts, sizeof(parts) / sizeof(parts[0])) || strstr(url, "service=") ||
           strstr(url, "/oauth2/") || (path >= 6 && strncmp(url + path - 6, "/token", 6) == 0);
}

unsigned field_url_flags(const char *url)
{
    char host[256] = "";
    const char *scheme = strstr(url, "://");
    const char *begin = scheme ? scheme + 3 : url;

    size_t length = strcspn(begin, "/?");
    if (length < sizeof(host))
        memcpy(host, begin, length);
    if (strstr(url, "/manifests/"))
        return PHRASE_MANIFEST;
    /* The registry refuses a push for want of a right, not of a layer. */
    if (strstr(url, "/blobs/uploads"))
        return 0;
    if (strstr(url, "/blobs/"))
        return PHRASE_BLOB;
    if (is_token_url(url))
        return PHRASE_TOKEN;
    bool api = strncmp(begin + length, "/v2/", 4) == 0 || strcmp(begin + length, "/v2") == 0;
    /* Without its scheme it may be the rest of an image reference. */
    return !api && ((scheme && is_store(host)) || is_signed(url) || is_layer_path(url))
               ? PHRASE_BLOB
               : 0;
}

/* True if only a client of a registry asks for such a URL. */
static bool is_sign(const char *url, const char *path, unsigned flags)
{
    static const char *const paths[] = {"/v1/repositories/", "/v1/_ping", "/tags/list",
                                        "/v2/_catalog"};
    static const char *const tokens[] = {
        "scope=repository", "scope=registry", "/service/token",          "/v2/token",
        "/v2/auth",         "/jwt/auth",      "://auth.docker.io/token", "://api.ecr."};

    if (flags & PHRASE_MANIFEST)
        return strstr(path, "/v2/") != NULL || strstr(path, "v2/") == path;
    if (flags & PHRASE_TOKEN)
        return has_any(url, tokens, sizeof(tokens) / sizeof(tokens[0])) ||
               (strstr(url, "/token") && strstr(url, "service="));
    if (flags & PHRASE_BLOB)
        return is_layer_path(url) || strstr(path, "/v2/");
    return strcmp(path, "/v2/") == 0 || strcmp(path, "/v2") == 0 ||
           has_any(path, paths, sizeof(paths) / sizeof(paths[0]));
}

static bool is_repository(const char *repository)
{
    char image[PULL_ERROR_MAX_NAME + 4];

    return (size_t)snprintf(image, sizeof(image), "%s:x", repository) < sizeof(image) &&
           image_check(image) == NULL;
}

/* The repository and the reference of a path that has "/v2/" in it. */
static void read_api_path(const char *path, struct found_url *url, struct arena *arena)
{
    const char *begin = strstr(path, "/v2/");
    const char *end = NULL;

    for (const char *at = begin; at && (at = strstr(at, "/manifests/")); at++)
        end = at;
    bool manifest = end != NULL;
    if (begin && !manifest)
        end = strstr(begin, "/blobs/");
    if (begin && !end)
        end = strstr(begin, "/tags/list");
    if (!end || end <= begin + 4)
        return;
    const char *repository = arena_copy_bytes(arena, begin + 4, (size_t)(end - begin - 4));
    const char *reference = manifest ? end + strlen("/manifests/") : "latest";
    size_t length = strcspn(reference, "?#/");
    const char *image = arena_format(arena, memchr(reference, ':', length) ? "%s@%.*s" : "%s:%.*s",
                                     repository ? repository : "", (int)length, reference);
    if (!repository || !image)
        return;
    bool whole = manifest && image_check(image) == NULL;
    if (!whole && !is_repository(repository))
        return;
    url->repository = repository;
    url->reference = whole ? image + strlen(repository) : NULL;
}

/* The value of `name` in a query, "%2F" and "%3A" undone; NULL: it is not there. */
static char *query_value(const char *url, const char *name, struct arena *arena)
{
    char value[PULL_ERROR_MAX_NAME];
    size_t length = 0;
    const char *at = strstr(url, name);

    if (!at || (at[-1] != '?' && at[-1] != '&'))
        return NULL;
    for (at += strlen(name); *at && *at != '&' && length + 1 < sizeof(value); at++) {
        if (at[0] == '%' && at[1] == '2' && (at[2] == 'F' || at[2] == 'f'))
            value[length++] = '/', at += 2;
        else if (at[0] == '%' && at[1] == '3' && (at[2] == 'A' || at[2] == 'a'))
            value[length++] = ':', at += 2;
        else
            value[length++] = *at;
    }
    value[length] = '\0';
    return arena_copy_text(arena, value);
}

/* The image of "scope=repository:REPOSITORY:pull", where the registry can be told: by `service`, or
 * because this kind of realm is of the registry itself. */
static const char *image_of_scope(const char *url, const char *path, const char *host,
                                  struct arena *arena)
{
    static const char *const own[] = {"/service/token", "/v2/token", "/v2/auth", "/oauth2/token",
                                      "/oauth2/exchange"};
    char *scope = query_value(url, "scope=", arena);
    const char *service = query_value(url, "service=", arena);
    char *repository = scope ? strchr(scope, ':') : NULL;
    char *end = repository ? strrchr(repository + 1, ':') : NULL;

    if (!end || strncmp(scope, "repository:", 11) != 0)
        return NULL;
    *end = '\0';
    const char *named =
        service && strchr(service, '.') ? field_host_port(service, HTTPS_PORT, arena) : NULL;
    if (named)
        host = strcmp(named, "registry.docker.io") == 0 ? "docker.io" : named;
    else if (!has_any(path, own, sizeof(own) / sizeof(own[0])))
        return NULL;
    if (!host || !is_repository(repository + 1))
        return NULL;
    return arena_format(arena, "%s/%s", host, repository + 1);
}

struct found_url field_url(const char *at, bool quoted, struct arena *arena)
{
    char text[MAX_URL];
    struct found_url url = {.begin = at, .end = at};
    uint16_t port = phrase_match(at, "https") ? HTTPS_PORT : HTTP_PORT;
    bool whole;

    if (quoted) {
        whole = field_gather(at, "\" \f", text, sizeof(text), &url.end);
        whole = whole && *url.end == '"';
        url.end += *url.end == '"';
    } else {
        url.end = field_end_of_bare_url(at);
        char *bare = arena_copy_bytes(arena, at, (size_t)(url.end - at));
        const char *ignored;
        whole = bare && field_gather(bare, "", text, sizeof(text), &ignored);
    }
    char *authority = whole ? strstr(text, "://") : NULL;
    if (!authority)
        return url;
    authority += 3;
    char *path = authority + strcspn(authority, "/?#");
    url.flags = field_url_flags(text);
    url.sign = is_sign(text, path, url.flags);
    if (url.sign && url.flags != PHRASE_TOKEN)
        read_api_path(path, &url, arena);
    url.api = url.flags != PHRASE_TOKEN &&
              (strncmp(path, "/v2/", 4) == 0 || url.repository || (url.sign && !url.flags));
    char first = *path;
    *path = '\0';
    char *user = strrchr(authority, '@');
    url.host = field_host_port(user ? user + 1 : authority, port, arena);
    *path = first;
    if (url.flags == PHRASE_TOKEN)
        url.scope_image = image_of_scope(text, path, url.host, arena);
    return url;
}

const char *field_engine_image(const char *at, const char *end, struct arena *arena)
{
    char text[MAX_URL];
    const char *ignored;
    bool query = end - at < MAX_URL && memchr(at, '?', (size_t)(end - at));
    char *url = query ? arena_copy_bytes(arena, at, (size_t)(end - at)) : NULL;

    if (!url || !field_gather(url, "\"", text, sizeof(text), &ignored) ||
        !strstr(text, "/images/create?"))
        return NULL;
    const char *name = query_value(text, "fromImage=", arena);
    const char *tag = query_value(text, "tag=", arena);
    const char *image = name ? field_image(name, false, true, arena, &ignored) : NULL;
    if (!image || !tag || !*tag)
        return image;
    const char *whole = arena_format(arena, strchr(tag, ':') ? "%s@%s" : "%s:%s", image, tag);
    return whole ? field_image(whole, false, true, arena, &ignored) : NULL;
}
