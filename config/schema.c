/* SPDX-License-Identifier: MIT */
#include "config/schema.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config/base/text.h"
#include "config/secret.h"
#include "config/target.h"
#include "config/types.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define MSEC(count)  ((count)*USEC_PER_MSEC)
#define DAY          (24ULL * 3600 * USEC_PER_SEC)

#define IN_SETTINGS(member) .home = HOME_SETTINGS, .offset = offsetof(struct settings, member)
#define IN_NETWORK(member)  .home = HOME_NETWORK, .offset = offsetof(struct network_settings, member)
#define IN_TARGET(member)   .home = HOME_TARGET, .offset = offsetof(struct target, member)
#define LIST(kind, member, limit) \
    .list = true, .count = offsetof(struct kind, member), .most = (limit)

/* ---- checks of texts ---- */

static const char *check_allowed_host(const char *value, struct arena *arena)
{
    (void)arena;
    if (strlen(value) > 253 ||
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
            strlen(value))
        return "it is a host name without a port";
    return NULL;
}

static const char *check_token_host(const char *value, struct arena *arena)
{
    struct address address;
    bool is_address;
    uint16_t port;
    const char *name;

    return host_port_parse(value, 443, arena, &name, &port, &address, &is_address);
}

/* One or two slashes between short words, as in linux/arm64/v8. */
static const char *check_platform(const char *value, struct arena *arena)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    unsigned words = 0;

    (void)arena;
    for (const char *at = value;; at++) {
        size_t length = strspn(at, word);
        if (length == 0 || length > 15 || ++words > 3)
            break;
        at += length;
        if (!*at)
            return words > 1 ? NULL : "it is like linux/amd64 or linux/arm/v7";
        if (*at != '/')
            break;
    }
    return "it is like linux/amd64 or linux/arm/v7";
}

static const char *check_no_proxy(const char *value, struct arena *arena)
{
    const char *host = value + (strncmp(value, "*.", 2) == 0 ? 2 : *value == '.');
    struct address address;
    bool is_address;
    uint16_t port;
    const char *name;

    if (strcmp(value, "*") == 0 ||
        (strchr(value, '/') && strspn(value, "0123456789abcdefABCDEF.:/") == strlen(value)) ||
        (*value && !host_port_parse(host, 1, arena, &name, &port, &address, &is_address)))
        return NULL;
    return "it is a host, .domain, address, CIDR or *, with :PORT if only that port is meant";
}

static const char *check_url(const char *value, struct arena *arena)
{
    struct url url;

    return url_parse(value, arena, &url);
}

/* ---- the keys, in the order of --help ---- */

