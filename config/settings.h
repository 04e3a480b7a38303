#pragma once

/*
 * What the user asked for: flags, environment and file merged (in that order of precedence),
 * validated, typed, and immutable from then on. One settings object owns everything in it through
 * its arena; it is reference-counted because a run in flight may outlive a reload.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"
#include "config/base/arena.h"
#include "config/base/clock.h"
#include "config/network_settings.h"

#define SETTINGS_MAX_TARGETS   20000
#define SETTINGS_MAX_IMAGES    16 /* per target */
#define SETTINGS_MAX_HOSTS     32 /* allowed_hosts, token_hosts */
#define SETTINGS_MAX_THRESHOLD 10 /* failure_threshold, success_threshold */

enum expect { EXPECT_ANY, EXPECT_PRIVATE, EXPECT_PUBLIC };
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* The ids of the enums above as the file, JSON and log spell them. */
const char *expect_name(enum expect expect);
const char *log_level_name(enum log_level level);

/* One registry to look at; every default already filled in. */
struct target {
    const char *name; /* label in metrics; unique; by default the host, and host:port where an
                       * earlier target has that name */
    const char *host; /* lower case, no trailing dot; for an address its text without brackets */
    uint16_t port;
    bool host_is_address;
    struct address address;
    const char *instance; /* TCR instance of <instance>.tencentcloudcr.com, else NULL */
    bool is_vpc_name;     /* the host is <x>-vpc.tencentcloudcr.com */
    enum expect expect;
    bool has_linkage_address;
    struct address linkage_address;
    usec_t interval; /* of the daemon's runs */
    usec_t timeout;
    unsigned certificate_warning_days;
    const char *ca_file;       /* NULL: the system's store */
    usec_t registry_interval;  /* auth, manifest and blob at most this often */
    const char *docker_config; /* NULL: no key */
    size_t token_host_count;   /* further hosts, or host:port, whose realms may be sent the key */
    const char *const *token_hosts;
    bool plain_http; /* speak HTTP without TLS, as clients with such an annotation do */
    bool insecure_skip_verify;
    size_t image_count;
    const char *images[SETTINGS_MAX_IMAGES]; /* repository:tag or repository@digest, no host */
    const struct network_settings *network;  /* owned by the settings */
};

struct settings {
    unsigned max_in_flight;
    unsigned failure_threshold; /* runs in a row before worse is believed */
    unsigned success_threshold; /* the same for better */
    bool ready_gate;            /* /readyz waits for every target to be ok or warn */
    const char *config_file;    /* NULL: none was given */
    struct endpoint listen;     /* of the status endpoint; port 0: any free one */
    enum log_level log_level;
    enum log_format log_format;
    size_t allowed_host_count; /* further Host values of the status endpoint, lower case */
    const char *allowed_hosts[SETTINGS_MAX_HOSTS];
    usec_t interval; /* this and the next: the defaults that targets started from */
    usec_t timeout;
    unsigned certificate_warning_days;
    const char *ca_file;
    usec_t registry_interval;
    const char *docker_config;
    size_t token_host_count;
    const char *const *token_hosts;
    bool plain_http;
    bool insecure_skip_verify;
    enum expect expect;
    bool no_controls;
    bool has_linkage_address;
    struct address linkage_address;
    struct network_settings network;
    size_t target_count;
    struct target *targets;

    struct arena *arena; /* owns all of the above, this struct too */
    unsigned references;
};

struct settings *settings_hold(struct settings *settings);
void settings_release(struct settings *settings); /* NULL is allowed */
