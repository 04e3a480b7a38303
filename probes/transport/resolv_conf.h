#pragma once

/* The system's resolvers as resolv.conf(5) lists them; read anew by every run, so a change counts.
 */

#include "config/settings.h"

#define RESOLV_CONF_MAX_SEARCH 6
#define RESOLV_CONF_MAX_NAME   256

struct resolv_conf {
    size_t nameserver_count;
    struct endpoint nameservers[SETTINGS_MAX_RESOLVERS]; /* port 53 */
    size_t search_count;
    char search[RESOLV_CONF_MAX_SEARCH][RESOLV_CONF_MAX_NAME]; /* for the report; never applied */
};

/*
 * How many nameservers it lists; 0 with errno set when it cannot be read (ENOENT, EACCES, ...) and
 * EINVAL when it holds a NUL byte, which c-ares 1.18 must never be shown (CVE-2024-25629).
 */
size_t resolv_conf_read(const char *path, struct resolv_conf *ret);
