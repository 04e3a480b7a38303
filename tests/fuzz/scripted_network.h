#pragma once

/*
 * A network of one process that a script plays: what the resolver answers to each question, and
 * what each connection meets, says and how it ends. Streams never leave the process, and waiting
 * costs no time: connect(), epoll_wait() and the monotonic clock are replaced, for the libraries
 * too, and where nothing is ready the clock goes on to the next timer.
 *
 * The script is lines that end with "\n--\n". The first byte of a line says
 *   D  bytes 2 and 3 of the header, the count of answers, and what follows the question
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

/* What a connection was sent; called as it comes in. */
typedef void network_heard_fn(const uint8_t *request, size_t size);

/* Once in a process; `ret` is where the resolver listens. */
void network_start(struct event_base *loop, network_heard_fn *listener, struct endpoint *ret);

/* Borrowed until the next call. */
void network_play(const uint8_t *script, size_t size);
void network_end_connections(void);
