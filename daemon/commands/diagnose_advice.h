/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The commands that a diagnosis of a pod prints: how to look from the pod itself, how to check with
 * its keys, and the rule that gives a missing right. Every word is of its grammar or quoted for the
 * shell, because a document of a pod is not trusted.
 */

#include "config/base/text.h"
#include "daemon/commands/diagnose_plan.h"

#define SHELL_MAX_WORDS 96

/* One command line of a POSIX shell, word by word. */
struct shell_line {
    struct arena *arena; /* owns the words */
    size_t count;
    const char *words[SHELL_MAX_WORDS]; /* quoted already */
};

/* `kubectl debug` with a check of the targets that share the settings of the target `index`, in the
 * pod's own network. Without keys, because no Secret can be mounted into a container like that. */
void advise_debug(struct shell_line *line, const struct pod_case *known,
                  const struct settings *settings, size_t index);

/* `tcr-probe check` of the same targets, with the keys of the pod in files. */
void advise_check(struct shell_line *line, const struct pod_case *known,
                  const struct settings *settings, size_t index);

/* Saves the key of one Secret to the file that advise_check() names. */
void advise_save_key(struct shell_line *line, const struct pod_case *known, size_t secret);

/* True for the first target with its settings; the others are in the same commands. */
bool advise_is_first(const struct settings *settings, size_t index);

/* The line as one, or wrapped before `width` with backslashes and indented. */
const char *shell_line_joined(const struct shell_line *line);
void shell_line_write(struct text *text, const struct shell_line *line, size_t indent,
                      size_t width);

/* The rule of a Role, or of a ClusterRole, that gives the right, as YAML in one line. */
const char *advise_rule(const struct missing_right *right, struct arena *arena);
