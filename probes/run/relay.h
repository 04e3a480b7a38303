/* SPDX-License-Identifier: MIT */
#pragma once

/* Gives a stream the descriptor that it lacks, so that TLS can run inside TLS: the user takes one
 * end of a pair of sockets for a connection to the peer, and the relay carries the bytes between
 * the other end and the stream, in both directions. Only tunnel.c uses it. */

#include <event2/event.h>

#include "probes/transport/stream.h"

struct relay;

/* The stream, whose session is borrowed, must be read by nobody else from now on. The caller owns
 * `ret_fd`, which sees the end of the stream as its own end. NULL: memory or descriptors are
 * short. */
struct relay *relay_start(struct event_base *base, const struct stream *stream, int *ret_fd);
void relay_free(struct relay *relay); /* NULL too */
