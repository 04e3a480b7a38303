#pragma once

/* The words for a pull error: what it means, what to do, and the check that would tell more. */

#include "probes/diagnosis/pull_error_scan.h"

/* What the templates may speak of: the error, and the registry that the image is of. */
struct advice {
    const struct found_error *found;
    const struct pull_error *error;
    const struct target *registry; /* host NULL: the text names none */
    struct arena *arena;
};

/* Fills `summary`, `remedy` and `check` of `error`, whose other fields are set. */
void pull_error_advise(struct pull_error *error, const struct found_error *found,
                       const char *summary, struct arena *arena);