const struct schema_key schema_keys[] = {
    {"profile", "profile", "none|tke-serverless|node", "none",
     "presets for a platform: tke-serverless sets host resolvers, provider ranges and controls; "
     "node reads the files of a node, so that its mirrors and its proxy count",
     FOR_RUNS | FOR_EXPLAIN, &type_choice, IN_NETWORK(profile), .choices = profile_names},
    {"listen", "listen", "ADDR:PORT", "127.0.0.1:9447", "address of the status endpoint",
     FOR_DAEMON | FOR_HEALTHCHECK, &type_listen, IN_SETTINGS(listen)},
    {"interval", "interval", "DURATION", "30s", "time between two runs of a target",
     FOR_DAEMON | FOR_WAIT, &type_duration, IN_TARGET(interval), .per_target = true,
     .least = MSEC(100), .most = DAY},
    {"timeout", "timeout", "DURATION", "10s", "time limit for one run", FOR_RUNS, &type_duration,
     IN_TARGET(timeout), .per_target = true, .least = MSEC(100), .most = DAY},
    {"expect", "expect", "any|private|public", "any", "path that pulls should take", FOR_RUNS,
     &type_choice, IN_TARGET(expect), .per_target = true, .choices = expect_names},
    {"certificate_warning_days", "certificate-warning-days", "DAYS", "21",
     "warn if a certificate expires sooner", FOR_RUNS, &type_count,
     IN_TARGET(certificate_warning_days), .most = 3650},
    {"failure_threshold", "failure-threshold", "RUNS", "2",
     "worse runs in a row that make a target worse", FOR_DAEMON, &type_count,
     IN_SETTINGS(failure_threshold), .least = 1, .most = SETTINGS_MAX_THRESHOLD},
    {"success_threshold", "success-threshold", "RUNS", "1",
     "better runs in a row that make a target better", FOR_DAEMON, &type_count,
     IN_SETTINGS(success_threshold), .least = 1, .most = SETTINGS_MAX_THRESHOLD},
    {"ready_gate", "ready-gate", "true|false", "false",
     "let /readyz wait until every target is ok or warn", FOR_DAEMON, &type_flag,
     IN_SETTINGS(ready_gate)},
    {"kubernetes_events", "kubernetes-events", "true|false", "false",
     "write what is wrong as Events of this pod", FOR_DAEMON | FOR_WAIT, &type_flag,
     IN_SETTINGS(kubernetes_events)},
    {"max_in_flight", "max-in-flight", "COUNT", "256", "limit for runs at the same time", FOR_RUNS,
     &type_count, IN_SETTINGS(max_in_flight), .least = 1, .most = 4096},
    {"ca_file", "ca-file", "FILE", NULL, "certificates to trust beside the system's, as PEM",
     FOR_RUNS, &type_text, IN_TARGET(ca_file), .per_target = true, .check = check_path},
    {"registry_interval", "registry-interval", "DURATION", "5m",
     "shortest time between two checks of key, manifests and blobs", FOR_DAEMON, &type_duration,
     IN_TARGET(registry_interval), .least = MSEC(100), .most = DAY},
    {"docker_config", "docker-config", "FILE", NULL,
     "keys of registries: the .dockerconfigjson of an image pull secret", FOR_RUNS, &type_texts,
     IN_TARGET(docker_configs), .per_target = true, .or_one = true,
     LIST(target, docker_config_count, SETTINGS_MAX_FILES), .check = check_path},
    {"platform", "platform", "OS/ARCH[/VARIANT]", NULL,
     "platform that images must have, if not this machine's", FOR_RUNS, &type_text,
     IN_TARGET(platform), .per_target = true, .check = check_platform},
    {"token_hosts", "token-host", "HOST[:PORT]", NULL,
     "further host whose token service may get the key", FOR_RUNS, &type_hosts,
     IN_TARGET(token_hosts), .per_target = true, LIST(target, token_host_count, SETTINGS_MAX_HOSTS),
     .check = check_token_host},
    {"plain_http", "plain-http", NULL, NULL,
     "speak HTTP without TLS, as pods with the annotation for it do", FOR_RUNS, &type_flag,
     IN_TARGET(plain_http), .per_target = true},
    {"insecure_skip_verify", "insecure-skip-verify", NULL, NULL,
     "accept a certificate that does not verify, as pods with the annotation for it do", FOR_RUNS,
     &type_flag, IN_TARGET(insecure_skip_verify), .per_target = true},
    {"send_key_unverified", "send-key-unverified", NULL, NULL,
     "send the key although insecure-skip-verify is set", FOR_RUNS, &type_flag,
     IN_TARGET(send_key_unverified), .per_target = true},
    {"resolvers.pod", "resolver", "ADDR[:PORT]", NULL,
     "nameserver to ask instead of those in resolv.conf", FOR_RUNS, &type_resolvers,
     IN_NETWORK(pod_resolvers), LIST(network_settings, pod_resolver_count, SETTINGS_MAX_RESOLVERS)},
    {"resolvers.host", "host-resolver", "ADDR[:PORT]", NULL,
     "nameserver that image pulls on the host use", FOR_RUNS, &type_resolvers,
     IN_NETWORK(host_resolvers),
     LIST(network_settings, host_resolver_count, SETTINGS_MAX_RESOLVERS)},
    {"private_ranges", "private-range", "CIDR", NULL, "further range of private addresses",
     FOR_RUNS | FOR_EXPLAIN, &type_ranges, IN_NETWORK(private_ranges),
     LIST(network_settings, private_range_count, SETTINGS_MAX_RANGES)},
    {"provider_ranges", "provider-range", "CIDR", NULL,
     "further range of the provider's internal addresses", FOR_RUNS | FOR_EXPLAIN, &type_ranges,
     IN_NETWORK(provider_ranges),
     LIST(network_settings, provider_range_count, SETTINGS_MAX_RANGES)},
    {"controls", "control", "KIND=HOST:PORT", NULL,
     "place that accepts connections if the network works; KIND is vpc or internet", FOR_RUNS,
     &type_controls, IN_NETWORK(controls),
     LIST(network_settings, control_count, SETTINGS_MAX_CONTROLS), .choices = control_kind_names},
    {"no_controls", "no-controls", NULL, NULL, "connect to no control", FOR_RUNS, &type_flag,
     IN_SETTINGS(no_controls)},
    {"egress_address_url", "egress-address-url", "URL", NULL,
     "URL that answers with the caller's address, for the allowlist", FOR_RUNS, &type_url,
     IN_NETWORK(egress_url)},
    {"proxy", "proxy", "auto|none|URL", "auto",
     "proxy of image pulls; auto reads HTTPS_PROXY and NO_PROXY", FOR_RUNS, &type_proxy,
     IN_NETWORK(proxy)},
    {"no_proxy", "no-proxy", "HOST", NULL,
     "host, domain, address or range that is reached without the proxy", FOR_RUNS, &type_hosts,
     IN_NETWORK(no_proxy), LIST(network_settings, no_proxy_count, SETTINGS_MAX_NO_PROXY),
     .check = check_no_proxy},
    {"host_root", "host-root", "FOLDER", "/host",
     "where the files of the node are mounted, for profile node; / on the node itself", FOR_RUNS,
     &type_text, IN_NETWORK(host_root), .check = check_path},
    {"docs_url", "docs-url", "URL", NULL, "base of the links to the pages of causes",
     FOR_RUNS | FOR_EXPLAIN, &type_text, IN_NETWORK(docs_url), .check = check_url},
    {"allowed_hosts", "allowed-host", "NAME", NULL,
     "further Host name that the status endpoint accepts", FOR_DAEMON, &type_hosts,
     IN_SETTINGS(allowed_hosts), LIST(settings, allowed_host_count, SETTINGS_MAX_HOSTS),
     .check = check_allowed_host},
    {"log.level", "log-level", "debug|info|warn|error", "info", "least level of the log",
     FOR_DAEMON | FOR_WAIT, &type_choice, IN_SETTINGS(log_level), .choices = log_level_names},
    {"log.format", "log-format", "logfmt|json", "logfmt", "format of the log",
     FOR_DAEMON | FOR_WAIT, &type_choice, IN_SETTINGS(log_format), .choices = log_format_names},
    {"linkage_address", "linkage-address", "IP", NULL,
     "address of the private linkage, if you know it", FOR_RUNS, &type_address,
     IN_TARGET(linkage_address), .per_target = true},
};
const size_t schema_key_count = COUNT(schema_keys);

