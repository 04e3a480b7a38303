/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * GET /: the page for people, made from the same data as /status. Failing targets come first. It is
 * HTML with one style sheet, no script and no external resource, and it reloads itself. Only the
 * first PAGE_FULL_TARGETS targets have all details on the page, the others link to them.
 */

#include "daemon/endpoint/http_server.h"
#include "daemon/watch/watcher.h"

#define PAGE_FULL_TARGETS 40
#define PAGE_OPEN_TARGETS 3 /* if no more targets fail, they are unfolded from the start */

/* Fills the reply. The query may hold status=fail|unknown|warn|ok, target=PART OF A NAME, and
 * refresh=SECONDS; 0 stops reloading. */
void page_reply(const struct watcher *watcher, const char *query, struct http_server_reply *reply);
