/* SPDX-License-Identifier: MIT */
#pragma once

/* Which proxy a client of Go uses for a host, by the rules of golang.org/x/net/http/httpproxy. */

#include "config/network_settings.h"
#include "config/proxy_url.h"
#include "probes/transport/puller.h"

struct proxy_choice {
    bool used;               /* false: the host is reached without a proxy */
    struct proxy_url url;    /* if used */
    const char *source;      /* name of the variable or option; borrowed */
    const char *unsupported; /* why this program cannot use it; NULL: it can. Static */
};

/* `variables`: NULL reads the environment. `tls`: the request is for https. Texts go into `arena`;
 * the URL may hold a password. NULL, or why the setting cannot be read. */
const char *proxy_choose(const struct network_settings *network,
                         const struct proxy_variables *variables, const char *host, uint16_t port,
                         bool tls, struct arena *arena, struct proxy_choice *ret);

/* True if an entry of a NO_PROXY list (without commas) names the host: "*", an address or CIDR,
 * "name" with its subdomains, ".name" or "*.name" without the name itself, each with ":port". */
bool proxy_entry_matches(const char *entry, const char *host, uint16_t port);
