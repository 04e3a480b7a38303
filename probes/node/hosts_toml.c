/* SPDX-License-Identifier: MIT */
#include "probes/node/hosts_toml.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config/base/text.h"
#include "config/go_url.h"
#include "config/types.h"
#include "probes/node/toml.h"

/* ---- paths ---- */

/* "/a//b/../v2/" is "/a/v2", as Go's path.Clean makes it. Returns the same memory. */
static char *clean_path(char *path)
{
    char *to = path;

    for (const char *from = path; *from;) {
        from += strspn(from, "/");
        size_t length = strcspn(from, "/");
        if (length == 2 && strncmp(from, "..", 2) == 0) {
            while (to > path && *--to != '/')
                continue;
        } else if (length && !(length == 1 && *from == '.')) {
            *to++ = '/';
            memmove(to, from, length);
            to += length;
        }
        from += length;
    }
    *to = '\0';
    return path;
}

static const char *absolute_path(const char *path, const char *folder, struct arena *arena)
{
    return *path == '/' ? path : arena_format(arena, "%s/%s", folder, path);
}

/* ---- one URL ---- */

/* Without "http" at its beginning a value is a host with https, as for containerd. NULL, or why Go
 * cannot parse it, after which containerd uses nothing of the file. */
static const char *set_url(struct node_host *host, const char *value, struct arena *arena)
{
    static const char *const no_memory = "memory is short";
    const char *whole =
        strncmp(value, "http", 4) == 0 ? value : arena_format(arena, "https://%s", value);
    struct go_url url;

    host->shown = "?";
    host->authority = "";
    if (!whole || !go_url_parse(whole, strlen(whole), &url))
        return whole ? "a host is no URL" : no_memory;
    if (!url.host.length) {
        host->wrong = "its URL has no host";
        return NULL;
    }
    const char *path = url.place.at + url.place.length;
    const char *shown = arena_format(arena, "%.*s://%.*s%.*s", (int)url.scheme.length,
                                     url.scheme.at, (int)url.place.length, url.place.at,
                                     (int)strcspn(path, "?#"), path); /* without user information */
    host->authority = arena_copy_bytes(arena, url.place.at, url.place.length);
    host->wrong = shown ? url_parse(shown, arena, &host->url) : no_memory;
    if (!host->wrong)
        host->shown = shown;
    return host->authority ? NULL : no_memory;
}

/* The root of the API below the URL's path. */
static void set_api_root(struct node_host *host, bool override_path, struct arena *arena)
{
    char *path = host->url.path ? arena_format(arena, "%s", host->url.path) : NULL;

    if (!path)
        return;
    clean_path(path);
    host->url.path =
        override_path || text_ends_with(path, "/v2") ? path : arena_format(arena, "%s/v2", path);
    if (!host->url.path)
        host->wrong = "memory is short";
}

/* ---- the values of one host ---- */

static const char *read_capabilities(const struct toml *list, struct node_host *host)
{
    unsigned bits = 0;

    if (list && list->kind != TOML_ARRAY)
        return "capabilities is no list";
    for (const struct toml *value = list ? list->first : NULL; value; value = value->next) {
        unsigned capability = 0;
        if (value->kind != TOML_STRING)
            return "capabilities has a value that is no text";
        while (capability < MIRROR_CAPABILITY_COUNT &&
               strcasecmp(value->text, mirror_capability_name(capability)) != 0)
            capability++;
        if (capability == MIRROR_CAPABILITY_COUNT)
            return "capabilities has a word that containerd does not know";
        bits |= 1u << capability;
    }
    host->capabilities = bits ? bits : MIRROR_ALL_CAPABILITIES;
    return NULL;
}

static const char *read_flag(const struct toml *table, const char *key, bool *ret)
{
    const struct toml *value = toml_member(table, key);

    *ret = value && value->kind == TOML_BOOLEAN && strcmp(value->text, "true") == 0;
    return value && value->kind != TOML_BOOLEAN ? "a switch is neither true nor false" : NULL;
}

static const char *add_ca(struct node_host *host, const struct toml *value, const char *folder,
                          struct arena *arena)
{
    if (value->kind != TOML_STRING)
        return "ca is neither a text nor a list of texts";
    if (host->ca_count < NODE_MAX_FILES)
        host->ca[host->ca_count++] = absolute_path(value->text, folder, arena);
    return NULL;
}

static const char *read_ca(const struct toml *ca, const char *folder, struct arena *arena,
                           struct node_host *host)
{
    const char *wrong = NULL;

    if (ca && ca->kind != TOML_ARRAY)
        return add_ca(host, ca, folder, arena);
    for (const struct toml *value = ca ? ca->first : NULL; value && !wrong; value = value->next)
        wrong = add_ca(host, value, folder, arena);
    return wrong;
}

