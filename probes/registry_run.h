#pragma once

/* The inside of auth, manifest and blob of one run, shared by stage_registry.c, stage_auth.c and
 * stage_image.c. Not for others. */

#include "config/url.h"
#include "probes/fetch.h"
#include "probes/registry/challenge.h"
#include "probes/registry/credentials.h"
#include "probes/run.h"

struct registry_run;

struct auth_run {
    bool pending;
    struct url realm;
    struct credentials key;
    bool by_post;     /* as containerd, until the realm does not take it */
    bool checks_key;  /* the request under way has no scope */
    bool any_refused; /* a scope, by the realm */
    bool any_less;
    unsigned redirects; /* of the realm, all together */
    size_t image;       /* whose scope is asked for */
    usec_t started;
    struct fetch *fetch;
};

enum image_step {
    IMAGE_DONE,
    IMAGE_HEAD,
    IMAGE_ERROR, /* what HEAD refused, again for the words */
    IMAGE_MANIFEST,
    IMAGE_CHILD, /* of an index */
    IMAGE_BLOB,
};

struct image_run {
    struct registry_run *registry;
    struct image_evidence *evidence;
    const char *repository;
    const char *version;       /* tag or digest */
    const char *authorization; /* a whole header line, or NULL */
    bool scope_refused;        /* by the realm */
    enum image_step step;
    usec_t started;  /* the manifest, then the blob */
    bool redirected; /* the step goes on at `location` */
    struct url location;
    unsigned manifest_redirects;
    unsigned indexes;                      /* gone through */
    struct remote_host_evidence elsewhere; /* where a manifest redirects to, which is not kept */
    struct fetch *fetch;
};

struct registry_run {
    struct probe_run *run;
    struct arena *secrets; /* keys, tokens, and answers that may hold some; wiped at the end */
    struct registry_evidence *evidence;
    struct challenge challenge;
    unsigned ping_status;
    struct address address;          /* that answered at /v2/ */
    struct remote_host_evidence own; /* of requests to it, which is not kept */
    struct auth_run auth;
    struct image_run images[SETTINGS_MAX_IMAGES];
};

/* The registry itself. */
struct fetch_place registry_place(const struct registry_run *registry);

/* Whether the URL is the registry's own host and port. */
bool registry_is(const struct registry_run *registry, const struct url *url);

/* The whole URL of a Location among the secrets; `from` is where it was said, NULL the registry,
 * and `path` what was asked for there. NULL: memory. */
const char *registry_location_url(struct registry_run *registry, const struct url *from,
                                  const char *path, const char *location);

/* "Authorization: SCHEME TEXT\r\n" among the secrets; NULL: memory. */
const char *registry_authorization(struct registry_run *registry, const char *scheme,
                                   const char *text);

/* Peer text for the evidence, escaped and cut; a URL loses its query. NULL for NULL. */
const char *registry_keep(struct registry_run *registry, const char *text);
const char *registry_keep_url(struct registry_run *registry, const char *url);

/* Whether the request under way had a fair part of the time when the run ended: how long those
 * before it took says nothing of it. NULL: none is. */
bool registry_was_fair(const struct registry_run *registry, const struct fetch *request);

/* The path and query of the request for a token by GET, the body of that by POST, and the header
 * with the key; for the scope under way, among the secrets. NULL: memory. */
const char *auth_request_path(struct registry_run *registry);
const char *auth_request_form(struct registry_run *registry);
const char *auth_basic_header(struct registry_run *registry);

void stage_auth_start(struct registry_run *registry);
void stage_auth_end(struct registry_run *registry, bool expired);

/* All images at once, with what stage_auth found for each. */
void stage_images_start(struct registry_run *registry);
void stage_images_skip(struct registry_run *registry, const char *reason);
bool stage_images_pending(const struct registry_run *registry);
void stage_images_end(struct registry_run *registry, bool expired);
