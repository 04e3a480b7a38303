/* SPDX-License-Identifier: MIT */
#include "probes/transport/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_ENTRY 256
#define BLANKS    " \t\r\n\v\f"

/* ---- NO_PROXY ---- */

/* Splits "host:port" and "[host]:port" as net.SplitHostPort does, and leaves alone what is neither.
 * False if the port is not the one that is asked for. */
static bool split_port(char *entry, uint16_t port)
{
    char *close = *entry == '[' ? strchr(entry, ']') : NULL;
    char *colon = close ? close + 1 : strchr(entry, ':');
    char number[8];

    if (!colon || *colon != ':' || strchr(colon + 1, ':'))
        return true;
    snprintf(number, sizeof(number), "%u", (unsigned)port);
    bool same = !colon[1] || strcmp(colon + 1, number) == 0;
    *colon = '\0';
    if (close) {
        *close = '\0';
        memmove(entry, entry + 1, strlen(entry));
    }
    return same;
}

static bool domain_matches(const char *domain, const char *host)
{
    bool subdomains_only = *domain == '.' || strncmp(domain, "*.", 2) == 0;
    size_t length;

    if (strncmp(domain, "*.", 2) == 0)
        domain++;
    if (*domain == '.')
        domain++;
    length = strlen(domain);
    if (!length || strlen(host) < length)
        return false;
    const char *end = host + strlen(host) - length;
    if (strcasecmp(end, domain) != 0)
        return false;
    return end == host ? !subdomains_only : end[-1] == '.';
}

/* As net.ParseIP, for which an IPv4 address in IPv6 form is the IPv4 address. */
static bool parse_go_ip(const char *text, struct address *ret, bool *ret_mapped)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (!address_parse(text, ret))
        return false;
    *ret_mapped = ret->family == AF_INET6 && memcmp(ret->bytes, mapped, sizeof(mapped)) == 0;
    if (*ret_mapped) {
        struct address v4 = {.family = AF_INET};
        memcpy(v4.bytes, ret->bytes + sizeof(mapped), 4);
        *ret = v4;
    }
    return true;
}

static bool range_matches(const char *entry, const struct address *address, bool *ret_is_range)
{
    struct range range;
    const char *slash = strchr(entry, '/');
    char base[MAX_ENTRY];
    char *end = NULL;
    bool mapped = false;

    snprintf(base, sizeof(base), "%.*s", (int)(slash ? slash - entry : 0), entry);
    unsigned long prefix = slash ? strtoul(slash + 1, &end, 10) : 0;
    *ret_is_range = slash && end != slash + 1 && !*end && parse_go_ip(base, &range.base, &mapped) &&
                    prefix <= (range.base.family == AF_INET && !mapped ? 32 : 128);
    if (!*ret_is_range || !address)
        return false;
    if (mapped)
        prefix = prefix > 96 ? prefix - 96 : 0;
    range.prefix = (unsigned)prefix;
    return range_contains(&range, address);
}

bool proxy_entry_matches(const char *entry, const char *host, uint16_t port)
{
    char text[MAX_ENTRY];
    struct address address;
    struct address other;
    size_t length = strlen(entry);
    bool mapped;
    bool is_address = parse_go_ip(host, &address, &mapped);
    bool is_range;

    if (strcmp(entry, "*") == 0)
        return true;
    bool in_range = range_matches(entry, is_address ? &address : NULL, &is_range);
    if (is_range || length >= sizeof(text))
        return in_range;
    memcpy(text, entry, length + 1);
    if (!split_port(text, port))
        return false;
    if (parse_go_ip(text, &other, &mapped))
        return is_address && address_equal(&address, &other);
    return domain_matches(text, host);
}

static bool list_matches(const char *list, const char *host, uint16_t port)
{
    char entry[MAX_ENTRY];

    while (list && *list) {
        list += strspn(list, "," BLANKS);
        size_t length = strcspn(list, ",");
        size_t kept = length;
        while (kept && strchr(BLANKS, list[kept - 1]))
            kept--;
        if (kept && kept < sizeof(entry)) {
            snprintf(entry, sizeof(entry), "%.*s", (int)kept, list);
            if (proxy_entry_matches(entry, host, port))
                return true;
        }
        list += length;
    }
    return false;
}

/* ---- the choice ---- */

static const char *variable(const char *upper, const char *lower, const char **ret_name)
{
    const char *value = getenv(upper);

    *ret_name = upper;
    if (value && *value)
        return value;
    *ret_name = lower;
    value = getenv(lower);
    return value && *value ? value : NULL;
}

static bool is_local(const char *host)
{
    struct address address;

    if (strcmp(host, "localhost") == 0)
        return true;
    if (!address_parse(host, &address))
        return false;
    if (address.family == AF_INET)
        return address.bytes[0] == 127;
    static const struct address loopback = {.family = AF_INET6, .bytes = {[15] = 1}};
    return address_equal(&address, &loopback);
}

static bool is_bypassed(const struct network_settings *network,
                        const struct proxy_variables *variables, bool automatic, const char *host,
                        uint16_t port)
{

    for (size_t i = 0; i < network->no_proxy_count; i++)
        if (proxy_entry_matches(network->no_proxy[i], host, port))
            return true;
    return automatic && !network->no_proxy_count && list_matches(variables->no_proxy, host, port);
}

static struct proxy_variables environment_variables(void)
{
    struct proxy_variables found = {0};
    const char *name;

    found.https = variable("HTTPS_PROXY", "https_proxy", &found.https_source);
    found.http = variable("HTTP_PROXY", "http_proxy", &found.http_source);
    found.no_proxy = variable("NO_PROXY", "no_proxy", &name);
    return found;
}

const char *proxy_choose(const struct network_settings *network,
                         const struct proxy_variables *variables, const char *host, uint16_t port,
                         bool tls, struct arena *arena, struct proxy_choice *ret)
{
    bool automatic = !network->proxy || strcmp(network->proxy, "auto") == 0;
    const char *value = network->proxy;
    struct proxy_variables own = environment_variables();

    *ret = (struct proxy_choice){.source = "proxy"};
    if (!variables)
        variables = &own;
    if (automatic) {
        value = network->profile == PROFILE_TKE_SERVERLESS ? NULL
                : tls                                      ? variables->https
                                                           : variables->http;
        ret->source = tls ? variables->https_source : variables->http_source;
    }
    if (!value || (!automatic && strcmp(value, "none") == 0) || is_local(host) ||
        is_bypassed(network, variables, automatic, host, port))
        return NULL;
    const char *wrong = proxy_url_of_variable(value, arena, &ret->used, &ret->url);
    if (wrong || !ret->used)
        return wrong;
    if (!tls)
        ret->unsupported = "this program uses a proxy for https only";
    return NULL;
}
