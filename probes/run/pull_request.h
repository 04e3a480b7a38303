/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One request as the client that pulls makes it. It follows redirects and carries a token along by
 * the rules of Go's net/http and of containerd's resolver, and asks again after 408, 429 and 5xx.
 * A key follows to the same scheme, host and port only, and a token that a key was used for only
 * where Go's client would carry it. Not for others than the stages.
 */

#include "config/url.h"
#include "probes/registry/credentials.h"
#include "probes/run/fetch.h"

#define PULL_MAX_ANSWERS   6 /* to one request after 401, 405, 408 and 429, as containerd's */
#define PULL_MAX_REDIRECTS 9 /* Go's client makes ten requests */

/* The answer to one challenge. */
struct pull_authorization {
    const char *line;    /* a whole header line */
    bool is_key;         /* name and password (Basic) */
    bool is_anonymous;   /* a token that was given without a key: nothing is lost with it */
    struct url asked_by; /* who gave the challenge; only scheme, host and port count */
};

struct pull_request_options {
    struct url at;
    const char *user; /* header line of the user information of its URL; NULL: none */
    unsigned answers; /* that containerd got to this request before */
    const char *method;
    const char *accept;
    const char *form; /* of a POST, which holds a key: its redirects are never followed here */
    size_t max_body;
    bool (*is_enough)(const char *body, size_t length); /* see http_exchange.h, as the next */
    bool (*head_is_enough)(const struct http_response *head);
    int64_t size;                                    /* of the whole body, resumed; 0: it is not */
    bool keeps_redirect;                             /* a redirect is the answer */
    bool asks_once;                                  /* no second try after 408, 429 and 5xx */
    const struct pull_authorization *authorizations; /* borrowed until the end */
    size_t authorization_count;
    const struct address *known;            /* of the target's own host; borrowed */
    struct remote_host_evidence *own;       /* of connections to that host */
    struct remote_host_evidence *elsewhere; /* of those to any other; its host is filled in */
};

struct pull_trail {
    struct url at;   /* who answered, or was asked last */
    struct url from; /* who redirected there, if `redirects` is not 0 */
    unsigned redirects;
    unsigned redirect_status;
    const char *location; /* of the last redirect, whole, with its query; NULL: none */
    bool left_first;      /* a redirect led to a host that is not at or below the first one */
    bool authorized;      /* the last request carried an authorization */
    bool was_broken;      /* it is a second try after a 5xx, which older clients do not make */
    bool was_late;        /* it is a second try after a 408, which only containerd makes */
    bool was_refused;     /* it is a second try after a 401 to an authorization */
    bool was_resumed;     /* the body was cut off, and the rest asked for */
    unsigned answers;     /* to the request so far, as containerd counts them */
    bool withheld;        /* clients may have sent an authorization that was not sent */
    bool ways_differ;     /* of older and newer clients, only one may have got this answer */
    const char *trouble;  /* why a redirect could not be followed; the outcome is malformed */
};

struct pull_request;

/* Called from the loop exactly once, never from inside start, never after free. */
typedef void pull_request_done_fn(enum fetch_outcome outcome, const struct http_response *response,
                                  void *context);

/* Texts and answers are allocated in `arena`, which must wipe its memory. NULL: memory is short. */
struct pull_request *pull_request_start(struct probe_run *run,
                                        const struct pull_request_options *options,
                                        struct arena *arena, pull_request_done_fn *done,
                                        void *context);
/* True if clients may have got another answer than this one, by an authorization that this probe
 * does not send there. */
bool pull_was_withheld(const struct pull_request *request, unsigned status);

const struct pull_trail *pull_request_trail(const struct pull_request *request);
void pull_request_free(struct pull_request *request); /* allowed in the callback; NULL too */

/* The run is over: see fetch_end(). */
enum fetch_outcome pull_request_end(struct pull_request *request, bool expired);
usec_t pull_request_elapsed(const struct pull_request *request); /* of the current request */

/* The URL of `path` at the target itself. */
struct url pull_target_url(const struct probe_run *run, const char *path);

/* The header line that Go makes of the user information of a URL or Location. `*line` stays if it
 * names no host, and is NULL if there is none. False: Go refuses it, or memory is short. */
bool pull_read_user(struct probe_run *run, struct arena *arena, const char *written,
                    const char **line);
const char *pull_basic_line(const struct credentials *key, struct arena *arena);

/* The whole URL of a Location that was given at `at`, in `arena`. NULL: memory. */
const char *pull_whole_url(const struct url *at, const char *location, struct arena *arena);

/* The path of the registry's root, "/v2/" unless the puller's files change it. NULL: memory. */
const char *pull_ping_path(const struct probe_run *run, struct arena *arena);

/* True if both have the same scheme, host and port. */
bool pull_same_origin(const struct url *a, const struct url *b);

/* Peer text for the evidence, escaped and cut; a URL loses its query. NULL for NULL. */
const char *pull_keep_text(struct probe_run *run, const char *text);
const char *pull_keep_url(struct probe_run *run, struct arena *secrets, const char *url);
