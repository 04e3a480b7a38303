#include "config/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/base/text.h"
#include "config/target.h"

#define DNS_PORT     53
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const no_memory = "out of memory";
static const char *const has_controls = "it must hold no control characters";

/* ---- values ---- */

const char *schema_parse_duration(const char *value, usec_t least, usec_t most, usec_t *ret)
{
    static const struct {
        const char *unit;
        usec_t length;
    } units[] = {{"ms", USEC_PER_MSEC},
                 {"s", USEC_PER_SEC},
                 {"m", 60 * USEC_PER_SEC},
                 {"h", 3600 * USEC_PER_SEC}};
    size_t digits = strspn(value, "0123456789");

    for (size_t i = 0; digits && digits <= 9 && i < COUNT(units); i++) {
        if (strcmp(value + digits, units[i].unit) != 0)
            continue;
        usec_t duration = strtoull(value, NULL, 10) * units[i].length;
        if (duration < least || duration > most)
            break;
        *ret = duration;
        return NULL;
    }
    return "a duration is a whole number with ms, s, m or h, from 100ms to 24h";
}

static const char *parse_count(const char *value, unsigned most, unsigned *ret)
{
    if (!*value || strlen(value) > 6 || strspn(value, "0123456789") != strlen(value) ||
        strtoul(value, NULL, 10) > most)
        return "a whole number is needed, within its range";
    *ret = (unsigned)strtoul(value, NULL, 10);
    return NULL;
}

static const char *copy(struct schema_place *place, const char *value, const char **ret)
{
    if (!*value)
        return "it must not be empty";
    *ret = arena_copy_text(place->settings->arena, value);
    return *ret ? NULL : no_memory;
}

static const char *add_range(const char *value, struct range *ranges, size_t *count)
{
    if (*count == SETTINGS_MAX_RANGES)
        return "at most 32 ranges";
    if (!range_parse(value, &ranges[*count]))
        return "a range is ADDRESS/PREFIX with no bits behind the prefix, e.g. 10.0.0.0/8";
    (*count)++;
    return NULL;
}

static const char *add_resolver(const char *value, struct endpoint *resolvers, size_t *count)
{
    if (*count == SETTINGS_MAX_RESOLVERS)
        return "at most 4 resolvers of a role";
    if (!endpoint_parse(value, DNS_PORT, &resolvers[*count]))
        return "a resolver is ADDRESS[:PORT], e.g. 183.60.83.19 or [fd00::53]:53";
    (*count)++;
    return NULL;
}

/* ---- one setter a key ---- */

static const char *set_profile(struct schema_place *place, const char *value)
{
    for (int i = PROFILE_NONE; i <= PROFILE_TKE_SERVERLESS; i++) {
        if (strcmp(value, profile_name((enum profile)i)) != 0)
            continue;
        place->settings->network.profile = (enum profile)i;
        return NULL;
    }
    return "a profile is none or tke-serverless";
}

static const char *set_timeout(struct schema_place *place, const char *value)
{
    return schema_parse_duration(value, 100 * USEC_PER_MSEC, 24ULL * 3600 * USEC_PER_SEC,
                                 place->target ? &place->target->timeout
                                               : &place->settings->timeout);
}

static const char *set_interval(struct schema_place *place, const char *value)
{
    return schema_parse_duration(value, 100 * USEC_PER_MSEC, 24ULL * 3600 * USEC_PER_SEC,
                                 place->target ? &place->target->interval
                                               : &place->settings->interval);
}

static const char *set_listen(struct schema_place *place, const char *value)
{
    struct endpoint *listen = &place->settings->listen;
    const char *end = *value == '[' ? strchr(value, ']') : NULL;
    char bare[ENDPOINT_TEXT_SIZE];

    /* Brackets may stand around IPv4 too: a manifest's "[$(HOST_IP)]:9447" holds for both families.
     */
    if (end && !memchr(value, ':', (size_t)(end - value))) {
        snprintf(bare, sizeof(bare), "%.*s%s", (int)(end - value - 1), value + 1, end + 1);
        value = bare;
    }
    const char *port = strrchr(value, ':');

    /* Port 0 asks for a free one; endpoint_parse() takes it only when 0 is the default too. */
    bool bare_v6 = *value != '[' && port && strchr(value, ':') != port;
    if (!port || bare_v6 || !endpoint_parse(value, 0, listen) ||
        (!listen->port && strcmp(port, ":0") != 0))
        return "it is ADDRESS:PORT, e.g. 127.0.0.1:9447 or [::]:9447; port 0 picks a free one";
    return NULL;
}