/* One file with both, or a pair. A session offers the first that fits; here it is the first. */
static const char *add_client(struct node_host *host, const struct toml *value, const char *folder,
                              struct arena *arena)
{
    static const char *const wrong = "client is neither a text, a list of texts nor one of pairs";
    const struct toml *first = value->kind == TOML_ARRAY ? value->first : value;
    const struct toml *second = value->kind == TOML_ARRAY && first ? first->next : first;

    if (!first || !second || first->kind != TOML_STRING || second->kind != TOML_STRING ||
        (value->kind == TOML_ARRAY && second->next))
        return wrong;
    if (!host->certificate) {
        host->certificate = absolute_path(first->text, folder, arena);
        host->key = absolute_path(second->text, folder, arena);
    }
    return NULL;
}

static const char *read_client(const struct toml *client, const char *folder, struct arena *arena,
                               struct node_host *host)
{
    const char *wrong = NULL;

    if (client && client->kind != TOML_ARRAY)
        return add_client(host, client, folder, arena);
    for (const struct toml *value = client ? client->first : NULL; value && !wrong;
         value = value->next)
        wrong = add_client(host, value, folder, arena);
    return wrong;
}

/* Go writes these itself, whatever a request's headers say. */
static bool is_own_header(const char *name)
{
    static const char *const own[] = {
        "Accept", "Host", "User-Agent", "Content-Length", "Transfer-Encoding", "Trailer"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcasecmp(name, own[i]) == 0)
            return true;
    return false;
}

/* A header whose name or value would break the request fails the request for Go as well. */
static const char *add_header(struct node_host *host, const char *name, const struct toml *value,
                              struct arena *arena)
{
    static const char *const bad_name = "it has a header whose name is not valid";

    if (value->kind != TOML_STRING)
        return "header has a value that is neither a text nor a list of texts";
    if (!*name)
        host->wrong = bad_name;
    for (const char *at = name; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("!#$%&'*+-.^_`|~", *at))
            host->wrong = bad_name;
    for (const char *at = value->text; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7f)
            host->wrong = "it has a header whose value is not valid";
    if (is_own_header(name))
        return NULL;
    host->headers =
        arena_format(arena, "%s%s: %s\r\n", host->headers ? host->headers : "", name, value->text);
    return host->headers ? NULL : "memory is short";
}

static const char *read_headers(const struct toml *table, struct arena *arena,
                                struct node_host *host)
{
    const char *wrong = table && table->kind != TOML_TABLE ? "header is no table" : NULL;

    for (const struct toml *field = table ? table->first : NULL; field && !wrong;
         field = field->next) {
        if (field->kind != TOML_ARRAY)
            wrong = add_header(host, field->key, field, arena);
        for (const struct toml *value = field->kind == TOML_ARRAY ? field->first : NULL;
             value && !wrong; value = value->next)
            wrong = add_header(host, field->key, value, arena);
    }
    return wrong;
}

/* `url`: NULL is the registry itself. */
static const char *read_host(const char *url, const struct toml *table, const char *folder,
                             struct arena *arena, struct node_host *host)
{
    bool override_path;
    const char *wrong = read_flag(table, "override_path", &override_path);
    const struct toml *timeout = toml_member(table, "dial_timeout");

    *host = (struct node_host){.is_default = !url};
    if (!wrong && url)
        wrong = set_url(host, url, arena);
    set_api_root(host, override_path, arena);
    if (!wrong)
        wrong = read_flag(table, "skip_verify", &host->skip_verify);
    if (!wrong)
        wrong = read_capabilities(toml_member(table, "capabilities"), host);
    if (!wrong)
        wrong = read_ca(toml_member(table, "ca"), folder, arena, host);
    if (!wrong)
        wrong = read_client(toml_member(table, "client"), folder, arena, host);
    if (!wrong)
        wrong = read_headers(toml_member(table, "header"), arena, host);
    if (timeout && timeout->kind == TOML_STRING)
        (void)parse_duration(timeout->text, 0, 3600 * USEC_PER_SEC, &host->dial_timeout);
    return wrong;
}

/* ---- hosts.toml ---- */

const char *hosts_toml_read(const char *text, size_t length, const char *folder,
                            struct arena *arena, struct node_hosts *ret)
{
    struct toml *root = NULL;
    const char *wrong = toml_parse(text, length, arena, &root);
    const struct toml *server = toml_member(root, "server");
    const struct toml *hosts = toml_member(root, "host");

