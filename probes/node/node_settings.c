/* SPDX-License-Identifier: MIT */
#include "probes/node/node_settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/node/node_config.h"
#include "probes/node/toml.h"
#include "probes/transport/host_files.h"
#include "probes/transport/trust_store.h"

#define CONFIG       "/etc/containerd/config.toml"
#define DEFAULT_PATH "/etc/containerd/certs.d:/etc/docker/certs.d" /* of containerd 2.2 */

struct reading {
    struct node_settings *settings;
    struct node_evidence *evidence;
    const struct target *target;
    const char *root;
    struct arena *arena;
    const char *image_host; /* as images name the registry */
    struct node_config config;
};

/* ---- config.toml ---- */

static void read_config(struct reading *reading)
{
    const char *file = reading->settings->unit.config ? reading->settings->unit.config : CONFIG;
    struct node_evidence *evidence = reading->evidence;
    struct node_config *config = &reading->config;

    node_config_read(reading->root, file, reading->arena, evidence, config);
    const struct toml *path = toml_member_of_kind(config->registry, "config_path", TOML_STRING);
    evidence->config = config->file;
    if (path)
        evidence->config_path = *path->text ? path->text : NULL;
    else if ((!config->version || config->version > 2) && !toml_member(config->registry, "mirrors"))
        evidence->config_path = DEFAULT_PATH;
}

/* ---- certs.d ---- */

static bool is_there(const struct reading *reading, const char *folder)
{
    return folder && host_is_folder(reading->root, folder);
}

/* The folder of the registry below `place`: host_port_, host:port, or _default. */
static const char *find_folder(const struct reading *reading, const char *place)
{
    const char *host = reading->image_host;
    const char *colon = strrchr(host, ':');
    const char *names[3] = {NULL, host, "_default"};

    if (colon && colon > host)
        names[0] = arena_format(reading->arena, "%.*s_%s_", (int)(colon - host), host, colon + 1);
    for (size_t i = 0; i < 3; i++) {
        const char *folder =
            names[i] ? arena_format(reading->arena, "%s/%s", place, names[i]) : NULL;
        if (is_there(reading, folder))
            return folder;
        if (folder && host_is_file(reading->root, folder)) {
            node_note_problem(reading->evidence, reading->arena, NODE_REFUSES,
                              "containerd fails, because %s is no folder", folder);
            return NULL;
        }
    }
    return NULL;
}

static const char *find_hosts_folder(const struct reading *reading)
{
    char *rest = arena_copy_text(reading->arena, reading->evidence->config_path);
    const char *folder = NULL;
    const char *place;

    while (!folder && rest && (place = strsep(&rest, ":")))
        if (*place)
            folder = find_folder(reading, place);
    return folder;
}

/* Certificates beside where hosts.toml would be, as docker has them: *.crt, *.cert with *.key. */
static void use_certificates(struct reading *reading, const char *folder)
{
    struct node_hosts *hosts = &reading->settings->hosts;
    struct node_host *host = &hosts->list[0];
    const char **names = NULL;
    size_t count = host_list(reading->root, folder, ".crt", reading->arena, &names);

    *hosts = (struct node_hosts){.count = 1, .has_host_table = true};
    *host = (struct node_host){.is_default = true, .capabilities = MIRROR_ALL_CAPABILITIES};
    for (size_t i = 0; i < count && host->ca_count < NODE_MAX_FILES; i++)
        host->ca[host->ca_count++] = arena_format(reading->arena, "%s/%s", folder, names[i]);
    if (!host_list(reading->root, folder, ".cert", reading->arena, &names))
        return;
    host->certificate = arena_format(reading->arena, "%s/%s", folder, names[0]);
    host->key = arena_format(reading->arena, "%s/%.*s.key", folder,
                             (int)(strlen(names[0]) - strlen(".cert")), names[0]);
    if (host->key && !host_is_file(reading->root, host->key))
        host->key = host->certificate;
}

static void read_hosts_file(struct reading *reading, const char *folder)
{
    const char *file = arena_format(reading->arena, "%s/hosts.toml", folder);
    struct node_hosts *hosts = &reading->settings->hosts;
    size_t length = 0;
    const char *why = NULL;
    bool absent = false;
    char *text = file ? host_read(reading->root, file, HOST_FILE_LIMIT, reading->arena, &length,
                                  &why, &absent)
                      : NULL;

    reading->evidence->hosts = text && length ? file : folder;
    if (!text && !absent)
        node_note_problem(reading->evidence, reading->arena, NODE_UNREAD, "%s cannot be read: %s",
                          file, why);
    if (!text || !length) {
        use_certificates(reading, folder);
        return;
    }
    const char *wrong = hosts_toml_read(text, length, folder, reading->arena, hosts);
    if (wrong)
        node_note_problem(reading->evidence, reading->arena, NODE_IGNORES,
                          "containerd ignores %s: %s", file, wrong);
    else if (!hosts->has_host_table && reading->config.version && reading->config.version < 3)
        node_note_problem(reading->evidence, reading->arena, NODE_IGNORES,
                          "containerd before 2.0 ignores %s, because it has no [host] table", file);
    else
        return;
    use_certificates(reading, folder);
}

