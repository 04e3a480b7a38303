/* SPDX-License-Identifier: MIT */
#pragma once

/* OpenSSL, c-ares, libevent and jansson, set up once with our allocator and torn down at the end.
 */

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>

/* Before anything else of probes/ is used. 0, or -1 when a library cannot be set up. */
int libraries_start(void);
void libraries_stop(void);

/* Makes OpenSSL set up now the parts that it otherwise sets up on first use. If memory is short at
 * that first use, OpenSSL never tries again and every later handshake fails, so a long-running
 * program calls this at its start. Returns 0, or -1 if memory is short now; then the process must
 * end. */
int libraries_prepare(void);

/* A loop for everything here; the caller frees it. Its timers count from the moment they are added.
 * By default libevent counts from the begin of the turn, and after a turn in which this process
 * stood still a deadline would expire as much too early. NULL: memory is short. */
struct event_base *libraries_new_loop(void);

/* "c-ares 1.18.1, OpenSSL 3.0.22, libevent 2.1.12, ..." for --version; static text. */
const char *libraries_versions(void);

/* json_loadf() of jansson, but safe when memory is short (see probes/registry/peer_json.c). Returns
 * NULL with a position if the file is not JSON, and NULL without one if memory is short
 * (memory_failures()). */
json_t *libraries_read_json(FILE *file, json_error_t *ret_error);
