/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A network of one process that a script plays: the resolver's answer to each question, and the
 * fate and the bytes of each connection. Streams never leave the process, and waiting costs no
 * time, because connect(), epoll_wait() and the monotonic clock are replaced, for the libraries
 * too. If nothing is ready, the clock jumps to the next timer.
 *
 * The script is lines that end with "\n--\n". The first byte of a line says
 *   D  bytes 2 and 3 of the header, the count of answers, and the bytes after the question
 *   R  a whole DNS message but its ID
 *   x  refused          u  unreachable              n  no answer to the SYN    m  connected, silent
 *   w  the rest, asked  i  the rest, without asking  s  ... slowly, asked
 *   c  the rest, asked, and closes  r  ... and hangs up  b  ... byte by byte, and closes
 * Each question takes the next D or R, the last one again at the end; each connection the next
 * other.
 */

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "config/base/address.h"

/* The bytes that were sent to a connection; called as they come in. */
typedef void network_heard_fn(const uint8_t *request, size_t size);

/* Once in a process; `ret` is where the resolver listens. */
void network_start(struct event_base *loop, network_heard_fn *listener, struct endpoint *ret);

/* Borrowed until the next call. */
void network_play(const uint8_t *script, size_t size);
void network_end_connections(void);