static void find_mirrors(struct reading *reading)
{
    struct node_hosts *hosts = &reading->settings->hosts;
    const char *wrong =
        hosts_from_mirrors(reading->config.registry, reading->image_host, reading->arena, hosts);

    if (hosts->count)
        reading->evidence->hosts = reading->evidence->config;
    if (wrong)
        node_note_problem(reading->evidence, reading->arena, NODE_REFUSES,
                          "containerd fails with %s, because in mirrors %s",
                          reading->evidence->config, wrong);
}

static void find_hosts(struct reading *reading)
{
    const char *folder = reading->evidence->config_path ? find_hosts_folder(reading) : NULL;

    if (folder)
        read_hosts_file(reading, folder);
    else if (!reading->evidence->config_path && reading->config.registry)
        find_mirrors(reading);
}

/* ---- what the hosts need ---- */

static const char *read_pem(struct reading *reading, const char *what, const char *file)
{
    size_t length = 0;
    const char *why = "memory is short";
    bool absent = false;
    const char *text = file ? host_read(reading->root, file, HOST_FILE_LIMIT, reading->arena,
                                        &length, &why, &absent)
                            : NULL;

    if (!text && file)
        node_note_missing(reading->evidence, reading->arena, what, file, why, absent);
    return text;
}

static void read_files(struct reading *reading, const struct node_host *host, struct puller *puller)
{
    for (size_t i = 0; i < host->ca_count; i++) {
        const char *text = read_pem(reading, "the certificate file", host->ca[i]);
        const struct puller_tls tls = {.ca = text};
        bool good = text && trust_store_takes(&tls);
        if (text && !good && reading->evidence->config_path) /* else it is not used */
            node_note_problem(reading->evidence, reading->arena, NODE_REFUSES,
                              "containerd fails, because %s has no certificate in PEM form",
                              host->ca[i]);
        else if (good)
            puller->tls.ca =
                arena_format(reading->arena, "%s%s\n", puller->tls.ca ? puller->tls.ca : "", text);
    }
    if (!host->certificate)
        return;
    struct puller_tls pair = {
        .certificate = read_pem(reading, "the client certificate", host->certificate),
        .key = read_pem(reading, "the key of the client certificate", host->key),
    };
    if (!pair.certificate || !pair.key)
        return;
    if (!trust_store_takes(&pair)) {
        node_note_problem(reading->evidence, reading->arena, NODE_REFUSES,
                          "containerd fails, because %s and %s are no certificate with its key",
                          host->certificate, host->key);
        return;
    }
    puller->tls.certificate = pair.certificate;
    puller->tls.key = pair.key;
}

/* With config_path each host has its own key; before it, the first key of the list is for all. */
static void find_node_keys(struct reading *reading)
{
    struct node_settings *settings = reading->settings;
    const char *own = node_default_host(reading->image_host);
    struct puller_key first = {0};

    (void)node_key_find(reading->config.registry, own, &settings->puller.key);
    for (size_t i = 0; i < settings->hosts.count; i++) {
        const struct node_host *host = &settings->hosts.list[i];
        struct puller_key *key = &settings->pullers[i].key;
        *key = (struct puller_key){0};
        (void)node_key_find(reading->config.registry, host->is_default ? own : host->authority,
                            key);
        if (!first.is_set)
            first = *key;
    }
    for (size_t i = 0; i < settings->hosts.count && !reading->evidence->config_path; i++)
        settings->pullers[i].key = first;
}

static bool is_target(const struct node_host *host, const struct target *target)
{
    return host->is_default || (!host->wrong && host->url.port == target->port &&
                                strcmp(host->url.host, target->host) == 0);
}

static void describe_host(struct reading *reading, const struct node_host *host, bool own,
                          struct mirror_evidence *mirror)
{
    *mirror = (struct mirror_evidence){
        .url = host->is_default ? arena_format(reading->arena, "https://%s", reading->image_host)
                                : host->shown,
        .is_registry = own,
        .capabilities = host->capabilities,
        .skips_verify = host->skip_verify,
        .has_ca = host->ca_count > 0,
        .has_client = host->certificate != NULL,
        .has_headers = host->headers != NULL,
        .dial_timeout = host->dial_timeout ? host->dial_timeout : MIRROR_DIAL_TIMEOUT,
        .outcome = host->wrong ? MIRROR_NO_ADDRESS : MIRROR_SKIPPED,
        .detail = host->wrong,
    };
}

