/* SPDX-License-Identifier: MIT */
#pragma once

/* The system's resolvers as resolv.conf(5) lists them, read as Go's resolver reads the file
 * (net/dnsconfig_unix.go). Every run reads the file anew, so a change counts at once. */

#include <stdbool.h>

#include "config/base/arena.h"
#include "config/settings.h"

#define RESOLV_CONF_MAX_SEARCH      32 /* Go has no limit, Kubernetes has this one */
#define RESOLV_CONF_MAX_NAME        256
#define RESOLV_CONF_MAX_NAMESERVERS 3 /* clients ask no further one */

struct resolv_conf {
    size_t nameserver_count;
    struct endpoint nameservers[RESOLV_CONF_MAX_NAMESERVERS]; /* port 53 */
    uint32_t scopes[RESOLV_CONF_MAX_NAMESERVERS]; /* interface of a link-local one; 0: none */
    size_t search_count;
    char search[RESOLV_CONF_MAX_SEARCH][RESOLV_CONF_MAX_NAME];
    unsigned ndots;    /* a name with fewer dots is looked up in the search list first */
    unsigned timeout;  /* seconds that clients wait for one answer */
    unsigned attempts; /* of clients, over all nameservers */
    bool use_vc;       /* TCP only */
    bool is_libc;      /* libc looks names up: there is a word that Go does not know */
};

/*
 * Returns how many nameservers the file lists. 0 with errno set if it cannot be read (ENOENT,
 * EACCES, ...); the options have their defaults then.
 */
size_t resolv_conf_read(const char *path, struct resolv_conf *ret);

/* The same for a text in memory, which it takes apart. */
void resolv_conf_parse(char *text, struct resolv_conf *ret);

/* The names to ask for `name` in turn: the search list and ndots decide the order
 * (resolv.conf(5)). `absolute` is the index of the name itself. The texts live in `arena`, and
 * `count` is 0 if memory is short. */
#define RESOLV_CONF_MAX_NAMES (RESOLV_CONF_MAX_SEARCH + 1)
struct resolv_names {
    size_t count;
    size_t absolute;
    const char *names[RESOLV_CONF_MAX_NAMES];
};
void resolv_conf_names(const struct resolv_conf *conf, const char *name, struct arena *arena,
                       struct resolv_names *ret);
