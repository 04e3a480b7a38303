/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The settings: options, environment and file merged (in that order of precedence), validated,
 * typed, and immutable. One settings object owns everything in it through its arena. It is
 * reference-counted, because a run may outlive a reload.
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
#define SETTINGS_MAX_FILES     16 /* docker_config */
#define SETTINGS_MAX_THRESHOLD 10 /* failure_threshold, success_threshold */

enum expect { EXPECT_ANY, EXPECT_PRIVATE, EXPECT_PUBLIC };
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* The ids of the enums above as the file, JSON and log spell them; arrays end with NULL. */
extern const char *const expect_names[];
extern const char *const log_level_names[];
extern const char *const log_format_names[];
const char *expect_name(enum expect expect);
const char *log_level_name(enum log_level level);

/* A docker config in memory, borrowed. */
struct docker_config_content {
    const char *bytes;
    size_t length;
};

/* One registry to probe, with all defaults filled in. */
struct target {
    const char *name; /* label in metrics; unique; by default the host, or host:port if an
                       * earlier target has that name */
    const char *host; /* lower case, no trailing dot; for an address its text without brackets */
    uint16_t port;
    bool port_is_written; /* as part of the target's or the image's name */
    bool host_is_address;
    struct address address;
    const char *instance; /* TCR instance of <instance>.tencentcloudcr.com, else NULL */
    bool is_vpc_name;     /* the host is <x>-vpc.tencentcloudcr.com */
    enum expect expect;
    bool has_linkage_address;
    struct address linkage_address;
    usec_t interval; /* between two runs of the daemon */
    usec_t timeout;
    unsigned certificate_warning_days;
    const char *ca_file;        /* PEM, added to the system's certificates; NULL: none */
    usec_t registry_interval;   /* shortest time between two checks of auth, manifest, blob */
    size_t docker_config_count; /* files whose entries are merged, as the kubelet does; 0: no key */
    const char *const *docker_configs;
    /* Contents of those that are no files but were read from the cluster, one each; then
     * docker_configs has their names. NULL: all are files. */
    const struct docker_config_content *docker_config_contents;
    const char *platform;    /* "os/architecture[/variant]" of images; NULL: this machine's */
    size_t token_host_count; /* further hosts, or host:port, whose realms may get the key */
    const char *const *token_hosts;
    bool plain_http; /* speak HTTP without TLS, as pods with the annotation for it do */
    bool insecure_skip_verify;
    bool send_key_unverified; /* send the key over a session that did not verify */
    size_t image_count;
    const char *images[SETTINGS_MAX_IMAGES]; /* repository[:tag][@digest], without host */
    const struct network_settings *network;  /* owned by the settings */
};

struct settings {
    unsigned max_in_flight;
    unsigned failure_threshold; /* worse runs in a row that make a target worse */
    unsigned success_threshold; /* better runs in a row that make it better */
    bool ready_gate;            /* /readyz waits until every target is ok or warn */
    bool kubernetes_events;     /* write the believed state as Events of this pod */
    const char *config_file;    /* NULL: none */
    struct endpoint listen;     /* address of the status endpoint; port 0: any free one */
    enum log_level log_level;
    enum log_format log_format;
    size_t allowed_host_count; /* further Host names of the status endpoint, in lower case */
    const char *const *allowed_hosts;
    bool no_controls;
    struct target defaults; /* start of every target; has no host and no images */
    struct network_settings network;
    size_t target_count;
    struct target *targets;

    struct arena *arena; /* owns everything in it, and the struct itself */
    unsigned references;
};

struct settings *settings_hold(struct settings *settings);
void settings_release(struct settings *settings); /* NULL is allowed */