static const char *set_log_level(struct schema_place *place, const char *value)
{
    for (int i = LOG_LEVEL_DEBUG; i <= LOG_LEVEL_ERROR; i++) {
        if (strcmp(value, log_level_name((enum log_level)i)) != 0)
            continue;
        place->settings->log_level = (enum log_level)i;
        return NULL;
    }
    return "it is debug, info, warn or error";
}

static const char *set_log_format(struct schema_place *place, const char *value)
{
    if (strcmp(value, "logfmt") && strcmp(value, "json"))
        return "it is logfmt or json";
    place->settings->log_format = *value == 'j' ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT;
    return NULL;
}

static const char *add_allowed_host(struct schema_place *place, const char *value)
{
    struct settings *settings = place->settings;
    char *host = arena_copy_text(settings->arena, value);

    if (settings->allowed_host_count == SETTINGS_MAX_HOSTS)
        return "at most 32 hosts";
    if (!*value || strlen(value) > 253 ||
        strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
            strlen(value))
        return "it is a host name without a port";
    if (!host)
        return no_memory;
    for (char *at = host; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    settings->allowed_hosts[settings->allowed_host_count++] = host;
    return NULL;
}

static const char *set_warning_days(struct schema_place *place, const char *value)
{
    return parse_count(value, 3650, &place->settings->certificate_warning_days)
               ? "a number from 0 to 3650"
               : NULL;
}

static const char *set_in_flight(struct schema_place *place, const char *value)
{
    const char *wrong = parse_count(value, 4096, &place->settings->max_in_flight);

    return wrong || !place->settings->max_in_flight ? "a number from 1 to 4096" : NULL;
}

static const char *parse_threshold(const char *value, unsigned *ret)
{
    return parse_count(value, SETTINGS_MAX_THRESHOLD, ret) || !*ret ? "a number from 1 to 10"
                                                                    : NULL;
}

static const char *set_failure_threshold(struct schema_place *place, const char *value)
{
    return parse_threshold(value, &place->settings->failure_threshold);
}

static const char *set_success_threshold(struct schema_place *place, const char *value)
{
    return parse_threshold(value, &place->settings->success_threshold);
}

static const char *set_ready_gate(struct schema_place *place, const char *value)
{
    if (strcmp(value, "true") && strcmp(value, "false"))
        return "it is true or false";
    place->settings->ready_gate = *value == 't';
    return NULL;
}

static const char *set_ca_file(struct schema_place *place, const char *value)
{
    return copy(place, value, place->target ? &place->target->ca_file : &place->settings->ca_file);
}

static const char *set_registry_interval(struct schema_place *place, const char *value)
{
    return schema_parse_duration(value, 100 * USEC_PER_MSEC, 24 * 3600 * USEC_PER_SEC,
                                 &place->settings->registry_interval);
}

static const char *set_docker_config(struct schema_place *place, const char *value)
{
    return copy(place, value,
                place->target ? &place->target->docker_config : &place->settings->docker_config);
}

static const char *parse_flag(const char *value, bool *ret)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return "it is true or false";
    *ret = *value == 't';
    return NULL;
}

static const char *set_plain_http(struct schema_place *place, const char *value)
{
    return parse_flag(value,
                      place->target ? &place->target->plain_http : &place->settings->plain_http);
}

static const char *set_skip_verify(struct schema_place *place, const char *value)
{
    return parse_flag(value, place->target ? &place->target->insecure_skip_verify
                                           : &place->settings->insecure_skip_verify);
}

/* The first of a target's own replaces those that it has from the settings. */
static const char *add_token_host(struct schema_place *place, const char *value)
{
    struct settings *settings = place->settings;
    const char *const **hosts =
        place->target ? &place->target->token_hosts : &settings->token_hosts;
    size_t *count = place->target ? &place->target->token_host_count : &settings->token_host_count;
    const char *host = arena_copy_text(settings->arena, value);
    struct address address;
    bool is_address;
    uint16_t port;
    const char *name;

    const char *wrong =
        host_port_parse(value, 443, settings->arena, &name, &port, &address, &is_address);
    if (wrong)
        return wrong;
    if (!*hosts || (place->target && *hosts == settings->token_hosts)) {
        *hosts = arena_allocate(settings->arena, SETTINGS_MAX_HOSTS * sizeof(**hosts));
        *count = 0;
    }
    if (!*hosts || !host)
        return no_memory;
    if (*count == SETTINGS_MAX_HOSTS)
        return "at most 32 hosts";
    const char **list = (const char **)(uintptr_t)*hosts; /* ours until the settings are made */
    list[(*count)++] = host;
    return NULL;
}

