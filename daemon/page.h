#pragma once

/*
 * GET /: the page for people. What is broken comes first and says why; HTML and one style sheet, no
 * script and nothing from elsewhere; made from the same data as /status. Of many targets the first
 * PAGE_FULL_TARGETS have everything on the page, the others a link to it.
 */

#include "daemon/http_server.h"
#include "daemon/watcher.h"

#define PAGE_FULL_TARGETS 40
#define PAGE_OPEN_TARGETS 3 /* as many failing ones are unfolded from the start */

/* Fills the reply. The query may hold status=fail|unknown|warn|ok, target=PART OF A NAME, and
 * refresh=SECONDS. */
void page_reply(const struct watcher *watcher, const char *query, struct http_server_reply *reply);
