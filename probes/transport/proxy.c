/* SPDX-License-Identifier: MIT */
#include "probes/transport/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MAX_ENTRY 256
#define BLANKS    " \t\r\n\v\f"

/* ---- NO_PROXY ---- */

/* Splits "host:port" and "[v6]:port"; false if the port is not the one that is asked for. */
static bool split_port(char *entry, uint16_t port)
{
    char *colon = strrchr(entry, ':');
    char number[8];

    if (*entry == '[') {
        char *end = strchr(entry, ']');
        if (!end)
            return true;
        colon = end[1] == ':' ? end + 1 : NULL;
        memmove(entry, entry + 1, (size_t)(end - entry - 1));
        entry[end - entry - 1] = '\0';
    } else if (colon && strchr(entry, ':') != colon) {
        colon = NULL; /* an IPv6 address without a port */
    }
    if (!colon)
        return true;
    snprintf(number, sizeof(number), "%u", (unsigned)port);
    bool same = strcmp(colon + 1, number) == 0;
    *colon = '\0';
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

static bool range_matches(const char *entry, const struct address *address, bool *ret_is_range)
{
    struct range range;
    const char *slash = strchr(entry, '/');
    char base[MAX_ENTRY];
    char *end = NULL;

    snprintf(base, sizeof(base), "%.*s", (int)(slash ? slash - entry : 0), entry);
    unsigned long prefix = slash ? strtoul(slash + 1, &end, 10) : 0;
    *ret_is_range = slash && end != slash + 1 && !*end && address_parse(base, &range.base) &&
                    prefix <= (range.base.family == AF_INET ? 32 : 128);
    if (!*ret_is_range || !address)
        return false;
    range.prefix = (unsigned)prefix;
    return range_contains(&range, address);
}

bool proxy_entry_matches(const char *entry, const char *host, uint16_t port)
{
    char text[MAX_ENTRY];
    struct address address;
    struct address other;
    size_t length = strlen(entry);
    bool is_address = address_parse(host, &address);
    bool is_range;

    if (strcmp(entry, "*") == 0)
        return true;
    bool in_range = range_matches(entry, is_address ? &address : NULL, &is_range);
    if (is_range || length >= sizeof(text))
        return in_range;
    memcpy(text, entry, length + 1);
    if (!split_port(text, port))
        return false;
    if (address_parse(text, &other))
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
    if (!value || strcmp(value, "none") == 0 || is_local(host) ||
        is_bypassed(network, variables, automatic, host, port))
        return NULL;
    ret->used = true;
    if (proxy_url_parse(value, arena, &ret->url))
        return "the proxy's URL cannot be read";
    if (!tls)
        ret->unsupported = "this program uses a proxy for https only";
    return NULL;
}