static const char *set_expect(struct schema_place *place, const char *value)
{
    for (int i = EXPECT_ANY; i <= EXPECT_PUBLIC; i++) {
        if (strcmp(value, expect_name((enum expect)i)) != 0)
            continue;
        *(place->target ? &place->target->expect : &place->settings->expect) = (enum expect)i;
        return NULL;
    }
    return "it is any, private or public";
}

static const char *add_pod_resolver(struct schema_place *place, const char *value)
{
    struct network_settings *network = &place->settings->network;

    return add_resolver(value, network->pod_resolvers, &network->pod_resolver_count);
}

static const char *add_host_resolver(struct schema_place *place, const char *value)
{
    struct network_settings *network = &place->settings->network;

    return add_resolver(value, network->host_resolvers, &network->host_resolver_count);
}

static const char *add_private_range(struct schema_place *place, const char *value)
{
    struct network_settings *network = &place->settings->network;

    return add_range(value, network->private_ranges, &network->private_range_count);
}

static const char *add_provider_range(struct schema_place *place, const char *value)
{
    struct network_settings *network = &place->settings->network;

    return add_range(value, network->provider_ranges, &network->provider_range_count);
}

static const char *add_control(struct schema_place *place, const char *value)
{
    struct network_settings *network = &place->settings->network;
    struct control *control = &network->controls[network->control_count];
    size_t kind = strcspn(value, "=");

    if (network->control_count == SETTINGS_MAX_CONTROLS)
        return "at most 8 controls";
    if (value[kind] != '=' || (strncmp(value, "vpc", kind) && strncmp(value, "internet", kind)) ||
        (kind != 3 && kind != 8))
        return "a control is vpc=HOST:PORT or internet=HOST:PORT";
    control->kind = kind == 3 ? CONTROL_VPC : CONTROL_INTERNET;
    const char *wrong =
        host_port_parse(value + kind + 1, 0, place->settings->arena, &control->host, &control->port,
                        &control->address, &control->host_is_address);
    if (wrong)
        return wrong;
    control->name = place->name ? place->name : value + kind + 1;
    if (text_has_controls(control->name))
        return has_controls;
    control->name = arena_copy_text(place->settings->arena, control->name);
    if (!control->name)
        return no_memory;
    network->control_count++;
    return NULL;
}

static const char *set_egress_url(struct schema_place *place, const char *value)
{
    struct url *url = arena_allocate(place->settings->arena, sizeof(*url));

    if (!url)
        return no_memory;
    place->settings->network.egress_url = url;
    return url_parse(value, place->settings->arena, url);
}

static const char *set_no_controls(struct schema_place *place, const char *value)
{
    if (strcmp(value, "true") != 0)
        return "it is true, or not given";
    place->settings->no_controls = true;
    return NULL;
}

static const char *set_linkage(struct schema_place *place, const char *value)
{
    struct address *address =
        place->target ? &place->target->linkage_address : &place->settings->linkage_address;

    if (!address_parse(value, address))
        return "a linkage address is an IP address, e.g. 10.0.3.7";
    if (place->target)
        place->target->has_linkage_address = true;
    else
        place->settings->has_linkage_address = true;
    return NULL;
}

static const char *set_name(struct schema_place *place, const char *value)
{
    return text_has_controls(value) ? has_controls : copy(place, value, &place->target->name);
}