    *ret = (struct node_hosts){.has_host_table = hosts != NULL};
    if (!wrong && server && server->kind != TOML_STRING)
        wrong = "server is no text";
    if (!wrong && hosts && hosts->kind != TOML_TABLE)
        wrong = "host is no table";
    for (const struct toml *host = hosts ? hosts->first : NULL; host && !wrong; host = host->next) {
        if (host->kind != TOML_TABLE)
            wrong = "an entry of host is no table";
        else if (ret->count + 1 < NODE_MAX_HOSTS)
            wrong = read_host(host->key, host, folder, arena, &ret->list[ret->count++]);
        else
            ret->dropped = true;
    }
    struct node_host *last = &ret->list[ret->count++];
    if (!wrong)
        wrong = read_host(server && *server->text ? server->text : NULL, root, folder, arena, last);
    if (wrong) {
        *ret = (struct node_hosts){0};
    } else if (last->is_default || !*last->authority) { /* whatever it may do, and where */
        last->is_default = true;
        last->capabilities = MIRROR_ALL_CAPABILITIES;
        last->wrong = NULL;
    }
    return wrong;
}

/* ---- config.toml ---- */

static const char *text_of(const struct toml *table, const char *key)
{
    const struct toml *value = toml_member_of_kind(table, key, TOML_STRING);

    return value && *value->text ? value->text : NULL;
}

/* registry.configs."HOST[:PORT]".tls of an endpoint. NULL, or why containerd fails. */
static const char *read_tls(const struct toml *registry, struct node_host *host)
{
    const struct toml *configs = toml_member(registry, "configs");
    const struct toml *tls = toml_member(toml_member(configs, host->authority), "tls");
    const char *ca = text_of(tls, "ca_file");

    (void)read_flag(tls, "insecure_skip_verify", &host->skip_verify);
    if (ca)
        host->ca[host->ca_count++] = ca;
    host->certificate = text_of(tls, "cert_file");
    host->key = text_of(tls, "key_file");
    return !host->certificate != !host->key ? "cert_file and key_file do not stand together" : NULL;
}

/* An endpoint with a path keeps it as it is, unlike in hosts.toml. */
static const char *add_endpoint(const struct toml *registry, const char *value, struct arena *arena,
                                struct node_hosts *ret)
{
    struct node_host *host = &ret->list[ret->count++];
    const char *place = strstr(value, "://");
    const char *whole = place ? value : arena_format(arena, "https://%s", value);

    place = place ? place + 3 : value;
    *host = (struct node_host){.capabilities = 1u << MIRROR_RESOLVE | 1u << MIRROR_PULL};
    const char *wrong = whole ? set_url(host, whole, arena) : "memory is short";
    set_api_root(host, place[strcspn(place, "/?#")] == '/', arena);
    return wrong ? wrong : read_tls(registry, host);
}

static bool has_endpoint(const struct node_hosts *hosts, const char *host)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (strcmp(hosts->list[i].authority, host) == 0)
            return true;
    return false;
}

const char *hosts_from_mirrors(const struct toml *registry, const char *host, struct arena *arena,
                               struct node_hosts *ret)
{
    const struct toml *mirrors = toml_member(registry, "mirrors");
    const struct toml *mirror = toml_member(mirrors, host);
    const char *last = node_default_host(host);
    const char *wrong = NULL;

    *ret = (struct node_hosts){.has_host_table = true};
    if (!mirror)
        mirror = toml_member(mirrors, "*");
    const struct toml *list = toml_member_of_kind(mirror, "endpoint", TOML_ARRAY);
    for (const struct toml *value = list ? list->first : NULL; value && !wrong; value = value->next)
        if (value->kind == TOML_STRING && ret->count + 1 < NODE_MAX_HOSTS)
            wrong = add_endpoint(registry, value->text, arena, ret);
    if (!wrong && !has_endpoint(ret, host))
        wrong = add_endpoint(registry, last, arena, ret);
    if (wrong || (!mirror && !toml_member(toml_member(registry, "configs"), last)))
        *ret = (struct node_hosts){0};
    return wrong;
}

/* ---- keys in config.toml ---- */

const char *node_default_host(const char *host)
{
    return strcmp(host, "docker.io") == 0 ? "registry-1.docker.io" : host;
}

/* registry.auths, whose names may be URLs, comes before registry.configs. */
static const struct toml *find_auth(const struct toml *registry, const char *host)
{
    const struct toml *auths = toml_member(registry, "auths");

    for (const struct toml *auth = auths ? auths->first : NULL; auth; auth = auth->next) {
        const char *place = strstr(auth->key, "://");
        size_t length = place ? strcspn(place + 3, "/?#") : strlen(auth->key);
        place = place ? place + 3 : auth->key;
        if (length == strlen(host) && memcmp(place, host, length) == 0)
            return auth;
    }
    return toml_member(toml_member(toml_member(registry, "configs"), host), "auth");
}

bool node_key_find(const struct toml *registry, const char *host, struct puller_key *ret)
{
    const struct toml *auth = find_auth(registry, host);

    if (!auth)
        return false;
    *ret = (struct puller_key){.is_set = true,
                               .username = text_of(auth, "username"),
                               .password = text_of(auth, "password"),
                               .auth = text_of(auth, "auth")};
    return true;
}
