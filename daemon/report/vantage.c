/* SPDX-License-Identifier: MIT */
#include "daemon/report/vantage.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/base/address.h"
#include "config/base/text.h"
#include "probes/transport/resolv_conf.h"

#define MAX_SOURCE_ADDRESSES 16
#define MAX_HOSTNAME         256

static json_t *hostname(void)
{
    char name[MAX_HOSTNAME] = "";
    struct text text = TEXT_WITH_LIMIT(MAX_HOSTNAME * 4);

    if (gethostname(name, sizeof(name) - 1))
        name[0] = '\0';
    text_append_peer(&text, name, strlen(name), MAX_HOSTNAME);
    json_t *value = json_string(text_string(&text));
    text_free(&text);
    return value;
}

static json_t *nameservers(const struct resolv_conf *conf)
{
    char buffer[ADDRESS_TEXT_SIZE];
    json_t *list = json_array();

    for (size_t i = 0; i < conf->nameserver_count; i++)
        json_array_append_new(list,
                              json_string(address_format(&conf->nameservers[i].address, buffer)));
    return list;
}

static json_t *search(const struct resolv_conf *conf)
{
    json_t *list = json_array();

    for (size_t i = 0; i < conf->search_count; i++) {
        struct text text = TEXT_WITH_LIMIT(RESOLV_CONF_MAX_NAME * 4);
        text_append_peer(&text, conf->search[i], strlen(conf->search[i]), RESOLV_CONF_MAX_NAME);
        json_array_append_new(list, json_string(text_string(&text)));
        text_free(&text);
    }
    return list;
}

static json_t *source_addresses(void)
{
    struct ifaddrs *interfaces = NULL;
    char buffer[ADDRESS_TEXT_SIZE];
    struct endpoint endpoint;
    json_t *list = json_array();

    if (getifaddrs(&interfaces))
        return list;
    for (struct ifaddrs *at = interfaces; at; at = at->ifa_next)
        if (at->ifa_addr && !(at->ifa_flags & IFF_LOOPBACK) && (at->ifa_flags & IFF_UP) &&
            json_array_size(list) < MAX_SOURCE_ADDRESSES &&
            endpoint_from_sockaddr(at->ifa_addr, &endpoint))
            json_array_append_new(list, json_string(address_format(&endpoint.address, buffer)));
    freeifaddrs(interfaces);
    return list;
}

/* True when the kernel has an IPv4 route for 0.0.0.0/0. */
static bool default_route(void)
{
    char line[512];
    FILE *file = fopen("/proc/net/route", "re");
    bool found = false;

    while (file && fgets(line, sizeof(line), file)) {
        char name[64];
        unsigned destination;
        unsigned gateway;
        unsigned flags;
        unsigned mask;
        if (sscanf(line, "%63s %x %x %x %*s %*s %*s %x", name, &destination, &gateway, &flags,
                   &mask) == 5 &&
            destination == 0 && mask == 0)
            found = true;
    }
    if (file)
        fclose(file);
    return found;
}

json_t *vantage_json(void)
{
    struct resolv_conf conf;

    resolv_conf_read("/etc/resolv.conf", &conf);
    return json_pack("{s:o, s:o, s:o, s:o, s:b}", "hostname", hostname(), "nameservers",
                     nameservers(&conf), "search", search(&conf), "source_addresses",
                     source_addresses(), "default_route", default_route());
}
