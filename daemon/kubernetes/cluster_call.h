/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One call of the API server, on the program's event loop. Each request has its own connection. The
 * service account's authority alone decides if the server is trusted, its address must be in the
 * certificate, redirects are not followed, and no proxy is used. The token is read from its file
 * for each request; after a 401 it is read again, and the request is repeated if it has changed.
 * Everything that was sent and read is wiped.
 *
 * States of one request: token read -> DIALLING -> HANDSHAKING -> ASKING -> answered. A list goes
 * back to the first for each page, a 401 with a new token too.
 */

#include <event2/event.h>

#include "daemon/kubernetes/cluster_request.h"
#include "daemon/kubernetes/cluster_status.h"
#include "daemon/kubernetes/service_account.h"

#define CLUSTER_TIMEOUT   (10 * USEC_PER_SEC) /* of a call whose request gives none */
#define CLUSTER_MAX_PAGES 50                  /* of one list; a longer one ends as too large */

struct cluster_call;

/*
 * `status` and everything in it is borrowed until the callback returns: keep the document with
 * json_incref(). `last` is false only if a further page of a list follows. The callback may free
 * the call, also between two pages.
 */
typedef void cluster_answered_fn(const struct cluster_status *status, bool last, void *context);

/*
 * Calls `answered` from the loop: once, or once for each page of a list; never from inside start
 * and never after free. Copies `account`, `request` and their texts. NULL: memory is short.
 */
struct cluster_call *cluster_call_start(struct event_base *base,
                                        const struct service_account *account,
                                        const struct cluster_request *request,
                                        cluster_answered_fn *answered, void *context);
void cluster_call_free(struct cluster_call *call); /* cancels it; NULL is allowed */
