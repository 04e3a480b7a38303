/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One HTTP request to one host, from its name to its answer. Every address of the host is tried at
 * once, and the first one in the order of clients that connects gets the request. The evidence
 * records the outcome of each address. Redirects are reported, never followed here. Only stages use
 * it.
 */

#include "probes/evidence/remote.h"
#include "probes/run/run.h"

struct fetch;

enum fetch_outcome {
    FETCH_ANSWERED,
    FETCH_UNREACHABLE, /* no address, or none that connects and verifies */
    FETCH_STALLED,     /* connected, and no whole answer yet */
    FETCH_MALFORMED,   /* the response's `detail` says what, here and in the next two */
    FETCH_CLOSED,
    FETCH_LOCAL,
};

struct fetch_place {
    const char *host; /* lower case */
    uint16_t port;
    bool plain_http;
    bool host_is_address;
    struct address address;      /* of a host that is one */
    const struct address *known; /* do not resolve: use this one, whatever its class; NULL: none */
};

/* Called from the loop exactly once, never from inside start, never after free. `response` is NULL
 * when nothing was asked; its body is gone with the fetch. */
typedef void fetch_done_fn(enum fetch_outcome outcome, const struct http_response *response,
                           void *context);

/*
 * `request` is copied, its texts and `place`'s are borrowed until the end, like `remote`, which is
 * filled in; where an address of it worked before, only that one is used. Host and Accept are
 * filled in here. Answers go into `arena`. NULL: memory is short.
 */
struct fetch *fetch_start(struct probe_run *run, const struct fetch_place *place,
                          const struct http_request *request, struct arena *arena,
                          struct remote_host_evidence *remote, fetch_done_fn *done, void *context);
usec_t fetch_elapsed(const struct fetch *fetch);
void fetch_free(struct fetch *fetch); /* allowed in the callback; NULL too */

/* Call at the end of the run: gives each pending phase its outcome and records how far it got.
 * `expired` is true if the deadline ended the run, false if it was cancelled. */
enum fetch_outcome fetch_end(struct fetch *fetch, bool expired);
