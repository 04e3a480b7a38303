/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON documents of the Kubernetes API, as an API server or `kubectl get -o json` writes them: one
 * object, or a list of objects under "items". A list may be far larger than the limits of one
 * object, so its text is cut into its items before any is parsed. Several documents may follow one
 * another, as from several calls of kubectl.
 */

#include <stdbool.h>
#include <stddef.h>

#include "config/base/arena.h"
#include "probes/registry/peer_json.h"

/* True if a text begins as a document of the API does. */
bool document_begins(const char *bytes, size_t length);

/* Parses one object, of at most CLUSTER_MAX_DOCUMENT bytes, under CLUSTER_MAX_MEMORY. Free `*ret`
 * with json_decref(). */
enum peer_json_result document_parse(const char *bytes, size_t length, json_t **ret);

/* Calls `visit` for the text of every object: the items of a list, and each document that is none.
 * Returns true if there is a list, also an empty one. */
typedef void document_visit_fn(const char *bytes, size_t length, void *context);
bool document_each(const char *bytes, size_t length, document_visit_fn *visit, void *context);

/* A text member in `arena`, for printing: other bytes than printable ASCII are escaped, and it is
 * cut after `max` bytes. NULL if there is no such text. */
const char *document_printable(const json_t *object, const char *key, size_t max,
                               struct arena *arena);
