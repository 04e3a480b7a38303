/* SPDX-License-Identifier: MIT */
/* State shared by all runs: the event loop, the mode, and the trust stores opened so far. */

#include "probes/run/environment.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/base/memory.h"

#define RESOLV_CONF      "/etc/resolv.conf"
#define HOSTS_FILE       "/etc/hosts"
#define MAX_TRUST_STORES 16

struct trust_entry {
    char *ca_file; /* NULL: the system's certificates alone */
    bool ignores_environment;
    uint64_t settings; /* puller_stamp() */
    struct trust_store *store;
    struct stat file;         /* when it was opened, so that a new one is noticed */
    uint64_t memory_failures; /* before it was opened */
};

struct probe_environment {
    struct event_base *base;
    enum probe_mode mode;
    size_t store_count;
    struct trust_entry stores[MAX_TRUST_STORES];
};

struct probe_environment *probe_environment_new(struct event_base *base, enum probe_mode mode)
{
    struct probe_environment *environment = memory_allocate(sizeof(*environment));

    if (environment) {
        environment->base = base;
        environment->mode = mode;
    }
    return environment;
}

void probe_environment_forget(struct probe_environment *environment)
{
    for (size_t i = 0; i < environment->store_count; i++) {
        memory_release(environment->stores[i].ca_file);
        trust_store_release(environment->stores[i].store);
    }
    environment->store_count = 0;
}

void probe_environment_free(struct probe_environment *environment)
{
    if (!environment)
        return;
    probe_environment_forget(environment);
    memory_release(environment);
}

void environment_resolv_conf(struct resolv_conf *ret)
{
    char own[HOST_NAME_MAX + 1];
    const char *dot = gethostname(own, sizeof(own)) == 0 ? strchr(own, '.') : NULL;

    if (!resolv_conf_read(RESOLV_CONF, ret)) {
        ret->nameservers[0] = (struct endpoint){{AF_INET, {127, 0, 0, 1}}, 53};
        ret->nameservers[1] = (struct endpoint){{AF_INET6, {[15] = 1}}, 53};
        ret->nameserver_count = 2;
    }
    if (!ret->search_count && dot && dot[1])
        snprintf(ret->search[ret->search_count++], RESOLV_CONF_MAX_NAME, "%s", dot + 1);
}

void environment_name_sources(const struct target *target, const struct puller *puller,
                              const char *host, struct arena *arena, struct name_sources *ret)
{
    *ret = (struct name_sources){.files = true, .dns = true};
    if (target->network->profile != PROFILE_TKE_SERVERLESS)
        name_sources_read(puller->root, host, arena, ret);
}

size_t environment_hosts(const struct target *target, const struct puller *puller, const char *host,
                         struct address ret[HOSTS_FILE_MAX_ADDRESSES])
{
    struct name_sources sources;

    environment_name_sources(target, puller, host, NULL, &sources);
    return sources.files && target->network->profile != PROFILE_TKE_SERVERLESS
               ? hosts_file_find(puller->root, HOSTS_FILE, host, ret)
               : 0;
}

size_t probe_environment_system_resolvers(struct probe_environment *environment,
                                          struct endpoint resolvers[SETTINGS_MAX_RESOLVERS])
{
    struct resolv_conf conf;

    (void)environment;
    environment_resolv_conf(&conf);
    memcpy(resolvers, conf.nameservers, conf.nameserver_count * sizeof(resolvers[0]));
    return conf.nameserver_count;
}

/* Tells the settings of two pullers apart, as far as they decide what is trusted. FNV-1a. */
static uint64_t puller_stamp(const struct puller *puller)
{
    const char *const texts[] = {puller->root,   puller->cert_file,       puller->cert_dir,
                                 puller->tls.ca, puller->tls.certificate, puller->tls.key};
    uint64_t stamp = 14695981039346656037u ^ (puller->proxies != NULL);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (const char *at = texts[i] ? texts[i] : ""; *at; at++)
            stamp = (stamp ^ (unsigned char)*at) * 1099511628211u;
        stamp = (stamp ^ 256) * 1099511628211u;
    }
    return stamp;
}

static bool is_entry_for(const struct trust_entry *entry, const struct trust_options *options)
{
    const char *a = entry->ca_file;
    const char *b = options->ca_file;

    return entry->ignores_environment == options->ignore_environment &&
           entry->settings == puller_stamp(options->puller) &&
           (a == b || (a && b && strcmp(a, b) == 0));
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The kept store for these options. NULL if there is none, if its file has changed, or if an
 * allocation has failed since, because OpenSSL marks a certificate as invalid for good when that
 * happens while it is first examined. */
static struct trust_store *find_store(struct probe_environment *environment,
                                      const struct trust_options *options, const struct stat *file)
{
    for (size_t i = 0; i < environment->store_count; i++) {
        struct trust_entry *entry = &environment->stores[i];
        if (!is_entry_for(entry, options))
            continue;
        if (is_same(&entry->file, file) && entry->memory_failures == memory_failures())
            return trust_store_hold(entry->store);
        trust_store_release(entry->store);
        memory_release(entry->ca_file);
        *entry = environment->stores[--environment->store_count];
        return NULL;
    }
    return NULL;
}

struct trust_store *environment_trust_store(struct probe_environment *environment,
                                            const struct target *target,
                                            const struct puller *puller, char *error,
                                            size_t error_size)
{
    /* Under this profile pulls happen outside the pod, whose environment they do not see. */
    struct trust_options options = {
        .ca_file = target->ca_file,
        .ignore_environment = target->network->profile == PROFILE_TKE_SERVERLESS,
        .puller = puller,
    };
    uint64_t failures = memory_failures();
    struct stat file = {0};

    if (options.ca_file)
        (void)!stat(options.ca_file, &file); /* opening the store reports a missing file */
    struct trust_store *store = find_store(environment, &options, &file);
    if (store)
        return store;
    store = trust_store_open(&options, error, error_size);
    if (!store)
        return NULL;
    if (environment->store_count < MAX_TRUST_STORES) {
        struct trust_entry *entry = &environment->stores[environment->store_count];
        entry->ca_file = memory_copy_text(options.ca_file);
        if (entry->ca_file || !options.ca_file) {
            entry->ignores_environment = options.ignore_environment;
            entry->settings = puller_stamp(puller);
            entry->store = trust_store_hold(store);
            entry->file = file;
            entry->memory_failures = failures;
            environment->store_count++;
        }
    }
    return store;
}

struct event_base *environment_base(const struct probe_environment *environment)
{
    return environment->base;
}

enum probe_mode environment_mode(const struct probe_environment *environment)
{
    return environment->mode;
}
