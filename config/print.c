#include "config/print.h"

#include <string.h>

#include "config/schema.h"

static void print_duration(struct text *text, const char *key, usec_t duration)
{
    if (duration % USEC_PER_SEC == 0)
        text_append_format(text, "%s: %llus\n", key, (unsigned long long)(duration / USEC_PER_SEC));
    else
        text_append_format(text, "%s: %llums\n", key,
                           (unsigned long long)(duration / USEC_PER_MSEC));
}

/* The inside of double-quoted YAML. */
static void print_escaped(struct text *text, const char *value)
{
    for (; *value; value++) {
        unsigned char byte = (unsigned char)*value;
        if (byte == '"' || byte == '\\')
            text_append_format(text, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            text_append_format(text, "\\x%02x", byte);
        else
            text_append_bytes(text, value, 1);
    }
}

/* Double-quoted YAML, so that no value can be taken for anything but text. */
static void print_text(struct text *text, const char *value)
{
    text_append(text, "\"");
    print_escaped(text, value);
    text_append(text, "\"\n");
}

static void print_endpoints(struct text *text, const char *key, const struct endpoint *list,
                            size_t count)
{
    char buffer[ENDPOINT_TEXT_SIZE];

    if (!count)
        return;
    text_append_format(text, "  %s:\n", key);
    for (size_t i = 0; i < count; i++)
        text_append_format(text, "    - \"%s\"\n", endpoint_format(&list[i], buffer));
}

static void print_ranges(struct text *text, const char *key, const struct range *list, size_t count)
{
    char buffer[RANGE_TEXT_SIZE];

    if (!count)
        return;
    text_append_format(text, "%s:\n", key);
    for (size_t i = 0; i < count; i++)
        text_append_format(text, "  - \"%s\"\n", range_format(&list[i], buffer));
}

void settings_print_network(const struct network_settings *network, struct text *text)
{
    if (network->pod_resolver_count || network->host_resolver_count)
        text_append(text, "resolvers:\n");
    print_endpoints(text, "pod", network->pod_resolvers, network->pod_resolver_count);
    print_endpoints(text, "host", network->host_resolvers, network->host_resolver_count);
    print_ranges(text, "private_ranges", network->private_ranges, network->private_range_count);
    print_ranges(text, "provider_ranges", network->provider_ranges, network->provider_range_count);
    if (network->control_count)
        text_append(text, "controls:\n");
    for (size_t i = 0; i < network->control_count; i++) {
        const struct control *control = &network->controls[i];
        text_append(text, "  - name: ");
        print_text(text, control->name);
        text_append_format(text, "    kind: %s\n    endpoint: \"%s%s%s:%u\"\n",
                           control_kind_name(control->kind), strchr(control->host, ':') ? "[" : "",
                           control->host, strchr(control->host, ':') ? "]" : "",
                           (unsigned)control->port);
    }
    if (network->egress_url) {
        const struct url *url = network->egress_url;
        bool v6 = url->host_is_address && url->address.family == AF_INET6;
        text_append_format(text, "egress_address_url: \"%s://%s%s%s:%u",
                           url->tls ? "https" : "http", v6 ? "[" : "", url->host, v6 ? "]" : "",
                           (unsigned)url->port);
        print_escaped(text, url->path);
        text_append(text, "\"\n");
    }
}

void settings_print_target(const struct target *target, struct text *text)
{
    bool v6 = target->host_is_address && target->address.family == AF_INET6;
    char buffer[ADDRESS_TEXT_SIZE];

    text_append_format(text, "  - registry: \"%s%s%s:%u\"\n    name: ", v6 ? "[" : "", target->host,
                       v6 ? "]" : "", (unsigned)target->port);
    print_text(text, target->name);
    text_append_format(text, "    expect: %s\n", expect_name(target->expect));
    if (target->has_linkage_address)
        text_append_format(text, "    linkage_address: \"%s\"\n",
                           address_format(&target->linkage_address, buffer));
    print_duration(text, "    interval", target->interval);
    print_duration(text, "    timeout", target->timeout);
    if (target->ca_file) {
        text_append(text, "    ca_file: ");
        print_text(text, target->ca_file);
    }
    if (target->docker_config) {
        text_append(text, "    docker_config: ");
        print_text(text, target->docker_config);
    }
    if (target->token_host_count)
        text_append(text, "    token_hosts:\n");
    for (size_t i = 0; i < target->token_host_count; i++) {
        text_append(text, "      - ");
        print_text(text, target->token_hosts[i]);
    }
    if (target->plain_http)
        text_append(text, "    plain_http: true\n");
    if (target->insecure_skip_verify)
        text_append(text, "    insecure_skip_verify: true\n");
    if (target->image_count)
        text_append(text, "    images:\n");
    for (size_t i = 0; i < target->image_count; i++) {
        text_append(text, "      - ");
        print_text(text, target->images[i]);
    }
}

void settings_print(const struct settings *settings, struct text *text)
{
    text_append(text, "profile: none # what a profile adds is written out\n");
    char buffer[ENDPOINT_TEXT_SIZE];

    text_append_format(text, "listen: \"%s\"\n", endpoint_format(&settings->listen, buffer));
    text_append_format(text, "log: {level: %s, format: %s}\n", log_level_name(settings->log_level),
                       settings->log_format == LOG_FORMAT_JSON ? "json" : "logfmt");
    if (settings->allowed_host_count)
        text_append(text, "allowed_hosts:\n");
    for (size_t i = 0; i < settings->allowed_host_count; i++)
        text_append_format(text, "  - \"%s\"\n", settings->allowed_hosts[i]);
    print_duration(text, "interval", settings->interval);
    print_duration(text, "timeout", settings->timeout);
    text_append_format(text,
                       "expect: %s\ncertificate_warning_days: %u\nmax_in_flight: %u\n"
                       "failure_threshold: %u\nsuccess_threshold: %u\nready_gate: %s\n",
                       expect_name(settings->expect), settings->certificate_warning_days,
                       settings->max_in_flight, settings->failure_threshold,
                       settings->success_threshold, settings->ready_gate ? "true" : "false");
    print_duration(text, "registry_interval", settings->registry_interval);
    if (settings->ca_file) {
        text_append(text, "ca_file: ");
        print_text(text, settings->ca_file);
    }
    settings_print_network(&settings->network, text);
    if (settings->target_count)
        text_append(text, "targets:\n");
    for (size_t i = 0; i < settings->target_count; i++)
        settings_print_target(&settings->targets[i], text);
}
