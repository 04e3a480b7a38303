/* SPDX-License-Identifier: MIT */
#pragma once

/* Reads a saved JSON report back into the evidence and settings that diagnose() judges. */

#include <stddef.h>

#include "config/settings.h"
#include "probes/evidence/evidence.h"

#define REPLAY_MAX_FILE ((size_t)16 * 1024 * 1024)

struct replay;

/* 0, or -1 with one line in `error` that names the file and the place in it. */
int replay_read(const char *path, struct replay **ret, char *error, size_t error_size);
void replay_free(struct replay *replay); /* NULL is allowed */

size_t replay_count(const struct replay *replay);
const struct target *replay_target(const struct replay *replay, size_t index);
const struct evidence *replay_evidence(const struct replay *replay, size_t index);