const struct schema_key *schema_target_key(size_t index)
{
    static const struct schema_key name = {.path = "name",
                                           .commands = FOR_RUNS,
                                           .per_target = true,
                                           .type = &type_text,
                                           IN_TARGET(name)};

    if (index == 0)
        return &name;
    for (size_t i = 0; i < COUNT(schema_keys); i++)
        if (schema_keys[i].per_target && --index == 0)
            return &schema_keys[i];
    return NULL;
}

void schema_variable(const char *option, char name[SCHEMA_VARIABLE_SIZE])
{
    snprintf(name, SCHEMA_VARIABLE_SIZE, "TCR_PROBE_%s", option);
    for (char *at = name; *at; at++)
        *at = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
}

/* ---- reading, printing, comparing ---- */

static void *home_of(const struct schema_key *key, const struct schema_place *place)
{
    switch (key->home) {
    case HOME_SETTINGS:
        return place->settings;
    case HOME_NETWORK:
        return &place->settings->network;
    case HOME_TARGET:
        break;
    }
    return place->target;
}

static size_t element_count(const struct schema_key *key, const void *home)
{
    const char *field = (const char *)home + key->offset;

    if (key->list)
        return *(const size_t *)((const char *)home + key->count);
    return !key->type->is_set || key->type->is_set(field);
}

static const void *element_at(const struct schema_key *key, const void *home, size_t index)
{
    const char *field = (const char *)home + key->offset;

    if (key->list && key->type->pointer)
        field = *(const char *const *)field;
    return field + index * key->type->size;
}

