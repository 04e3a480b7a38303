/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The part of a run above /v2/, shared by its stages. registry.c decides the order; auth.c gets
 * tokens, images.c manifests, layers.c configs and layers. Only these files use it.
 */

#include "probes/registry/challenge.h"
#include "probes/registry/credentials.h"
#include "probes/registry/manifest.h"
#include "probes/run/pull_request.h"
#include "probes/run/run.h"

#define IMAGE_MAX_AUTHORIZATIONS 2 /* the registry's own, and another host's */
#define IMAGE_LAYER_SLOTS        4 /* layers asked for at the same time */
#define IMAGE_MAX_LAYERS_ASKED   64

struct image_run;
struct registry_run;

/* ---- auth ---- */

enum auth_step { AUTH_STEP_NONE, AUTH_STEP_POST, AUTH_STEP_GET, AUTH_STEP_KEY, AUTH_STEP_BASIC };

struct auth_run {
    struct registry_run *registry;
    struct image_run *image; /* NULL: only the key is looked at */
    enum auth_step step;
    enum auth_outcome outcome; /* for this image and key, once the step is none again */
    struct challenge challenge;
    struct url asked_by;
    struct url realm;
    const char *user;       /* of the realm, or of where a POST was redirected */
    struct url hop;         /* a POST was redirected to it */
    bool is_hop;            /* it is asked */
    bool hop_is_get;        /* as Go does after 301, 302 and 303, without the form */
    struct credentials key; /* without a user name or secret: no key */
    bool with_key;          /* it may go to the realm */
    struct pull_authorization basic;
    unsigned redirects; /* of POST */
    const char *scopes; /* separated by blanks; NULL: none */
    usec_t started;
    struct pull_request *request;
};

/* ---- one image ---- */

enum image_step {
    IMAGE_DONE,
    IMAGE_HEAD,
    IMAGE_TAG,      /* GET by tag, because HEAD told too little or is not allowed */
    IMAGE_ERROR,    /* GET after a HEAD that was refused, to get the error's words */
    IMAGE_MANIFEST, /* GET by digest; of an index, then of its entry for the platform */
};

enum blob_step {
    BLOB_DONE,
    BLOB_WHOLE, /* GET */
    BLOB_FIRST, /* GET that is cut off behind the first bytes */
    BLOB_HERE,  /* the same at the registry; a redirect is not followed */
};

/* The places of an image's blobs; from BLOB_FURTHER on other layers than the smallest. */
enum { BLOB_CONFIG, BLOB_LAYER, BLOB_FURTHER, IMAGE_BLOB_COUNT = BLOB_FURTHER + IMAGE_LAYER_SLOTS };

struct blob_run {
    struct image_run *image;
    struct descriptor wanted;
    size_t url; /* of the descriptor, in use; behind the last one: the registry is asked */
    enum blob_step step;
    bool waits;       /* for a token */
    unsigned answers; /* to the request before that */
    usec_t started;
    struct blob_evidence *evidence;
    struct blob_evidence own; /* of layers that are kept only if they fail */
    struct pull_request *request;
};

struct image_run {
    struct registry_run *registry;
    struct image_evidence *evidence;
    const char *repository;
    const char *version; /* tag or digest */
    struct keys keys;
    size_t key; /* the one in use, or to be used */
    struct pull_authorization authorizations[IMAGE_MAX_AUTHORIZATIONS];
    size_t authorization_count;

    bool wants_token; /* the challenge has to be answered first */
    bool renewed;     /* once, because a good token was refused later */
    struct challenge challenge;
    struct url asked_by;

    bool over;
    bool has_best;
    struct image_evidence best; /* of keys before, the attempt that came furthest */

    enum image_step step;
    unsigned answers;    /* to the request of this step before */
    int64_t head_length; /* that the answer to HEAD has beside chunks; 0 or less: none */
    bool by_get;         /* HEAD is not allowed, and the answer to GET counts as that to HEAD */
    usec_t started;
    struct descriptor wanted;              /* the manifest that is asked for by digest */
    unsigned indexes;                      /* gone through */
    bool check_platform;                   /* the index did not say which one the manifest is for */
    struct remote_host_evidence elsewhere; /* of redirected manifests; not kept */
    struct pull_request *request;

    struct manifest manifest;
    bool authorized_manifest; /* a token came before the layers */
    bool layers_begun;
    struct blob_run blobs[IMAGE_BLOB_COUNT];
    size_t smallest; /* index of BLOB_LAYER in the manifest */
    size_t next_layer;
    const char *further_host; /* where the last further layer was redirected to */
};

/* ---- all of them ---- */

struct registry_run {
    struct probe_run *run;
    bool begun;
    struct arena *secrets; /* keys, tokens, and answers that may hold some; wiped at the end */
    struct registry_evidence *evidence;
    const struct path_run *path; /* whose address is asked */
    struct address address;
    struct platform platform;
    struct remote_host_evidence own; /* of connections to it; not kept */
    struct keyring keyring;
    struct keys keys; /* without an image: those for this host, to be looked at in turn */
    size_t key;
    bool keys_over;
    struct auth_run auth;
    struct image_run images[SETTINGS_MAX_IMAGES];
};

/* True if the request had at least a tenth of the timeout to itself before the run ended, and twice
 * the time that the slowest one before it took. Otherwise its silence counts as cancelled, not as
 * stalled. NULL is allowed. */
bool registry_was_fair(const struct registry_run *registry, const struct pull_request *request);

/* Peer text for the evidence, see pull_keep_text(). */
const char *registry_keep(struct registry_run *registry, const char *text);

/* The path of a "manifests" or "blobs" of the image, as containerd writes it for this host. NULL:
 * memory. */
const char *image_path(const struct image_run *image, const char *kind, const char *reference);

/* Asks the registry for `path` on behalf of the image, with its authorizations. NULL: memory. */
struct pull_request *image_ask(struct image_run *image, struct pull_request_options *options,
                               const char *path, struct remote_host_evidence *elsewhere,
                               pull_request_done_fn *done, void *context);

/* Notes where only some clients come as far as this request. */
void image_note_trail(struct image_run *image, const struct pull_trail *trail);
void image_note_status(struct image_run *image, unsigned status); /* of an answer that is used */

/* Takes the challenge of a 401, so that registry.c gets a token and has the request sent again with
 * it. If a token came while this request was in progress without it, no other one is fetched. False
 * if an authorization was refused or no challenge can be read: the answer is final. */
bool image_takes_challenge(struct image_run *image, const struct http_response *response,
                           const struct pull_trail *trail);

/* auth: gets a token for the image's challenge and current key, or looks at a key for /v2/ if
 * `image` is NULL. */
void stage_auth_start(struct registry_run *registry, struct image_run *image);
bool stage_auth_pending(const struct registry_run *registry);
void stage_auth_end(struct registry_run *registry, bool expired);

/* images: the manifest. */
void stage_image_start(struct image_run *image);  /* from the first request on */
void stage_image_resume(struct image_run *image); /* the request that got the challenge again */
bool stage_image_pending(const struct image_run *image);
void stage_image_end(struct image_run *image, bool expired);

/* layers: config and layers of a manifest. */
void stage_layers_start(struct image_run *image);
void stage_layers_resume(struct image_run *image);
void stage_layers_refuse(struct image_run *image, const char *why); /* those that wait, and ends */
bool stage_layers_pending(const struct image_run *image);
void stage_layers_end(struct image_run *image, bool expired);

/* The parts of a token request, among the secrets. NULL: memory. */
const char *auth_request_path(struct auth_run *auth, bool with_scope);
const char *auth_request_form(struct auth_run *auth, bool with_scope);
