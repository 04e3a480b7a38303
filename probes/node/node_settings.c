/* SPDX-License-Identifier: MIT */
#include "probes/node/node_settings.h"

#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "probes/node/toml.h"
#include "probes/transport/host_files.h"

#define CONFIG       "/etc/containerd/config.toml"
#define DEFAULT_PATH "/etc/containerd/certs.d:/etc/docker/certs.d" /* of containerd 2.2 */
#define MAX_IMPORTS  16

struct reading {
    struct node_settings *settings;
    struct node_evidence *evidence;
    const struct target *target;
    const char *root;
    struct arena *arena;
    const char *image_host;      /* as images name the registry */
    unsigned version;            /* of config.toml; 0: there is none */
    const struct toml *registry; /* the table with mirrors and configs */
    const char *config_path;
};

/* The first problem of the worst kind stays. */
__attribute__((format(printf, 3, 4))) static void note_problem(struct reading *reading,
                                                               enum node_state state,
                                                               const char *format, ...)
{
    va_list arguments;

    if (reading->evidence->problem && reading->evidence->state >= state)
        return;
    va_start(arguments, format);
    reading->evidence->problem = arena_format_list(reading->arena, format, arguments);
    va_end(arguments);
    reading->evidence->state = state;
}

/* ---- config.toml ---- */

/* The registry settings of the CRI plugin, whose name depends on the version of the file. */
static const struct toml *find_node_registry(const struct toml *root)
{
    static const char *const names[] = {"io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri",
                                        "cri"};
    const struct toml *plugins = toml_member(root, "plugins");
    const struct toml *found = NULL;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !found; i++)
        found = toml_member(toml_member(plugins, names[i]), "registry");
    return found;
}

static void take_node_config(struct reading *reading, const struct toml *root)
{
    const struct toml *version = toml_member(root, "version");
    const struct toml *registry = find_node_registry(root);
    const struct toml *path = toml_member_of_kind(registry, "config_path", TOML_STRING);

    if (version && version->kind == TOML_OTHER)
        reading->version = (unsigned)strtoul(version->text, NULL, 10);
    if (registry)
        reading->registry = registry;
    if (path && *path->text)
        reading->config_path = path->text;
}

/* NULL if the file is not there, or not valid, which is noted. */
static const struct toml *read_config(struct reading *reading, const char *file)
{
    size_t length = 0;
    const char *why = NULL;
    bool absent = false;
    struct toml *root = NULL;
    char *text =
        host_read(reading->root, file, HOST_FILE_LIMIT, reading->arena, &length, &why, &absent);
    const char *wrong = text ? toml_parse(text, length, reading->arena, &root) : NULL;

    if (!text && !absent)
        note_problem(reading, NODE_UNREAD, "%s cannot be read: %s", file, why);
    if (wrong)
        note_problem(reading, NODE_REFUSES, "containerd cannot start with %s: %s", file, wrong);
    return root;
}

/* "DIR/ *.toml" without the blank, or a file; relative to the folder of config.toml. */
static void read_import(struct reading *reading, const char *pattern, const char *config)
{
    const char *slash = strrchr(config, '/');
    const char *whole = *pattern == '/' ? pattern
                                        : arena_format(reading->arena, "%.*s/%s",
                                                       (int)(slash - config), config, pattern);
    const char *name = whole ? strrchr(whole, '/') : NULL;
    const char **names = NULL;

    if (!name)
        return;
    if (!strchr(name, '*')) {
        take_node_config(reading, read_config(reading, whole));
        return;
    }
    const char *folder = arena_copy_bytes(reading->arena, whole, (size_t)(name - whole));
    size_t count =
        folder ? host_list(reading->root, folder, strchr(name, '*') + 1, reading->arena, &names)
               : 0;
    for (size_t i = 0; i < count && i < MAX_IMPORTS; i++) {
        const char *file = arena_format(reading->arena, "%s/%s", folder, names[i]);
        if (file)
            take_node_config(reading, read_config(reading, file));
    }
}