const struct schema_key schema_keys[] = {
    {"profile", "profile", "none|tke-serverless", "none",
     "what is true in TKE Serverless: host resolvers, ranges, controls", false, set_profile},
    {"listen", "listen", "ADDR:PORT", "127.0.0.1:9447", "of run's status endpoint", false,
     set_listen},
    {"interval", "interval", "DURATION", "30s", "between run's runs of a target", false,
     set_interval},
    {"timeout", "timeout", "DURATION", "10s", "of a whole run", false, set_timeout},
    {"expect", "expect", "any|private|public", "any", "the path that pulls should take", false,
     set_expect},
    {"certificate_warning_days", "certificate-warning-days", "DAYS", "21",
     "warn when a certificate ends sooner", false, set_warning_days},
    {"failure_threshold", "failure-threshold", "RUNS", "2",
     "runs in a row before run believes that it is worse", false, set_failure_threshold},
    {"success_threshold", "success-threshold", "RUNS", "1", "the same for better", false,
     set_success_threshold},
    {"ready_gate", "ready-gate", "true|false", "false",
     "/readyz waits until every target is ok or warn", false, set_ready_gate},
    {"max_in_flight", "max-in-flight", "COUNT", "256", "runs at the same time", false,
     set_in_flight},
    {"ca_file", "ca-file", "FILE", NULL, "certificates to trust instead of the system's", false,
     set_ca_file},
    {"registry_interval", "registry-interval", "DURATION", "5m",
     "auth, manifests and blobs at most this often", false, set_registry_interval},
    {"docker_config", "docker-config", "FILE", NULL,
     "keys of registries: the .dockerconfigjson of an image pull secret", false, set_docker_config},
    {"token_hosts", "token-host", "HOST[:PORT]", NULL,
     "a further host whose token service may be sent the key", true, add_token_host},
    {"plain_http", "plain-http", NULL, NULL, "speak HTTP without TLS, as an annotated pod does",
     false, set_plain_http},
    {"insecure_skip_verify", "insecure-skip-verify", NULL, NULL,
     "go on though a certificate does not verify, as an annotated pod does", false,
     set_skip_verify},
    {"resolvers.pod", "resolver", "ADDR[:PORT]", NULL, "ask this instead of resolv.conf's", true,
     add_pod_resolver},
    {"resolvers.host", "host-resolver", "ADDR[:PORT]", NULL, "what image pulls on the host use",
     true, add_host_resolver},
    {"private_ranges", "private-range", "CIDR", NULL, "further addresses to call private", true,
     add_private_range},
    {"provider_ranges", "provider-range", "CIDR", NULL, "further addresses of the provider", true,
     add_provider_range},
    {"controls", "control", "KIND=HOST:PORT", NULL,
     "a place that must accept a connection; KIND is vpc or internet", true, add_control},
    {"no_controls", "no-controls", NULL, NULL, "connect to no control at all", false,
     set_no_controls},
    {"egress_address_url", "egress-address-url", "URL", NULL,
     "answers with the caller's address, for the allowlist", false, set_egress_url},
    {"allowed_hosts", "allowed-host", "NAME", NULL,
     "a further Host that the status endpoint answers to", true, add_allowed_host},
    {"log.level", "log-level", "debug|info|warn|error", "info", "what run logs", false,
     set_log_level},
    {"log.format", "log-format", "logfmt|json", "logfmt", "of run's log", false, set_log_format},
    {"linkage_address", "linkage-address", "IP", NULL, "of the private linkage, if it is known",
     false, set_linkage},
};
const size_t schema_key_count = COUNT(schema_keys);

const struct schema_key schema_target_keys[] = {
    {"name", NULL, NULL, NULL, NULL, false, set_name},
    {"expect", NULL, NULL, NULL, NULL, false, set_expect},
    {"linkage_address", NULL, NULL, NULL, NULL, false, set_linkage},
    {"interval", NULL, NULL, NULL, NULL, false, set_interval},
    {"timeout", NULL, NULL, NULL, NULL, false, set_timeout},
    {"ca_file", NULL, NULL, NULL, NULL, false, set_ca_file},
    {"docker_config", NULL, NULL, NULL, NULL, false, set_docker_config},
    {"token_hosts", NULL, NULL, NULL, NULL, true, add_token_host},
    {"plain_http", NULL, NULL, NULL, NULL, false, set_plain_http},
    {"insecure_skip_verify", NULL, NULL, NULL, NULL, false, set_skip_verify},
};
const size_t schema_target_key_count = COUNT(schema_target_keys);

void schema_variable(const char *option, char name[SCHEMA_VARIABLE_SIZE])
{
    snprintf(name, SCHEMA_VARIABLE_SIZE, "TCR_PROBE_%s", option);
    for (char *at = name; *at; at++)
        *at = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
}

static bool has_internet_control(const struct network_settings *network)
{
    for (size_t i = 0; i < network->control_count; i++)
        if (network->controls[i].kind == CONTROL_INTERNET)
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

const char *schema_apply_profile(struct settings *settings)
{
    static const char *const resolvers[] = {"183.60.83.19", "183.60.82.98"};
    static const char *const ranges[] = {"9.0.0.0/8", "11.0.0.0/8", "30.0.0.0/8"};
    static const char *const controls[] = {"internet=www.qq.com:443", "internet=www.baidu.com:443"};
    struct network_settings *network = &settings->network;
    struct schema_place place = {.settings = settings};
    const char *wrong = NULL;

    if (network->profile == PROFILE_TKE_SERVERLESS) {
        bool add_resolvers = !network->host_resolver_count;
        for (size_t i = 0; add_resolvers && i < COUNT(resolvers); i++)
            add_host_resolver(&place, resolvers[i]);
        for (size_t i = 0; !wrong && i < COUNT(ranges); i++)
            wrong = add_provider_range(&place, ranges[i]);
        bool add = !has_internet_control(network);
        for (size_t i = 0; !wrong && add && i < COUNT(controls); i++)
            wrong = add_control(&place, controls[i]);
    }
    if (settings->no_controls)
        network->control_count = 0;
    return wrong;
}
