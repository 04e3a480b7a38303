/* SPDX-License-Identifier: MIT */
#pragma once

/* Keeps each error that the scan finds once, and makes the answer of explain of it. */

#include "probes/explain/scan.h"

struct pull_collection;

/* NULL when memory is short. */
struct pull_collection *pull_collection_new(const struct network_settings *network);
void pull_collection_free(struct pull_collection *collection); /* NULL is allowed */

/* The container that the next errors are of. Texts are copied; NULL names none. */
void pull_collection_set_container(struct pull_collection *collection, const char *pod,
                                   const char *container, const char *image);

/* For pull_scan_new(); the context is the collection. */
void pull_collection_add(const struct found_error *found, void *context);

/*
 * Moves the errors to a list of their own. `scan` is that of the whole text. NULL when memory was
 * short.
 */
struct pull_errors *pull_collection_finish(struct pull_collection *collection,
                                           const struct pull_scan *scan);