static void read_configs(struct reading *reading)
{
    const char *file = reading->settings->unit.config ? reading->settings->unit.config : CONFIG;
    const struct toml *root = read_config(reading, file);
    const struct toml *imports = toml_member_of_kind(root, "imports", TOML_ARRAY);
    unsigned read = 0;

    if (root) {
        reading->evidence->config = file;
        reading->version = 1;
        take_node_config(reading, root);
    }
    for (const struct toml *import = imports ? imports->first : NULL; import && read < MAX_IMPORTS;
         import = import->next, read++)
        if (import->kind == TOML_STRING)
            read_import(reading, import->text, file);
    if (!reading->config_path && (!root || reading->version > 2) &&
        !toml_member(reading->registry, "mirrors"))
        reading->config_path = DEFAULT_PATH;
    reading->evidence->config_path = reading->config_path;
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
    }
    return NULL;
}

static const char *find_hosts_folder(const struct reading *reading)
{
    char *rest = arena_copy_text(reading->arena, reading->config_path);
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
        note_problem(reading, NODE_UNREAD, "%s cannot be read: %s", file, why);
    if (!text || !length) {
        use_certificates(reading, folder);
        return;
    }
    const char *wrong = hosts_toml_read(text, length, folder, reading->arena, hosts);
    if (wrong)
        note_problem(reading, NODE_IGNORES, "containerd ignores %s: %s", file, wrong);
    else if (!hosts->has_host_table && reading->version && reading->version < 3)
        note_problem(reading, NODE_IGNORES,
                     "containerd before 2.0 ignores %s, because it has no [host] table", file);
    else
        return;
    use_certificates(reading, folder);
}

static void find_hosts(struct reading *reading)
{
    struct node_hosts *hosts = &reading->settings->hosts;
    const char *folder = reading->config_path ? find_hosts_folder(reading) : NULL;

    if (folder)
        read_hosts_file(reading, folder);
    else if (!reading->config_path && reading->registry &&
             hosts_from_mirrors(reading->registry, reading->image_host, reading->arena, hosts))
        reading->evidence->hosts = reading->evidence->config;
    else
        *hosts = (struct node_hosts){0};
}

/* ---- what the hosts need ---- */

/* The folder of a file may not be mounted here; then nothing is known of the file. */
static void note_missing(struct reading *reading, const char *what, const char *file,
                         const char *why, bool absent)
{
    const char *slash = strrchr(file, '/');
    const char *folder = arena_copy_bytes(reading->arena, file, (size_t)(slash - file));

    if (absent && slash > file && is_there(reading, folder))
        note_problem(reading, NODE_REFUSES, "containerd fails, because %s %s is missing", what,
                     file);
    else
        note_problem(reading, NODE_UNREAD, "%s %s cannot be read: %s", what, file, why);
}

static const char *read_pem(struct reading *reading, const char *what, const char *file)
{
    size_t length = 0;
    const char *why = "memory is short";
    bool absent = false;
    const char *text = file ? host_read(reading->root, file, HOST_FILE_LIMIT, reading->arena,
                                        &length, &why, &absent)
                            : NULL;

    if (!text && file)
        note_missing(reading, what, file, why, absent);
    return text;
}

static void read_files(struct reading *reading, const struct node_host *host, struct puller *puller)
{
    for (size_t i = 0; i < host->ca_count; i++) {
        const char *text = read_pem(reading, "the certificate file", host->ca[i]);
        if (text && !strstr(text, "-----BEGIN CERTIFICATE-----"))
            note_problem(reading, NODE_REFUSES,
                         "containerd fails, because %s has no certificate in PEM form",
                         host->ca[i]);
        else if (text)
            puller->tls.ca =
                arena_format(reading->arena, "%s%s\n", puller->tls.ca ? puller->tls.ca : "", text);
    }
    if (!host->certificate)
        return;
    puller->tls.certificate = read_pem(reading, "the client certificate", host->certificate);
    puller->tls.key = read_pem(reading, "the key of the client certificate", host->key);
    if (!puller->tls.certificate || !puller->tls.key)
        puller->tls.certificate = puller->tls.key = NULL;
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
        strcmp(target->host, "registry-1.docker.io") == 0
            ? "docker.io"
            : arena_copy_text(arena, host_port_short(target->host, target->port,
                                                     target->plain_http ? 80 : 443, short_name));
    ret->puller = (struct puller){.root = reading.root, .proxies = &ret->proxies};
    if (!reading.image_host)
        return;
    if (!host_is_folder(reading.root, "/etc"))
        note_problem(&reading, NODE_UNREAD, "%s/etc cannot be read", reading.root);
    read_environment(&reading);
    read_configs(&reading);
    find_hosts(&reading);
    prepare_hosts(&reading);
}
