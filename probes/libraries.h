#pragma once

/* OpenSSL, c-ares, libevent and jansson, set up once with our allocator and torn down at the end.
 */

#include <jansson.h>
#include <stdio.h>

/* Before anything else of probes/ is used. 0, or -1 when a library cannot be set up. */
int libraries_start(void);
void libraries_stop(void);

/* Sets up now what OpenSSL sets up once for the process when it is first needed: where memory is
 * short at that moment it does without for good, and every later handshake fails. For programs that
 * go on after such a moment. 0, or -1 when memory is short now: the process is of no use any more.
 */
int libraries_prepare(void);

/* "c-ares 1.18.1, OpenSSL 3.0.22, libevent 2.1.12, ..." for --version; static text. */
const char *libraries_versions(void);

/* jansson's json_loadf(), without what it does when memory is short (probes/registry/peer_json.c).
 * NULL where the file is not JSON, with its place, and where memory is short (memory_failures()),
 * without. */
json_t *libraries_read_json(FILE *file, json_error_t *ret_error);
