/* SPDX-License-Identifier: MIT */
#pragma once

/* The words for a pull error: its meaning, the steps, and the check that would tell more. */

#include "probes/explain/scan.h"

/* The values that the templates may name: the error, and the registry of its image. */
struct advice {
    const struct found_error *found;
    const struct pull_error *error;
    const struct target *registry; /* host NULL: the text names none */
    struct arena *arena;
    enum cause inner; /* what went wrong with another host than the registry */
};

/* Fills `summary`, `remedy` and `check` of `error`, whose other fields are set. */
void pull_error_advise(struct pull_error *error, const struct found_error *found,
                       const struct pull_reading *reading, struct arena *arena);

/* The host that pulls of this image ask, as image references write it. */
const char *pull_error_image_host(const char *image, struct arena *arena);