static void prepare_hosts(struct reading *reading)
{
    struct node_settings *settings = reading->settings;
    struct node_evidence *evidence = reading->evidence;
    size_t count = settings->hosts.count;

    settings->own = count;
    evidence->mirrors = arena_allocate(reading->arena, (count + 1) * sizeof(*evidence->mirrors));
    evidence->mirror_count = evidence->mirrors ? count : 0;
    for (size_t i = 0; i < evidence->mirror_count; i++) {
        const struct node_host *host = &settings->hosts.list[i];
        struct puller *puller = &settings->pullers[i];
        bool own = is_target(host, reading->target);
        *puller = settings->puller;
        puller->headers = host->headers;
        if (!host->is_default)
            puller->api_root = host->url.path;
        if (!host->is_default && strcmp(host->authority, reading->image_host) != 0 &&
            !(own && strcmp(reading->image_host, "docker.io") == 0))
            puller->mirrored = reading->image_host;
        read_files(reading, host, puller);
        describe_host(reading, host, own, &evidence->mirrors[i]);
        if (own && settings->own == count)
            settings->own = i;
    }
    evidence->registry_is_asked = !count || settings->own < count;
    if (settings->own == count)
        return;
    const struct node_host *own = &settings->hosts.list[settings->own];
    evidence->skips_verify = own->skip_verify;
    evidence->plain_http = !own->is_default && !own->url.tls;
}

/* ---- the unit ---- */

/* "HTTPS_PROXY in /etc/systemd/..." */
static const char *variable_source(const struct reading *reading, const char *name,
                                   const struct unit_value *value)
{
    return value->value ? arena_format(reading->arena, "%s in %s", name, value->file) : name;
}

static void read_environment(struct reading *reading)
{
    struct node_settings *settings = reading->settings;
    struct unit_environment *unit = &settings->unit;
    const char *files = NULL;

    unit_environment_read(reading->root, reading->arena, unit);
    const struct unit_value *https =
        unit_environment_find(unit, UNIT_HTTPS_PROXY, UNIT_HTTPS_PROXY_LOWER);
    const struct unit_value *http =
        unit_environment_find(unit, UNIT_HTTP_PROXY, UNIT_HTTP_PROXY_LOWER);
    settings->proxies = (struct proxy_variables){
        .https = https->value && *https->value ? https->value : NULL,
        .http = http->value && *http->value ? http->value : NULL,
        .no_proxy = unit_environment_find(unit, UNIT_NO_PROXY, UNIT_NO_PROXY_LOWER)->value,
        .https_source = variable_source(reading, "HTTPS_PROXY", https),
        .http_source = variable_source(reading, "HTTP_PROXY", http),
    };
    settings->puller = (struct puller){
        .root = reading->root,
        .proxies = &settings->proxies,
        .cert_file = unit->values[UNIT_SSL_CERT_FILE].value,
        .cert_dir = unit->values[UNIT_SSL_CERT_DIR].value,
    };
    for (size_t i = 0; i < UNIT_VARIABLE_COUNT; i++) {
        const char *file = unit->values[i].file;
        if (file && (!files || !strstr(files, file)))
            files =
                arena_format(reading->arena, "%s%s%s", files ? files : "", files ? ", " : "", file);
    }
    reading->evidence->environment = files;
}

/* ---- all of it ---- */

void node_settings_read(const struct target *target, struct arena *arena, struct node_settings *ret)
{
    char short_name[HOST_PORT_SIZE];
    struct reading reading = {.settings = ret,
                              .evidence = &ret->evidence,
                              .target = target,
                              .root = target->network->host_root,
                              .arena = arena};

    *ret = (struct node_settings){.evidence = {.root = reading.root, .registry_is_asked = true}};
    reading.image_host =
        strcmp(target->host, "registry-1.docker.io") == 0 ? "docker.io"
        : target->port_is_written /* the folder of certs.d has it too */
            ? arena_copy_text(arena, host_port_format(target->host, target->port, short_name))
            : arena_copy_text(arena, host_port_short(target->host, target->port,
                                                     target->plain_http ? 80 : 443, short_name));
    ret->puller = (struct puller){.root = reading.root, .proxies = &ret->proxies};
    if (!reading.image_host)
        return;
    if (!host_is_folder(reading.root, "/etc"))
        node_note_problem(reading.evidence, arena, NODE_UNREAD, "%s/etc cannot be read",
                          reading.root);
    read_environment(&reading);
    read_config(&reading);
    find_hosts(&reading);
    prepare_hosts(&reading);
    find_node_keys(&reading);
}
