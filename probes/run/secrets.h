/* SPDX-License-Identifier: MIT */
#pragma once

/* The secrets of a run. A peer that got one may repeat it anywhere, so all that peers said is
 * redacted before the evidence leaves the run. */

#include "probes/registry/credentials.h"
#include "probes/run/run.h"

/* Remember a secret that a peer gets, or gave. A word of the settings is no secret, for example a
 * password that is also the name of an image. */
void run_add_secret(struct probe_run *run, const char *secret, size_t length);
void run_add_key(struct probe_run *run, const struct credentials *key);

/* The values of a query that a peer gave: a signature may be one of them. */
void run_add_query(struct probe_run *run, const struct url *url);

/* Redacts the evidence, also of the keys that this run did not use. */
void run_redact(struct probe_run *run);
