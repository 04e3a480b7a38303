/* SPDX-License-Identifier: MIT */
#pragma once

/* Settings about the network, which all targets share. See settings.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/url.h"

#define SETTINGS_MAX_RESOLVERS 4 /* per role */
#define SETTINGS_MAX_CONTROLS  8
#define SETTINGS_MAX_RANGES    32
#define SETTINGS_MAX_NO_PROXY  64

enum profile { PROFILE_NONE, PROFILE_TKE_SERVERLESS, PROFILE_NODE };
enum control_kind { CONTROL_VPC, CONTROL_INTERNET };

extern const char *const profile_names[]; /* this and the next end with NULL */
extern const char *const control_kind_names[];
const char *profile_name(enum profile profile);
const char *control_kind_name(enum control_kind kind);

/* Place that accepts TCP connections if the network works. */
struct control {
    const char *name;
    enum control_kind kind;
    const char *host; /* a name, or the text of `address` */
    uint16_t port;
    bool host_is_address;
    struct address address;
    bool only_helps; /* a host that not every network can reach: its silence shows nothing */
};

/* The diagnosis and the address classes read these. */
struct network_settings {
    enum profile profile;
    const char *host_root;     /* of the node's files, read with profile node */
    size_t pod_resolver_count; /* 0: resolv.conf decides */
    struct endpoint pod_resolvers[SETTINGS_MAX_RESOLVERS];
    size_t host_resolver_count;
    struct endpoint host_resolvers[SETTINGS_MAX_RESOLVERS];
    size_t private_range_count;
    struct range private_ranges[SETTINGS_MAX_RANGES];
    size_t provider_range_count; /* includes those of the profile */
    struct range provider_ranges[SETTINGS_MAX_RANGES];
    size_t control_count; /* includes those of the profile; 0 after --no-controls */
    struct control controls[SETTINGS_MAX_CONTROLS];
    const struct url *egress_url; /* URL that answers with the caller's address; NULL: none */
    const char *proxy;     /* "auto", "none" or a URL, which may hold a password: never print it */
    size_t no_proxy_count; /* hosts without the proxy; 0: NO_PROXY decides under "auto" */
    const char *const *no_proxy;
    const char *docs_url; /* base of the links to the pages of causes; NULL: none */
};
