/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of the evidence about the node whose client pulls: which of its files decide, and what
 * the mirrors did that containerd asks before or in place of the registry. Only with profile node.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/clock.h"
#include "probes/evidence/registry.h"
#include "probes/evidence/remote.h"

#define EVIDENCE_MAX_MIRRORS 8
#define MIRROR_DIAL_TIMEOUT  (30 * USEC_PER_SEC) /* of containerd's client */

enum mirror_capability {
    MIRROR_PULL,
    MIRROR_RESOLVE,
    MIRROR_PUSH,
    MIRROR_REFERRERS,
    MIRROR_CAPABILITY_COUNT,
};
#define MIRROR_ALL_CAPABILITIES ((1u << MIRROR_CAPABILITY_COUNT) - 1)
const char *mirror_capability_name(enum mirror_capability capability);

enum mirror_outcome {
    MIRROR_SKIPPED, /* not asked: it is the registry itself, or may not be asked for this image */
    MIRROR_OK,      /* the image is whole there; without images: it answers as a registry */
    MIRROR_NO_ADDRESS,
    MIRROR_UNREACHABLE,  /* no connection; `paths` say how */
    MIRROR_TLS_FAILED,   /* no session that containerd accepts */
    MIRROR_PROXY_FAILED, /* the proxy in front of it */
    MIRROR_REFUSED,      /* with `status`; containerd then tries the next host */
    MIRROR_NO_TOKEN,     /* its token service gives none: likewise */
    MIRROR_INCOMPLETE,   /* the manifest is there, and the config or a layer is not: likewise */
    MIRROR_INVALID,      /* it answers, and containerd ends the pull with an error */
    MIRROR_STALLED,      /* no answer to a request; older versions of containerd wait for ever */
    MIRROR_UNKNOWN,      /* this check withheld the key, or could not read an answer */
    MIRROR_LOCAL,
    MIRROR_CANCELLED,
    MIRROR_OUTCOME_COUNT,
};
const char *mirror_outcome_name(enum mirror_outcome outcome);
const char *mirror_outcome_words(enum mirror_outcome outcome);

struct mirror_evidence {
    const char *url;  /* without user information and query */
    bool is_registry; /* the target itself, which `paths` and `images` of the run tell of */
    unsigned capabilities;
    bool skips_verify;
    bool has_ca;     /* certificates of its own */
    bool has_client; /* a client certificate, and next: headers. Neither is ever shown */
    bool has_headers;
    enum mirror_outcome outcome; /* the worst of the images */
    const char *detail;          /* why it cannot be asked */
    usec_t dial_timeout;         /* longest wait of a pull for a connection */
    usec_t duration;
    unsigned status; /* HTTP status of its answer without images; 0: none */
    struct remote_host_evidence remote;
    struct registry_evidence *registry; /* NULL: no image was asked for there */
};

enum node_state {
    NODE_READ,
    NODE_UNREAD,  /* files of the node cannot be read here, so what pulls use is not known */
    NODE_IGNORES, /* containerd ignores a file, because it is not valid */
    NODE_REFUSES, /* containerd fails every pull, because a file is missing or not valid */
    NODE_STATE_COUNT,
};
const char *node_state_name(enum node_state state);

struct node_evidence {
    bool present; /* false: another profile, and all else is zero */
    enum node_state state;
    const char *problem;     /* which file, and why; NULL: none */
    const char *root;        /* where the node's files are mounted */
    const char *config;      /* containerd's config.toml; NULL: there is none */
    const char *config_path; /* folders of hosts.toml as they are searched; NULL: none is set */
    const char *hosts;       /* the file or folder that decides which hosts are asked; NULL: none */
    const char *environment; /* files of the unit that set a variable; NULL: none */
    bool registry_is_asked;  /* the target itself is among the hosts */
    bool skips_verify;       /* for the target itself, and next: it is asked by HTTP */
    bool plain_http;
    size_t mirror_count;             /* 0: the registry alone is asked */
    struct mirror_evidence *mirrors; /* in the order of containerd, the registry among them */
};

/* A copy that needs nothing but `arena`. False when memory is short. */
bool node_evidence_copy(const struct node_evidence *node, struct arena *arena,
                        struct node_evidence *ret);

/* ---- what one host did for one image, as containerd judges it ---- */

struct evidence;

/* Describes what a run at a mirror measured. Texts and lists stay where they are. */
void mirror_take(struct mirror_evidence *mirror, const struct evidence *measured, bool plain_http);

/* `image` is an index; beyond the images it is the host itself. */
enum mirror_outcome mirror_image_outcome(const struct evidence *evidence,
                                         const struct mirror_evidence *mirror, size_t image);

/* The image's evidence at this host; NULL: none. */
const struct image_evidence *mirror_image(const struct evidence *evidence,
                                          const struct mirror_evidence *mirror, size_t image);
