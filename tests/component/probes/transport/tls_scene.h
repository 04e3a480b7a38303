/* SPDX-License-Identifier: MIT */
#pragma once

/* One TLS client session with a fake server, on one event_base. */

#include "fake_tls.h"
#include "probes/transport/http_exchange.h"
#include "probes/transport/tls_session.h"

struct scene {
    struct event_base *base;
    struct arena *arena;
    struct fake_tls *fake;
    struct tls_session *session;
    struct tls_evidence result;
    unsigned calls;
    unsigned answers;
    struct http_response response;
};

/* For a group of tests: certificates of one CA, and a store that trusts it. */
extern struct trust_store *scene_store;
int scene_group_setup(void **state);
int scene_group_teardown(void **state);

void scene_open(struct scene *scene, const struct fake_script *script);

/* `session` stays NULL when memory is short. */
void scene_start(struct scene *scene, struct trust_store *store, const struct tls_options *options);

/* Runs the loop until a callback breaks it; fails the test unless `*count` is 1 then. */
void scene_await(struct scene *scene, const unsigned *count);

/* All of the above. */
void scene_run(struct scene *scene, struct trust_store *store, const struct fake_script *script,
               const struct tls_options *options);
void scene_close(struct scene *scene);