const char *schema_read(const struct schema_key *key, const struct schema_place *place,
                        const char *value)
{
    struct arena *arena = place->settings->arena;
    char *home = home_of(key, place);
    size_t *count = (size_t *)(void *)(home + key->count);
    void *field = home + key->offset;
    const char *wrong;

    if (!key->list)
        return key->type->read(key, place, value, field);
    if (*count == key->most) {
        wrong = arena_format(arena, "at most %zu values", *count);
        return wrong ? wrong : "out of memory";
    }
    if (key->type->pointer) {
        if (*count ==
            0) /* not the list of the defaults, which an entry of targets shares at first */
            *(void **)field = arena_allocate(arena, key->most * key->type->size);
        field = *(void **)field;
        if (!field)
            return "out of memory";
    }
    wrong = key->type->read(key, place, value, (char *)field + *count * key->type->size);
    *count += !wrong;
    return wrong;
}

void schema_clear(const struct schema_key *key, const struct schema_place *place)
{
    if (key->list)
        *(size_t *)(void *)((char *)home_of(key, place) + key->count) = 0;
}

void schema_print(const struct schema_key *key, const char *path, const void *home, unsigned indent,
                  struct text *text)
{
    size_t count = element_count(key, home);

    if (count)
        text_append_format(text, "%*s%s:%s", (int)indent, "", path, key->list ? "\n" : " ");
    for (size_t i = 0; i < count; i++) {
        if (key->list)
            text_append_format(text, "%*s- ", (int)indent + 2, "");
        key->type->print(key, element_at(key, home, i), text);
        text_append(text, "\n");
    }
}

bool schema_equal(const struct schema_key *key, const void *a, const void *b)
{
    size_t count = element_count(key, a);

    if (element_count(key, b) != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!key->type->equal(element_at(key, a, i), element_at(key, b, i)))
            return false;
    return true;
}

/* ---- profiles ---- */

static bool has_control(const struct network_settings *network, enum control_kind kind)
{
    for (size_t i = 0; i < network->control_count; i++)
        if (network->controls[i].kind == kind)
            return true;
    return false;
}

const char *schema_check_listen(const struct settings *settings)
{
    uint16_t port = settings->listen.port;

    if (settings->network.profile == PROFILE_TKE_SERVERLESS && (port == 9100 || port >= 61000))
        return "under tke-serverless the platform has port 9100 and 61000 up: listen elsewhere";
    return NULL;
}

/* Adds each of `values` that is not in the list yet. */
static const char *add_missing(struct settings *settings, const char *path,
                               const char *const *values, size_t count)
{
    const struct schema_place place = {.settings = settings};
    struct settings scratch = {.arena = settings->arena};
    const struct schema_place apart = {.settings = &scratch};
    const struct schema_key *key = schema_keys;
    const char *wrong = NULL;

    while (strcmp(key->path, path) != 0)
        key++;
    for (size_t i = 0; !wrong && i < count; i++) {
        const void *home = &settings->network;
        bool there = false;
        schema_clear(key, &apart);
        wrong = schema_read(key, &apart, values[i]);
        for (size_t n = 0; !wrong && n < element_count(key, home); n++)
            there |=
                key->type->equal(element_at(key, home, n), element_at(key, &scratch.network, 0));
        if (!wrong && !there)
            wrong = schema_read(key, &place, values[i]);
    }
    return wrong;
}

const char *schema_apply_profile(struct settings *settings)
{
    static const char *const resolvers[] = {"183.60.83.19", "183.60.82.98"};
    static const char *const ranges[] = {"9.0.0.0/8", "11.0.0.0/8", "30.0.0.0/8"};
    static const char *const internet[] = {"internet=www.qq.com:443", "internet=www.baidu.com:443"};
    static const char *const vpc[] = {"vpc=mirror.ccs.tencentyun.com:443"};
    struct network_settings *network = &settings->network;
    const char *wrong = NULL;

    if (network->profile == PROFILE_TKE_SERVERLESS) {
        if (!network->host_resolver_count)
            wrong = add_missing(settings, "resolvers.host", resolvers, COUNT(resolvers));
        if (!wrong)
            wrong = add_missing(settings, "provider_ranges", ranges, COUNT(ranges));
        if (!wrong && !has_control(network, CONTROL_INTERNET))
            wrong = add_missing(settings, "controls", internet, COUNT(internet));
        if (!wrong && !has_control(network, CONTROL_VPC) &&
            network->control_count < SETTINGS_MAX_CONTROLS)
            wrong = add_missing(settings, "controls", vpc, COUNT(vpc));
    }
    if (settings->no_controls)
        network->control_count = 0;
    return wrong;
}
