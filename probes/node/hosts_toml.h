/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The hosts that containerd asks for the images of one registry, in its order: from hosts.toml
 * (core/remotes/docker/config/hosts.go, docs/hosts.md of containerd), or from the sections
 * "mirrors" and "configs" of config.toml, which came before it. The last one is the registry, or
 * what `server` names in its place.
 */

#include "config/url.h"
#include "probes/evidence/node.h"
#include "probes/transport/puller.h"

#define NODE_MAX_HOSTS 8
#define NODE_MAX_FILES 8 /* certificates of one host */

struct node_host {
    const char *shown;     /* the URL, without user information and query */
    const char *authority; /* host[:port] as written; containerd compares it with the image's */
    struct url url;        /* its path is the root of the API: "/v2" unless the file changes it */
    unsigned capabilities; /* bits of enum mirror_capability */
    bool skip_verify;
    bool is_default; /* no URL was given: the registry itself */
    size_t ca_count;
    const char *ca[NODE_MAX_FILES]; /* paths on that machine */
    const char *certificate;        /* of the client; NULL: none */
    const char *key;
    const char *headers; /* whole lines, secret; NULL: none */
    usec_t dial_timeout; /* 0: containerd's 30 s */
    const char *wrong;   /* why containerd cannot ask it, and goes on to the next; NULL: it can */
};

struct node_hosts {
    size_t count;
    struct node_host list[NODE_MAX_HOSTS];
    bool dropped;        /* more than that */
    bool has_host_table; /* without one, containerd 1.x ignores the file */
};

/* Reads hosts.toml of `folder`. NULL, or why containerd refuses the file (it then goes on as if it
 * were not there). Texts go into `arena`, which must wipe what it holds. */
const char *hosts_toml_read(const char *text, size_t length, const char *folder,
                            struct arena *arena, struct node_hosts *ret);

struct toml;

/* Reads registry.mirrors and registry.configs for images of `host`; no host is listed if they have
 * none. NULL, or why containerd fails. */
const char *hosts_from_mirrors(const struct toml *registry, const char *host, struct arena *arena,
                               struct node_hosts *ret);

/* The key that registry.configs or registry.auths has for a host[:port] that is asked. */
bool node_key_find(const struct toml *registry, const char *host, struct puller_key *ret);

/* Where images of `host` are, if no file says so. */
const char *node_default_host(const char *host);
