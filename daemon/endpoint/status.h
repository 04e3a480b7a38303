/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * GET /status: the JSON document of `check --format json`, plus the members that only a daemon has.
 * Each target gets state {status, cause, since, changes, flapping, undecided_runs}, last_run,
 * next_run, last_success, runs, history[] {at, status, cause, duration_seconds} and changes[] {at,
 * status, cause}, both oldest first. state is the believed one, null before the first run. The
 * document gets configuration {file, loaded_at, reload_success, error}.
 */

#include "daemon/endpoint/http_server.h"
#include "daemon/watch/watcher.h"

/* Fills `reply` with all targets, or with `only` if it is not NULL. */
void status_reply(const struct watcher *watcher, const struct watch *only,
                  struct http_server_reply *reply);
