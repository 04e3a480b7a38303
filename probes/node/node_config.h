/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * config.toml as containerd loads it (cmd/containerd/server/config): imports are read in turn after
 * the file, theirs behind them, and a later file replaces the whole table of a plugin.
 */

#include "config/base/arena.h"
#include "probes/evidence/node.h"

struct toml;

struct node_config {
    const char *file;            /* NULL: there is none */
    unsigned version;            /* 0: there is no file */
    const struct toml *registry; /* the table with config_path, mirrors and configs, or NULL */
};

/* `file` is a path on that machine. Problems go into `evidence`. */
void node_config_read(const char *root, const char *file, struct arena *arena,
                      struct node_evidence *evidence, struct node_config *ret);

/* Keeps a problem; the first of the worst kind stays. */
__attribute__((format(printf, 4, 5))) void node_note_problem(struct node_evidence *evidence,
                                                             struct arena *arena,
                                                             enum node_state state,
                                                             const char *format, ...);

/* The same for a file that cannot be read. Its folder may not be mounted here; then nothing is
 * known of the file. `what`: "the certificate file". */
void node_note_missing(struct node_evidence *evidence, struct arena *arena, const char *what,
                       const char *file, const char *why, bool absent);
