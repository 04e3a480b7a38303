#pragma once

/* The part of the settings that is about the network, shared by every target. See settings.h. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/url.h"

#define SETTINGS_MAX_RESOLVERS 4 /* per role */
#define SETTINGS_MAX_CONTROLS  8
#define SETTINGS_MAX_RANGES    32

enum profile { PROFILE_NONE, PROFILE_TKE_SERVERLESS };
enum control_kind { CONTROL_VPC, CONTROL_INTERNET };

const char *profile_name(enum profile profile);
const char *control_kind_name(enum control_kind kind);

/* A place that must accept a TCP connection if the network does. */
struct control {
    const char *name;
    enum control_kind kind;
    const char *host; /* a name, or the text of `address` */
    uint16_t port;
    bool host_is_address;
    struct address address;
};

/* Settings of the diagnosis that every target shares; what diagnose() and the classes read. */
struct network_settings {
    enum profile profile;
    size_t pod_resolver_count; /* 0: resolv.conf decides */
    struct endpoint pod_resolvers[SETTINGS_MAX_RESOLVERS];
    size_t host_resolver_count;
    struct endpoint host_resolvers[SETTINGS_MAX_RESOLVERS];
    size_t private_range_count;
    struct range private_ranges[SETTINGS_MAX_RANGES];
    size_t provider_range_count; /* the profile's included */
    struct range provider_ranges[SETTINGS_MAX_RANGES];
    size_t control_count; /* the profile's included; 0 after --no-controls */
    struct control controls[SETTINGS_MAX_CONTROLS];
    const struct url *egress_url; /* answers with the caller's address; NULL: none */
};
